"""Which rows answer a query: the filters of `GET /api/findings`, and the ranges of row keys that are read for them.

A finding has a list row for each filter that matches few findings (`mailbox`, `internetMessageId`, `cause`, `tenantId`),
one while its message may be in reach (`reach`), and one for all queries (`all`). A row of `internetMessageId` has no
columns: its key says where the finding is in `all`. The other filters are columns, which the table service compares: each
of their values is common, so a page is full after a few rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from triage.addresses import domain_of
from triage.diagnosis.causes import Severity
from triage.diagnosis.precedence import RULES
from triage.finding import FindingState
from triage.finding.snapshot import Snapshot
from triage.storage.documents import quoted
from triage.wire import newest_first

MESSAGE = "internetMessageId"
"""The filter by a Message-ID. Its list is read for it before all others, so only the rows of `all` have it as a column."""
POINTERS = f"{MESSAGE}="
"""What the keys of that list begin with."""


def message_key(message_id: str) -> str:
    """A Message-ID as rows have it and a Query asks for it: it can be longer than a row key."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:16]


FILTERS: dict[str, Callable[[Snapshot], str | None]] = {
    "mailbox": lambda found: found.mailbox,
    "incidentId": lambda found: found.incident_id,
    "cause": lambda found: found.cause.value,
    "exposed": lambda found: flag(found.exposed),
    "isRead": lambda found: flag(found.is_read),
    "state": lambda found: found.state.value,
    "scenario": lambda found: found.scenario.value,
    "confidence": lambda found: found.confidence.value,
    "severity": lambda found: found.severity.value,
    "tenantId": lambda found: found.tenant_id,
    MESSAGE: lambda found: message_key(found.internet_message_id) if found.internet_message_id is not None else None,
}
"""The value of a finding for each filter; None: it has no value."""

ALL, REACH = "all|", "reach|"

# A filter has at most 15 comparisons, three of which are of keys
# (https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities).
_COMPARISONS = 12
# More causes than this match many findings, and each would need a request to each shard.
_FEW = 6


@dataclass(frozen=True, slots=True)
class Query:
    """Which findings: the accepted values of each filter, and inclusive bounds of `occurredAt` (nanoseconds since 1970).

    A `mailbox` can be `name*` (the beginning of an address) or `*@domain`; an `internetMessageId` is a message_key.
    """

    filters: dict[str, tuple[str, ...]]
    since: int | None = None
    until: int | None = None


def columns_of(found: Snapshot) -> dict[str, str]:
    """The columns of a row of `all`: the value for each filter, and the mailbox's domain."""
    values = {name: value(found) for name, value in FILTERS.items()} | {"domain": domain_of(found.mailbox)}
    return {name: value for name, value in values.items() if value is not None}


def order_of(found: Snapshot, occurred: int) -> str:
    """The end of all row keys of a finding, which sorts the newest `occurredAt` (nanoseconds since 1970) first."""
    return f"{newest_first(occurred)}|{found.finding_id}"


def list_prefixes(found: Snapshot) -> list[str]:
    """The beginnings of a finding's row keys, one for each list that it is in. The first is that of all findings."""
    prefixes = [ALL, _prefix("mailbox", found.mailbox), _prefix("cause", found.cause.value)]
    for name in ("tenantId", MESSAGE):
        if (value := FILTERS[name](found)) is not None:
            prefixes.append(_prefix(name, value))
    if found.state is not FindingState.RESOLVED or found.exposed is not False:
        prefixes.append(REACH)
    return prefixes


def ranges(query: Query) -> list[str]:
    """The beginnings of the row keys that a query reads in each shard. A finding can be in more than one of them."""
    filters = query.filters
    if not all(filters.values()):
        return []  # no value matches
    if MESSAGE in filters:
        return [_prefix(MESSAGE, key) for key in filters[MESSAGE]]
    if "mailbox" in filters and not any("*" in address for address in filters["mailbox"]):
        return [_prefix("mailbox", address) for address in filters["mailbox"]]
    if "cause" in filters and len(filters["cause"]) <= _FEW:
        return [_prefix("cause", cause) for cause in filters["cause"]]
    if "false" not in filters.get("exposed", ("false",)) or "resolved" not in filters.get("state", ("resolved",)):
        return [REACH]
    if "severity" in filters:
        return _severity_ranges(filters["severity"])
    if "tenantId" in filters:
        return [_prefix("tenantId", tenant) for tenant in filters["tenantId"]]
    return [ALL]


def clauses(query: Query, shard: str, prefix: str, after: str | None) -> str:
    """The OData filter of a query in one range of a shard, after a place (order_of): keys, and conditions on columns."""
    low = prefix + (newest_first(query.until) if query.until is not None else "")
    high = prefix + (f"{newest_first(query.since)}|~" if query.since is not None else "~")
    first = f"RowKey gt '{quoted(prefix + after)}'" if after is not None else f"RowKey ge '{quoted(low)}'"
    found = [f"PartitionKey eq '{shard}'", first, f"RowKey lt '{quoted(high)}'"]
    left = _COMPARISONS
    for name, values in query.filters.items():
        left -= 2 * len(values)
        if left >= 0 and not prefix.startswith((f"{name}=", POINTERS)):
            found.append("(" + " or ".join(_comparison(name, value) for value in values) + ")")
    return " and ".join(found)


def matches(query: Query, row: Mapping[str, Any]) -> bool:
    """Whether a list row matches a query. The table service compares only a limited number of columns."""
    return all(any(_has(row, name, value) for value in values) for name, values in query.filters.items())


def flag(value: bool | None) -> str:
    """A value that may be unknown, as a word: true, false, null."""
    return {True: "true", False: "false", None: "null"}[value]


def _has(row: Mapping[str, Any], name: str, value: str) -> bool:
    found = str(row.get(name, ""))
    if name == "mailbox" and value.startswith("*@"):
        return found.endswith(value[1:])
    return found.startswith(value[:-1]) if name == "mailbox" and value.endswith("*") else found == value


def _comparison(name: str, value: str) -> str:
    if name == "mailbox" and value.startswith("*@"):
        return f"domain eq '{quoted(value[2:])}'"
    if name == "mailbox" and value.endswith("*"):
        start = quoted(value[:-1])
        return f"(mailbox ge '{start}' and mailbox lt '{start}\uffff')"
    return f"{name} eq '{quoted(value)}'"


def _severity_ranges(wanted: tuple[str, ...]) -> list[str]:
    """The ranges of the causes with these severities, and `reach` for `critical`: read messages are critical."""
    causes = [_prefix("cause", cause.value) for cause, rule in RULES.items() if rule.severity.value in wanted]
    return [*causes, REACH] if Severity.CRITICAL in wanted else causes


def _prefix(name: str, value: str) -> str:
    """The beginning of a row key, which must not have `/`, `\\`, `#`, `?` or control characters."""
    return f"{name}={quote(value, safe='@')}|"
