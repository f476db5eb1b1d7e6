"""Ids that the data file does not give: each follows from names, so a test knows it and a reload keeps it."""

from __future__ import annotations

import base64
import hashlib
import uuid

NAMESPACE = uuid.UUID("6d1c9a52-6f0c-5b0e-9d5b-7d3f0a1c2e4b")


def guid(*parts: str) -> str:
    """The GUID of these names: the same names give the same GUID."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def exchange_id(prefix: str, *parts: str) -> str:
    """An opaque id in the form of Exchange: long, base64url, ends with `=`, so a client has to encode it."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return prefix + base64.urlsafe_b64encode(digest + digest[:10]).decode() + "AAA="
