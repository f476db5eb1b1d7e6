from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.etd.stand_in import StandIn, serve
from triage.etd import EtdClient


@pytest.fixture
async def etd(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    monkeypatch.setattr("triage.etd.client._WAITS", (0.01, 0.01, 0.01))
    async with serve() as found:
        yield found


@pytest.fixture
async def client(etd: StandIn) -> AsyncIterator[EtdClient]:
    made = EtdClient(etd.api())
    yield made
    await made.close()
