"""Retention removes what has expired and nothing else, on a real table service, with concurrent writers and runs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.storage.conftest import ANOTHER, FORMER, TENANT, environment
from triage.audit.model import Audit, Verdict, audit_id
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.finding import Finding
from triage.incidents import suppress, without_ended_suppression
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.retention import remove_expired
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import Mode, read_settings
from triage.storage.incident_retention import remove_incidents
from triage.storage.query import Query
from triage.storage.rejected import RejectedReason, rejected_event
from triage.storage.retention import Expiry, remove_audits, remove_findings, remove_rejected
from triage.wire import from_epoch_ns

NOW = time.time_ns() // 10**9 * 10**9
DAY = 86400 * 10**9
BEFORE = NOW - 400 * DAY


def at(days: float, offset: int = 0) -> str:
    """The time a number of days ago."""
    return from_epoch_ns(NOW - int(days * DAY) + offset)


def expiry(seconds: float = 60) -> Expiry:
    return Expiry(BEFORE, time.monotonic() + seconds)


def finding(number: int, occurred: str, seen: str, cause: Cause = Cause.USER_DELETED) -> Finding:
    return Finding(
        id=f"{number:02x}{number:030x}",
        tenant_id=TENANT,
        scenario=Scenario.INVALID_USER,
        classified_by=ClassifiedBy.ERROR_TEXT,
        cause=cause,
        confidence=Confidence.CONFIRMED,
        severity=Severity.MEDIUM,
        summary="",
        exposed=False,
        failure=RemediationFailure(mailbox=f"person{number}@contoso.com"),
        occurred_at=occurred,
        received_at=seen,
        triaged_at=seen,
        first_seen=seen,
        last_seen=seen,
    )


def mailbox(other: bool) -> RemediationFailure:
    return RemediationFailure(mailbox=f"{'other' if other else 'person'}@contoso.com")


def audit(tenant_id: str, audited_at: str) -> Audit:
    return Audit(
        id=audit_id(tenant_id, audited_at, "0"),
        tenant_id=tenant_id,
        etd_app_id=None,
        mode=Mode.NO_AUTH,
        audited_at=audited_at,
        verdict=Verdict.NOT_APPLICABLE,
    )


async def rows(services: Services, table: str) -> list[Any]:
    client = await services.account.table(table)
    return [row async for row in client.list_entities()]


async def kept(services: Services) -> list[str]:
    """The ids of the stored findings. Checks that the lists and the counts have exactly the same findings."""
    keys = [str(row["RowKey"]) for row in await rows(services, "findings")]
    ids = sorted(key.removeprefix("id|") for key in keys if key.startswith("id|"))
    for name in ("all", "mailbox=", "cause=", f"tenantId={TENANT}"):
        assert sorted(key.rpartition("|")[2] for key in keys if key.startswith(name)) == ids
    page, _ = await services.finding_lists.page(Query({}), 1000, None)
    assert sorted(row["id"] for row in page) == ids
    summary = await summarize(services, None, None, None)
    assert summary["total"] == len(ids)
    return ids


async def test_an_incident_is_removed_after_all_its_findings(services: Services) -> None:
    old, new, other = finding(1, at(420), at(401)), finding(2, at(420), at(3)), finding(3, at(420), at(401))
    for one in (old, new, other):
        await services.findings.save(one.model_copy(update={"failure": mailbox(one is other)}), "d")
    await services.projector.run(10)
    before = {row["RowKey"].partition("|")[0] for row in await rows(services, "incidents")}
    assert before == {"head", "list", "mem"}
    assert await remove_incidents(services.account, expiry()) == 0, "both have findings"

    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 2
    await services.projector.run(10)
    assert await remove_incidents(services.account, expiry(0)) == 0, "no time"
    assert await remove_incidents(services.account, expiry()) == 3, "that of the other mailbox: head, list, member"
    (incident,) = [row["RowKey"] for row in await rows(services, "incidents") if row["RowKey"].startswith("head|")]
    assert incident == f"head|{new.model_copy(update={'failure': mailbox(False)}).incident.id}"

    again = finding(4, at(0), at(0)).model_copy(update={"failure": mailbox(True)})
    await services.findings.save(again, "d")
    await services.projector.run(10)
    found = await services.incidents.get(again.incident.id)
    assert found is not None
    assert found.findings == 1, "it is a new one, although this instance has written the old one"


async def test_a_suppressed_incident_is_removed_after_the_suppression(services: Services) -> None:
    one = finding(1, at(420), at(401))
    await services.findings.save(one, "d")
    await services.projector.run(10)
    await services.incidents.change(
        one.incident.id, lambda incident: suppress(incident, at(0), "adele", "Not now", at(-9))
    )
    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 1
    await services.projector.run(10)
    assert await remove_incidents(services.account, expiry()) == 0
    await services.incidents.change(one.incident.id, lambda incident: without_ended_suppression(incident, at(-10)))
    assert await remove_incidents(services.account, expiry()) == 3
    assert await rows(services, "incidents") == []


async def test_a_finding_is_removed_when_it_has_not_been_seen_for_400_days(services: Services) -> None:
    findings = {
        "both long ago": finding(1, at(420), at(401)),
        "at the limit": finding(2, at(420), at(400)),
        "just before it": finding(3, at(420), at(400, -1)),
        "happens again": finding(4, at(420), at(3)),
        "new": finding(5, at(3), at(3)),
        "from a clock that is years ahead": finding(6, at(-4000), at(401)),
        "from such a clock, and new": finding(7, at(-4000), at(3)),
        "years ago, but just delivered": finding(8, at(9000), at(1)),
    }
    for one in findings.values():
        await services.findings.save(one, "delivery")
    assert len(await kept(services)) == 8
    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 3
    gone = ("both long ago", "just before it", "from a clock that is years ahead")
    assert await kept(services) == sorted(one.id for name, one in findings.items() if name not in gone)
    assert await services.findings.get(findings["both long ago"].id) is None
    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 0


async def test_the_next_run_continues_a_run_that_ended_early(services: Services) -> None:
    await asyncio.gather(*(services.findings.save(finding(n, at(410), at(410)), "delivery") for n in range(40)))
    removed = [await remove_findings(services.findings, services.finding_lists, expiry(0)) for _ in range(4)]
    assert removed == [16, 16, 8, 0]
    assert await kept(services) == []


async def test_a_finding_that_comes_again_stays(services: Services) -> None:
    old = finding(1, at(410), at(410))
    await services.findings.save(old, "delivery")
    await services.findings.save(finding(1, at(410), at(0), Cause.GUEST_USER), "another delivery")
    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 0
    assert await kept(services) == [old.id]


async def test_a_finding_that_comes_again_after_its_removal_is_new(services: Services) -> None:
    old = finding(1, at(410), at(410))
    await services.findings.save(old, "delivery")
    assert await remove_findings(services.findings, services.finding_lists, expiry()) == 1
    again = await services.findings.save(finding(1, at(410), at(0)), "delivery")
    assert again.deliveries == 1
    assert await kept(services) == [old.id]


async def test_a_finding_that_is_written_during_its_removal_stays(services: Services) -> None:
    old = finding(1, at(410), at(410))
    await services.findings.save(old, "delivery")
    read = services.findings.stored

    async def read_early(finding_id: str) -> Any:
        found = await read(finding_id)
        services.findings.stored = read
        await services.findings.save(finding(1, at(410), at(0)), "another delivery")
        return found

    services.findings.stored = read_early
    assert await services.findings.remove(old.id, BEFORE) is False
    assert await kept(services) == [old.id]


async def test_concurrent_writers_and_runs_leave_findings_index_and_counts_consistent(services: Services) -> None:
    for round_ in range(3):
        await asyncio.gather(*(services.findings.save(finding(n, at(410), at(410)), "delivery") for n in range(30)))
        again = [services.findings.save(finding(n, at(410), at(0)), f"again {round_}") for n in range(0, 30, 2)]
        runs = [remove_findings(services.findings, services.finding_lists, expiry()) for _ in range(2)]
        await asyncio.gather(*again, *runs)
        await remove_findings(services.findings, services.finding_lists, expiry())
        assert set(await kept(services)) == {finding(n, at(0), at(0)).id for n in range(0, 30, 2)}


async def test_old_audits_are_removed_except_the_newest_of_each_tenant(services: Services) -> None:
    times = {TENANT: [at(3), at(399), *(at(401 + n) for n in range(205))], ANOTHER: [at(500), at(501), at(600)],
             FORMER: [at(450)]}  # fmt: skip
    await asyncio.gather(*(services.audits.save(audit(one, when)) for one in times for when in times[one]))
    assert await remove_audits(services.account, expiry()) == 205 + 2
    left = {(row["PartitionKey"], Audit.model_validate_json(row["document"]).audited_at)
            for row in await rows(services, "audits")}  # fmt: skip
    assert left == {(TENANT, at(3)), (TENANT, at(399)), (ANOTHER, at(500)), (FORMER, at(450))}
    assert await remove_audits(services.account, expiry()) == 0


async def test_old_rejected_events_are_removed(services: Services) -> None:
    def event(body: str, received_at: str) -> Any:
        return rejected_event(body, body, received_at, RejectedReason.NOT_JSON, "")

    events = [event("new", at(1)), event("limit", at(400)), *(event(f"old {n}", at(400, -1 - n)) for n in range(230))]
    await asyncio.gather(*(services.rejected.save(one) for one in events))
    assert await remove_rejected(services.account, expiry(0)) == 0
    both = await asyncio.gather(*(remove_rejected(services.account, expiry()) for _ in range(2)))
    assert sum(both) == 230
    assert [row["body"] for row in (await services.rejected.page(1000, None))[0]] == ["new", "limit"]


async def test_the_timer_removes_from_every_table_unless_everything_is_kept(
    services: Services, connection_string: str
) -> None:
    await services.findings.save(finding(1, at(410), at(410)), "delivery")
    for when in (at(1), at(410)):
        await services.audits.save(audit(TENANT, when))
    await services.rejected.save(rejected_event("", "", at(410), RejectedReason.POISON, ""))
    for days, removed in (
        ("0", {"feeds": 0, "coverage": 0}),
        ("411", {"feeds": 0, "coverage": 0, "rejected": 0, "incidents": 0, "audits": 0, "findings": 0}),
        ("409", {"feeds": 0, "coverage": 0, "rejected": 1, "incidents": 0, "audits": 1, "findings": 1}),
    ):
        others = Services(read_settings(environment(connection_string, RETENTION_DAYS=days)))
        assert await remove_expired(others) == removed
        await others.close()
    assert await kept(services) == []
