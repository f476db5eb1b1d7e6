"""The form in which a GET is answered: with an ETag, as 304 where the caller has it already, and compressed.

The rules are those of RFC 9110: If-None-Match compares weakly (section 13.1.2), and a 304 repeats the headers that say
how the answer may be kept (section 15.4.5).
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import cast

import azure.functions as func

from triage.api.access import header
from triage.api.route import Endpoint

COMPRESSED_FROM = 2048
"""The size of an answer, in bytes, from which it is compressed: a smaller one fits a packet or two anyway."""

_KEPT = ("Cache-Control", "ETag", "Vary", "Link", "X-Content-Type-Options")


def representation(handler: Endpoint) -> Endpoint:
    """A handler whose answers to GET have an ETag, and are left out or compressed where the caller allows it."""

    @functools.wraps(handler)
    async def framed(request: func.HttpRequest) -> func.HttpResponse:
        answer = await handler(request)
        if request.method != "GET" or answer.status_code != HTTPStatus.OK:
            return answer
        body = answer.get_body()
        headers = cast("MutableMapping[str, str]", answer.headers)
        # Weak, because the answer is the same with and without compression.
        headers["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        if headers.get("Cache-Control") == "no-store":
            headers["Cache-Control"] = "private, no-cache"  # kept by the caller alone, who asks each time
        headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
        if _has(header(request, "If-None-Match"), headers["ETag"]):
            kept = {name: headers[name] for name in _KEPT if name in headers}
            return func.HttpResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)
        if len(body) > COMPRESSED_FROM and _accepts_gzip(header(request, "Accept-Encoding")):
            headers["Content-Encoding"] = "gzip"
            compressed = gzip.compress(body, mtime=0)
            return func.HttpResponse(compressed, headers=headers, mimetype=answer.mimetype, charset=answer.charset)
        return answer

    return framed


def _has(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has the answer with this ETag."""
    opaque = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return "*" in opaque or etag.removeprefix("W/") in opaque


def _accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the caller takes gzip: it is named, or everything is, and not with a quality of 0."""
    accepted: dict[str, bool] = {}
    for one in (accept_encoding or "").lower().split(","):
        coding, _, quality = one.partition(";")
        accepted[coding.strip()] = not quality or quality.strip(" q=0.") != ""
    return accepted.get("gzip", accepted.get("*", False))
