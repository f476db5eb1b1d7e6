"""What version 1 stored is read, listed and migrated, without loss and without counting twice.

data/version1.json has the entities of both tables as version 1 wrote them: three findings, the last one delivered twice.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.factories import TENANT_ID
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.storage.query import Query
from triage.storage.rebuild import rebuild_lists

DATA: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data/version1.json").read_text(encoding="utf-8")
)
NEWEST = ["1" * 32, "2" * 32, "0" * 32]


@pytest.fixture(autouse=True)
async def version1(services: Services) -> None:
    for name, entities in DATA.items():
        table = await services.account.table(name)
        for entity in entities:
            values = {
                key: base64.b64decode(value["base64"]) if isinstance(value, dict) else value
                for key, value in entity.items()
            }
            await table.create_entity(values)


async def ids(services: Services, **filters: str) -> list[str]:
    rows, _ = await services.finding_lists.page(Query({name: (value,) for name, value in filters.items()}), 10, None)
    assert all("checks" in row and row["incidentId"] for row in rows)
    lean, _ = await services.finding_lists.page(
        Query({name: (value,) for name, value in filters.items()}), 10, None, whole=False
    )
    assert [row["id"] for row in lean] == [row["id"] for row in rows]
    return [row["id"] for row in rows]


async def left(services: Services) -> int:
    table = await services.account.table("findings")
    return len([row async for row in table.query_entities("PartitionKey lt 's'")])


async def test_findings_of_version_1_are_read_and_listed(services: Services) -> None:
    found = await services.findings.get("2" * 32)
    assert found is not None
    assert found.deliveries == 2
    assert found.state.value == "open"
    assert await ids(services) == NEWEST
    assert await ids(services, mailbox="person1@contoso.com") == ["1" * 32]
    assert await ids(services, tenantId=TENANT_ID, scenario=found.scenario.value) == ["2" * 32]
    assert await left(services) == 3


async def test_they_are_listed_once_while_they_are_brought_forward(services: Services) -> None:
    async for _ in services.findings.migrate():
        assert await ids(services) == NEWEST
    assert await left(services) == 0
    assert await ids(services) == NEWEST
    assert (await summarize(services, None, None, None))["total"] == 3


async def test_a_failure_that_comes_again_is_brought_forward_first(services: Services) -> None:
    old = await services.findings.get("2" * 32)
    assert old is not None
    kept = await services.findings.save(old, "delivery 2")
    assert kept.deliveries == 2, "this delivery was counted"
    kept = await services.findings.save(old, "a third delivery")
    assert kept.deliveries == 3
    assert await left(services) == 2
    assert await ids(services) == NEWEST


async def test_what_version_1_found_after_a_rollback_is_kept(services: Services) -> None:
    async for _ in services.findings.migrate():
        pass
    entity = next(one for one in DATA["findings"] if one["RowKey"] == "2" * 32)
    document = json.loads(entity["document"])
    document |= {"triagedAt": "2027-01-01T00:00:00Z", "lastSeen": "2027-01-01T00:00:00Z", "deliveries": 1}
    again = {**entity, "document": json.dumps(document), "deliveryIds": '["after the rollback"]'}
    table = await services.account.table("findings")
    await table.create_entity(again)
    assert await ids(services) == NEWEST
    async for _ in services.findings.migrate():
        pass
    kept = await services.findings.get("2" * 32)
    assert kept is not None
    assert (kept.triaged_at, kept.last_seen) == ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert kept.deliveries == 3, "two before it, and the one after it"
    assert (await left(services), await ids(services)) == (0, NEWEST)


async def test_a_run_that_was_interrupted_goes_on(services: Services) -> None:
    async for _ in services.findings.migrate():
        break
    table = await services.account.table("findings")
    again = DATA["findings"][0]
    await table.upsert_entity(again)  # it ended between storing the new one and deleting the old one
    assert await rebuild_lists(services.findings, services.finding_lists, lambda number: None) == 3
    assert await left(services) == 0
    assert await ids(services) == NEWEST
    await services.projector.run(10)
    assert (await summarize(services, None, None, None))["total"] == 3
