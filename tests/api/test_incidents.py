"""`/api/incidents` and `/api/exposures`, and what an incident means for its findings, the summary and the tenants."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.calling import call, content
from tests.factories import APP_ID, MESSAGE_ID, OTHER_TENANT_ID, TENANT_ID, make_failure
from triage.api.exports import EXPOSURE_COLUMNS, INCIDENT_COLUMNS
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.place import Location
from triage.finding import Finding
from triage.finding.model import MessageState
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.operations.services import services
from triage.wire import from_epoch_ns

TABLES = ("findings", "incidents", "exposures")
PAGE = "https://triage.example/api/dashboard"
HOUR = 3600 * 10**9
SOON = from_epoch_ns(time.time_ns() // 10**9 * 10**9 + HOUR)


def finding(number: int, mailbox: str, tenant_id: str, cause: Cause, **fields: Any) -> Finding:
    at = from_epoch_ns(time.time_ns() // 10**9 * 10**9 - (10 + number) * HOUR)
    state = {"location": Location.INBOX, "is_read": number == 1, "looked_at": at}
    return Finding(
        id=f"{number}{number:031x}", tenant_id=tenant_id, scenario=Scenario.INVALID_USER,
        classified_by=ClassifiedBy.NONE, cause=cause, confidence=Confidence.CONFIRMED, severity=Severity.HIGH, summary="",
        failure=make_failure(mailbox=mailbox, id=str(number)), occurred_at=at, received_at=at, triaged_at=at,
        first_seen=at, last_seen=at, exposed=True, message=MessageState(**state), **fields,
    )  # fmt: skip


# Two findings of one incident about the app, and one of another tenant.
STORED = (
    finding(1, "adele@contoso.com", TENANT_ID, Cause.CONSENT_MISSING),
    finding(2, "bert@contoso.com", TENANT_ID, Cause.CONSENT_MISSING),
    finding(3, "carla@fabrikam.example", OTHER_TENANT_ID, Cause.MAILBOX_UNLICENSED),
)
APP, MAILBOX = STORED[0].incident_id, STORED[2].incident_id


@pytest.fixture(autouse=True)
async def _stored(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    names = {TENANT_ID: "Contoso", OTHER_TENANT_ID: "Fabrikam"}
    tenants = [
        {"tenantId": one, "etdAppId": APP_ID, "name": name, "domains": [f"{name}.example"]}
        for one, name in names.items()
    ]
    monkeypatch.setenv("TriageStorage", connection_string)
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps(tenants))
    monkeypatch.setenv("TRIAGE_BASE_URL", "https://triage.example")
    monkeypatch.delenv("TRIAGE_AUTH", raising=False)
    made = services()
    for one in STORED:
        await made.findings.save(one, "delivery")
    await made.projector.run(10)
    yield
    for name in TABLES:
        await made.account.tables().delete_table(name)
    await made.close()


async def post(name: str, identifier: str = APP, **value: Any) -> Any:
    return content(await call(name, id=identifier, body=json.dumps(value).encode()))


async def ids(name: str, **query: str) -> list[str]:
    return [one["id"] for one in content(await call(name, query=query))["value"]]


async def test_an_incident() -> None:
    found = content(await call("get_incident", id=APP))
    assert (found["id"], found["tenantId"], found["scope"], found["cause"]) == (
        APP,
        TENANT_ID,
        "app",
        "consent_missing",
    )
    assert (found["state"], found["findings"], found["openFindings"], found["exposed"], found["read"]) == (
        "open",
        2,
        2,
        2,
        1,
    )
    assert found["url"] == f"{PAGE}?incident={APP}"
    assert "books" not in found
    for nothing in ("0" * 32, "nothing", "", "a/b", "ü" * 600):
        for name in ("get_incident", "post_acknowledge", "post_recheck"):
            missing = await call(name, id=nothing)
            assert (missing.status_code, content(missing)["type"]) == (404, "urn:problem-type:triage:not-found")


async def test_the_beginning_of_an_id_is_enough() -> None:
    for name, identifier in (("get_incident", APP), ("get_finding", STORED[1].id)):
        assert content(await call(name, id=identifier[:8]))["id"] == identifier
    assert (await post("post_acknowledge", APP[:8]))["state"] == "acknowledged"


async def test_the_findings_of_a_message() -> None:
    everyone, message = [one.id for one in STORED], quote(MESSAGE_ID)
    assert await ids("get_findings", internetMessageId=message) == everyone
    assert (
        await ids("get_findings", internetMessageId=quote(MESSAGE_ID.strip("<>")), tenantId=TENANT_ID) == everyone[:2]
    )
    assert await ids("get_findings", internetMessageId=message, mailbox="bert@contoso.com") == everyone[1:2]
    assert await ids("get_findings", internetMessageId="<another@mail.example>") == []


INCIDENTS: list[tuple[dict[str, str], list[str]]] = [
    ({}, [APP, MAILBOX]), ({"tenantId": OTHER_TENANT_ID}, [MAILBOX]), ({"scope": "app,domain"}, [APP]),
    ({"state": "open,resolved"}, [APP, MAILBOX]), ({"state": "resolved"}, []), ({"cause": "mailbox_unlicensed"}, [MAILBOX]),
    ({"severity": "low"}, []), ({"since": SOON}, []), ({"top": "1"}, [APP]),
]  # fmt: skip


async def test_incidents() -> None:
    for query, found in INCIDENTS:
        assert await ids("get_incidents", **query) == found, query


async def test_pages_and_csv_of_incidents() -> None:
    first = content(await call("get_incidents", query={"top": "1"}))
    token = first["nextLink"].rpartition("token=")[2]
    assert await ids("get_incidents", top="1", token=token.replace("%7C", "|")) == [MAILBOX]
    wrong = await call("get_incidents", query={"token": "nonsense"})
    assert (wrong.status_code, content(wrong)["errors"][0]["pointer"]) == (400, "token")
    answer = await call("get_incidents", query={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.get_body().decode(), newline="")))
    assert tuple(rows[0]) == INCIDENT_COLUMNS
    assert (rows[0]["id"], rows[0]["openFindings"], rows[0]["url"]) == (APP, "2", f"{PAGE}?incident={APP}")


async def test_a_person_works_on_an_incident() -> None:
    done = await post("post_acknowledge", note="mine", by="Adele")
    assert (done["state"], done["acknowledgedBy"], done["log"][-1]["note"]) == ("acknowledged", "Adele", "mine")
    again = await call("post_acknowledge", id=APP)
    assert (again.status_code, content(again)["type"]) == (409, "urn:problem-type:triage:wrong-state")
    done = await post("post_reopen")
    assert (done["state"], done["log"][-1]["by"]) == ("open", "a function key")
    done = await post("post_resolve", reason="accepted", note="we live with it", by="Adele")
    assert (done["state"], done["log"][-1]["note"]) == ("resolved", "accepted: we live with it")


async def test_a_signed_in_person_cannot_act_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_AUTH", "easyauth")
    services().settings = services().settings.model_copy(update={"auth": "easyauth"})
    body = json.dumps({"by": "Bert"}).encode()
    done = content(await call("post_acknowledge", "Triage.Write", who="adele@contoso.com", id=APP, body=body))
    assert done["acknowledgedBy"] == "adele@contoso.com"


async def test_a_suppressed_incident_covers_its_findings() -> None:
    done = await post("post_suppress", reason="planned", until=SOON, by="Adele")
    assert (done["state"], done["suppression"]["until"], done["suppression"]["by"]) == ("suppressed", SOON, "Adele")
    assert await ids("get_incidents") == [MAILBOX, APP], "the open ones come first"
    suppressed = [STORED[0].id, STORED[1].id]
    states = {one["id"]: one["state"] for one in content(await call("get_findings"))["value"]}
    assert states == {suppressed[0]: "suppressed", suppressed[1]: "suppressed", STORED[2].id: "open"}
    assert content(await call("get_finding", id=suppressed[0]))["state"] == "suppressed"
    assert await ids("get_findings", state="suppressed") == suppressed
    assert await ids("get_findings", state="open", top="1") == [STORED[2].id], "a page is full, whatever is left out"
    assert await ids("get_findings", state="open,suppressed") == [*suppressed, STORED[2].id]
    assert await ids("get_findings", state="suppressed", incidentId=MAILBOX) == []
    assert await ids("get_findings", state="resolved,suppressed") == suppressed
    for query, by_state in (
        ({}, {"open": 1, "suppressed": 2}),
        ({"tenantId": TENANT_ID}, {"suppressed": 2}),
        ({"tenantId": OTHER_TENANT_ID}, {"open": 1}),
        ({"since": STORED[0].occurred_at}, {"suppressed": 1}),
    ):
        assert content(await call("get_summary", query=query))["byState"] == by_state
    assert content(await call("post_retriages", query={"state": "open"})) == {"queued": 1}
    answer = content(await call("get_findings", query={"format": "ocsf", "state": "suppressed"}))
    assert {(one["status_id"], one["status"]) for one in answer["value"]} == {(3, "Suppressed")}


WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    ("post_resolve", {}, ["/reason"]),
    ("post_resolve", {"reason": "bored"}, ["/reason"]),
    ("post_suppress", {"reason": "x"}, ["/until"]),
    ("post_suppress", {"reason": "x", "until": "tomorrow"}, ["/until"]),
    ("post_suppress", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, ["/until"]),
    ("post_suppress", {"reason": " ", "until": SOON}, ["/reason"]),
    ("post_suppress", {"until": SOON}, ["/reason"]),
    ("post_acknowledge", {"note": 7, "by": "x" * 300}, ["/note", "/by"]),
    ("post_acknowledge", {"note": "x" * 1001}, ["/note"]),
]


async def test_a_wrong_body() -> None:
    for name, value, pointers in WRONG:
        case = f"{name} {value}"
        answer = await post(name, **value)
        assert (answer["status"], answer["type"]) == (400, "urn:problem-type:triage:invalid-body"), case
        assert [error["pointer"] for error in answer["errors"]] == pointers, case
        assert content(await call("get_incident", id=APP))["state"] == "open", case


@pytest.mark.parametrize("body", [b"{", b"[]"])
async def test_a_body_that_is_no_object(body: bytes) -> None:
    for name in ("post_acknowledge", "post_audits"):
        answer = await call(name, id=APP, body=body)
        assert (answer.status_code, content(answer)["type"]) == (400, "urn:problem-type:triage:invalid-body")


async def test_recheck() -> None:
    answer = await call("post_recheck", id=APP)
    assert (answer.status_code, content(answer)) == (202, {"queued": 2})


async def test_exposures() -> None:
    found = content(await call("get_exposures"))["value"]
    assert [one["findingId"] for one in found] == [STORED[0].id, STORED[2].id, STORED[1].id], "read, then the longest"
    assert set(found[0]) == set(EXPOSURE_COLUMNS)
    assert found[0] | {"mailbox": "adele@contoso.com", "isRead": True, "incidentId": APP, "location": "inbox",
                       "url": f"{PAGE}?finding={STORED[0].id}"} == found[0]  # fmt: skip
    for query, number in (({"isRead": "true"}, 1), ({"isRead": "false,null"}, 2), ({"incidentId": APP}, 2),
                          ({"mailbox": "BERT@contoso.com"}, 1), ({"tenantId": OTHER_TENANT_ID}, 1)):  # fmt: skip
        assert len(content(await call("get_exposures", query=query))["value"]) == number
    rows = (await call("get_exposures", query={"format": "csv"})).get_body().decode().splitlines()
    assert (rows[0], len(rows)) == (",".join(f'"{name}"' for name in EXPOSURE_COLUMNS), 4)


async def test_the_summary_has_what_is_in_reach_now() -> None:
    found = content(await call("get_summary"))
    assert (found["byState"], found["openIncidents"], found["exposed"]) == ({"open": 3}, 2, 3)
    assert found["exposures"] == {"messages": 3, "read": 1, "mailboxes": 3}
    reach = found["timeInReach"]
    assert (reach["p50"], reach["p90"], reach["stillInReach"]) == (None, None, 3)
    assert 13 * 3600 <= reach["oldestSeconds"] < 14 * 3600
    of_one = content(await call("get_summary", query={"tenantId": OTHER_TENANT_ID}))
    assert (of_one["openIncidents"], of_one["exposures"]["messages"]) == (1, 1)


async def test_tenants_have_their_numbers() -> None:
    found = content(await call("get_tenants"))["value"]
    assert [(one["name"], one["openIncidents"], one["exposed"]) for one in found] == [
        ("Contoso", 1, 2),
        ("Fabrikam", 1, 1),
    ]
