"""Which URLs a setting can name: https, and http only where the other side is a stand-in on this machine."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def https_or_loopback(text: str) -> str:
    """The URL without a final slash. ValueError, which quotes it, if it is neither https nor http on loopback."""
    with suppress(ValueError):  # brackets around something that is not an IPv6 address
        url = urlsplit(text)
        if (url.scheme == "https" and url.hostname) or (url.scheme == "http" and url.hostname in LOOPBACK):
            return url.geturl().rstrip("/")
    raise ValueError(f"must be https (http only for a loopback address), not {text!r}")
