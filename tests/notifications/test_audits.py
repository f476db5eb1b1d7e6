"""What an audit has to tell: each change once, and each credential once at each limit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import TENANT_ID, make_app, make_tenant
from triage.audit.assess import assess
from triage.audit.model import Audit, AuditedCredential, Change, Drift, Issue, Verdict, new_audit
from triage.diagnosis.causes import Severity
from triage.notifications.audits import audit_occasions
from triage.notifications.pending import Occasion
from triage.settings import NotificationEvent


def audit(verdict: Verdict = Verdict.HEALTHY, **more: Any) -> Audit:
    given = make_tenant()
    made = assess(new_audit(given), given, make_app(), 30, several=False)
    return made.model_copy(update={"verdict": verdict, "credentials": [], "issues": [], **more})


def secret(days: int, key: str = "a", name: str = "ETD") -> AuditedCredential:
    state = "expired" if days < 0 else "expiring" if days <= 30 else "valid"
    return AuditedCredential(
        kind="secret", key_id=key, display_name=name, end_date_time="2026-12-24T00:00:00Z", days_left=days, state=state
    )


def occasions(event: NotificationEvent, new: Audit, *earlier: Audit) -> list[Occasion]:
    return [one for one in audit_occasions(new, list(earlier)) if one.event is event]


def test_the_first_audit_changes_nothing() -> None:
    assert audit_occasions(audit(Verdict.BROKEN), []) == []


@pytest.mark.parametrize(("before", "after", "severity"), [
    (Verdict.HEALTHY, Verdict.BROKEN, "critical"), (Verdict.BROKEN, Verdict.HEALTHY, None),
    (Verdict.HEALTHY, Verdict.DEGRADED, "medium"),
])  # fmt: skip
def test_another_verdict(before: Verdict, after: Verdict, severity: str | None) -> None:
    (one,) = occasions(NotificationEvent.AUDIT_CHANGED, audit(after), audit(before))
    assert (one.severity, one.tenant_id, one.document["data"]["verdict"]) == (severity, TENANT_ID, after.value)
    assert occasions(NotificationEvent.AUDIT_CHANGED, audit(after), audit(after), audit(before)) == [], (
        "a notification was sent before"
    )


def test_it_is_as_severe_as_the_worst_issue() -> None:
    excess = Issue(code="excess_privilege", severity=Severity.HIGH, summary="", actions=[])
    (one,) = occasions(NotificationEvent.AUDIT_CHANGED, audit(Verdict.DEGRADED, issues=[excess]), audit())
    assert one.severity == "high"


def test_an_audit_that_could_not_read_the_app_has_found_no_change() -> None:
    unknown, broken, healthy = audit(Verdict.UNKNOWN), audit(Verdict.BROKEN), audit()
    assert audit_occasions(unknown, [healthy]) == []
    assert audit_occasions(healthy, [unknown, unknown, healthy]) == []
    assert len(audit_occasions(broken, [unknown, healthy])) == 1


def test_drift_says_what_and_who() -> None:
    by = [Change(at="2026-11-20T10:11:12Z", activity="Add app role assignment", who="admin@contoso.com")]
    drift = Drift(
        since="x", granted=["Mail.Send"], revoked=["User.Read.All"], changed=["accountEnabled: true -> false"], by=by
    )
    (one,) = occasions(NotificationEvent.AUDIT_CHANGED, audit(drift=drift), audit())
    assert one.document["lines"] == [
        "Granted: Mail.Send", "Revoked: User.Read.All", "accountEnabled: true -> false",
        "2026-11-20 10:11 UTC, admin@contoso.com: Add app role assignment",
    ]  # fmt: skip
    assert audit_occasions(audit(drift=Drift(since="x")), [audit()]) == []


def test_a_credential_is_reported_once_at_each_limit() -> None:
    earlier: list[Audit] = []
    numbers = []
    for days in (40, 31, 30, 29, 14, 13, 8, 7, 5, 3, 2, 1, 0, -1, -2):
        new = audit(credentials=[secret(days)])
        numbers += [(days, one.number) for one in occasions(NotificationEvent.CREDENTIAL_EXPIRING, new, *earlier)]
        earlier.insert(0, new)
    assert numbers == [(30, 30), (14, 14), (7, 7), (3, 3), (1, 1), (-1, 0)]


def test_a_credential_that_was_not_read_in_between_is_not_reported_again() -> None:
    new = audit(credentials=[secret(13)])
    assert occasions(NotificationEvent.CREDENTIAL_EXPIRING, new, audit(), audit(credentials=[secret(14)])) == []
    assert len(occasions(NotificationEvent.CREDENTIAL_EXPIRING, new, audit(), audit(credentials=[secret(15)]))) == 1


@pytest.mark.parametrize(("days", "others", "severity"), [
    (20, [], "medium"), (7, [], "high"), (-1, [], "critical"), (-1, [secret(90, "b")], "low"), (20, [secret(-9, "b")], "medium"),
    (-1, [secret(20, "b")], "low"), (7, [secret(20, "b")], "low"), (7, [secret(7, "b")], "high"), (7, [secret(2, "b")], "high"),
])  # fmt: skip
def test_how_severe_it_is_depends_on_the_other_credentials(
    days: int, others: list[AuditedCredential], severity: str
) -> None:
    found = occasions(NotificationEvent.CREDENTIAL_EXPIRING, audit(credentials=[secret(days), *others]))
    assert [one.severity for one in found if one.subject_id == "a"] == [severity]


@pytest.mark.parametrize(("others", "line"), [
    (0, "The app has no other credential that is valid for longer."),
    (1, "The app has 1 other credential that is valid for longer."),
    (2, "The app has 2 other credentials that are valid for longer."),
])  # fmt: skip
def test_how_many_credentials_are_left(others: int, line: str) -> None:
    left = [secret(90, f"valid {number}") for number in range(others)]
    (one,) = occasions(NotificationEvent.CREDENTIAL_EXPIRING, audit(credentials=[secret(7), *left]))
    assert one.document["lines"] == [line]
