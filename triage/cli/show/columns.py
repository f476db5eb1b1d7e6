"""Tables that use the width of the terminal: the columns that fit, the most important of them whatever the width."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.style import Style
from rich.table import Table
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.show.terminal import plain
from triage.cli.times import short

_GAP = 2
_OWN_CHOICE = (6, 60)  # the widths of a column that no table has by itself
SHORT_ID = 8
_TIME, _TIME_WITHOUT_YEAR = 16, 11
_URL = re.compile(r"https?://[!-~]+")  # without anything that would end the link


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name as in CSV, its title, and what it shows of a row in a number of characters.

    It gets at least `least` characters and at most `most`. A column with a `rank` is left out if there is no room for
    it, the highest rank first.
    """

    name: str
    title: str
    least: int
    most: int
    rank: int = 0
    show: Callable[[Json, int], Text] | None = None

    def cell(self, row: Json, width: int) -> Text:
        """What it shows of a row."""
        return self.show(row, width) if self.show else plain(row.get(self.name))


def word(name: str, title: str, width: int, rank: int = 0, style: Callable[[Json], str] | None = None) -> Column:
    """A column of words of a known length."""
    return Column(name, title, width, width, rank, lambda row, _: plain(row.get(name), style(row) if style else ""))


def number(name: str, title: str, rank: int = 0, style: str = "") -> Column:
    """A column of numbers. Zero has no style."""
    width = max(len(title), 6)

    def show(row: Json, width: int) -> Text:
        value = int(row.get(name) or 0)
        return Text(f"{value:,}".rjust(width), style if value else "dim")

    return Column(name, title.rjust(width), width, width, rank, show)


def moment(name: str, title: str, rank: int = 0) -> Column:
    """A column of times in UTC. Where there is little room, the year is left out."""

    def show(row: Json, width: int) -> Text:
        text = short(row.get(name))
        return plain(text if width >= _TIME else text[-_TIME_WITHOUT_YEAR:])

    return Column(name, title, _TIME_WITHOUT_YEAR, _TIME, rank, show)


def identifier(title: str, rank: int = 1, name: str = "id", *, linked: bool = False) -> Column:
    """A column of IDs, as short as a command takes them. `linked`: in a terminal, each is a link to the row's `url`."""

    def show(row: Json, _: int) -> Text:
        text = plain(short_id(row.get(name)), "dim")
        if linked and _URL.fullmatch(url := str(row.get("url"))):
            text.stylize(Style(link=url))
        return text

    return Column(name, title, SHORT_ID, SHORT_ID, rank, show)


def short_id(value: object) -> str:
    """The beginning of an ID, or, of one with several parts, of its last part."""
    return str(value or "").rpartition(".")[2][:SHORT_ID]


def chosen(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The columns with these names, none of which is left out."""
    known = {column.name: column for column in columns}
    least, most = _OWN_CHOICE
    others = {name: Column(name, name, least, max(most, len(name))) for name in names if name not in known}
    return [
        Column(one.name, one.title, min(one.least, least), one.most, 0, one.show)
        for one in ({**known, **others}[name] for name in names)
    ]


def table(columns: Sequence[Column], rows: Sequence[Json], width: int, *, header: bool = True) -> Table:
    """The rows. Tables of the same columns and the same width line up."""
    made = Table(box=box.SIMPLE_HEAD, show_header=header, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    kept = _widths(columns, width)
    for column, own in kept:
        title = column.title if len(column.title) <= own else column.title.partition(" (")[0]
        made.add_column(plain(title), width=own, overflow="fold")
    for row in rows:
        made.add_row(*(column.cell(row, own) for column, own in kept))
    return made


def _widths(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns that fit, and the width of each: what is left of the whole goes to the most important ones first."""
    kept = list(columns)
    while (left := width - sum(one.least + _GAP for one in kept) + _GAP) < 0 and max(one.rank for one in kept):
        kept.remove(max(kept, key=lambda one: one.rank))
    widths = {one.name: one.least for one in kept}
    for one in sorted(kept, key=lambda one: one.rank):
        more = min(max(left, 0), one.most - one.least)
        widths[one.name] += more
        left -= more
    return [(one, widths[one.name]) for one in kept]
