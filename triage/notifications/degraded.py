"""Notifications about the service itself: a part of its health or a channel has failed for a while, or works again.

Their number identifies the start or the end of one period, so that a repetition has the same ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from triage.amounts import amount
from triage.diagnosis.causes import Severity
from triage.notifications.notice import Json
from triage.notifications.pending import SECOND, Occasion, channel_key
from triage.notifications.rules import ChannelState
from triage.settings import NotificationEvent
from triage.wire import from_epoch_ns

LASTING = 10 * 60 * SECOND
"""How long a part must be degraded before a notification: most temporary faults are over by then."""

WORKS_AGAIN = "Triage works again"
_MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the health (docs/api.md), in words."""

    wrong: str
    right: str
    step: str


PARTS: Mapping[str, Part] = {
    "graph": Part(
        "Microsoft Graph can't be read",
        "Microsoft Graph can be read again",
        "Check the sign-in of the service's identity, and Microsoft's service health",
    ),
    "permissions": Part(
        "The service lacks permissions in Microsoft Graph",
        "The service has its permissions in Microsoft Graph again",
        "Grant the permissions to the service's identity again",
    ),
    "feeds": Part(
        "Failures from Email Threat Defense arrive late, or not at all",
        "Failures from Email Threat Defense arrive again",
        "Check the last error of each feed: etd-triage feeds",
    ),
}
"""The parts with notifications. Without storage nothing can be sent, and channels have `channel_occasion`."""


@dataclass(frozen=True, slots=True)
class Degraded:
    """A degraded part: since when (nanoseconds since 1970), and whether a notification was sent."""

    part: str
    since: int
    notified: bool = False


def follow(known: Degraded | None, part: str, check: Json, now: int) -> tuple[Degraded | None, Occasion | None]:
    """The state of a part after a check of the health, and the notification. An unknown status changes nothing."""
    status = check.get("status")
    if status == "degraded":
        known = known or Degraded(part, now)
        if known.notified or now - known.since < LASTING:
            return known, None
        return replace(known, notified=True), _part_occasion(known, check, known.since + LASTING, ended=False)
    if status != "ok" or known is None:
        return known, None
    return None, _part_occasion(known, check, now, ended=True) if known.notified else None


def channel_occasion(name: str, state: ChannelState, now: int, *, ended: bool) -> Occasion:
    """The notification to the other channels that a channel fails repeatedly, or that it works again."""
    subject, since = channel_key(name), from_epoch_ns(state.failing_since)
    document: Json = {
        "title": f"Notifications {'reach' if ended else 'do not reach'} the channel {name}{' again' if ended else ''}",
        "lines": [] if ended else [f"Its last answer: {state.last_error}"],
        "step": None if ended else "Check the channel's address and key in TRIAGE_NOTIFICATIONS, and send a test",
        "alert": f"channel:{subject}:{state.failing_since // _MINUTE}",
        "data": {"channel": name, "failingSince": since, "lastError": state.last_error, "worksAgain": ended},
    }
    return _occasion(subject, state.failing_since, now, document, ended=ended)


def _part_occasion(known: Degraded, check: Json, at: int, *, ended: bool) -> Occasion:
    words = PARTS[known.part]
    since = from_epoch_ns(known.since)
    document: Json = {
        "title": words.right if ended else words.wrong,
        "lines": [] if ended else [f"Since {since[:16].replace('T', ' ')} UTC", *_details(check)],
        "step": None if ended else words.step,
        "alert": f"{known.part}:{known.since // _MINUTE}",
        "data": {"check": known.part, "degradedSince": since, "worksAgain": ended},
    }
    return _occasion(f"service-{known.part}", known.since, at, document, ended=ended)


def _occasion(subject: str, since: int, at: int, document: Json, *, ended: bool) -> Occasion:
    """The start or the end of the time since when something fails."""
    document |= {"reason": WORKS_AGAIN if ended else None}
    return Occasion(
        NotificationEvent.SERVICE_DEGRADED, subject, since // _MINUTE * 2 + ended, from_epoch_ns(at), document,
        severity=Severity.HIGH.value, ended=ended,
    )  # fmt: skip


def _details(check: Json) -> list[str]:
    """The details of the check, in lines."""
    lacking = cast("list[dict[str, Any]]", check.get("lacking") or [])
    reasons = cast("list[str]", check.get("reasons") or [])
    return [*reasons, *(f"{one['permission']}: in {amount(one['tenants'], 'tenant')}" for one in lacking)]
