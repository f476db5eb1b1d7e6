"""A query of findings: several values of a filter, patterns of mailboxes, and the token of another query."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.azurite import azurite
from tests.factories import TENANT_ID, make_failure
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.finding import Finding
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage.index import Query

OTHER = "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a78"
STORED = (
    ("adele@contoso.com", Cause.USER_DELETED, TENANT_ID),
    ("adele.vance@fabrikam.example", Cause.GUEST_USER, TENANT_ID),
    ("bert@contoso.com", Cause.GUEST_USER, OTHER),
    ("bert@mail.contoso.com", Cause.MESSAGE_MOVED, OTHER),
    ("carla@contoso.com", Cause.MESSAGE_GONE, None),
)


def finding(number: int, mailbox: str, cause: Cause, tenant_id: str | None) -> Finding:
    at = f"2026-11-{20 - number}T10:00:00Z"  # the order in STORED is that of a page
    return Finding(
        id=f"{number:032x}", tenant_id=tenant_id, scenario=Scenario.INVALID_USER, classified_by=ClassifiedBy.NONE,
        cause=cause, confidence=Confidence.CONFIRMED, severity=Severity.LOW, summary="",
        failure=make_failure(mailbox=mailbox), occurred_at=at, received_at=at, triaged_at=at, first_seen=at,
        last_seen=at,
    )  # fmt: skip


def make_services(connection_string: str) -> Services:
    tenants = f'[{{"tenantId":"{TENANT_ID}","etdAppId":"{OTHER}"}}]'
    return Services(read_settings({"TriageStorage": connection_string, "TRIAGE_TENANTS": tenants}))


@pytest.fixture(scope="module")
def connection_string() -> Iterator[str]:
    async def store() -> None:
        services = make_services(storage.connection_string)
        for number, one in enumerate(STORED):
            await services.findings.save(finding(number, *one), "delivery")
        await services.close()

    with azurite() as storage:
        asyncio.run(store())
        yield storage.connection_string


@pytest.fixture
async def services(connection_string: str) -> AsyncIterator[Services]:
    made = make_services(connection_string)
    yield made
    await made.close()


async def numbers(services: Services, query: Query, token: str | None = None, top: int = 100) -> list[int]:
    rows, _ = await services.findings.page(query, top, token)
    return [int(row["id"], 16) for row in rows]


@pytest.mark.parametrize(("filters", "found"), [
    ({}, [0, 1, 2, 3, 4]),
    ({"cause": ("guest_user", "message_gone")}, [1, 2, 4]),
    ({"cause": ("guest_user", "message_gone"), "tenantId": (TENANT_ID,)}, [1]),
    ({"cause": ("guest_user",), "tenantId": (TENANT_ID, OTHER)}, [1, 2]),
    ({"tenantId": (TENANT_ID, OTHER)}, [0, 1, 2, 3]),
    ({"tenantId": ()}, []),
    ({"tenantId": (), "cause": ("guest_user",)}, []),
    ({"cause": tuple(cause.value for cause in Cause)}, [0, 1, 2, 3, 4]),  # more than an OData filter can compare
    ({"mailbox": ("adele*",)}, [0, 1]),
    ({"mailbox": ("adele@*",)}, [0]),
    ({"mailbox": ("*@contoso.com",)}, [0, 2, 4]),
    ({"mailbox": ("*@contoso.com",), "cause": ("guest_user",)}, [2]),
    ({"mailbox": ("bert@contoso.com",), "tenantId": (TENANT_ID,)}, []),
    ({"mailbox": ("*@example",)}, []),
])  # fmt: skip
async def test_filters(services: Services, filters: dict[str, tuple[str, ...]], found: list[int]) -> None:
    assert await numbers(services, Query(filters)) == found
    paged: list[int] = []
    token = None
    while True:
        rows, token = await services.findings.page(Query(filters), 1, token)
        paged += [int(row["id"], 16) for row in rows]
        if token is None:
            break
    assert paged == found


async def test_the_token_of_another_query_leads_to_no_other_findings(services: Services) -> None:
    for other in (Query({}), Query({"cause": ("guest_user",)})):
        _, token = await services.findings.page(other, 1, None)
        assert set(await numbers(services, Query({"tenantId": (OTHER,)}), token)) <= {2, 3}
        assert set(await numbers(services, Query({"mailbox": ("adele*",)}), token)) <= {0, 1}


@pytest.mark.parametrize(("tenants", "total"), [(None, 5), ((TENANT_ID,), 2), ((TENANT_ID, OTHER), 4), ((), 0)])
async def test_counts_of_some_tenants(services: Services, tenants: tuple[str, ...] | None, total: int) -> None:
    assert (await summarize(services, None, None, tenants))["total"] == total
