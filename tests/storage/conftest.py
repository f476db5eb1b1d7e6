"""Services on a real storage emulator, with empty tables for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.azurite import Azurite
from triage.operations.services import Services
from triage.settings import read_settings

TENANT, ANOTHER, FORMER = (f"6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a{n}" for n in (77, 78, 79))
TABLES = ("findings", "findingsindex", "incidents", "exposures", "audits", "rejected", "coverage", "feeds")


@pytest.fixture(scope="module")
def connection_string(accounts: Iterator[Azurite]) -> str:
    return next(accounts).connection_string


def environment(connection_string: str, **more: str) -> dict[str, str]:
    tenants = f'[{{"tenantId":"{TENANT}","etdAppId":"{ANOTHER}"}}]'
    return {"TriageStorage": connection_string, "TRIAGE_TENANTS": tenants, **more}


@pytest.fixture
async def services(connection_string: str) -> AsyncIterator[Services]:
    made = Services(read_settings(environment(connection_string)))
    for name in TABLES:
        await made.account.tables().create_table_if_not_exists(name)
    yield made
    await made.projector.close()
    for name in TABLES:
        await made.account.tables().delete_table(name)
    await made.close()
