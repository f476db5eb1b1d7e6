"""When the message trace is asked, and what a refusal of it means.

It is optional: without its permission, a finding only does not say where a message went that is not in the mailbox.
https://learn.microsoft.com/graph/api/messagetracingroot-list-messagetraces
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from triage.graph.evidence import Answer, Reason
from triage.graph.questions import QUESTIONS, exchange
from triage.wire import as_datetime

_CHECKS = (exchange.message_trace.__name__, exchange.any_trace.__name__)
# A trace covers ten days, and reaches back 90; its end is not in the future. An hour for a clock that is off.
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_WINDOW, _REACH = timedelta(days=10) - timedelta(hours=1), timedelta(days=90) - timedelta(hours=1)


def trace_window(occurred_at: str | None, now: datetime) -> tuple[str, str] | None:
    """From when to when to look: the message came before its remediation failed. None if that is too long ago."""
    occurred = as_datetime(occurred_at) if occurred_at else now
    end = min(occurred + timedelta(days=1), now)
    start = max(end - _WINDOW, now - _REACH)
    return (f"{start:{_TIME}}", f"{end:{_TIME}}") if start < end else None


def own_refusal(answer: Answer[Any]) -> Answer[Any]:
    """The answer; a 401 of the trace is a lacking prerequisite in the tenant, not a sign-in that failed.

    Exchange gives it where its own service principal for the trace is missing, although it takes the same token elsewhere.
    """
    if answer.check in _CHECKS and answer.status == HTTPStatus.UNAUTHORIZED:
        return replace(answer, reason=Reason.FORBIDDEN, permission=QUESTIONS[answer.check].permission)
    return answer
