"""10,000 findings, written as rows of the lists that the page reads: saving them one by one takes minutes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sandbox.azurite import Azurite
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding import Finding, MessageState, Snapshot
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.settings import read_settings
from triage.storage.counters import count_row, counted
from triage.storage.finding_rows import write_operations
from triage.storage.findings import TABLE
from triage.storage.query import ALL, REACH
from triage.storage.shards import shard_of

NUMBER = 10_000
WHOLE = 1500  # the number of the only finding that is stored in full
REACHED = 400  # the newest ones are in the list of exposed findings too, of which the page reads the first hundred
TENANT = "c0470500-0000-4000-8000-000000000001"


def settings(storage: Azurite) -> dict[str, str]:
    """The settings of a service without Graph: it triages nothing."""
    tenants = [{"tenantId": TENANT, "etdAppId": TENANT}]
    return {
        "TriageStorage": storage.connection_string,
        "TRIAGE_TENANTS": json.dumps(tenants),
        "GRAPH_ENDPOINT": "http://127.0.0.1:9",
        "AUDIT_SCHEDULE": "0 0 0 1 1 *",
    }


def finding(number: int, **changes: Any) -> Finding:
    """A finding that was not triaged. `changes`: fields with other values."""
    occurred = (datetime.now(UTC) - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    failure = RemediationFailure(
        mailbox=f"person{number % 400}@contoso.com",
        message_id=str(number),
        error="The Requested User is Invalid",
        subject=f"Message {number}",
        occurred_at=occurred,
    )
    whole = Finding(
        id=sha256(f"{number}".encode()).hexdigest()[:32],
        tenant_id=TENANT,
        scenario=Scenario.INVALID_USER,
        classified_by=ClassifiedBy.ERROR_TEXT,
        cause=Cause.MESSAGE_PRESENT if number % 2 else Cause.USER_DELETED,
        confidence=Confidence.CONFIRMED,
        severity=Severity.HIGH if number % 2 else Severity.MEDIUM,
        summary="Made for a measurement.",
        actions=[Action(title="Nothing to do", detail="This is none.")],
        message=MessageState(location=Location.INBOX if number % 2 else Location.NOT_CHECKED),
        exposed=True if number % 2 else None,
        failure=failure,
        occurred_at=occurred,
        received_at=occurred,
        triaged_at=occurred,
        first_seen=occurred,
        last_seen=occurred,
    )
    return whole.model_copy(update=changes)


def save(environ: dict[str, str], findings: list[Finding]) -> None:
    """Writes findings as the service does."""
    _in_a_loop_of_its_own(environ, _save, findings)


def fill(environ: dict[str, str]) -> None:
    """Writes the rows without a filter, the newest rows of exposed findings, the counts, and one full finding."""
    _in_a_loop_of_its_own(environ, _fill, [finding(number) for number in range(NUMBER)])


def _in_a_loop_of_its_own(environ: dict[str, str], write: Any, findings: list[Finding]) -> None:
    async def run() -> None:
        services = Services(read_settings(environ))
        try:
            await write(services, findings)
        finally:
            await services.close()

    # The browser's event loop is in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result(180)


async def _save(services: Services, findings: list[Finding]) -> None:
    await asyncio.gather(*(services.findings.save(one, None) for one in findings))
    await services.projector.run(60)


async def _fill(services: Services, findings: list[Finding]) -> None:
    shards: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    by_day: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number, one in enumerate(findings):
        shard = shard_of(one.id)
        rows = [row for _, row, *_ in write_operations(one, Snapshot.of(one, 1), [], None)]
        lists = (ALL, REACH) if number < REACHED else (ALL,)
        shards[shard] += [row for row in rows if number == WHOLE or row["RowKey"].startswith(lists)]
        by_day[shard, one.occurred_at[:10]].update(counted(one.wire()))
    for (shard, day), numbers in by_day.items():
        shards[shard].append(count_row(shard, f"day|{day}|{TENANT}", numbers))
    table = await services.account.table(TABLE)
    limit = asyncio.Semaphore(4)

    async def submit(rows: list[dict[str, Any]]) -> None:
        async with limit:
            await table.submit_transaction([("create", row) for row in rows])

    async with asyncio.TaskGroup() as group:
        for rows in shards.values():
            for part in _parts(rows):
                group.create_task(submit(part))


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), 100):
        yield rows[start : start + 100]
