"""The request that sends a notice to a channel."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST. The URL and the headers are not printed, because they contain secrets."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    needs_token: bool = False
    """Whether it needs a token of the service's identity."""


def json_bytes(value: Any) -> bytes:
    """A value as compact JSON, in which letters of every script stay as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
