"""The client against the simulated ETD, which is an independent reading of the same facts, with its switches each way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.etd.server import serve
from tests.factories import TENANT_ID
from triage.etd import EtdClient, EtdError, EtdReason
from triage.settings import THREATS, EtdApi

MORNING = datetime(2026, 7, 1, 8, 10, tzinfo=UTC)
MAIL = {"mailboxes": ["ines@contoso.com"], "action": "quarantine"}


def api(etd: Any) -> EtdApi:
    return EtdApi.model_validate({**etd.apis()[0], "requestsPerSecond": 100})


@pytest.mark.parametrize("switches", [
    {}, {"emptyLinks": "null"}, {"emptyLinks": "missing"}, {"brokenLine": "extra"}, {"rowsPerFile": 20, "gzip": True},
    {"gzip": True, "endHourIncluded": False, "duplicateEvent": True, "searchOrder": "oldest", "expiresIn": False},
], ids=json.dumps)  # fmt: skip
async def test_everything_is_read_whatever_the_switches(switches: dict[str, Any]) -> None:
    async with serve([TENANT_ID], start=MORNING, switches={"rateLimit": False, **switches}) as etd:
        client = EtdClient(api(etd))
        assert await client.log_files("2026-07-01T06", "2026-07-01T07") == []
        sent = await etd.convict([MAIL] * 130)
        await etd.advance(minutes=110)
        names = {mail.id for mail in sent}
        found, page = set[str](), None
        while True:
            one = await client.search(MORNING - timedelta(minutes=5), MORNING + timedelta(minutes=5), THREATS, page)
            found |= {str(row["id"]) for row in one.messages}
            page = one.next_page
            if page is None:
                break
        assert found == names
        files = await client.log_files("2026-07-01T08", "2026-07-01T09")
        assert {file.hour for file in files} == {"2026-07-01T08"}
        assert len({file.path for file in files}) == len(files)
        exported, broken = set[str](), 0
        for file in files:
            async for line in client.read_file(file):
                try:
                    exported.add(json.loads(line)["message"]["id"])
                except ValueError:
                    broken += 1
        assert exported == names
        assert bool(broken) == (switches.get("brokenLine") == "extra")
        await client.close()


async def test_what_etd_refuses_and_what_ends() -> None:
    async with serve([TENANT_ID], start=MORNING, switches={"rateLimit": False}) as etd:
        await etd.convict([MAIL])
        await etd.advance(minutes=110)
        now = MORNING + timedelta(minutes=110)
        client = EtdClient(api(etd))
        for start, end in ((now - timedelta(days=40), now - timedelta(days=1)), (now - timedelta(days=1), now)):
            with pytest.raises(EtdError) as refused:
                await client.search(start, end, THREATS)
            assert (refused.value.reason, refused.value.fatal) == (EtdReason.REFUSED, True)
        (file,) = await client.log_files("2026-07-01T08", "2026-07-01T09")
        await etd.advance(minutes=61)  # the link and the token have ended
        with pytest.raises(EtdError) as ended:
            [line async for line in client.read_file(file)]
        assert (ended.value.reason, ended.value.fatal) == (EtdReason.NOT_FOUND, False)
        (again,) = await client.log_files("2026-07-01T08", "2026-07-01T09")
        assert (again.path, again.url != file.url) == (file.path, True)
        assert [line async for line in client.read_file(again)]
        await client.close()
        stranger = EtdClient(api(etd).model_copy(update={"api_key": api(etd).client_secret}))
        with pytest.raises(EtdError) as forbidden:
            await stranger.search(now - timedelta(days=1), now - timedelta(hours=1), THREATS)
        assert forbidden.value.reason is EtdReason.FORBIDDEN
        await stranger.close()


@pytest.mark.parametrize(("pace", "met"), [(1.5, False), (100, True)])
async def test_the_limiter_of_etd_is_not_met_at_the_usual_pace(pace: float, met: bool) -> None:
    async with serve([TENANT_ID]) as etd:
        client = EtdClient(api(etd).model_copy(update={"requests_per_second": pace}))
        now = datetime.now(UTC)
        for _ in range(4):
            await client.search(now - timedelta(hours=2), now - timedelta(hours=1), THREATS)
        await client.close()
        assert bool(etd.statistics()["throttled"][TENANT_ID]) == met
