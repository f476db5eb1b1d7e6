"""The causes in the order of precedence, and the words that describe one. What is known of each is its rule."""

from __future__ import annotations

from enum import StrEnum


class Confidence(StrEnum):
    """How sure a cause is.

    confirmed: read directly. probable: the evidence fits this and little else. possible: it fits, and so does an
    alternative. undetermined: not known.
    """

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    UNDETERMINED = "undetermined"


class Severity(StrEnum):
    """How much a cause matters."""

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
    """Why a remediation failed, in the order of precedence.

    Of one subject, an earlier cause hides the later ones. Which subject comes first depends on the scenario
    (diagnosis/precedence.py).
    """

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
    MESSAGE_QUARANTINED = "message_quarantined"
    MESSAGE_NOT_DELIVERED = "message_not_delivered"
    MESSAGE_DELETED = "message_deleted"
    MESSAGE_RECOVERABLE = "message_recoverable"
    MESSAGE_SENT_COPY = "message_sent_copy"
    MESSAGE_JUNKED = "message_junked"
    MESSAGE_MOVED = "message_moved"
    MESSAGE_GONE = "message_gone"
    ADDRESS_IS_ALIAS = "address_is_alias"
    MESSAGE_PRESENT = "message_present"
    MAILBOX_REACHABLE = "mailbox_reachable"
    UNDETERMINED = "undetermined"
