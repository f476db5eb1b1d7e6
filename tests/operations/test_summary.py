"""The counts of the summary equal a count of all findings, with concurrent writers, folds and removals."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.azurite import azurite
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.finding import Finding, MessageState
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.counters import fold
from triage.storage.index import TABLE, Query
from triage.storage.rebuild import rebuild_counts, rebuild_index
from triage.wire import epoch_ns, from_epoch_ns

TENANTS = ("6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a77", "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a78")
START = epoch_ns("2026-10-30T21:00:00Z")
HOURS = 60
LATER = epoch_ns("9999-01-01T00:00:00Z")


@pytest.fixture(scope="module")
def connection_string() -> Iterator[str]:
    with azurite() as storage:
        yield storage.connection_string


@pytest.fixture
async def services(connection_string: str) -> AsyncIterator[Services]:
    environment = {
        "TriageStorage": connection_string,
        "TRIAGE_TENANTS": f'[{{"tenantId":"{TENANTS[0]}","etdAppId":"{TENANTS[1]}"}}]',
    }
    made = Services(read_settings(environment))
    await made.account.tables().create_table_if_not_exists(TABLE)
    yield made
    for name in (TABLE, "findings"):
        await made.account.tables().delete_table(name)
    await made.close()


def finding(number: int, chance: random.Random, occurred: int | None = None) -> Finding:
    moment = from_epoch_ns(START + chance.randrange(HOURS * 3600 * 10**9) if occurred is None else occurred)
    return Finding(
        id=f"{number:032x}",
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


def by_hand(findings: list[Finding], since: int | None, until: int | None, tenant: str | None) -> dict[str, object]:
    found = [
        f
        for f in findings
        if (since is None or epoch_ns(f.occurred_at) >= since)
        and (until is None or epoch_ns(f.occurred_at) <= until)
        and tenant in (None, f.tenant_id)
    ]
    return {
        "total": len(found),
        "byScenario": dict(Counter(f.scenario.value for f in found)),
        "byCause": dict(Counter(f.cause.value for f in found)),
        "bySeverity": dict(Counter(f.severity.value for f in found)),
        "byConfidence": dict(Counter(f.confidence.value for f in found)),
        "byDay": dict(Counter(f.occurred_at[:10] for f in found)),
        "exposed": sum(f.exposed is True for f in found),
    }


async def expect(services: Services, findings: list[Finding], chance: random.Random) -> None:
    end = START + HOURS * 3600 * 10**9
    windows = [
        (None, None),
        (START, end),
        (epoch_ns("2026-10-31T00:00:00Z"), epoch_ns("2026-10-31T23:59:59.999999999Z")),
    ]
    windows += [tuple(sorted((chance.randrange(START, end), chance.randrange(START, end)))) for _ in range(8)]
    windows += [(epoch_ns(findings[0].occurred_at),) * 2, (chance.randrange(START, end), None), (end, START)]
    for since, until in windows:
        for tenant in (None, TENANTS[0]):
            summary = await summarize(services, since, until, None if tenant is None else (tenant,))
            assert {name: summary[name] for name in by_hand([], 0, 0, None)} == by_hand(findings, since, until, tenant)


async def test_counts_equal_a_count_of_all_findings(services: Services) -> None:
    chance = random.Random(7)
    kept = {number: finding(number, chance) for number in range(150)}
    for _ in range(2):  # each is written, and then changed: another cause at the same time

        async def write(one: Finding) -> None:
            await services.findings.save(one, "delivery")

        await asyncio.gather(
            *(write(one) for one in kept.values()), fold(await services.account.table(TABLE), "2026-10")
        )
        await expect(services, list(kept.values()), chance)
        if _ == 0:
            kept = {
                n: finding(n, chance, epoch_ns(old.occurred_at)).model_copy(update={"cause": Cause.USER_DELETED})
                for n, old in kept.items()
            }
    table = await services.account.table(TABLE)
    for month in ("2026-10", "2026-11"):
        assert await fold(table, month) >= 0
    await expect(services, list(kept.values()), chance)
    for number in range(0, 150, 3):
        gone = kept.pop(number)
        assert await services.findings.remove(gone.id, gone.occurred_at[:7], LATER)
        assert not await services.findings.remove(gone.id, gone.occurred_at[:7], LATER)
    await expect(services, list(kept.values()), chance)
    for month in ("2026-10", "2026-11"):
        await fold(table, month)
        assert await fold(table, month) == 0
    await expect(services, list(kept.values()), chance)


async def test_a_finding_with_many_concurrent_writers_counts_once(services: Services) -> None:
    chance = random.Random(8)
    moment = START + 5
    tries = [finding(1, chance, moment) for _ in range(12)]
    await asyncio.gather(*(services.findings.save(one, f"delivery {i}") for i, one in enumerate(tries)))
    kept = await services.findings.get(tries[0].id)
    assert kept is not None
    assert kept.deliveries == 12
    rows, token = await services.findings.page(Query({}), 10, None)
    assert [row["id"] for row in rows] == [kept.id]
    assert token is None
    await expect(services, [kept], chance)


async def test_concurrent_folds_count_each_change_once(services: Services) -> None:
    chance = random.Random(9)
    made = [finding(number, chance, START + number) for number in range(100)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    table = await services.account.table(TABLE)
    folded = await asyncio.gather(*(fold(table, "2026-10") for _ in range(4)))
    assert 0 < sum(folded) <= 100
    await expect(services, made, chance)


async def test_rebuilt_counts_equal_a_count_of_all_findings(services: Services) -> None:
    chance = random.Random(10)
    made = [finding(number, chance) for number in range(120)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made[:80]))
    table = await services.account.table(TABLE)
    await fold(table, "2026-10", most=1)
    await table.upsert_entity({"PartitionKey": "2026-10", "RowKey": "day|2026-10-31|", "counts": '{"total": 999}'})
    await table.upsert_entity({"PartitionKey": "2026-10", "RowKey": f"hour|2026-10-31T05|{TENANTS[0]}", "counts": "{}"})
    for one in made[:20]:
        await services.findings.remove(one.id, one.occurred_at[:7], epoch_ns(one.last_seen) + 1)
    assert await rebuild_counts(services.account, services.findings) == 60
    await expect(services, made[20:80], chance)

    async def later(one: Finding) -> None:
        await asyncio.sleep(chance.random() / 10)
        await services.findings.save(one, "delivery")

    # Findings that arrive during the rebuild are counted once, whether it saw them or not.
    await asyncio.gather(rebuild_counts(services.account, services.findings), *(later(one) for one in made[80:]))
    await expect(services, made[20:], chance)


async def test_a_rebuilt_index_has_the_findings_that_it_had_lost(services: Services) -> None:
    chance = random.Random(11)
    made = [finding(number, chance) for number in range(30)]
    await asyncio.gather(*(services.findings.save(one, "delivery") for one in made))
    await services.account.tables().delete_table(TABLE)
    await services.account.tables().create_table_if_not_exists(TABLE)
    seen: list[int] = []
    another = Services(services.settings)  # another process, which does not know the months yet
    assert await rebuild_index(another.account, another.findings, seen.append) == 30
    await another.close()
    assert seen == list(range(1, 31))
    rows, _ = await services.findings.page(Query({}), 100, None)
    assert {row["id"] for row in rows} == {one.id for one in made}
    await expect(services, made, chance)
