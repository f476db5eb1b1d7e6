"""The secrets and certificates of an app's registration, and whether they have expired."""

from __future__ import annotations

from datetime import datetime

from triage.graph.models import Application, Credential


def credentials(registration: Application) -> tuple[Credential, ...]:
    """Every secret and certificate."""
    return (*registration.password_credentials, *registration.key_credentials)


def expired(credential: Credential, now: datetime) -> bool:
    """Whether a credential has expired; one without an end never does."""
    return credential.end_date_time is not None and credential.end_date_time <= now


def all_expired(registration: Application, now: datetime) -> bool:
    """Whether the registration has credentials, and every one of them has expired."""
    found = credentials(registration)
    return bool(found) and all(expired(credential, now) for credential in found)
