"""`/api/coverage`: the scans, their mailboxes, and a scan that is asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World
from tests.api.calling import call, content
from triage.api.exports import MAILBOX_COLUMNS
from triage.coverage.compare import Standing
from triage.coverage.model import CoverageChanges, CoverageScan, MailboxChange, ScanState, UncoveredMailbox, new_scan
from triage.coverage.work import Work
from triage.diagnosis.causes import Cause, Confidence
from triage.operations.services import Services, services
from triage.storage.coverage_rows import mailbox_row

WORLD = World({"tenants": {"one": {"domains": ["one.example"]}, "two": {"domains": ["two.example"]}}})
ONE, TWO = (entry["tenantId"] for entry in WORLD.triage_tenants())
NOWHERE = "6f0c0f4e-1d6c-4c69-9c3e-0f5d3f1c2a99"
AT = "2026-11-20T12:00:00Z"
MAILBOXES = (
    ("ada@one.example", Cause.MAILBOX_ON_PREMISES, Standing.UNCOVERED, None),
    ("bob@one.example", Cause.MAILBOX_UNLICENSED, Standing.UNCOVERED, MailboxChange.NEW),
    ("=cmd@one.example", Cause.EXCHANGE_PLAN_DISABLED, Standing.UNCOVERED, None),
    ("eve@one.example", Cause.MAILBOX_UNLICENSED, Standing.RECOVERED, MailboxChange.RECOVERED),
)


@pytest.fixture
async def scan(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CoverageScan]:
    """A complete scan of the first tenant. The second tenant has none."""
    async with serve(WORLD) as graph:
        monkeypatch.setenv("TriageStorage", connection_string)
        monkeypatch.setenv("TRIAGE_TENANTS", json.dumps(WORLD.triage_tenants()))
        monkeypatch.setenv("GRAPH_ENDPOINT", graph.url)
        monkeypatch.delenv("TRIAGE_AUTH", raising=False)
        made = services()
        yield await stored(made)
        await made.account.tables().delete_table("coverage")
        await made.close()


async def stored(made: Services) -> CoverageScan:
    await made.coverage_runs.begin(new_scan(ONE), Work())
    run = await made.coverage_runs.lease(ONE, 60)
    assert run is not None
    partition = run.stored.mailboxes
    rows = [
        mailbox_row(partition, kind, UncoveredMailbox(
            mailbox=mailbox, cause=cause, confidence=Confidence.PROBABLE, summary="why", since=AT, change=change
        ), 0)
        for mailbox, cause, kind, change in MAILBOXES
    ]  # fmt: skip
    scan = run.stored.scan.model_copy(update={
        "state": ScanState.COMPLETE, "progress": 1.0, "users": 12, "mailboxes": 10, "covered": 7, "uncovered": 3,
        "finished_at": AT, "changes": CoverageChanges(since="before", newly_uncovered=1, recovered=1),
    })  # fmt: skip
    await made.coverage_runs.store(run, scan, run.stored.work, rows)
    await made.coverage_runs.end(run)
    return scan


async def test_a_scan(scan: CoverageScan) -> None:
    found = content(await call("get_coverage", id=scan.id))
    assert found == scan.wire()
    assert content(await call("get_latest_coverage")) == {"value": [found]}
    changes = {"since": "before", "newlyUncovered": 1, "recovered": 1}
    assert (found["uncovered"], found["progress"], found["changes"]) == (3, 1.0, changes)
    answer = await call("get_coverage", id=scan.id)
    unchanged = await call("get_coverage", headers={"If-None-Match": answer.headers["ETag"]}, id=scan.id)
    assert unchanged.status_code == 304


async def test_the_tenant_has_its_numbers(scan: CoverageScan) -> None:
    tenants = {one["tenantId"]: one["coverage"] for one in content(await call("get_tenants"))["value"]}
    assert tenants == {ONE: {"mailboxes": 10, "uncovered": 3}, TWO: None}


@pytest.mark.parametrize(("query", "found"), [
    ({}, ["=cmd", "ada", "bob"]),
    ({"cause": "mailbox_unlicensed,exchange_plan_disabled"}, ["=cmd", "bob"]),
    ({"changed": "new"}, ["bob"]),
    ({"changed": "recovered"}, ["eve"]),
    ({"changed": "new,recovered", "cause": "mailbox_unlicensed"}, ["eve", "bob"]),
    ({"cause": "guest_user"}, []),
])  # fmt: skip
async def test_mailboxes(scan: CoverageScan, query: dict[str, str], found: list[str]) -> None:
    value = content(await call("get_coverage_mailboxes", query=query, id=scan.id))["value"]
    assert [one["mailbox"].partition("@")[0] for one in value] == found


async def test_pages_and_csv_of_mailboxes(scan: CoverageScan) -> None:
    seen: list[str] = []
    query = {"top": "2"}
    while True:
        page = content(await call("get_coverage_mailboxes", query=query, id=scan.id))
        seen += [one["mailbox"] for one in page["value"]]
        if "nextLink" not in page:
            break
        query = {"top": "2", "token": page["nextLink"].rpartition("token=")[2]}
    assert seen == ["=cmd@one.example", "ada@one.example", "bob@one.example"]
    answer = await call("get_coverage_mailboxes", query={"format": "csv"}, id=scan.id)
    rows = list(csv.DictReader(io.StringIO(answer.get_body().decode(), newline="")))
    assert tuple(rows[0]) == MAILBOX_COLUMNS
    assert [row["mailbox"] for row in rows] == ["'=cmd@one.example", "ada@one.example", "bob@one.example"]
    lines = await call("get_coverage_mailboxes", headers={"Accept": "application/x-ndjson"}, id=scan.id)
    assert len(lines.get_body().splitlines()) == 3


async def test_no_such_scan(scan: CoverageScan) -> None:
    for wrong in ("", "nothing", "a/b", f"{ONE}.{'1' * 21}.{'0' * 8}", "ü" * 600):
        for name in ("get_coverage", "get_coverage_mailboxes"):
            answer = await call(name, id=wrong)
            assert (answer.status_code, content(answer)["type"]) == (404, "urn:problem-type:triage:not-found")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({"cause": "rain"}, "cause"), ({"changed": "yes"}, "changed"), ({"tenantId": NOWHERE}, "tenantId")],
)
async def test_a_wrong_query(scan: CoverageScan, query: dict[str, str], pointer: str) -> None:
    answer = await call("get_coverage_mailboxes", query=query, id=scan.id)
    assert (answer.status_code, content(answer)["type"]) == (400, "urn:problem-type:triage:invalid-query")
    assert [error["pointer"] for error in content(answer)["errors"]] == [pointer]


@pytest.mark.parametrize(("body", "tenants"), [({}, [ONE, TWO]), ({"tenantId": TWO.upper()}, [TWO])])
async def test_a_scan_begins(scan: CoverageScan, body: dict[str, str], tenants: list[str]) -> None:
    answer = await call("post_coverage", body=json.dumps(body).encode() if body else b"")
    assert answer.status_code == 202
    value = content(answer)["value"]
    assert [one["tenantId"] for one in value] == tenants
    for one in value:
        assert one.keys() == {"id", "tenantId"}
        found = content(await call("get_coverage", id=one["id"]))
        assert (found["id"], found["tenantId"]) == (one["id"], one["tenantId"])
        assert one["id"] != scan.id


@pytest.mark.parametrize(("body", "status", "kind"), [
    (b'{"tenantId": "one.example"}', 400, "invalid-body"),
    (json.dumps({"tenantId": NOWHERE}).encode(), 404, "unknown-tenant"),
])  # fmt: skip
async def test_a_wrong_body(scan: CoverageScan, body: bytes, status: int, kind: str) -> None:
    for name in ("post_coverage", "post_poll"):
        answer: Any = await call(name, body=body)
        assert (answer.status_code, content(answer)["type"]) == (status, f"urn:problem-type:triage:{kind}")
