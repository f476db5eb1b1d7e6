"""`submit`: sends the failures in a file to a deployment or to its queue."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from triage.cli.client.answers import Json
from triage.cli.client.service import Target, connect
from triage.cli.errors import CommandError, ExitCode, UsageError
from triage.cli.files.record import Format
from triage.cli.files.records import read_records
from triage.cli.files.submission import Checked, Submission, check, send
from triage.cli.options import AsJson, ServiceOptions
from triage.cli.show.terminal import errors, plain, print_json, print_parts, say

_SHOWN = 50


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file, or - for standard input.")],
    target: ServiceOptions,
    form: Annotated[
        Format | None, typer.Option("--format", help="The format of the file. By default, detected from its beginning.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="CSV: the time zone of times without an offset, such as UTC or Europe/Berlin.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and send nothing.")] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Send the failures in a file: JSON, NDJSON, or CSV from a spreadsheet. Refused lines are listed.

    You can send a file again: the same failure is the same finding.
    """
    submission = Submission()
    checked = check(read_records(_read(file), form, _zone(zone)), submission)
    total = sum(one.failures for one in checked)
    if dry_run:
        result = {"valid": total, "refused": submission.wire()["refused"]}
        _report(result, f"{_count(total, 'failure')} {'is' if total == 1 else 'are'} valid.", as_json=as_json)
        return ExitCode.PARTLY if submission.refused else ExitCode.OK
    try:
        if checked:
            asyncio.run(_send(target, checked, submission))
    except (CommandError, KeyboardInterrupt):
        if submission.accepted:
            _report(submission.wire(), _sentence(submission), as_json=as_json)
            say("The rest was not sent. Send the file again: accepted failures do not count twice.")
        raise
    _report(submission.wire(), _sentence(submission), as_json=as_json)
    if submission.accepted and not as_json:
        say("In a moment, findings lists what became of them, and finding ID explains one.")
    return ExitCode.PARTLY if submission.refused else ExitCode.OK


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _zone(name: str | None) -> tzinfo | None:
    if name is None or name.upper() == "UTC":  # UTC needs no time zone database
        return UTC if name else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--zone {name!r} is not a time zone such as UTC or Europe/Berlin.") from None


async def _send(target: Target, checked: list[Checked], submission: Submission) -> None:
    console = errors()
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with connect(target) as service:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=len(checked))
            await send(service, checked, submission, lambda count: progress.advance(task, count))


def _sentence(submission: Submission) -> str:
    accepted = submission.accepted
    findings = len({one.get("findingId") for one in accepted})
    same = (
        f" Some of them are the same failure: they make {_count(findings, 'finding')}."
        if findings < len(accepted)
        else ""
    )
    return f"Accepted {_count(len(accepted), 'failure')}.{same}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _report(result: Json, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    print_parts([sentence])
    refused: list[Json] = result["refused"]
    if not refused:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for one in refused[:_SHOWN]:
        for number, problem in enumerate(one["errors"]):
            place = plain(problem["pointer"].removeprefix("/"))
            table.add_row("" if number else f"   line {one['line']}", place, plain(problem["detail"]))
    print_parts([f"Refused: {len(refused):,}", table])
    if len(refused) > _SHOWN:
        print_parts([f"   and {len(refused) - _SHOWN:,} more. Use --json to list all of them"])
