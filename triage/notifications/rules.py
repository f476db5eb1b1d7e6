"""Decides what is sent to a channel and when. Pure functions make a plan from rows, what was sent before, and the time.

The rows of an incident are handled together: the newest one decides what is sent, and finishes the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from triage.notifications.notice import Json
from triage.notifications.pending import SECOND, LastSent, Pending
from triage.notifications.routing import severe_enough
from triage.settings import Channel, ChannelKind

PAUSE = 15 * 60 * SECOND
"""The shortest time between two messages of one incident."""
STORM_WINDOW = 5 * 60 * SECOND
STORM_MESSAGES = 20
"""More messages than this for a channel within STORM_WINDOW become one."""
LONGEST = 24 * 3600 * SECOND
"""How long a delivery is retried."""
DELAYS = (5, 60, 300, 1800, 7200, 21600, 54000)
"""Seconds between tries. The eighth try is 23.6 hours after the first."""
PROBES = (15, 60, 120, 300)
"""Seconds for which nothing is sent to a channel that has failed, by how often it has failed in a row."""
LONGEST_RETRY_AFTER = 3600
DEGRADED_AFTER = 5
"""Failures in a row after which the other channels are notified."""

# While an `app` incident of a tenant is open, it most likely causes these.
_HELD_BACK = frozenset({"mailbox", "evidence"})


class Result(StrEnum):
    """How a try ended."""

    DELIVERED = "delivered"
    AGAIN = "again"
    """It failed. What is refused is retried as well: somebody may fix the channel."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended, and the receiver's answer. `status` is 0 without an answer. Times are in seconds."""

    result: Result
    answer: str
    status: int = 0
    retry_after: int | None = None
    unsure: bool = False
    """It was sent, and the other side may have taken it."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The state of a channel between runs. Times are nanoseconds since 1970; 0: never."""

    failures: int = 0
    """In a row."""
    failing_since: int = 0
    not_before: int = 0
    sent: tuple[int, ...] = ()
    """When messages were sent within STORM_WINDOW."""
    storm_at: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent now: `lead`, which also finishes `others` of its incident."""

    lead: Pending
    others: tuple[Pending, ...] = ()
    last_sent: LastSent | None = None
    quiet: bool = False
    """It doesn't count toward a storm, because it disturbs nobody: the end of an alert."""

    @property
    def rows(self) -> tuple[Pending, ...]:
        """All rows that it finishes."""
        return (self.lead, *self.others)


@dataclass(slots=True)
class Plan:
    """What a run does with the rows of a channel. Rows in none of these wait."""

    drop: list[Pending] = field(default_factory=list[Pending])
    expired: list[Pending] = field(default_factory=list[Pending])
    messages: list[Message] = field(default_factory=list[Message])
    storm: list[Message] = field(default_factory=list[Message])


def plan(  # noqa: PLR0913 - what the decision depends on
    channel: Channel,
    rows: Iterable[Pending],
    last_sent: Mapping[str, LastSent],
    state: ChannelState,
    now: int,
    *,
    app_open: Collection[str] = (),
) -> Plan:
    """What to do now with the rows of one channel. `last_sent` is by subject; `app_open` has the tenants with an open app
    incident."""
    found = Plan()
    by_subject: defaultdict[str, list[Pending]] = defaultdict(list)
    for row in rows:
        if is_expired(row, state, now):
            found.expired.append(row)
        else:
            by_subject[row.subject_id if row.of_incident else row.id].append(row)
    messages: list[Message] = []
    for subject, group in by_subject.items():
        group.sort(key=lambda row: row.number)
        known = last_sent.get(subject)
        if _is_nothing(group, known, channel):
            found.drop += group
        elif _is_due(group, known, now, app_open):
            messages.append(_message(group, known, channel))
    if now < state.not_before:
        return found
    messages.sort(key=lambda message: (message.lead.attempts, message.lead.due, message.lead.id))
    found.messages, found.storm = _storm(messages, state, now)
    return found


def is_expired(row: Pending, state: ChannelState, now: int) -> bool:
    """Whether it was retried long enough, or waited that long for a channel that could not be reached."""
    tried = bool(row.first_tried) and now - row.first_tried >= LONGEST
    waited = bool(state.failing_since) and now - max(row.due, state.failing_since) >= LONGEST
    return tried or waited


def is_over(lead: Pending, incident: Json | None) -> bool:
    """Whether the message is no longer true: the incident has been resolved or suppressed since.

    The end of an incident has its own row, but not for a channel that doesn't want ends.
    """
    return not lead.closes and incident is not None and incident.get("state") in ("resolved", "suppressed")


def _is_nothing(group: Sequence[Pending], last_sent: LastSent | None, channel: Channel) -> bool:
    """Whether there is nothing to send: the end of something that was not sent, or of an alert that is not open.

    If the opening may have been received, the end is sent.
    """
    last = group[-1]
    if not last.of_incident:
        return False
    known = (last_sent is not None and last_sent.open) or any(row.unsure for row in group)
    if last.closes:
        return not known or (
            channel.kind is ChannelKind.PAGERDUTY and last_sent is not None and last_sent.alert is None
        )
    return not known and not severe_enough(channel, last.severity)


def _is_due(group: Sequence[Pending], last_sent: LastSent | None, now: int, app_open: Collection[str]) -> bool:
    first, last = group[0], group[-1]
    if max(row.next_try for row in group) > now:
        return False
    if not last.of_incident:
        return first.due <= now
    if not last.closes and last.scope in _HELD_BACK and last.tenant_id in app_open:
        return False
    return max(first.due, last_sent.at + PAUSE if last_sent else 0) <= now


def _message(group: Sequence[Pending], last_sent: LastSent | None, channel: Channel) -> Message:
    """The newest row is sent. But if the incident has opened, the opening is sent, whatever has changed since.

    What may have been received is sent again alone: the receiver drops a repetition, and with it what had joined it.
    """
    opened = [row for row in group if row.opens]
    lead = opened[-1] if opened and not group[-1].closes else group[-1]
    others = () if lead.unsure else tuple(row for row in group if row is not lead)
    return Message(lead, others, last_sent, quiet=channel.kind is ChannelKind.PAGERDUTY and lead.closes)


def _storm(messages: list[Message], state: ChannelState, now: int) -> tuple[list[Message], list[Message]]:
    """The single messages, and those that become one storm message. After a recent storm message, all wait."""
    quiet = [message for message in messages if message.quiet]
    loud = [message for message in messages if not message.quiet]
    if state.storm_at and now < state.storm_at + STORM_WINDOW:
        return quiet, []
    recent = sum(at > now - STORM_WINDOW for at in state.sent)
    return (quiet, loud) if recent + len(loud) > STORM_MESSAGES else (messages, [])


def is_failing(state: ChannelState, now: int) -> bool:
    """Whether somebody should check a channel: it fails repeatedly, or has been failing for a while."""
    return state.failures >= DEGRADED_AFTER or (state.failures > 0 and now - state.failing_since >= PAUSE)


def after_success(state: ChannelState, now: int, *, storm: bool = False, quiet: bool = False) -> ChannelState:
    """The state of a channel after it accepted a message. One that is `quiet` doesn't count toward a storm."""
    sent = (*(at for at in state.sent if at > now - STORM_WINDOW), *(() if quiet else (now,)))
    return ChannelState(sent=sent, storm_at=now if storm else state.storm_at)


def after_failure(state: ChannelState, outcome: Outcome, now: int) -> ChannelState:
    """The state of a channel after a failure: nothing is sent for a while, or for as long as it asks."""
    failures = state.failures + 1
    wait = max(PROBES[min(failures, len(PROBES)) - 1], min(outcome.retry_after or 0, LONGEST_RETRY_AFTER))
    return replace(
        state,
        failures=failures,
        failing_since=state.failing_since or now,
        not_before=now + wait * SECOND,
        last_error=outcome.answer,
    )


def tried(row: Pending, outcome: Outcome, now: int) -> Pending:
    """The row after a failed try. It is retried after growing delays, spread a little by its ID."""
    seconds = DELAYS[min(row.attempts, len(DELAYS) - 1)]
    seconds = max(seconds + seconds * _spread(row.id) // 1000, min(outcome.retry_after or 0, LONGEST_RETRY_AFTER))
    first = row.first_tried or now
    return replace(
        row,
        attempts=row.attempts + 1,
        first_tried=first,
        next_try=min(now + seconds * SECOND, first + LONGEST),
        last_error=outcome.answer,
        unsure=row.unsure or outcome.unsure,
    )


def _spread(text: str) -> int:
    """0 to 14, the same for the same text. With this many thousandths more, the delays are still less than a day."""
    return sum(text.encode()) % 15
