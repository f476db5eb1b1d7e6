"""A file of failures as records with line numbers: JSON, one JSON value on each line (NDJSON), or CSV."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from datetime import tzinfo
from typing import cast

from triage.cli.files.csv_file import read_csv
from triage.cli.files.record import FileError, Format, Record
from triage.problems import Problem

_BLANK = " \t\r\n"


def read_records(data: bytes, form: Format | None = None, zone: tzinfo | None = None) -> list[Record]:
    """The records of a file. `zone` is that of CSV times without an offset. FileError if the file cannot be read."""
    text = _text_with_mark(data)
    head = (text or data.decode("latin-1")).lstrip(_BLANK)[:1]
    if not head:
        raise FileError("The file is empty. It must have failures as JSON, as NDJSON, or as CSV with a header row.")
    if form is Format.CSV or (form is None and head not in "[{"):
        return read_csv(text if text is not None else _legacy(data), zone)
    if text is None:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise FileError(f"Line {line} is not UTF-8. Save the file as UTF-8.") from None
    return _read_ndjson(text) if form is Format.NDJSON else _read_json(text, guess=form is None)


def _text_with_mark(data: bytes) -> str | None:
    """The text of a file that begins with a byte order mark, as Excel and Notepad write it; None without one."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):  # fmt: skip
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise FileError(
                    f"The file has the byte order mark of {encoding}, but is not {encoding}: {error.reason}."
                ) from None
    return None


def _legacy(data: bytes) -> str:
    """The text of a CSV file: UTF-8, or else Windows-1252, in which Excel saves CSV."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileError("The file is neither UTF-8 nor Windows-1252. Save it as CSV UTF-8.")


def _read_json(text: str, *, guess: bool) -> list[Record]:
    try:
        return list(_values(text))
    except (json.JSONDecodeError, RecursionError) as error:
        first_lines = [line for line in text.split("\n") if line.strip(_BLANK)][:2]
        # In NDJSON every line is JSON by itself. If the first line is the broken one, the second still is.
        likely = first_lines[:1] if text.lstrip(_BLANK).startswith("[") else first_lines
        if guess and any(_parses(line) for line in likely):
            return _read_ndjson(text)
        if isinstance(error, RecursionError):
            raise FileError("The file is nested too deeply.") from None
        raise FileError(f"Line {error.lineno}, column {error.colno} is not JSON: {error.msg}.") from None
    except ValueError as error:
        raise FileError(f"The file is not JSON: {error}.") from None


def _values(text: str) -> Iterator[Record]:
    """The items of an array, or the only value, each with its line."""
    place = _skip(text, 0)
    if text[place] != "[":
        value, end = _DECODER.raw_decode(text, place)
        _expect_end(text, end)
        yield Record(_line(text, place), value)
        return
    line, counted = 1, 0
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        line, counted = line + text.count("\n", counted, place), place
        value, place = _DECODER.raw_decode(text, place)
        yield Record(line, value)
        place = _skip(text, place)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
            if text[place : place + 1] == "]":
                raise json.JSONDecodeError("a comma before the end of the array", text, place)
        elif text[place : place + 1] != "]":
            raise json.JSONDecodeError("expected a comma, or the end of the array", text, place)
    _expect_end(text, place + 1)


def _read_ndjson(text: str) -> list[Record]:
    records: list[Record] = []
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: a JSON string can contain U+2028
        if not line.strip(_BLANK):
            continue
        try:
            value: object = _DECODER.decode(line)
        except RecursionError:
            records.append(Record(number, problems=[Problem("", "is nested too deeply")]))
        except ValueError as error:
            reason = f"{error.msg} (column {error.colno})" if isinstance(error, json.JSONDecodeError) else str(error)
            records.append(Record(number, problems=[Problem("", f"is not JSON: {reason}")]))
        else:
            items = cast("list[object]", value) if isinstance(value, list) else [value]
            records += [Record(number, item) for item in items]
    return records


def _parses(line: str) -> bool:
    try:
        return isinstance(_DECODER.decode(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _BLANK:
        place += 1
    return place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _expect_end(text: str, place: int) -> None:
    end = _skip(text, place)
    if end < len(text):
        raise json.JSONDecodeError("there is text after the end", text, end)
