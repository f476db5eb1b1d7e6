"""The counts of the summary equal a count of all findings, with concurrent writers, folds and removals."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from sandbox.azurite import Azurite
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.finding import Finding, MessageState
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.findings import TABLE
from triage.storage.query import Query
from triage.storage.rebuild import rebuild_counts, rebuild_lists
from triage.storage.shards import SHARDS
from triage.wire import epoch_ns, from_epoch_ns

TENANTS = ("6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a77", "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a78")
START = epoch_ns("2026-10-30T21:00:00Z")
HOURS = 60
LATER = epoch_ns("9999-01-01T00:00:00Z")


@pytest.fixture
async def services(storage: Azurite) -> AsyncIterator[Services]:
    environment = {
        "TriageStorage": storage.connection_string,
        "TRIAGE_TENANTS": f'[{{"tenantId":"{TENANTS[0]}","etdAppId":"{TENANTS[1]}"}}]',
    }
    made = Services(read_settings(environment))
    await made.account.tables().create_table_if_not_exists(TABLE)
    yield made
    await made.close()
    again = Services(made.settings)
    await again.account.tables().delete_table(TABLE)
    await again.close()


def finding(number: int, chance: random.Random, occurred: int | None = None) -> Finding:
    moment = from_epoch_ns(START + chance.randrange(HOURS * 3600 * 10**9) if occurred is None else occurred)
    return Finding(
        id=sha256(f"{number}".encode()).hexdigest()[:32],
        tenant_id=chance.choice([*TENANTS, None]),
        scenario=chance.choice(list(Scenario)),
        classified_by=ClassifiedBy.ERROR_TEXT,
        cause=chance.choice([cause for cause in Cause if cause is not Cause.UNDETERMINED]),
        confidence=chance.choice(list(Confidence)),
        severity=chance.choice(list(Severity)),
        summary="",
        message=MessageState(location=Location.INBOX),  # known, so that a new look replaces all that is counted
        exposed=chance.choice([True, False, None]),
        failure=RemediationFailure(mailbox="adele@contoso.com"),
        occurred_at=moment,
        received_at=moment,
        triaged_at=moment,
        first_seen=moment,
        last_seen=moment,
    )


def by_hand(
    findings: list[Finding], since: int | None, until: int | None, tenants: tuple[str, ...] | None
) -> dict[str, object]:
    found = [
        f
        for f in findings
        if (since is None or epoch_ns(f.occurred_at) >= since)
        and (until is None or epoch_ns(f.occurred_at) <= until)
        and (tenants is None or f.tenant_id in tenants)
    ]
    return {
        "total": len(found),
        "byScenario": dict(Counter(f.scenario.value for f in found)),
        "byCause": dict(Counter(f.cause.value for f in found)),
        "byState": dict(Counter(f.state.value for f in found)),
        "bySeverity": dict(Counter(f.severity.value for f in found)),
        "byConfidence": dict(Counter(f.confidence.value for f in found)),
        "byDay": dict(Counter(f.occurred_at[:10] for f in found)),
        "exposed": sum(f.exposed is True for f in found),
    }


async def expect(services: Services, findings: list[Finding], chance: random.Random) -> None:
    """Checks the summaries of windows, in turn of all tenants and of one."""
    end = START + HOURS * 3600 * 10**9
    windows = [
        (None, None),
        (START, end),
        (epoch_ns("2026-10-31T00:00:00Z"), epoch_ns("2026-10-31T23:59:59.999999999Z")),
    ]
    windows += [tuple(sorted((chance.randrange(START, end), chance.randrange(START, end)))) for _ in range(2)]
    windows += [(epoch_ns(findings[0].occurred_at),) * 2, (chance.randrange(START, end), None), (end, START)]
    first = chance.randrange(2)
    for number, (since, until) in enumerate(windows, first):
        tenants = TENANTS[:1] if number % 2 else None
        summary = await summarize(services, since, until, tenants)
        found = {name: summary[name] for name in by_hand([], 0, 0, None)}
        assert found == by_hand(findings, since, until, tenants), (since, until, tenants)


async def test_who_may_see_no_tenant_sees_no_finding(services: Services) -> None:
    await services.findings.save(finding(1, random.Random(6)), "delivery")
    assert (await summarize(services, None, None, ()))["total"] == 0


@pytest.mark.unmeasured
async def test_counts_equal_a_count_of_all_findings(services: Services) -> None:
    chance = random.Random(7)
    kept = {number: finding(number, chance) for number in range(48)}
    for turn in range(2):  # each is written, and then changed: another cause at the same time
        writes = [services.findings.save(one, "delivery") for one in kept.values()]
        *saved, _ = await asyncio.gather(*writes, services.projector.run(20))
        kept = dict(zip(kept, saved, strict=True))
        await expect(services, list(kept.values()), chance)
        if turn == 0:
            kept = {
                n: finding(n, chance, epoch_ns(old.occurred_at)).model_copy(update={"cause": Cause.USER_DELETED})
                for n, old in kept.items()
            }
    await services.projector.run(20)
    await expect(services, list(kept.values()), chance)
    for number in range(0, 48, 3):
        gone = kept.pop(number)
        assert await services.findings.remove(gone.id, LATER)
        assert not await services.findings.remove(gone.id, LATER)
    await expect(services, list(kept.values()), chance)
    await services.projector.run(20)
    assert await services.projector.run(20) == 0
    await expect(services, list(kept.values()), chance)


async def test_a_period_at_the_end_of_time(services: Services) -> None:
    for period in ((epoch_ns("9999-12-31T23:30:00Z"), None), (None, epoch_ns("9999-12-31T23:59:59.999999999Z"))):
        assert (await summarize(services, *period, None))["total"] == 0


@pytest.mark.unmeasured
async def test_a_finding_with_many_concurrent_writers_counts_once(services: Services) -> None:
    chance = random.Random(8)
    moment = START + 5
    tries = [finding(1, chance, moment) for _ in range(8)]
    await asyncio.gather(*(services.findings.save(one, f"delivery {i}") for i, one in enumerate(tries)))
    kept = await services.findings.get(tries[0].id)
    assert kept is not None
    assert kept.deliveries == 8
    rows, token = await services.finding_lists.page(Query({}), 10, None)
    assert [row["id"] for row in rows] == [kept.id]
    assert token is None
    await expect(services, [kept], chance)


@pytest.mark.unmeasured
async def test_concurrent_folds_count_each_change_once(services: Services) -> None:
    chance = random.Random(9)
    made = [finding(number, chance, START + number) for number in range(40)]
    others = [Services(services.settings) for _ in range(3)]
    await asyncio.gather(
        *(services.findings.save(one, "delivery") for one in made), *(other.projector.run(20) for other in others)
    )
    await asyncio.gather(*(other.projector.run(20) for other in others))
    await expect(services, made, chance)
    for other in others:
        await other.close()


async def test_rebuilt_counts_equal_a_count_of_all_findings(services: Services) -> None:
    chance = random.Random(10)
    made = [finding(number, chance) for number in range(48)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made[:32]))
    await services.projector.run(20)
    table = await services.account.table(TABLE)
    for shard in SHARDS:
        await table.upsert_entity({"PartitionKey": shard, "RowKey": "day|2026-10-31|", "counts": '{"total": 999}'})
        await table.upsert_entity({"PartitionKey": shard, "RowKey": f"hour|2026-10-31T05|{TENANTS[0]}", "counts": "{}"})
    for one in made[:8]:
        await services.findings.remove(one.id, epoch_ns(one.last_seen) + 1)
    assert await rebuild_counts(services.account, services.projection) == 24
    await expect(services, made[8:32], chance)

    async def later(one: Finding) -> None:
        await asyncio.sleep(chance.random() / 10)
        await services.findings.save(one, "delivery")

    # Findings that arrive during the rebuild are counted once, whether it saw them or not.
    await asyncio.gather(rebuild_counts(services.account, services.projection), *(later(one) for one in made[32:]))
    await expect(services, made[8:], chance)


@pytest.mark.unmeasured
async def test_rebuilt_lists_have_the_rows_that_they_had_lost(services: Services) -> None:
    chance = random.Random(11)
    made = [finding(number, chance) for number in range(16)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    table = await services.account.table(TABLE)
    async for row in table.query_entities("RowKey ge 'cause=' and RowKey lt 'cause=~'"):
        await table.delete_entity(row["PartitionKey"], row["RowKey"])
    causes = list(Cause)
    parts = [Query({"cause": tuple(causes[start : start + 5])}) for start in range(0, len(causes), 5)]
    assert [await services.finding_lists.page(part, 100, None) for part in parts] == [([], None)] * len(parts)
    seen: list[int] = []
    assert await rebuild_lists(services.findings, services.finding_lists, seen.append) == 16
    assert seen == list(range(1, 17))
    pages = [await services.finding_lists.page(part, 100, None) for part in parts]
    assert {row["id"] for rows, _ in pages for row in rows} == {one.id for one in made}
    await expect(services, made, chance)
