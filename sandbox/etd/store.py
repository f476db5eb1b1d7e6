"""The store of exported files, to which Log Export's links lead. It is a separate service, like S3.

A link is signed for an hour, and a request with credentials of its own is refused. The signature is new in each answer.
The path stays the same, so it identifies the file.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sandbox.etd.ledger import File
from sandbox.etd.rows import message_rows
from sandbox.etd.switches import Switches

PATH = "/store/etd-log-export/"  # where S3 has the bucket
LINK_LIFE = timedelta(hours=1)
_KEY = secrets.token_bytes(32)


class StoreRefused(Exception):
    """An answer of the store: XML, as S3 writes it."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(code)
        self.status = status
        self.body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        )


def link(root: str, file: File, now: datetime) -> str:
    signed = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    path = quote(file.path)  # `=` is encoded
    return f"{root}{path}?X-Amz-Date={signed}&X-Amz-Expires=3600&X-Amz-Signature={_signature(file.path, signed)}"


def _signature(path: str, signed: str) -> str:
    return hmac.new(_KEY, f"{path}\n{signed}".encode(), hashlib.sha256).hexdigest()


def check(path: str, query: Mapping[str, str], headers: Mapping[str, str], now: datetime) -> None:
    """Refuses a request that is not signed for this path, or no longer. `headers` by their names in lower case."""
    if "authorization" in headers or "x-api-key" in headers:
        raise StoreRefused(400, "InvalidArgument", "Only one auth mechanism allowed")
    signed = query.get("X-Amz-Date", "")
    if not hmac.compare_digest(query.get("X-Amz-Signature", ""), _signature(path, signed)):
        raise StoreRefused(403, "SignatureDoesNotMatch", "The request signature does not match.")
    since = datetime.strptime(signed.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if now >= since + LINK_LIFE:
        raise StoreRefused(403, "AccessDenied", "Request has expired")


def content(file: File, switches: Switches) -> bytes:
    """One JSON object a line. Counts as a download."""
    file.downloads += 1
    if (switches.error_page == "first") == (file.downloads == 1) and switches.error_page != "off":
        return b"<html><body>An error occurred.</body></html>\n"
    rows = [row for one in file.rows for row in message_rows(one, switches)] if file.kind == "message" else file.rows
    lines = [json.dumps(row, separators=(",", ":")) for row in rows]
    if switches.broken_line == "extra":
        lines.insert(len(lines) // 2, '{"logType":"message","message":{"eventType":"update","action":{"act')
    if switches.broken_line == "once" and file.downloads == 1 and lines:
        lines[-1] = lines[-1][: len(lines[-1]) // 2]
    data = "".join(f"{line}\n" for line in lines).encode()
    return gzip.compress(data) if switches.gzip else data
