"""What all texts share: words and colors, facts in two columns, numbered steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

SEVERITY_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
VERDICT_STYLES = {
    "broken": "bold red", "unknown": "bold yellow", "degraded": "bold yellow", "healthy": "bold green",
    "not_applicable": "dim",
}  # fmt: skip
STATE_STYLES = {"open": "yellow", "acknowledged": "cyan", "resolved": "green", "suppressed": "dim"}
EXPOSED = {True: ("yes", "bold red"), False: ("no", "green"), None: ("?", "yellow")}


def part(value: Json, name: str) -> Json:
    """An object in an object; empty if there is none."""
    return value.get(name) or {}


def parts(value: Json, name: str) -> list[Any]:
    """A list in an object; empty if there is none."""
    return value.get(name) or []


def exposed_word(finding: Json) -> tuple[str, str]:
    """Whether the message can be opened, as a word and its style."""
    return EXPOSED[cast("bool | None", finding.get("exposed"))]


def heading(text: str) -> Text:
    """The title of a part, after a blank line."""
    return Text(f"\n{text}", "bold")


def facts(rows: Iterable[tuple[str, Text | None]], page: object = None) -> RenderableType:
    """Names and values, one on each line. A row without a value is left out. The URL of the page is never broken."""
    known = [(name, value) for name, value in rows if value is not None and value.plain]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in known:
        grid.add_row(name, value)
    if not page:
        return grid
    width = max((len(name) for name, _ in known), default=0) + 2
    return Group(grid, Text.assemble(("page".ljust(width), "dim"), plain(page), no_wrap=True, overflow="ignore"))


def steps(actions: list[Json]) -> RenderableType:
    """A remedy as numbered steps. Links and commands are not wrapped, so that they can be copied."""
    shown: list[RenderableType] = []
    for number, action in enumerate(actions, 1):
        title = Text(f"{number}. ", "bold").append(harmless(str(action.get("title"))))
        shown.append(title)
        shown.append(Padding(plain(action.get("detail")), (0, 0, 0, 3)))
        for name, style in (("url", "underline cyan"), ("command", "green")):
            for line in str(action[name]).split("\n") if action.get(name) else ():
                shown.append(Text("   ", no_wrap=True, overflow="ignore").append(harmless(line), style))
    return Group(*shown)


def seen(observed: object) -> str:
    """What a check saw, as `name value, name value`. IDs, false and empty lists are only in `--json`."""
    if not isinstance(observed, dict):
        return ""
    entries = cast("dict[str, Any]", observed)
    hidden = ("id", "found")
    said = {name: value for name, value in entries.items() if name not in hidden and value is not False and value != []}
    return ", ".join(_fact(name, value) for name, value in said.items())


def unreadable(what: str, reason: Json) -> RenderableType:
    """A question or a check that could not be read, why, and the permission that is missing."""
    permission = reason.get("permission")
    missing = f": the triage identity does not have {permission}" if permission else ""
    detail = f": {reason['detail']}" if reason.get("detail") else ""
    return Padding(plain(f"{what} {reason.get('reason')}{missing}{detail}"), (0, 0, 0, 3))


def _fact(name: str, value: object) -> str:
    match name:
        case "why":
            return _word(value).removesuffix(".")
        case "readAt":
            return f"read {short(str(value))}"
        case _:
            return f"{name} {_word(value)}"


def _word(value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, list):
        return "; ".join(_word(item) for item in cast("list[object]", value))
    return str(value)
