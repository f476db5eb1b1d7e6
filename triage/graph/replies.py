"""What comes back for one read: the items of a `$batch` answer, and the headers that say what they cost and when to retry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

from triage.graph.evidence import Reason
from triage.retry_after import seconds_to_wait

_LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one read. `reason` is set if Graph did not answer.

    `units` is what Graph says that the read cost; `limit_used` is the part of the limit that is used up, which Graph
    says from 0.8 on. `away`: nobody signed in, because the identity service could not be asked.
    """

    status: int | None = None
    body: dict[str, Any] | None = None
    retry_after: float | None = None
    reason: Reason | None = None
    units: float | None = None
    limit_used: float | None = None
    away: bool = False

    @property
    def code(self) -> str | None:
        """Graph's error code."""
        return self._error("code")

    @property
    def message(self) -> str | None:
        """What Graph says about the error, on one line and not too long."""
        return " ".join((self._error("message") or "").split())[:_LONGEST_MESSAGE] or None

    def _error(self, name: str) -> str | None:
        error: object = (self.body or {}).get("error")
        value: object = cast("dict[str, Any]", error).get(name) if isinstance(error, dict) else None
        return value if isinstance(value, str) else None


class SignInError(Exception):
    """There is no token for the tenant. `away`: the identity service did not decide, so a later try may get one."""

    def __init__(self, why: str, *, away: bool) -> None:
        super().__init__(why)
        self.away = away


class BatchFailed(Exception):
    """A batch got no answer, and one of its reads may be the cause. `reply` is what that says about each of them."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


def read_replies(payload: object) -> dict[str, Reply]:
    """The items of a `$batch` answer by id; what does not have the shape of an item is left out."""
    responses: object = cast("dict[str, Any]", payload).get("responses") if isinstance(payload, dict) else None
    replies: dict[str, Reply] = {}
    for entry in cast("list[object]", responses) if isinstance(responses, list) else []:
        if not isinstance(entry, dict):
            continue
        item = cast("dict[str, Any]", entry)
        status, body, headers = item.get("status"), item.get("body"), item.get("headers")
        named = cast("dict[str, Any]", headers) if isinstance(headers, dict) else {}
        if isinstance(status, int):
            replies[str(item.get("id"))] = Reply(
                status,
                cast("dict[str, Any]", body) if isinstance(body, dict) else None,
                retry_after(named),
                units=_number(named, "x-ms-resource-unit"),
                limit_used=_number(named, "x-ms-throttle-limit-percentage"),
            )
    return replies


def _number(headers: dict[str, Any], wanted: str) -> float | None:
    try:
        number = float(_header(headers, wanted) or "")
    except ValueError:
        return None
    return number if 0 <= number < math.inf else None


def _header(headers: dict[str, Any], wanted: str) -> str | None:
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), None)


def retry_after(headers: dict[str, Any]) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as a date."""
    return seconds_to_wait(_header(headers, "retry-after"))
