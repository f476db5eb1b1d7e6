"""What a collection of the service is on the command line: its tables, and its names in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from triage.amounts import amount
from triage.cli.client.answers import Json
from triage.cli.show.columns import Column
from triage.cli.show.terminal import harmless, plain

TENANT = Column("tenant", "tenant", 12, 24, 3, lambda row, width: plain(str(row.get("tenant") or "")[:width]))
"""What people call the tenant. It is left out of a deployment with one tenant."""


def tenant_of(row: Json, names: Mapping[str, str]) -> str:
    """What people call the tenant of a row: its ID if nobody says."""
    tenant_id = str(row.get("tenantId") or "")
    return names.get(tenant_id, tenant_id)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection: its path in the API, its tables, and its names in sentences.

    `flat` makes a row of an item: `names` are the columns of CSV. `total` says what some rows are. `whole` says it of the
    summary's numbers, where the summary takes the filters (`summarized`); a collection without it has only `total`.
    `query` asks for what a table and CSV need, and no more. `view` is its page in the dashboard. `order` sorts a table of
    a collection that has no pages.
    """

    path: str
    nouns: tuple[str, str]
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    nothing: str
    total: Callable[[list[Json]], str]
    flat: Callable[[Json], Json] = dict
    whole: Callable[[Json], str] | None = None
    summarized: tuple[str, ...] = ("tenantId",)
    query: tuple[tuple[str, str], ...] = ()
    view: str | None = None
    paged: bool = True
    order: Callable[[Json], int] | None = None

    def sentence(self, rows: list[Json]) -> str:
        """How many rows there are, and what they are."""
        return f"{many(len(rows), self.nouns)}: {self.total(rows)}"


def counts(values: Iterable[object], order: Iterable[str]) -> str:
    """How often each value is there, such as "2 broken, 1 unknown", in this order."""
    found = Counter(map(str, values))
    known = [name for name in order if found[name]]
    return ", ".join(
        f"{found[name]:,} {harmless(name.replace('_', ' '))}" for name in [*known, *sorted(found.keys() - set(known))]
    )


def place(value: object, order: Iterable[str]) -> int:
    """The place of a value in this order. One that this version does not know comes first."""
    known = list(order)
    return known.index(str(value)) if str(value) in known else 0


def many(count: int, nouns: tuple[str, str]) -> str:
    """A number with its noun."""
    return amount(count, *nouns)
