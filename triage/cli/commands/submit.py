"""`submit`: the failures of a file, to a deployment or onto its queue."""

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
from triage.cli.errors import CommandError, ExitCode, UsageProblem
from triage.cli.files.records import Format, read_records
from triage.cli.files.submission import Checked, Submission, check, send
from triage.cli.options import AsJson, Debug, Key, Scope, Url
from triage.cli.show.terminal import errors, plain, print_json, print_parts, say

_SHOWN = 50


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file; - for standard input.")],
    form: Annotated[
        Format | None, typer.Option("--format", help="How the file is written. Without it, its beginning tells.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="CSV: the zone of times without an offset, such as UTC or Europe/Berlin.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file; send nothing.")] = False,
    url: Url = None,
    key: Key = None,
    scope: Scope = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> ExitCode:
    """Send the failures of a file: JSON, NDJSON, or CSV from a spreadsheet. What is refused is told by line.

    The same failure sent twice is one finding, so a file can be sent again.
    """
    submission = Submission()
    checked = check(read_records(_read(file), form, _zone(zone)), submission)
    total = sum(one.failures for one in checked)
    if dry_run:
        _report(
            {"valid": total, "refused": submission.wire()["refused"]},
            f"{_number(total)} found fit to be sent.",
            as_json=as_json,
        )
        return ExitCode.PARTLY if submission.refused else ExitCode.OK
    try:
        if checked:
            asyncio.run(_send(Target(url, key, scope), checked, submission))
    except CommandError:
        if submission.accepted:
            _report(submission.wire(), _sentence(submission), as_json=as_json)
            say("Not all was sent. Send the file again: what was accepted is not taken twice.")
        raise
    _report(submission.wire(), _sentence(submission), as_json=as_json)
    return ExitCode.PARTLY if submission.refused else ExitCode.OK


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


def _zone(name: str | None) -> tzinfo | None:
    if name is None or name.upper() == "UTC":  # that one is known without a database of zones
        return UTC if name else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageProblem(f"--zone {name!r} is no time zone, such as UTC or Europe/Berlin.") from None


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
    same = f" Some are the same failure: {findings:,} in all." if findings < len(accepted) else ""
    return f"{_number(len(accepted))} accepted.{same}"


def _number(count: int) -> str:
    return "1 failure was" if count == 1 else f"{count:,} failures were"


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
    print_parts([f"{len(refused):,} {'was' if len(refused) == 1 else 'were'} refused:", table])
    if len(refused) > _SHOWN:
        print_parts([f"   and {len(refused) - _SHOWN:,} more; --json lists all of them"])
