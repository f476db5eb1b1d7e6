"""CSV in which no spreadsheet finds a formula, whichever character it splits a row at."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from triage.api.exports import FINDING_COLUMNS, findings_table

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
