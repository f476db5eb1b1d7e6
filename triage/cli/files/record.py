"""What a file of failures consists of, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from triage.cli.errors import CommandError
from triage.problems import Problem


class Format(StrEnum):
    """The format of a file."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


class FileError(CommandError):
    """The file cannot be read. The text names the line. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a file: a JSON value for the intake, or what is wrong with it. Lines count from 1."""

    line: int
    value: object = None
    problems: list[Problem] = field(default_factory=list[Problem])
