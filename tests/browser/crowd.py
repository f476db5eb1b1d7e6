"""10,000 findings, written in the layout of the index: saving them one by one takes minutes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.azurite import Azurite
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding import Finding, MessageState
from triage.intake.failure import RemediationFailure
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.settings import read_settings
from triage.storage.counters import counted_as, counts
from triage.storage.documents import pack_compressed, pack_text
from triage.storage.index import MONTHS, TABLE, row_keys

NUMBER = 10_000
WHOLE = 1500  # the number of the only finding that is stored in full
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
        id=f"{number:032x}",
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
    """Writes the rows without a filter, the rows of exposed findings, the counts, and one full finding."""
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
    for one in findings:
        await services.findings.save(one, None)


async def _fill(services: Services, findings: list[Finding]) -> None:
    table = await services.account.table(TABLE)
    months: dict[str, list[dict[str, Any]]] = {}
    by_day: dict[tuple[str, str], Counter[str]] = {}
    for one in findings:
        month, day = one.occurred_at[:7], one.occurred_at[:10]
        document = pack_compressed("document", one.wire())
        keys = row_keys(one, {"exposed": "true"} if one.exposed else {})
        months.setdefault(month, []).extend({"RowKey": key, **document} for key in keys)
        by_day.setdefault((month, day), Counter()).update(counts(counted_as(one)))
    for (month, day), numbers in by_day.items():
        months[month].append({"RowKey": f"day|{day}|{TENANT}", "counts": json.dumps(numbers)})
    whole = findings[WHOLE]
    row = {"PartitionKey": whole.id[:2], "RowKey": whole.id, "revision": 1, "deliveryIds": "[]"}
    await (await services.account.table("findings")).create_entity({**row, **pack_text("document", whole.wire())})
    limit = asyncio.Semaphore(4)

    async def submit(operations: list[Any]) -> None:
        async with limit:
            await table.submit_transaction(operations)

    async with asyncio.TaskGroup() as group:
        for month, rows in months.items():
            await table.upsert_entity({"PartitionKey": MONTHS, "RowKey": month})
            for part in _parts(rows):
                group.create_task(submit([("create", {"PartitionKey": month, **row}) for row in part]))


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), 100):
        yield rows[start : start + 100]
