"""Findings, rejected events, notifications and the summary as tables, for wide terminals and for 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.layout import SEVERITY_STYLES, VERDICT_STYLES, exposed_word, heading, part
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

WIDE = 110
_BAR = 30
_DELIVERY_STYLES = {"failed": "red", "pending": "yellow"}
_BY = {"byCause": "by cause", "byScenario": "by scenario", "bySeverity": "by severity", "byConfidence": "by confidence"}


def findings_table(findings: list[Json], width: int, *, header: bool = True) -> Table:
    """One finding in each row. In a narrow terminal its ID is below the mailbox. The pages of one query line up."""
    wide = width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, show_header=header, pad_edge=False, padding=(0, int(wide)))
    table.expand = True
    table.add_column("occurred (UTC)" if wide else "UTC", width=16 if wide else 11, no_wrap=True)
    table.add_column("mailbox" if wide else "mailbox, finding", overflow="fold", ratio=1)
    table.add_column("cause", width=25, overflow="fold")
    table.add_column("open?", width=5)
    if wide:
        table.add_column("finding", width=32, no_wrap=True)
    for finding in findings:
        mailbox = plain(part(finding, "failure").get("mailbox"))
        identifier = plain(finding.get("id"), "dim")
        cells: list[RenderableType] = [
            plain(short(finding.get("occurredAt"))[0 if wide else 5 :]),
            mailbox if wide else mailbox.append("\n").append_text(identifier),
            _cause(finding, wide=wide),
            Text(*exposed_word(finding)),
        ]
        table.add_row(*cells, *([identifier] if wide else []))
    return table


def _cause(finding: Json, *, wide: bool) -> Text:
    style = SEVERITY_STYLES.get(str(finding.get("severity")), "")
    cause = Text(harmless(str(finding.get("cause"))), style)
    return cause if wide else cause.append(f"\n{harmless(str(finding.get('confidence')))}", "dim")


def finding_line(finding: Json, width: int, *, again: bool = False) -> Text:
    """A finding as it arrives, the most important first: on one line, or on two in a narrow terminal."""
    word, style = exposed_word(finding)
    line = Text(f"{short(finding.get('triagedAt'))[-5:]}  ").append(f"open {word:<3}  ", style)
    line.append(f"{harmless(str(finding.get('cause'))):<26}", SEVERITY_STYLES.get(str(finding.get("severity")), ""))
    line.append_text(plain(part(finding, "failure").get("mailbox")))
    line.append("  " if width >= WIDE else "\n       ")
    return line.append_text(plain(f"{finding.get('id')}{'  (again)' if again else ''}", "dim"))


def rejected_table(events: list[Json], *, header: bool = True) -> Table:
    """Rejected events: when, why, and their first characters."""
    table = Table(box=box.SIMPLE_HEAD, show_header=header, pad_edge=False, padding=(0, 1))
    table.add_column("received (UTC)", width=16, no_wrap=True)
    table.add_column("reason", width=13, no_wrap=True)
    table.add_column("what is wrong", overflow="fold", ratio=1)
    table.add_column("begins with", overflow="fold", ratio=1)
    table.expand = True
    for event in events:
        body = str(event.get("body") or "")
        beginning = body[:120] + ("…" if len(body) > 120 else "")
        table.add_row(
            plain(short(event.get("receivedAt"))), plain(event.get("reason")), plain(event.get("detail")),
            plain(beginning, "dim"),
        )  # fmt: skip
    return table


def notifications_table(rows: list[Json], *, header: bool = True) -> Table:
    """Notifications: when, to which channel, about what, and what became of each."""
    table = Table(box=box.SIMPLE_HEAD, show_header=header, pad_edge=False, padding=(0, 1))
    table.add_column("created (UTC)", width=16, no_wrap=True)
    table.add_column("channel", width=14, overflow="fold")
    table.add_column("event", width=19, overflow="fold")
    table.add_column("state", width=9, no_wrap=True)
    table.add_column("about", overflow="fold", ratio=1)
    table.add_column("last error", overflow="fold", ratio=1)
    table.expand = True
    for row in rows:
        state = str(row.get("state"))
        table.add_row(
            plain(short(row.get("createdAt"))), plain(row.get("channel")), plain(row.get("event")),
            plain(state, _DELIVERY_STYLES.get(state, "")), plain(row.get("subjectId"), "dim"), plain(row.get("lastError")),
        )  # fmt: skip
    return table


def summary_view(summary: Json) -> Iterator[RenderableType]:
    """The numbers with bars, largest first; the days in order; and the apps."""
    first, last = short(summary.get("since")) or "the beginning", short(summary.get("until")) or "now"
    total, exposed = summary.get("total") or 0, summary.get("exposed") or 0
    yield Text(f"{total:,} failures", "bold").append(f" from {first} to {last} (UTC)", "default")
    style = "bold red" if exposed else "green"
    yield Text(f"In {exposed:,} of them, the message can still be opened", style)
    for name, title in _BY.items():
        if numbers := summary.get(name):
            yield heading(title)
            yield _bars(dict(sorted(numbers.items(), key=lambda item: -item[1])), styled=name == "bySeverity")
    if days := summary.get("byDay"):
        yield heading("by day")
        yield _bars(dict(sorted(days.items())))
    if audits := summary.get("audits"):
        yield heading("Email Threat Defense's app")
        table = Table.grid(padding=(0, 2, 0, 0))
        for audit in audits:
            verdict = str(audit.get("verdict"))
            table.add_row(
                Text(f"   {harmless(verdict)}", VERDICT_STYLES.get(verdict, "")), plain(audit.get("tenantId")),
                plain(f"audited {short(audit.get('auditedAt'))}", "dim"),
            )  # fmt: skip
        yield table


def _bars(numbers: dict[str, int], *, styled: bool = False) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=28)
    table.add_column(justify="right")
    most = max([*numbers.values(), 1])
    for name, number in numbers.items():
        style = SEVERITY_STYLES.get(name, "") if styled else ""
        bar = "#" * max(round(number / most * _BAR), 1 if number else 0)
        table.add_row(Text(f"   {harmless(name)}", style), f"{number:,}", Text(bar, style or "blue"))
    return table
