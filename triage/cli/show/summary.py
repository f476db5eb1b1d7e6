"""The summary: the numbers with bars, and the state of the apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.collection import counts, many, tenant_of
from triage.cli.show.layout import SEVERITY_STYLES, VERDICT_STYLES, heading, part
from triage.cli.show.lists import worst
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

_NAME, _BAR = 28, 30
_DAYS = 14  # the days before are one number
_IN_ORDER = ("healthy", "not_applicable")
_BY = {"byCause": "by cause", "byScenario": "by scenario", "bySeverity": "by severity", "byConfidence": "by confidence"}


def summary_view(summary: Json, names: Mapping[str, str], width: int) -> Iterator[RenderableType]:
    """The numbers with bars, largest first; the last days in order; and the apps. `names` are those of the tenants."""
    first, last = short(summary.get("since")) or "the beginning", short(summary.get("until")) or "now"
    if in_reach := part(summary, "exposures"):
        yield _in_reach(in_reach)
    yield plain(f"{many(summary.get('total') or 0, ('failure', 'failures'))} from {first} to {last} (UTC)")
    for name, title in _BY.items():
        if numbers := summary.get(name):
            yield heading(title)
            largest = dict(sorted(numbers.items(), key=lambda item: -item[1]))
            yield _bars(largest, width, styled=name == "bySeverity")
    if days := summary.get("byDay"):
        yield heading("by day")
        yield _bars(_last_days(days), width)
    if audits := summary.get("audits"):
        yield heading("Email Threat Defense's app")
        yield plain(f"   {counts((audit.get('verdict') for audit in audits), VERDICT_STYLES)}")
        yield _apps(sorted((audit for audit in audits if audit.get("verdict") not in _IN_ORDER), key=worst), names)


def _in_reach(now: Json) -> Text:
    """How many messages can be opened now, whatever the period is."""
    messages, mailboxes, read = (now.get(name) or 0 for name in ("messages", "mailboxes", "read"))
    if not messages:
        return Text("No message can still be opened", "green")
    text = f"{many(messages, ('message', 'messages'))} can still be opened"
    return Text(text, "bold red").append(f" in {many(mailboxes, ('mailbox', 'mailboxes'))} ({read:,} read)", "default")


def _apps(audits: list[Json], names: Mapping[str, str]) -> Table:
    """The apps that are not in order."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for audit in audits:
        verdict = str(audit.get("verdict"))
        table.add_row(
            Text(f"   {harmless(verdict)}", VERDICT_STYLES.get(verdict, "")), plain(tenant_of(audit, names)),
            plain(f"audited {short(audit.get('auditedAt'))}", "dim"),
        )  # fmt: skip
    return table


def _last_days(days: dict[str, int]) -> dict[str, int]:
    """The days in order. What lies before the last of them is summed."""
    ordered = sorted(days.items())
    before = sum(number for _, number in ordered[:-_DAYS])
    return ({"before": before} if before else {}) | dict(ordered[-_DAYS:])


def _bars(numbers: dict[str, int], width: int, *, styled: bool = False) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=_NAME)
    table.add_column(justify="right")
    most = max([*numbers.values(), 1])
    longest = max(min(_BAR, width - _NAME - len(f"{most:,}") - 6), 1)
    for name, number in numbers.items():
        style = SEVERITY_STYLES.get(name, "") if styled else ""
        bar = "#" * max(round(number / most * longest), 1 if number else 0)
        table.add_row(Text(f"   {harmless(name)}", style), f"{number:,}", Text(bar, style or "blue"))
    return table
