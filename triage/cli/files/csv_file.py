"""Failures in CSV with a header row, as Excel, LibreOffice and mailbox exports write it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from triage.cli.files.record import FileError, Record
from triage.intake.json_text import MAX_BODY_BYTES
from triage.problems import Problem

# The fields of a failure (docs/api.md) and what people call them, without case, spaces and punctuation.
_NAMES = {
    "id": ("id", "eventid"),
    "tenantId": ("tenantid", "tenant", "directoryid"),
    "messageId": ("messageid", "etdmessageid"),
    "internetMessageId": ("internetmessageid", "messageidheader", "rfcmessageid"),
    "mailbox": ("mailbox", "mailboxes", "user", "users", "recipient", "recipients", "email", "emailaddress", "mail",
                "address", "upn", "userprincipalname", "recipientaddress", "to"),
    "error": ("error", "errormessage", "errortext", "reason", "failurereason", "remediationerror", "failure"),
    "errorCode": ("errorcode", "code", "grapherrorcode"),
    "action": ("action", "remediationaction"),
    "folder": ("folder", "destination", "destinationfolder", "targetfolder"),
    "initiator": ("initiator", "initiatedby", "remediatedby"),
    "verdict": ("verdict", "category"),
    "subject": ("subject", "title"),
    "occurredAt": ("occurredat", "date", "time", "datetime", "timestamp", "occurred", "failedat", "remediatedat"),
}  # fmt: skip
_FIELDS = {name: field for field, names in _NAMES.items() for name in names}
_DELIMITERS = ",;\t"
_NO_ROW: tuple[int, list[str]] = (1, [])
_SEVERAL = re.compile(r"[;,\n]")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its header, its field (None: it is kept in `raw`), and the time zone that the header names."""

    header: str
    field: str | None
    zone: tzinfo | None = None


def read_csv(text: str, zone: tzinfo | None) -> list[Record]:
    """The rows as records. FileError if the header or the quoting cannot be read."""
    csv.field_size_limit(MAX_BODY_BYTES)
    text, skipped, delimiter = _delimiter(text)
    rows = _rows(text, delimiter, skipped)
    header_line, header = next(rows, _NO_ROW)
    columns = _columns(header, header_line)
    return [_record(line, cells, columns, zone) for line, cells in rows]


def _delimiter(text: str) -> tuple[str, int, str]:
    """The text, the number of lines before it, and its delimiter: from a line `sep=;`, or the best for the header."""
    first, _, rest = text.lstrip("\ufeff").partition("\n")
    if match := re.fullmatch(r'"?sep=(.)"?\r?', first.strip(" ")):
        return rest, 1, match[1]

    def known(delimiter: str) -> tuple[int, int]:
        try:
            _, cells = next(_rows(text, delimiter, 0), _NO_ROW)
        except FileError:  # the quoting is wrong, so this is not the delimiter
            return 0, 0
        return sum(_field(cell)[0] is not None for cell in cells), len(cells)

    return text.lstrip("\ufeff"), 0, max(_DELIMITERS, key=known)


def _rows(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = skipped + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"The row at line {line} is not CSV: {error}.") from None


def _columns(header: list[str], line: int) -> list[_Column]:
    columns = [_Column(cell, *_field(cell)) for cell in header]
    fields = [column.field for column in columns if column.field]
    for field in fields:
        same = [column.header for column in columns if column.field == field]
        if len(same) > 1:
            raise FileError(f"The columns {' and '.join(map(repr, same))} both mean {field}. Rename one of them.")
    if "mailbox" not in fields:
        raise FileError(
            f"Line {line} must be a header with the columns mailbox, error (or error code), and message id (or "
            f"internet message id). It has: {', '.join(repr(column.header) for column in columns) or 'nothing'}."
        )
    return columns


def _field(header: str) -> tuple[str | None, tzinfo | None]:
    """The field that a header means, and UTC if the header names it: `Date (UTC)`."""
    words = unicodedata.normalize("NFKC", header).casefold()
    name = "".join(character for character in words if character.isalnum())
    if name not in _FIELDS and name.endswith("utc"):
        field = _FIELDS.get(name.removesuffix("utc"))
        return field, UTC if field == "occurredAt" else None
    return _FIELDS.get(name), None


def _record(line: int, cells: list[str], columns: list[_Column], zone: tzinfo | None) -> Record:
    value: dict[str, Any] = {}
    problems: list[Problem] = []
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        problems.append(Problem("", f"has {len(cells)} cells, but the header has {len(columns)}: is a quote missing?"))
    for column, cell in zip(columns, cells, strict=False):
        if not cell:
            continue
        if column.field == "mailbox":
            addresses = [address.strip() for address in _SEVERAL.split(cell) if address.strip()]
            value |= {"mailbox": addresses[0]} if len(addresses) == 1 else {"mailboxes": addresses}
        elif column.field == "messageId" and cell.startswith("<") and cell.endswith(">"):
            # "Message ID" can mean Email Threat Defense's own ID or the Message-ID header.
            value.setdefault("internetMessageId", cell)
        elif column.field == "occurredAt":
            try:
                value["occurredAt"] = _instant(cell, column.zone or zone)
            except ValueError as error:
                problems.append(Problem("/occurredAt", str(error)))
        elif column.header:
            value[column.field or column.header] = cell
        else:
            problems.append(Problem("", f"has {cell!r} in a column without a name"))
    return Record(line, value, problems)


def _instant(cell: str, zone: tzinfo | None) -> str:
    """A time with its offset. A spreadsheet's time has none, so it is read in the given time zone."""
    if not _TIME.fullmatch(cell):
        return cell
    if zone is None:
        raise ValueError("has no offset such as Z or +01:00. Give the time zone of the file, such as --zone UTC")
    return datetime.fromisoformat(cell).replace(tzinfo=zone).isoformat()
