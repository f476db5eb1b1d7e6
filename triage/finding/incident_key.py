"""Which incident a finding belongs to: what is to be fixed or decided, however many failures it made (docs/incidents.md).

The ID depends on nothing but the finding, so any writer knows it without reading, and it stays when an incident is
opened again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from triage.addresses import domain_of
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.rule import RULES
from triage.graph.evidence import Lack
from triage.intake.failure import RemediationFailure


class Scope(StrEnum):
    """What an incident is about: the Email Threat Defense app, a domain, a mailbox, a message, or missing evidence."""

    APP = "app"
    DOMAIN = "domain"
    MAILBOX = "mailbox"
    MESSAGE = "message"
    EVIDENCE = "evidence"


_SCOPES = {
    Subject.ETD_APP: Scope.APP,
    Subject.ADDRESS: Scope.MAILBOX,
    Subject.MAILBOX: Scope.MAILBOX,
    Subject.MESSAGE: Scope.MESSAGE,
    Subject.NONE: Scope.EVIDENCE,
}
_OF_A_DOMAIN = {Cause.APP_SINGLE_TENANT, Cause.DOMAIN_IN_OTHER_TENANT, Cause.DOMAIN_UNKNOWN}


class IncidentKey(NamedTuple):
    """One incident. `subject`: the domain, the mailbox, the message's ID, or the reason; None: the app.

    `cause` is None if the incident has all causes of its subject: those of one message.
    """

    tenant_id: str | None
    scope: Scope
    subject: str | None
    cause: Cause | None

    @classmethod
    def of(
        cls, tenant_id: str | None, cause: Cause, failure: RemediationFailure, reasons: Sequence[Lack]
    ) -> IncidentKey:
        """The incident of a failure with this cause. `reasons`: what could not be known."""
        match scope := scope_of(cause):
            case Scope.APP:
                return cls(tenant_id, scope, None, cause)
            case Scope.DOMAIN:
                return cls(tenant_id, scope, domain_of(failure.mailbox), cause)
            case Scope.MAILBOX:
                return cls(tenant_id, scope, failure.mailbox, cause)
            case Scope.MESSAGE:
                message = failure.internet_message_id or failure.message_id
                return cls(tenant_id, scope, message or failure.mailbox, None)
            case Scope.EVIDENCE:
                return cls(tenant_id, scope, _reason(reasons), cause)

    @property
    def id(self) -> str:
        """The ID of the incident: 32 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self).encode()).hexdigest()[:32]


def scope_of(cause: Cause) -> Scope:
    """What an incident with this cause is about."""
    return Scope.DOMAIN if cause in _OF_A_DOMAIN else _SCOPES[RULES[cause].subject]


def _reason(reasons: Sequence[Lack]) -> str | None:
    """The first reason, and the permission that is missing, if any: `forbidden Mail.ReadBasic.All`."""
    if not reasons:
        return None
    return " ".join(filter(None, (reasons[0].reason.value, reasons[0].permission)))
