"""`/api/audits` and `/api/rejected` page by page, and the tokens of every list: one that is none is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.calling import call, content
from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.audit.model import Audit, Verdict, audit_id
from triage.operations.services import services
from triage.settings import Mode
from triage.storage.rejected import RejectedReason, rejected_event

DAYS = tuple(f"2026-11-2{number}T10:11:12Z" for number in range(5))
VERDICTS = (Verdict.HEALTHY, Verdict.BROKEN, Verdict.DEGRADED, Verdict.BROKEN, Verdict.UNKNOWN)
AUDITS = tuple(
    Audit(
        id=audit_id(tenant_id, day, f"{number}{tenant_id[:7]}"), tenant_id=tenant_id, etd_app_id=APP_ID, mode=Mode.READ,
        audited_at=day, verdict=verdict,
    )
    for number, (day, verdict) in enumerate(zip(DAYS, VERDICTS, strict=True))
    for tenant_id in (TENANT_ID, OTHER_TENANT_ID)[number % 2 :]
)  # fmt: skip
NEWEST_FIRST = [one.id for one in sorted(AUDITS, key=lambda one: one.id.partition(".")[2])]
EVENTS = [rejected_event(f"no failure {day}", "1", day, RejectedReason.NOT_JSON, "is not JSON") for day in DAYS]


@pytest.fixture(autouse=True)
async def _stored(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    tenants = [{"tenantId": one, "etdAppId": APP_ID} for one in (TENANT_ID, OTHER_TENANT_ID)]
    monkeypatch.setenv("TriageStorage", connection_string)
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps(tenants))
    monkeypatch.delenv("TRIAGE_AUTH", raising=False)
    made = services()
    for one in AUDITS:
        await made.audits.save(one)
    for event in EVENTS:
        await made.rejected.save(event)
    yield
    await made.close()


async def pages(name: str, **query: str) -> list[list[str]]:
    """The ids on each page."""
    found: list[list[str]] = []
    while True:
        page = content(await call(name, query=query))
        found.append([one["id"] for one in page["value"]])
        if "nextLink" not in page:
            return found
        query = {key: values[0] for key, values in parse_qs(urlsplit(page["nextLink"]).query).items()}


async def test_audits_page_by_page() -> None:
    assert await pages("get_audits") == [NEWEST_FIRST]
    assert await pages("get_audits", top="3") == [NEWEST_FIRST[:3], NEWEST_FIRST[3:6], NEWEST_FIRST[6:]]


@pytest.mark.parametrize(("query", "wanted"), [
    ({"tenantId": OTHER_TENANT_ID}, [one for one in AUDITS if one.tenant_id == OTHER_TENANT_ID]),
    ({"verdict": "broken,unknown"}, [one for one in AUDITS if one.verdict in ("broken", "unknown")]),
    ({"verdict": "not_applicable"}, []),
    ({"since": DAYS[1], "until": DAYS[3]}, [one for one in AUDITS if DAYS[1] <= one.audited_at <= DAYS[3]]),
    ({"verdict": "broken", "until": DAYS[2]}, [one for one in AUDITS if one.audited_at == DAYS[1]]),
])  # fmt: skip
async def test_filters_of_audits(query: dict[str, str], wanted: list[Audit]) -> None:
    ids = {one.id for one in wanted}
    for top in ("1000", "2"):
        found = [identifier for page in await pages("get_audits", **query, top=top) for identifier in page]
        assert found == [one for one in NEWEST_FIRST if one in ids]


async def test_rejected_events_page_by_page() -> None:
    newest_first = [one.id for one in reversed(EVENTS)]
    assert await pages("get_rejected") == [newest_first]
    assert await pages("get_rejected", top="2") == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    (event,) = content(await call("get_rejected", query={"top": "1"}))["value"]
    assert event == {
        "id": EVENTS[4].id, "receivedAt": DAYS[4], "reason": "not_json", "detail": "is not JSON", "body": EVENTS[4].body
    }  # fmt: skip


@pytest.mark.parametrize("name", ["get_findings", "get_exposures", "get_incidents", "get_audits", "get_rejected"])
async def test_an_invalid_page_token_is_refused(name: str) -> None:
    """Taken for the end of the list, it would hide what is on the page."""
    for token in ("", "x", "0%7Cx", "%00", "%27%20or%20%27", "9" * 5000):
        answer = await call(name, query={"token": token})
        assert (answer.status_code, content(answer)["type"]) == (400, "urn:problem-type:triage:invalid-query")
        assert [error["pointer"] for error in content(answer)["errors"]] == ["token"]
