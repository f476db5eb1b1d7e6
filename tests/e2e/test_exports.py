"""GET /api/findings for other programs: CSV, NDJSON, OCSF; and the summary of the same findings."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.e2e.service_client import Json, OwnTenant, Service

# What an attacker may write into a subject or an error, and what a spreadsheet must not take for a formula.
HOSTILE = [
    '=HYPERLINK("http://evil.example")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1",
    'a "quoted", comma',
    "two\nlines",
    "Invoice;=cmd|'/C calc'!A0;",
    "plain",
]
COLUMNS = [
    "id", "tenantId", "occurredAt", "triagedAt", "scenario", "cause", "confidence", "severity", "exposed", "location",
    "mailbox", "messageId", "internetMessageId", "subject", "error", "summary", "state",
    "incidentId", "resolvedAt", "isRead", "url",
]  # fmt: skip


@pytest.fixture(scope="module")
def tenant(own_tenants: Iterator[OwnTenant]) -> OwnTenant:
    return next(own_tenants)


@pytest.fixture(scope="module")
def everything(service: Service, tenant: OwnTenant) -> list[Json]:
    people = ("dana", "ines", "ghost")
    service.accepted(
        [
            tenant.failure(
                people[number % 3],
                subject=subject,
                error=subject,
                occurredAt=f"2026-0{1 + number // 4}-01T10:00:0{number}Z",
            )
            for number, subject in enumerate(HOSTILE)
        ]
    )
    service.drained()
    return service.all("findings", tenantId=tenant.id)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_every_finding_and_no_formula(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    answer = service.get("findings", format="csv", tenantId=tenant.id)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == (
        "private, no-cache",
        "nosniff",
    )
    assert "link" not in answer.headers
    found = rows(answer.text)
    assert list(found[0]) == COLUMNS
    assert [row["id"] for row in found] == [finding["id"] for finding in everything]
    for row, finding in zip(found, everything, strict=True):
        assert row["location"] == finding["message"]["location"]
        assert row["url"] == finding["url"] and row["url"].endswith(f"/api/dashboard?finding={finding['id']}")
        assert row["isRead"] == {True: "true", False: "false", None: ""}[finding["message"]["isRead"]]
        assert row["exposed"] == {True: "true", False: "false", None: ""}[finding["exposed"]]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝")) for cell in row.values())
        # `failure.subject` is without the blanks around it; only quotes before a formula are added.
        assert row["subject"].replace("'", "") == finding["failure"]["subject"].replace("'", "")


def test_csv_goes_on_where_it_stopped(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    answer = service.get("findings", format="csv", tenantId=tenant.id, top=4)
    found = rows(answer.text)
    while "next" in answer.links:
        answer = service.http.get(answer.links["next"]["url"])
        found += [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(io.StringIO(answer.text, newline=""))]
    assert [row["id"] for row in found] == [finding["id"] for finding in everything]


@pytest.mark.parametrize("parameters", [{}, {"top": "2"}, {"cause": "message_deleted"}])
def test_ndjson_is_the_pages_findings(
    service: Service, tenant: OwnTenant, everything: list[Json], parameters: dict[str, str]
) -> None:
    accept = {"accept": "application/x-ndjson"}
    answer = service.http.get("/api/findings", params={"tenantId": tenant.id, **parameters}, headers=accept)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    wanted = [finding for finding in everything if parameters.get("cause") in (None, finding["cause"])]
    assert [json.loads(line) for line in answer.text.splitlines()] == wanted[: int(parameters.get("top", 99))]


def test_ocsf_is_a_detection_finding(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    page = service.get("findings", format="ocsf", tenantId=tenant.id).json()
    lines = service.http.get(
        "/api/findings", params={"tenantId": tenant.id, "format": "ocsf"}, headers={"accept": "application/x-ndjson"}
    )
    assert [json.loads(line) for line in lines.text.splitlines()] == page["value"]
    severities = {"info": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
    for event, finding in zip(page["value"], everything, strict=True):
        assert (event["class_uid"], event["category_uid"], event["type_uid"]) == (
            2004,
            2,
            200400 + event["activity_id"],
        )
        assert event["finding_info"]["uid"] == finding["id"]
        assert event["finding_info"]["src_url"] == finding["url"]
        assert event["severity_id"] == severities[finding["severity"]]
        assert event["metadata"]["event_code"] == finding["cause"]
        assert event["resources"][0]["name"] == finding["failure"]["mailbox"]
        assert event["unmapped"]["exposed"] == finding["exposed"]
        assert event["time"] % 1000 == 0 and event["time"] > 1_760_000_000_000 / 2
        assert len(event["remediation"]["desc"].splitlines()) == len(finding["actions"])


def test_summary_counts_the_same_findings(service: Service, tenant: OwnTenant, everything: list[Json]) -> None:
    since, until = "2026-01-01T10:00:01Z", "2026-02-01T10:00:06Z"
    for bounds in ({}, {"since": since}, {"until": until}, {"since": since, "until": until}):
        wanted = [
            finding for finding in everything
            if bounds.get("since", "") <= finding["occurredAt"] <= bounds.get("until", "9")
        ]  # fmt: skip
        found = service.get("summary", tenantId=tenant.id, **bounds).json()
        assert (found["since"], found["until"]) == (bounds.get("since"), bounds.get("until"))
        assert found["total"] == len(wanted)
        assert found["byCause"] == dict(Counter(finding["cause"] for finding in wanted))
        assert found["bySeverity"] == dict(Counter(finding["severity"] for finding in wanted))
        assert found["byDay"] == dict(Counter(finding["occurredAt"][:10] for finding in wanted))
        assert found["exposed"] == sum(finding["exposed"] is True for finding in wanted)
        assert found["audits"] == []
    audit = service.post("audits", {"tenantId": tenant.id}).json()["value"][0]
    found = service.get("summary", tenantId=tenant.id).json()["audits"]
    assert found == [{"tenantId": tenant.id, "verdict": audit["verdict"], "auditedAt": audit["auditedAt"]}]
