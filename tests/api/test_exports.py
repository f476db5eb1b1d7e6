"""CSV in which no spreadsheet finds a formula, whichever character it splits a row at."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.factories import TENANT_ID, message_in
from tests.finding.test_merge import finding as made
from triage.api.exports import FINDING_COLUMNS, findings_table, ocsf
from triage.diagnosis.causes import Confidence, Severity

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\n=1",
    "＝1",
    "Invoice;=cmd|'/C calc'!A0;",
    "Invoice; =1",
    "a\t@b",
    "a|+1",
    "two lines\n-1",
    '"";=1;"',
    "a;b;=1;=2",
]


def finding(subject: str) -> dict[str, Any]:
    message = {"location": "inbox", "isRead": True}
    failure = dict.fromkeys(("mailbox", "messageId", "internetMessageId", "error")) | {"subject": subject, "id": "sent"}
    fields = dict.fromkeys(FINDING_COLUMNS[:9]) | dict.fromkeys(FINDING_COLUMNS[15:19])
    return {**fields, "id": "0", "message": message, "failure": failure, "url": "https://x.example"}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("subject", HOSTILE)
def test_no_cell_is_a_formula(subject: str, separator: str) -> None:
    text = findings_table([finding(subject)], header=False)
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))]


@pytest.mark.parametrize("subject", ["plain", "a; b", "a, b = c", 'a "quoted" one', "1 - 2; 3 + 4", "a|b", "", "ü"])
def test_any_other_text_is_as_it_was(subject: str) -> None:
    text = findings_table([finding(subject)], header=True)
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["subject"] == subject


def test_every_field_is_quoted() -> None:
    header, row = findings_table([finding("plain")], header=True).splitlines()
    assert header == ",".join(f'"{column}"' for column in FINDING_COLUMNS)
    assert '"plain"' in row and row.count('"') == 2 * len(FINDING_COLUMNS)


def test_columns_of_the_message_and_of_the_finding() -> None:
    (row,) = csv.DictReader(io.StringIO(findings_table([finding("x")], header=True), newline=""))
    assert tuple(row) == FINDING_COLUMNS
    assert (row["location"], row["isRead"], row["url"], row["exposed"]) == ("inbox", "true", "https://x.example", "")
    assert row["id"] == "0", "not that of the failure"


def event(**changes: Any) -> dict[str, Any]:
    """A finding as OCSF, with fields of its JSON changed."""
    return ocsf(made(**message_in("deleteditems")).wire() | {"url": "https://x.example"} | changes)


def test_an_ocsf_event() -> None:
    found = event(triagedAt="2026-11-20T10:11:13Z")
    assert found["time"] == 1795169472000
    assert (found["class_uid"], found["category_uid"], found["type_uid"]) == (2004, 2, 200401)
    assert found["metadata"]["event_code"] == found["finding_info"]["types"][1] == "message_deleted"
    assert (found["metadata"]["version"], found["metadata"]["tenant_uid"]) == ("1.5.0", TENANT_ID)
    assert found["finding_info"]["created_time"] - found["time"] == 1000
    assert found["unmapped"]["exposed"] is True
    assert "tenant_uid" not in event(tenantId=None)["metadata"]


@pytest.mark.parametrize(("state", "looks", "activity", "status"), [
    ("open", 1, (1, "Create"), (1, "New")), ("open", 2, (2, "Update"), (1, "New")),
    ("suppressed", 2, (2, "Update"), (3, "Suppressed")), ("resolved", 1, (3, "Close"), (4, "Resolved")),
])  # fmt: skip
def test_the_activity_and_the_status_of_an_ocsf_event(
    state: str, looks: int, activity: tuple[int, str], status: tuple[int, str]
) -> None:
    found = event(state=state, looks=looks)
    assert (found["activity_id"], found["activity_name"]) == activity
    assert found["type_uid"] == 200400 + activity[0]
    assert (found["status_id"], found["status"]) == status


def test_the_severity_and_the_confidence_of_an_ocsf_event() -> None:
    severities = {"info": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"),
                  "critical": (5, "Critical")}  # fmt: skip
    for severity in Severity:
        found = event(severity=severity.value)
        assert (found["severity_id"], found["severity"]) == severities[severity.value]
    sure = {"confirmed": (3, "High"), "probable": (2, "Medium"), "possible": (1, "Low"), "undetermined": (0, "Unknown")}
    for confidence in Confidence:
        found = event(confidence=confidence.value)
        assert (found["confidence_id"], found["confidence"]) == sure[confidence.value]
