"""The failure that is posted for an action, like a sender's, but without an error, because ETD gives none."""

from __future__ import annotations

from triage.feeds.actions import Action, meaning
from triage.intake.failure import POLLER, RemediationFailure


def event_id(tenant_id: str, action: Action) -> str:
    """The ID of the failure: the same for the same action, whatever the precision of its time."""
    folder = meaning(action.folder) or action.folder
    return f"{tenant_id}/{action.etd_id}/{action.mailbox}/{folder}/{action.at[:16]}Z"


def failure_of(tenant_id: str, action: Action) -> RemediationFailure:
    """The failure of an action. `raw` has ETD's own words, and whether the time is that of the action."""
    return RemediationFailure(
        id=event_id(tenant_id, action),
        source=POLLER,
        tenant_id=tenant_id,
        message_id=action.etd_id,
        internet_message_id=action.internet_message_id,
        mailbox=action.mailbox,
        action=action.kind,
        folder=meaning(action.folder) or action.folder,
        initiator=action.initiator,
        verdict=action.verdict,
        subject=action.subject,
        direction=action.direction,
        occurred_at=action.at,
        raw={**action.words, "foundBy": action.lane.value, "timeOf": "action" if action.exact else "message"},
    )
