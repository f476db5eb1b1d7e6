"""Files of failures: every format that a spreadsheet or a script writes, and what is wrong by line."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cli.files.record import FileError, Format, Record
from triage.cli.files.records import read_records
from triage.cli.files.submission import Submission, check

UTC = ZoneInfo("UTC")

# A cell that is stripped or has several addresses does not come back unchanged.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
cells = texts.map(str.strip)
names = st.text("abcdefghij", min_size=1, max_size=8)
failures = st.fixed_dictionaries(
    {"mailbox": st.builds("{}@{}.example".format, names, names)},
    optional={"error": cells, "subject": cells, "folder": cells, "Note to ourselves": cells},
)


def values(records: list[Record]) -> list[object]:
    assert not [record for record in records if record.problems]
    return [record.value for record in records]


@given(st.lists(st.dictionaries(texts, texts, max_size=3)), st.sampled_from([None, 1]), st.booleans())
def test_json_is_read_with_line_numbers(items: list[dict[str, str]], indent: int | None, bom: bool) -> None:
    text = json.dumps(items, indent=indent, ensure_ascii=False)
    records = read_records(text.encode("utf-8-sig" if bom else "utf-8"))
    assert values(records) == items
    for record in records if indent else []:
        assert text.split("\n")[record.line - 1].strip().startswith("{")


@given(st.lists(st.dictionaries(texts, texts, max_size=3), min_size=1), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_ndjson_is_read_with_line_numbers(items: list[dict[str, str]], end: str) -> None:
    text = end.join(json.dumps(item, ensure_ascii=False) for item in items)
    records = read_records(text.encode(), Format.NDJSON)
    assert values(records) == items
    assert [record.line for record in records] == [1 + index * end.count("\n") for index in range(len(items))]
    if len(items) > 1:
        assert read_records(text.encode()) == records


@given(
    st.lists(failures, min_size=1),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_csv_is_read(rows: list[dict[str, str]], delimiter: str, encoding: str, end: str, quoted: bool) -> None:
    names = ["error", "mailbox", "subject", "Note to ourselves", "folder"]
    file = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(file, names, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    wanted = [{name: value for name, value in row.items() if value} for row in rows]
    assert values(read_records(file.getvalue().encode(encoding), Format.CSV)) == wanted


@given(st.binary(max_size=200), st.sampled_from([None, *Format]))
def test_any_file_is_read_or_refused_in_a_sentence(data: bytes, form: Format | None) -> None:
    try:
        records = read_records(data, form, UTC)
    except FileError as problem:
        assert str(problem).endswith(".")
    else:
        check(records, Submission())


SPREADSHEET = """sep=;
User;Error message;Message ID;Date (UTC);Notes;
Jens Schäfer <jens@contoso.com>;"The Requested
User is Invalid";<jens@mail.example>;2026-11-20 10:11;"a;b";

"a@x.example, b@x.example
c@x.example";x;c99f1f30;2026-11-20T10:11:12.5+01:00;;
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_typical_spreadsheet(encoding: str, end: str) -> None:
    records = read_records(SPREADSHEET.replace("\n", end).encode(encoding))
    assert [record.line for record in records] == [3, 6]
    assert values(records) == [
        {
            "mailbox": "Jens Schäfer <jens@contoso.com>",
            "error": f"The Requested{end}User is Invalid",
            "internetMessageId": "<jens@mail.example>",
            "occurredAt": "2026-11-20T10:11:00+00:00",
            "Notes": "a;b",
        },
        {
            "mailboxes": ["a@x.example", "b@x.example", "c@x.example"],
            "error": "x",
            "messageId": "c99f1f30",
            "occurredAt": "2026-11-20T10:11:12.5+01:00",
        },
    ]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("internetMessageId", "internetMessageId"),
        ("Internet message ID", "internetMessageId"),
        ("E-Mail", "mailbox"),
        ("User principal name", "mailbox"),
        ("Error Code", "errorCode"),
        ("Failure reason", "error"),
        ("Tenant ID", "tenantId"),
        ("Destination folder", "folder"),
        ("ticket", "ticket"),
    ],
)
def test_the_names_of_columns(header: str, name: str) -> None:
    other = "status" if name == "mailbox" else "mailbox"
    (record,) = read_records(f"{header},{other}\nvalue,y\n".encode())
    assert record.value == {name: "value", other: "y"}


def test_times_need_a_time_zone() -> None:
    text = b"mailbox,date\na@b.example,2026-07-20 10:11:12\na@b.example,20.07.2026\na@b.example,2026-07-20T10:11:12Z\n"
    without = read_records(text)
    assert [(problem.pointer, "--zone" in problem.detail) for problem in without[0].problems] == [("/occurredAt", True)]
    assert [record.problems for record in without[1:]] == [[], []]
    read = read_records(text, zone=ZoneInfo("Europe/Berlin"))
    assert [record.value["occurredAt"] for record in read] == [  # type: ignore[index]
        "2026-07-20T10:11:12+02:00",
        "20.07.2026",
        "2026-07-20T10:11:12Z",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \r\n\xef\xbb\xbf", "must be a header"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"a,b\n1,2", "Line 1 must be a header with the columns mailbox"),
        (b"\nUser,Mailbox\na,b", "The columns 'User' and 'Mailbox' both mean mailbox"),
        (b'mailbox,error\na,"b\nc', "The row at line 2 is not CSV"),
        (b'mailbox,error\nx,y\na,"b"c\n', "The row at line 3 is not CSV"),
        (b"mailbox,error\n\x81\xfe,y", "neither UTF-8 nor Windows-1252"),
        (b"\xff\xfe\x00", "byte order mark of utf-16"),
        (b'[{"a": 1},\n{"b": }]', "Line 2, column 7 is not JSON"),
        (b'[{"a": 1}\n{"b": 2}]', "Line 2, column 1 is not JSON: expected a comma"),
        (b'[{"a": 1},\n]', "a comma before the end"),
        (b'[{"a": 1}', "Line 1, column 10 is not JSON: expected a comma"),
        (b'[{"a": 1}] x', "there is text after the end"),
        (b'{\n"a": NaN\n}', "NaN is not JSON"),
        (b'[{"a": "\xff"}]', "Line 1 is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_an_unreadable_file(data: bytes, said: str) -> None:
    with pytest.raises(FileError, match=said.replace("(", r"\(")):
        read_records(data)


def refused(data: str, form: Format | None = None) -> dict[int, list[tuple[str, str]]]:
    submission = Submission()
    check(read_records(data.encode(), form), submission)
    return {one["line"]: [(e["pointer"], e["detail"]) for e in one["errors"]] for one in submission.refused}


GOOD: dict[str, Any] = {"mailbox": "a@b.example", "error": "x", "messageId": "1"}


def test_problems_are_listed_by_line() -> None:
    lines = [
        json.dumps(GOOD),
        '{"mailbox": "a@b.example",',
        json.dumps({**GOOD, "mailbox": "nobody"}),
        json.dumps([GOOD, {**GOOD, "error": " "}]),
        "NaN",
        "17",
        "[" * 100_000,
        json.dumps({**GOOD, "raw": "x" * 60_000}),
        json.dumps({**GOOD, "mailboxes": [f"m{n}@b.example" for n in range(1001)]}),
    ]
    found = refused("\n".join(lines), Format.NDJSON)
    assert list(found) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert found[2][0][1].startswith("is not JSON: ")
    assert found[3] == [("/mailbox", "must be one mailbox address, such as adele@contoso.com")]
    assert found[4] == [("/error", "is missing: give error or errorCode")]
    assert found[6] == [("", "must be a failure: a JSON object")]
    assert "nested" in found[7][0][1]
    assert "too large for a queue message" in found[8][0][1]
    assert "over 1,000 failures" in found[9][0][1]


def test_cells_without_a_column() -> None:
    found = refused("mailbox,error,message id,\na@b.example,x,1,y\na@b.example,x,1,,z\na@b.example,x,1\n")
    assert found == {
        2: [("", "has 'y' in a column without a name")],
        3: [("", "has 5 cells, but the header has 4: is a quote missing?")],
    }


def test_nested_arrays_and_lone_surrogates_are_refused() -> None:
    found = refused("[\n[" + json.dumps(GOOD) + '],\n{"mailbox": "a@b.example", "error": "\\ud800", "messageId": "1"}]')
    assert found[2] == [("", "is an array; a failure is an object")]
    assert "half a character" in found[3][0][1]
