"""The causes, in the order in which they are considered, each with its severity and how sure its evidence makes it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from triage.intake.scenario import Scenario


class Confidence(StrEnum):
    """How sure a cause is: read directly; fits this and little else; fits, and so does another; not known."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    UNDETERMINED = "undetermined"


class Severity(StrEnum):
    """How much it matters."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Subject(StrEnum):
    """What a cause is about."""

    ETD_APP = "etd_app"
    ADDRESS = "address"
    MAILBOX = "mailbox"
    MESSAGE = "message"
    NONE = "none"


class Cause(StrEnum):
    """Why a remediation failed."""

    APP_NOT_FOUND = "app_not_found"
    APP_DELETED = "app_deleted"
    APP_DISABLED = "app_disabled"
    CONSENT_MISSING = "consent_missing"
    PERMISSION_DELEGATED_ONLY = "permission_delegated_only"
    PERMISSION_MISSING = "permission_missing"
    APP_READ_MODE = "app_read_mode"
    CREDENTIAL_EXPIRED = "credential_expired"
    ACCESS_POLICY_BLOCKED = "access_policy_blocked"
    APP_HEALTHY = "app_healthy"
    USER_DELETED = "user_deleted"
    RECIPIENT_IS_GROUP = "recipient_is_group"
    RECIPIENT_IS_CONTACT = "recipient_is_contact"
    GUEST_USER = "guest_user"
    APP_SINGLE_TENANT = "app_single_tenant"
    DOMAIN_IN_OTHER_TENANT = "domain_in_other_tenant"
    DOMAIN_UNKNOWN = "domain_unknown"
    USER_NOT_FOUND = "user_not_found"
    LICENSE_ASSIGNMENT_FAILED = "license_assignment_failed"
    EXCHANGE_PLAN_DISABLED = "exchange_plan_disabled"
    LICENSE_LAPSED = "license_lapsed"
    PROVISIONING_ERROR = "provisioning_error"
    MAILBOX_PROVISIONING = "mailbox_provisioning"
    MAILBOX_ON_PREMISES = "mailbox_on_premises"
    MAILBOX_UNLICENSED = "mailbox_unlicensed"
    MAILBOX_DISCONNECTED = "mailbox_disconnected"
    MESSAGE_REMEDIATED = "message_remediated"
    MESSAGE_DELETED = "message_deleted"
    MESSAGE_RECOVERABLE = "message_recoverable"
    MESSAGE_MOVED = "message_moved"
    MESSAGE_GONE = "message_gone"
    ADDRESS_IS_ALIAS = "address_is_alias"
    MESSAGE_PRESENT = "message_present"
    MAILBOX_REACHABLE = "mailbox_reachable"
    UNDETERMINED = "undetermined"


class Facts(NamedTuple):
    """What is always so of a cause."""

    subject: Subject
    confidence: Confidence
    severity: Severity


_ETD_APP, _ADDRESS, _MAILBOX, _MESSAGE = Subject.ETD_APP, Subject.ADDRESS, Subject.MAILBOX, Subject.MESSAGE
_CONFIRMED, _PROBABLE, _POSSIBLE = Confidence.CONFIRMED, Confidence.PROBABLE, Confidence.POSSIBLE

FACTS = {
    Cause.APP_NOT_FOUND: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.APP_DELETED: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.APP_DISABLED: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.CONSENT_MISSING: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.PERMISSION_DELEGATED_ONLY: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.PERMISSION_MISSING: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.APP_READ_MODE: Facts(_ETD_APP, _CONFIRMED, Severity.HIGH),
    Cause.CREDENTIAL_EXPIRED: Facts(_ETD_APP, _CONFIRMED, Severity.CRITICAL),
    Cause.ACCESS_POLICY_BLOCKED: Facts(_ETD_APP, _CONFIRMED, Severity.HIGH),
    Cause.APP_HEALTHY: Facts(_ETD_APP, _POSSIBLE, Severity.MEDIUM),
    Cause.USER_DELETED: Facts(_ADDRESS, _CONFIRMED, Severity.MEDIUM),
    Cause.RECIPIENT_IS_GROUP: Facts(_ADDRESS, _CONFIRMED, Severity.LOW),
    Cause.RECIPIENT_IS_CONTACT: Facts(_ADDRESS, _CONFIRMED, Severity.LOW),
    Cause.GUEST_USER: Facts(_ADDRESS, _CONFIRMED, Severity.LOW),
    Cause.APP_SINGLE_TENANT: Facts(_ADDRESS, _CONFIRMED, Severity.HIGH),
    Cause.DOMAIN_IN_OTHER_TENANT: Facts(_ADDRESS, _CONFIRMED, Severity.HIGH),
    Cause.DOMAIN_UNKNOWN: Facts(_ADDRESS, _CONFIRMED, Severity.MEDIUM),
    Cause.USER_NOT_FOUND: Facts(_ADDRESS, _CONFIRMED, Severity.MEDIUM),
    Cause.LICENSE_ASSIGNMENT_FAILED: Facts(_MAILBOX, _CONFIRMED, Severity.MEDIUM),
    Cause.EXCHANGE_PLAN_DISABLED: Facts(_MAILBOX, _CONFIRMED, Severity.MEDIUM),
    Cause.LICENSE_LAPSED: Facts(_MAILBOX, _CONFIRMED, Severity.MEDIUM),
    Cause.PROVISIONING_ERROR: Facts(_MAILBOX, _PROBABLE, Severity.MEDIUM),
    Cause.MAILBOX_PROVISIONING: Facts(_MAILBOX, _PROBABLE, Severity.LOW),
    Cause.MAILBOX_ON_PREMISES: Facts(_MAILBOX, _PROBABLE, Severity.MEDIUM),
    Cause.MAILBOX_UNLICENSED: Facts(_MAILBOX, _CONFIRMED, Severity.MEDIUM),
    Cause.MAILBOX_DISCONNECTED: Facts(_MAILBOX, _POSSIBLE, Severity.MEDIUM),
    Cause.MESSAGE_REMEDIATED: Facts(_MESSAGE, _CONFIRMED, Severity.INFO),
    Cause.MESSAGE_DELETED: Facts(_MESSAGE, _CONFIRMED, Severity.MEDIUM),
    Cause.MESSAGE_RECOVERABLE: Facts(_MESSAGE, _CONFIRMED, Severity.LOW),
    Cause.MESSAGE_MOVED: Facts(_MESSAGE, _CONFIRMED, Severity.HIGH),
    Cause.MESSAGE_GONE: Facts(_MESSAGE, _PROBABLE, Severity.LOW),
    Cause.ADDRESS_IS_ALIAS: Facts(_MESSAGE, _PROBABLE, Severity.MEDIUM),
    Cause.MESSAGE_PRESENT: Facts(_MESSAGE, _PROBABLE, Severity.HIGH),
    Cause.MAILBOX_REACHABLE: Facts(_MESSAGE, _POSSIBLE, Severity.MEDIUM),
    Cause.UNDETERMINED: Facts(Subject.NONE, Confidence.UNDETERMINED, Severity.MEDIUM),
}


def _of(subject: Subject) -> tuple[Cause, ...]:
    return tuple(cause for cause, facts in FACTS.items() if facts.subject is subject)


_BROKEN_APP = tuple(cause for cause in _of(Subject.ETD_APP) if cause is not Cause.APP_HEALTHY)
_RESIDUAL = (Cause.ADDRESS_IS_ALIAS, Cause.MESSAGE_PRESENT, Cause.MAILBOX_REACHABLE)
_PERSON = (
    *_of(Subject.ADDRESS),
    *_of(Subject.MAILBOX),
    *(cause for cause in _of(Subject.MESSAGE) if cause not in _RESIDUAL),
)

# Without an app in the tenant (`no_auth`) there is no cause below this one: nothing could have been remediated.
LAST_WITHOUT_APP = _PERSON[-1]

_APP_FIRST = (*_BROKEN_APP, *_PERSON, Cause.APP_HEALTHY, *_RESIDUAL)
# These texts are Graph's own answers about a person: the app could ask, so the person comes first.
_PERSON_FIRST = (*_PERSON, *_BROKEN_APP, *_RESIDUAL)


def precedence(scenario: Scenario) -> tuple[Cause, ...]:
    """The causes of a scenario, in the order in which one hides the other."""
    return _APP_FIRST if scenario in (Scenario.UNKNOWN_REASON, Scenario.UNCLASSIFIED) else _PERSON_FIRST
