"""Channels, an incident as the API gives it, and rows, for the tests of notifications."""

from __future__ import annotations

import json
from typing import Any

from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.notifications.pending import SECOND, Pending, incident_occasion, pending
from triage.settings import Channel, NotificationEvent, Settings, read_settings
from triage.wire import from_epoch_ns

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
NOW = 1_790_000_000 * SECOND
MINUTE = 60 * SECOND
NAMES = {TENANT_ID: "Contoso"}
CHANNELS: dict[str, dict[str, Any]] = {
    "teams": {"url": "https://prod.westeurope.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=SIGNATURE"},
    "slack": {"url": "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXX"},
    "pagerduty": {"secret": ROUTING_KEY},
    "webhook": {"url": "https://soar.example/hook", "secret": SECRET},
    "email": {"url": "https://acs.example", "from": "triage@contoso.com", "to": ["soc@contoso.com"]},
}
EVENTS = {event.value.split(".")[1]: event for event in NotificationEvent if event.value.startswith("incident.")}


def environment(*channels: dict[str, Any], **more: str) -> dict[str, str]:
    tenants = [
        {"tenantId": TENANT_ID, "etdAppId": APP_ID, "name": "Contoso"},
        {"tenantId": OTHER_TENANT_ID, "etdAppId": APP_ID, "domains": ["other.example"]},
    ]
    return {
        "TriageStorage": "UseDevelopmentStorage=true",
        "TRIAGE_TENANTS": json.dumps(tenants),
        "TRIAGE_BASE_URL": "https://triage.example",
        "TRIAGE_NOTIFICATIONS": json.dumps(channels),
        **more,
    }


def settings(*channels: dict[str, Any], **environ: str) -> Settings:
    return read_settings(environment(*channels, **environ))


def channel(kind: str = "slack", **more: Any) -> Channel:
    return settings({"name": kind, "kind": kind, **CHANNELS[kind], **more}).notifications[0]


def incident(identifier: str = "0f" * 16, **more: Any) -> dict[str, Any]:
    """An incident as it is stored: the API gives it a `url` as well."""
    return {
        "id": identifier, "tenantId": TENANT_ID, "scope": "app", "subject": APP_ID, "cause": "consent_missing",
        "causes": {"consent_missing": 9120}, "severity": "critical",
        "title": "Admin consent for Mail.ReadWrite is missing", "state": "open", "findings": 9120, "openFindings": 9120,
        "exposed": 8800, "read": 12, "mailboxes": 4021, "firstSeen": from_epoch_ns(NOW - MINUTE), "lastSeen": from_epoch_ns(NOW),
        "openedAt": from_epoch_ns(NOW - MINUTE), "acknowledgedAt": None, "acknowledgedBy": None, "resolvedAt": None, "reopened": 0,
        "timeToResolve": None, "suppression": None,
        "actions": [{"title": "Grant admin consent", "detail": "In Entra.", "url": "https://entra.microsoft.com", "command": "Connect-MgGraph"}],
        "log": [{"at": from_epoch_ns(NOW - MINUTE), "what": "opened", "by": None, "note": None}], **more,
    }  # fmt: skip


def row(
    what: str,
    number: int = 1,
    at: int = NOW - 2 * MINUTE,
    to: Channel | None = None,
    *,
    ended: bool = False,
    **more: Any,
) -> Pending:
    """The row of an incident's event for a channel that wants it."""
    occasion = incident_occasion(EVENTS[what], incident(**more), number, from_epoch_ns(at), ended=ended)
    (found,) = pending([to or channel()], occasion)
    return found
