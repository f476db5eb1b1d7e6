"""`doctor` and ETD: the real client against a stand-in, and what fixes each failure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Deployment
from tests.cli.program import InProcess
from tests.etd.stand_in import KEY, SECRET, StandIn, serve
from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.cli.commands.check_result import Check
from triage.cli.commands.etd_check import etd_checks
from triage.settings import Settings, read_settings


@pytest.fixture
async def etd(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    monkeypatch.setattr("triage.etd.client._WAITS", (0.01, 0.01, 0.01))
    async with serve() as found:
        yield found


def settings(etd: StandIn, *apis: dict[str, Any]) -> Settings:
    usual = {"tenantId": TENANT_ID, "endpoint": etd.url, "clientId": "client", "clientSecret": SECRET, "apiKey": KEY,
             "requestsPerSecond": 100}  # fmt: skip
    tenants = [
        {"tenantId": TENANT_ID, "etdAppId": APP_ID, "name": "Contoso"},
        {"tenantId": OTHER_TENANT_ID, "etdAppId": APP_ID},
    ]
    apis_text = json.dumps([usual | api for api in apis or ({},)])
    return read_settings({"TRIAGE_TENANTS": json.dumps(tenants), "ETD_APIS": apis_text}, needs_storage=False)


async def test_each_business_is_asked(etd: StandIn) -> None:
    etd.rows = [{"id": "1"}] * 120
    first, second = await etd_checks(settings(etd, {}, {"tenantId": OTHER_TENANT_ID, "apiKey": "other"}))
    assert first == Check("etd", "ok", "Contoso: ETD answers, and convicted 120 messages in the last day")
    assert (second.state, second.text.split(":")[0]) == ("failed", OTHER_TENANT_ID)
    assert etd.paths().count("search") == 1
    start, end = (datetime.fromisoformat(text) for text in dict(etd.seen)["search"]["timestamp"])
    assert timedelta(minutes=9) < datetime.now(UTC) - end < datetime.now(UTC) - start < timedelta(days=1, minutes=1)


@pytest.mark.parametrize(("change", "fault", "state", "words"), [
    ({"clientSecret": "other"}, None, "failed", "In ETD, create a client (Administration > API Clients)"),
    ({"apiKey": "other"}, None, "failed", "In ETD, create an API key"),
    ({}, 404, "failed", "Check endpoint in ETD_APIS: the host of your region"),
    ({}, 400, "failed", "Check the clock of this machine"),
    ({}, 429, "warning", "lower requestsPerDay in ETD_APIS"),
    ({}, 503, "warning", "can be reached from here over HTTPS"),
    ({"endpoint": "http://127.0.0.1:9"}, None, "warning", "http://127.0.0.1:9 can be reached"),
])  # fmt: skip
async def test_each_failure_comes_with_what_fixes_it(
    etd: StandIn, change: dict[str, Any], fault: int | None, state: str, words: str
) -> None:
    etd.faults = [fault] * 9 if fault else []
    (found,) = await etd_checks(settings(etd, change))
    assert (found.name, found.state) == ("etd", state)
    assert words in found.fix
    assert SECRET not in str(found) and KEY not in str(found)


@pytest.mark.parametrize(("days", "state", "words"), [
    (200, None, ""), (29, "warning", "Contoso: the client expires in 29 days"), (1, "warning", "expires in 1 day"),
    (0, "failed", "Contoso: the client has expired"), (-5, "failed", "has expired"),
])  # fmt: skip
async def test_an_expiring_client_is_reported(etd: StandIn, days: int, state: str | None, words: str) -> None:
    on = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    found = [one for one in await etd_checks(settings(etd, {"expiresOn": on})) if one.name == "etd client"]
    assert [one.state for one in found] == ([state] if state else [])
    assert all(words in one.text and "#when-the-client-expires" in one.fix for one in found)


def test_the_program_tries_what_is_in_the_settings(
    in_process: InProcess, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.etd.client._WAITS", (0.01,))
    tenants = {"TRIAGE_TENANTS": deployment.settings["TRIAGE_TENANTS"]}
    tenant = json.loads(tenants["TRIAGE_TENANTS"])[0]["tenantId"]
    api = {
        "tenantId": tenant,
        "endpoint": "http://127.0.0.1:9",
        "clientId": "c",
        "clientSecret": "s-0815",
        "apiKey": "k",
    }
    for apis, state, words in (
        ([api], "warning", "ConnectError"),
        ([{**api, "apiKey": ""}], "failed", "apiKey: must be"),
    ):
        result = in_process("doctor", "--json", settings=deployment.remote | tenants | {"ETD_APIS": json.dumps(apis)})
        (found,) = [one for one in result.json["checks"] if one["name"] == "etd"]
        assert found["state"] == state and words in found["text"]
        assert "s-0815" not in result.out + result.err


def test_etd_is_tried_before_there_is_a_service(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.etd.client._WAITS", (0.01,))
    apis = [
        {"tenantId": TENANT_ID, "endpoint": "http://127.0.0.1:9", "clientId": "c", "clientSecret": "s", "apiKey": "k"}
    ]
    tenants = {"TRIAGE_TENANTS": json.dumps([{"tenantId": TENANT_ID, "etdAppId": APP_ID}])}
    result = in_process("doctor", "--json", settings=tenants | {"ETD_APIS": json.dumps(apis)})
    found = {one["name"]: one for one in result.json["checks"]}
    assert found["etd"]["state"] == found["service"]["state"] == "warning"
    assert "TRIAGE_URL" in found["service"]["text"]
    nothing = in_process("doctor", settings=tenants)
    assert (nothing.code, "Which service?" in nothing.err) == (64, True)
