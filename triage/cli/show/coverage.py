"""Coverage scans for people: how many mailboxes are not covered, why, and which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.api.exports import MAILBOX_COLUMNS
from triage.cli.client.answers import Json
from triage.cli.show.collection import TENANT, Collection, counts, many, tenant_of
from triage.cli.show.columns import Column, identifier, moment, number, table, word
from triage.cli.show.layout import heading, part, parts, unreadable
from triage.cli.show.terminal import harmless, plain

_STATES = {"running": "cyan", "partial": "bold yellow", "complete": "green"}
_CHANGES = {"new": "bold red", "recovered": "green"}
NEVER = (
    "No tenant has been scanned yet. Run: coverage start. The service scans on a schedule as well (COVERAGE_SCHEDULE)."
)


def _state(row: Json, _: int) -> Text:
    state = str(row.get("state"))
    progress = f" {float(row.get('progress') or 0):.0%}" if state == "running" else ""
    return plain(f"{state}{progress}", _STATES.get(state, ""))


def _change(row: Json, name: str) -> int:
    return int(part(row, "changes").get(name) or 0)


_SCANS = (
    Column(TENANT.name, TENANT.title, 20, 36),
    number("uncovered", "uncovered", 0, "bold red"),
    number("mailboxes", "mailboxes", 1),
    number("unknown", "unknown", 3, "yellow"),
    number("new", "new", 4, "bold red"),
    number("recovered", "recovered", 6),
    Column("state", "state", 12, 12, 2, _state),
    moment("startedAt", "began (UTC)", 5),
    identifier("scan"),
)


def scans_view(scans: list[Json], names: Mapping[str, str], width: int) -> Iterator[RenderableType]:
    """The totals, and a row for each scan, the most uncovered mailboxes first."""
    yield plain(total(scans), "bold")
    yield Text()
    rows = [
        {**one, TENANT.name: tenant_of(one, names),
         "new": _change(one, "newlyUncovered"), "recovered": _change(one, "recovered")}
        for one in scans
    ]  # fmt: skip
    yield table(_SCANS, sorted(rows, key=lambda one: -int(one["uncovered"])), width)


def total(scans: list[Json]) -> str:
    """The totals in a sentence."""
    states = counts((one.get("state") for one in scans), _STATES)
    return f"{many(len(scans), ('tenant', 'tenants'))} ({states}): {_covered(scans)}"


def _covered(scans: list[Json]) -> str:
    sums = {name: sum(int(one.get(name) or 0) for one in scans) for name in ("mailboxes", "uncovered", "unknown")}
    unknown = f", and {sums['unknown']:,} could not be read" if sums["unknown"] else ""
    mailboxes = many(sums["mailboxes"], ("mailbox", "mailboxes"))
    return f"in {sums['uncovered']:,} of {mailboxes}, a remediation would fail today{unknown}."


def scan_view(scan: Json, name: str) -> Iterator[RenderableType]:
    """One scan: its totals, its causes, and what could not be read."""
    yield Text(f"{harmless(name)}: {_covered([scan])}", "bold")
    if changes := part(scan, "changes"):
        new, recovered = (int(changes.get(one) or 0) for one in ("newlyUncovered", "recovered"))
        yield Text(f"Since the previous complete scan: {new:,} new, {recovered:,} recovered.")
    if scan.get("state") != "complete":
        yield plain(f"{scan.get('state')}: {_seen(scan)}", _STATES.get(str(scan.get("state")), ""))
    if by := part(scan, "byCause"):
        yield heading("by cause")
        grid = Table.grid(padding=(0, 2, 0, 0))
        for cause, count in sorted(by.items(), key=lambda item: -int(item[1])):
            grid.add_row(plain(f"   {cause}"), f"{int(count):,}")
        yield grid
    if reasons := parts(scan, "reasons"):
        yield heading("Could not be read")
        yield from (unreadable(f"{reason.get('check') or 'mailboxes'}:", reason) for reason in reasons)


def _seen(scan: Json) -> str:
    if scan.get("unknown") and not scan.get("covered") and not scan.get("uncovered"):
        return "no mailbox could be read"
    return f"the scan has seen {float(scan.get('progress') or 0):.0%} of the users"


MAILBOXES = Collection(
    path="coverage/mailboxes",
    nouns=("mailbox", "mailboxes"),
    names=MAILBOX_COLUMNS,
    columns=(
        Column("mailbox", "mailbox", 22, 44),
        word("cause", "cause", 25, 1),
        word("confidence", "certainty", 12, 5),
        word("change", "change", 9, 2, lambda row: _CHANGES.get(str(row.get("change")), "")),
        moment("since", "since (UTC)", 3),
        Column("summary", "why", 50, 300, 4),
    ),
    nothing="No mailbox was found in which a remediation would fail.",
    total=lambda rows: f"{counts((row.get('confidence') for row in rows), ('confirmed', 'probable', 'possible'))}.",
)
