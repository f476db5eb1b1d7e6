"""How a request to ETD fails. No secret, address or subject is in the text of an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, cast

from triage.problems import TriageError
from triage.retry_after import seconds_to_wait

_SAID_CHARACTERS = 200


class EtdReason(StrEnum):
    """Why ETD didn't answer a request."""

    REFUSED = "refused"  # 400
    UNAUTHORIZED = "unauthorized"  # 401, also with a new token
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404; of a file: its link has expired
    THROTTLED = "throttled"  # 429
    UNAVAILABLE = "unavailable"  # 5xx, no connection, or an answer that was cut or can't be read
    CUT = "cut"  # a file that ended too early, or can't be read
    TIMEOUT = "timeout"


_TEXTS = {
    EtdReason.REFUSED: "ETD refused the request",
    EtdReason.UNAUTHORIZED: "ETD doesn't accept the client ID and secret. A client expires one year after it was created: "
    "create one in ETD (Administration > API Clients), and put it into ETD_APIS",
    EtdReason.FORBIDDEN: "ETD doesn't accept the API key, or doesn't allow the request: check apiKey in ETD_APIS",
    EtdReason.NOT_FOUND: "ETD's API isn't there: check endpoint in ETD_APIS",
    EtdReason.THROTTLED: "ETD allows no more requests for now",
    EtdReason.UNAVAILABLE: "ETD can't answer now",
    EtdReason.CUT: "A file of Log Export ended too early, or can't be read",
    EtdReason.TIMEOUT: "ETD didn't answer in time",
}
_FATAL = frozenset({EtdReason.REFUSED, EtdReason.UNAUTHORIZED, EtdReason.FORBIDDEN, EtdReason.NOT_FOUND})


class EtdError(TriageError):
    """ETD didn't give what was asked for. If it is `fatal`, asking again doesn't help: a person has to act."""

    def __init__(
        self,
        reason: EtdReason,
        text: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        fatal: bool | None = None,
    ) -> None:
        self.reason = reason
        self.status = status
        self.retry_after = retry_after  # seconds
        self.fatal = reason in _FATAL if fatal is None else fatal
        super().__init__(f"{text or _TEXTS[reason]}{f' (HTTP {status})' if status else ''}.")


def error_of(status: int, headers: Mapping[str, str], body: object, secrets: Iterable[str]) -> EtdError:
    """The error of an answer that isn't 200. ETD's own words are added if they say nothing of a secret or a person."""
    if status == 429:
        reason = EtdReason.THROTTLED
    elif status == 408:
        reason = EtdReason.TIMEOUT
    elif 400 <= status < 500:
        reason = {401: EtdReason.UNAUTHORIZED, 403: EtdReason.FORBIDDEN, 404: EtdReason.NOT_FOUND}.get(
            status, EtdReason.REFUSED
        )
    else:
        reason = EtdReason.UNAVAILABLE
    said = _said(body, secrets)
    text = f"{_TEXTS[reason]}. It said: {said}" if said else ""
    return EtdError(reason, text, status=status, retry_after=seconds_to_wait(headers.get("Retry-After")))


def _said(body: object, secrets: Iterable[str]) -> str:
    """ETD's `message`, such as "Invalid daterange", or nothing."""
    message = cast("dict[str, Any]", body).get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or len(message) > _SAID_CHARACTERS or not message.isprintable() or "@" in message:
        return ""
    return "" if any(secret in message for secret in secrets) else message.rstrip(". ")
