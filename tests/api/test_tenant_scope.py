"""A caller whose roles are limited to one tenant sees and changes nothing of another one, on any route.

CASES says of each route how it is limited. A new route needs a row there.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import azure.functions as func
import pytest
from azure.data.tables import UpdateMode

from sandbox.receiver import channels
from sandbox.receiver import server as receiver
from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from tests.api.calling import call
from tests.factories import make_failure
from triage.api.routes import ROUTES
from triage.audit.model import Audit, Verdict, audit_id
from triage.coverage.compare import Standing
from triage.coverage.model import CoverageScan, ScanState, UncoveredMailbox
from triage.coverage.work import Work
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.finding import Finding
from triage.intake.scenario import ClassifiedBy, Scenario
from triage.notifications.pending import Occasion, pending
from triage.operations.services import Services, services
from triage.settings import Mode, NotificationEvent
from triage.storage.coverage_rows import mailbox_row, scan_row
from triage.storage.rejected import RejectedReason, rejected_event
from triage.wire import epoch_ns, from_epoch_ns, newest_first

WORLD = World({"tenants": {"one": {"domains": ["one.example"]}, "two": {"domains": ["two.example"]}}})
OWN, OTHER = (entry["tenantId"] for entry in WORLD.triage_tenants())
# Nobody listens there.
API = {"endpoint": "http://127.0.0.1:9", "clientId": "c", "clientSecret": "s", "apiKey": "k"}
NOWHERE = "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99"
AT = "2026-11-20T10:11:12Z"
SOON = from_epoch_ns(time.time_ns() // 10**9 * 10**9 + 3600 * 10**9)
OWN_ID, OTHER_ID, NOBODYS_ID = ("1" * 32, "2" * 32, "3" * 32)


def finding(finding_id: str, tenant_id: str | None, mailbox: str) -> Finding:
    return Finding(
        id=finding_id, tenant_id=tenant_id, scenario=Scenario.INVALID_USER, classified_by=ClassifiedBy.NONE,
        cause=Cause.GUEST_USER, confidence=Confidence.CONFIRMED, severity=Severity.LOW, summary="", exposed=True,
        failure=make_failure(mailbox=mailbox), occurred_at=AT, received_at=AT, triaged_at=AT, first_seen=AT,
        last_seen=AT,
    )  # fmt: skip


STORED = (
    finding(OWN_ID, OWN, "a@one.example"),
    finding(OTHER_ID, OTHER, "a@two.example"),
    finding(NOBODYS_ID, None, "a@nobodys.example"),
)
OWN_INCIDENT, OTHER_INCIDENT, NOBODYS_INCIDENT = (one.incident_id for one in STORED)
OWN_AUDIT, OTHER_AUDIT = (audit_id(tenant, AT, "1") for tenant in (OWN, OTHER))
OWN_SCAN, OTHER_SCAN = (f"{tenant}.{newest_first(epoch_ns(AT))}.{1:08}" for tenant in (OWN, OTHER))
# What a caller of the first tenant must never read.
SECRETS = (
    OTHER,
    "two.example",
    OTHER_ID,
    NOBODYS_ID,
    OTHER_INCIDENT,
    NOBODYS_INCIDENT,
    "nobodys.example",
    "unreadable event",
)


@dataclasses.dataclass(frozen=True)
class Case:
    """What a caller of the first tenant may ask (a request and what its answer must contain), and what not."""

    may: tuple[tuple[dict[str, Any], str], ...] = ()
    refused: tuple[tuple[dict[str, Any], int], ...] = ()


def failure(mailbox: str, **more: Any) -> dict[str, Any]:
    return {"mailbox": mailbox, "error": "Resource is Not Found", "messageId": "m", **more}


def body(value: Any) -> dict[str, Any]:
    return {"body": json.dumps(value).encode()}


def of(tenant_id: str, **more: str) -> dict[str, Any]:
    return {"query": {"tenantId": tenant_id, **more}}


def incident(step: str, value: Any = None) -> Case:
    """A route of one incident."""
    more = body(value) if value else {}
    others = tuple(({"id": one, **more}, 404) for one in (OTHER_INCIDENT, NOBODYS_INCIDENT))
    return Case(may=(({"id": OWN_INCIDENT, **more}, step),), refused=others)


LISTS = ((of(OTHER), 403), (of(NOWHERE), 403))
CASES: dict[str, Case] = {
    "post_failures": Case(
        may=((body(failure("a@one.example")), "a@one.example"), (body(failure("a@x.example", tenantId=OWN)), "a@x.")),
        refused=(
            (body(failure("a@two.example")), 403),
            (body(failure("a@one.example", tenantId=OTHER)), 403),
            (body(failure("a@nobodys.example")), 403),  # only Graph could tell of which tenant
            (body([failure("a@one.example"), failure("a@two.example")]), 403),
        ),
    ),
    "get_findings": Case(
        may=(
            ({}, OWN_ID),
            (of(OWN), OWN_ID),
            ({"query": {"cause": "guest_user"}}, OWN_ID),
            ({"query": {"format": "csv"}}, OWN_ID),
            ({"query": {"format": "ocsf"}}, OWN_ID),
            ({"headers": {"Accept": "application/x-ndjson"}}, OWN_ID),
            ({"query": {"mailbox": "a@two.example"}}, '"value": []'),
            ({"query": {"mailbox": "*@two.example"}}, '"value": []'),
        ),
        refused=LISTS,
    ),
    "get_finding": Case(may=(({"id": OWN_ID}, OWN_ID),), refused=(({"id": OTHER_ID}, 404), ({"id": NOBODYS_ID}, 404))),
    "post_retriages": Case(may=(({}, '"queued": 1'),), refused=LISTS),
    "post_retriage": Case(
        may=(({"id": OWN_ID}, OWN_ID),), refused=(({"id": OTHER_ID}, 404), ({"id": NOBODYS_ID}, 404))
    ),
    "get_exposures": Case(may=(({}, OWN_ID), (of(OWN), OWN_ID), ({"query": {"format": "csv"}}, OWN_ID)), refused=LISTS),
    "get_incidents": Case(
        may=(({}, OWN_INCIDENT), (of(OWN), OWN_INCIDENT), ({"query": {"format": "csv"}}, OWN_INCIDENT)), refused=LISTS
    ),
    "get_incident": incident(OWN_INCIDENT),
    "post_acknowledge": incident('"acknowledgedBy"'),
    "post_suppress": incident('"suppressed"', {"reason": "known", "until": SOON}),
    "post_reopen": incident('"reopened"'),
    "post_resolve": incident('"resolved"', {"reason": "fixed"}),
    "post_recheck": incident('"queued"'),
    "get_audits": Case(may=(({}, OWN_AUDIT), (of(OWN), OWN_AUDIT)), refused=LISTS),
    "post_audits": Case(
        may=(({}, OWN), (body({"tenantId": OWN}), OWN)),
        refused=((body({"tenantId": OTHER}), 403), (body({"tenantId": NOWHERE}), 403)),
    ),
    "get_latest_audits": Case(may=(({}, OWN),)),
    "get_audit": Case(may=(({"id": OWN_AUDIT}, OWN_AUDIT),), refused=(({"id": OTHER_AUDIT}, 404),)),
    "get_latest_coverage": Case(may=(({}, OWN_SCAN),)),
    "get_coverage": Case(may=(({"id": OWN_SCAN}, OWN_SCAN),), refused=(({"id": OTHER_SCAN}, 404),)),
    "get_coverage_mailboxes": Case(
        may=(({"id": OWN_SCAN}, "a@one.example"), ({"id": OWN_SCAN, "query": {"format": "csv"}}, "a@one.example")),
        refused=(({"id": OTHER_SCAN}, 404), ({"id": OTHER_SCAN, "query": {"format": "csv"}}, 404)),
    ),
    "post_coverage": Case(
        may=(({}, OWN), (body({"tenantId": OWN}), OWN)),
        refused=((body({"tenantId": OTHER}), 403), (body({"tenantId": NOWHERE}), 403)),
    ),
    "get_feeds": Case(may=(({}, OWN),)),
    "post_poll": Case(
        may=(({}, OWN), (body({"tenantId": OWN}), OWN)),
        refused=((body({"tenantId": OTHER}), 403), (body({"tenantId": NOWHERE}), 403)),
    ),
    "get_tenants": Case(may=(({}, OWN),)),
    "get_summary": Case(may=(({}, '"total": 1,'), (of(OWN), '"total": 1,')), refused=LISTS),
    "get_notifications": Case(may=(({}, OWN_ID), (of(OWN), OWN_ID)), refused=LISTS),
    # What belongs to no tenant.
    "get_rejected": Case(refused=(({}, 403),)),
    "post_notification_test": Case(refused=((body({"channel": "Mail"}), 403),)),
    # Without any data.
    "options_failures": Case(may=(({}, ""),)),
    "get_health": Case(may=(({}, "status"),)),
    "get_openapi": Case(may=(({}, "openapi"),)),
    "get_dashboard": Case(may=(({}, "<html"),)),
    "get_dashboard_asset": Case(may=(({"asset": "icon.svg"}, "<svg"),)),
}


def test_each_route_says_how_it_is_limited() -> None:
    assert CASES.keys() == {route.name for route in ROUTES}


Ask = Callable[..., Awaitable[func.HttpResponse]]


@pytest.fixture
async def ask(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ask]:
    """Calls the handler of a route as a caller with these roles."""
    async with serve(WORLD) as tenant, receiver.serve() as other:
        monkeypatch.setenv("TriageStorage", connection_string)
        monkeypatch.setenv("TRIAGE_TENANTS", json.dumps(WORLD.triage_tenants()))
        monkeypatch.setenv("GRAPH_ENDPOINT", tenant.url)
        monkeypatch.setenv("ETD_APIS", json.dumps([{**API, "tenantId": tenant_id} for tenant_id in (OWN, OTHER)]))
        monkeypatch.setenv("TRIAGE_AUTH", "easyauth")
        monkeypatch.setenv("TRIAGE_NOTIFICATIONS", json.dumps(channels.settings(other.url)))
        await _store(services())
        yield call
        await services().close()


async def _store(made: Services) -> None:
    for one in STORED:
        await made.findings.save(one, "delivery")
        occasion = Occasion(NotificationEvent.INCIDENT_OPENED, one.id, 1, AT, {}, one.tenant_id)
        await made.outbox.add(pending(made.settings.notifications, occasion))
    await made.projector.run(10)
    for identifier, tenant_id in ((OWN_AUDIT, OWN), (OTHER_AUDIT, OTHER)):
        audit = Audit(
            id=identifier, tenant_id=tenant_id, etd_app_id=OWN, mode=Mode.READ, audited_at=AT, verdict=Verdict.HEALTHY
        )
        await made.audits.save(audit)
    for scan_id, tenant_id, mailbox in ((OWN_SCAN, OWN, "a@one.example"), (OTHER_SCAN, OTHER, "a@two.example")):
        await _scanned(made, CoverageScan(id=scan_id, tenant_id=tenant_id, started_at=AT), mailbox)
    await made.rejected.save(rejected_event("unreadable event", "1", AT, RejectedReason.NOT_JSON, ""))


async def _scanned(made: Services, scan: CoverageScan, mailbox: str) -> None:
    """A complete scan with one mailbox."""
    found = UncoveredMailbox(
        mailbox=mailbox, cause=Cause.MAILBOX_UNLICENSED, confidence=Confidence.PROBABLE, summary="", since=AT
    )
    complete = scan.model_copy(update={"state": ScanState.COMPLETE})
    rows = (scan_row(complete, Work()), mailbox_row(f"{scan.id}.0", Standing.UNCOVERED, found, 0))
    table = await made.account.table("coverage")
    for row in rows:
        await table.upsert_entity(row, mode=UpdateMode.REPLACE)


def role(name: str, tenant_id: str | None) -> str:
    method = next(route.method for route in ROUTES if route.name == name)
    right = "Triage.Read" if method == "GET" else "Triage.Write"
    return f"{right}.{tenant_id}" if tenant_id else right


READ_ONLY = [name for name in CASES if name.startswith(("get_", "options_"))]


async def test_a_limited_caller_reads(ask: Ask) -> None:
    for name in READ_ONLY:
        await limited(ask, name)
    summary = json.loads((await ask("get_summary", role("get_summary", OWN))).get_body())
    numbers = (
        summary["exposed"],
        summary["openIncidents"],
        summary["exposures"],
        summary["timeInReach"]["stillInReach"],
    )
    assert numbers == (1, 1, {"messages": 1, "read": 0, "mailboxes": 1}, 1), "of three tenants"
    assert [audit["tenantId"] for audit in summary["audits"]] == [OWN]


@pytest.mark.parametrize("name", [name for name in CASES if name not in READ_ONLY])
async def test_a_limited_caller_changes(ask: Ask, name: str) -> None:
    await limited(ask, name)


async def limited(ask: Ask, name: str) -> None:
    for request, expected in CASES[name].may:
        answer = await ask(name, role(name, OWN), **request)
        text = answer.get_body().decode()
        assert answer.status_code < 300, text
        assert expected in text
        assert not [secret for secret in SECRETS if secret in text and secret not in str(request)]
    for request, status in CASES[name].refused:
        answer = await ask(name, role(name, OWN), **request)
        text = answer.get_body().decode()
        assert answer.status_code == status, text
        assert not [secret for secret in SECRETS if secret in text]
        if name not in ("get_rejected", "post_notification_test") and status == 403:
            assert json.loads(text)["type"] == "urn:problem-type:triage:other-tenant"
        everything = await ask(name, role(name, None), **request)
        allowed = everything.status_code < 300 or everything.status_code == 409 or NOWHERE in str(request)
        assert allowed, "without a limit it can be asked"


async def test_a_role_that_does_not_match_is_refused(ask: Ask) -> None:
    for name, request in ((name, case.refused[0][0]) for name, case in CASES.items() if case.refused):
        wrong = "Triage.Write" if role(name, None) == "Triage.Read" else "Triage.Read"
        for roles in ((f"{wrong}.{OTHER}",), (f"{role(name, None)}.",), (f"{role(name, None)}.two.example",), ()):
            answer = await ask(name, *roles, **request)
            assert answer.status_code == 403, (name, roles)
            assert json.loads(answer.get_body())["type"] == "urn:problem-type:triage:role-missing"


async def test_several_roles(ask: Ask) -> None:
    answer = await ask("get_findings", f"Triage.Read.{OWN}", f"Triage.Read.{OTHER.upper()}")
    assert {one["tenantId"] for one in json.loads(answer.get_body())["value"]} == {OWN, OTHER}
    answer = await ask("get_findings", f"Triage.Read.{OWN}", "Triage.Read")
    assert {one["tenantId"] for one in json.loads(answer.get_body())["value"]} == {OWN, OTHER, None}


async def test_nothing_of_another_tenant_is_queued(ask: Ask) -> None:
    queue = services().account.queues().get_queue_client(services().settings.queue)
    await ask("post_failures", f"Triage.Write.{OWN}", **body(failure("a@one.example")))
    await queue.clear_messages()
    for name in ("post_failures", "post_retriage"):
        for request, _ in CASES[name].refused:
            await ask(name, f"Triage.Write.{OWN}", **request)
    assert (await queue.get_queue_properties()).approximate_message_count == 0


async def test_the_token_of_an_unlimited_caller(ask: Ask) -> None:
    page = json.loads((await ask("get_findings", "Triage.Read", query={"top": "1"})).get_body())
    token = page["nextLink"].rpartition("token=")[2]
    answer = await ask("get_findings", f"Triage.Read.{OWN}", query={"token": token})
    assert {one["tenantId"] for one in json.loads(answer.get_body())["value"]} <= {OWN}
