"""The summary of findings and audits, from counts: its cost does not grow with the number of findings."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from typing import Any

from triage.operations.findings import OPEN, SUPPRESSED, suppressed_number
from triage.operations.services import Services
from triage.storage.counters import Counts, Window, counted, reach_seconds, read_counts
from triage.storage.documents import unpack_compressed
from triage.storage.finding_rows import SUMMARY
from triage.storage.findings import TABLE
from triage.storage.query import Query
from triage.storage.shards import SHARDS
from triage.wire import epoch_ns, from_epoch_ns

_HOUR = 3600 * 1_000_000_000
_LAST_HOUR = epoch_ns("9999-12-31T23:00:00Z") // _HOUR
_NAMES = {
    "byScenario": "scenario",
    "byCause": "cause",
    "bySeverity": "severity",
    "byConfidence": "confidence",
    "byState": "state",
}


async def summarize(
    services: Services, since: int | None, until: int | None, tenant_ids: tuple[str, ...] | None
) -> dict[str, Any]:
    """Counts the findings with `since <= occurredAt <= until` (nanoseconds since 1970), of some tenants or all.

    Exposures, open incidents and audits are the current ones, whatever the period is.

    Raises azure.core's errors.
    """
    by_day: defaultdict[str, Counts] = defaultdict(Counter[str])
    window, edges = _parts(since, until)
    if window is not None:
        table = await services.account.table(TABLE)
        for found in await asyncio.gather(*(read_counts(table, shard, window, tenant_ids) for shard in SHARDS)):
            for day, numbers in found.items():
                by_day[day].update(numbers)
    filters = {"tenantId": tenant_ids} if tenant_ids is not None else {}
    for first, last in edges:
        async for row in services.finding_lists.rows(Query(filters, first, last), None, 1000):
            wire = unpack_compressed(SUMMARY, row)
            by_day[wire["occurredAt"][:10]].update(counted(wire))
    audits, exposures, incidents, suppressed = await asyncio.gather(
        services.audits.latest(tenant_ids),
        services.exposures.totals(tenant_ids),
        services.incident_lists.open_by_tenant(),
        suppressed_number(services, Query(filters, since, until)),
    )
    total: Counts = Counter()
    for numbers in by_day.values():
        total.update(numbers)
    suppressed = min(suppressed, total[f"state.{OPEN}"])  # they are stored as open
    total.update({f"state.{SUPPRESSED}": suppressed, f"state.{OPEN}": -suppressed})
    return {
        "since": from_epoch_ns(since) if since is not None else None,
        "until": from_epoch_ns(until) if until is not None else None,
        "total": total["total"],
        **{name: _by(total, field) for name, field in _NAMES.items()},
        "byDay": {day: numbers["total"] for day, numbers in sorted(by_day.items()) if numbers["total"]},
        "exposed": total["exposed.true"],
        "exposures": {"messages": exposures.messages, "read": exposures.read, "mailboxes": exposures.mailboxes},
        "openIncidents": sum(n for tenant, n in incidents.items() if tenant_ids is None or tenant in tenant_ids),
        "timeInReach": {
            "p50": _percentile(total, 0.5),
            "p90": _percentile(total, 0.9),
            "stillInReach": exposures.messages,
            "oldestSeconds": None if exposures.since is None else _minutes_since(exposures.since) * 60,
        },
        "audits": [
            {"tenantId": audit.tenant_id, "verdict": audit.verdict.value, "auditedAt": audit.audited_at}
            for audit in audits
        ],
    }


def _minutes_since(nanoseconds: int) -> int:
    """Whole minutes, so that the answer stays the same for a minute if nothing else changes."""
    return max(0, time.time_ns() - nanoseconds) // (60 * 10**9)


def _percentile(total: Counts, share: float) -> int | None:
    """The time in reach, in seconds, that this share of the findings did not exceed; None if no message left reach."""
    steps = {int(step): n for step, n in _by(total, "reach").items()}
    left = share * sum(steps.values())
    for step in sorted(steps):
        left -= steps[step]
        if left <= 0:
            return reach_seconds(step)
    return None


def _by(total: Counts, field: str) -> dict[str, int]:
    prefix = f"{field}."
    return {name.removeprefix(prefix): n for name, n in sorted(total.items()) if name.startswith(prefix) and n}


def _parts(since: int | None, until: int | None) -> tuple[Window | None, list[tuple[int, int]]]:
    """A period as whole hours, for which there are counts, and the rest at both ends, which is read from the index."""
    if since is not None and until is not None and since > until:
        return None, []
    first = -(-since // _HOUR) if since is not None else 0
    end = (until + 1) // _HOUR if until is not None else None  # `until` is included
    if end is not None and first >= end:
        return None, [(since or 0, until or 0)]
    edges: list[tuple[int, int]] = []
    if since is not None and since < first * _HOUR:
        edges.append((since, first * _HOUR - 1))
    if until is not None and end is not None and end * _HOUR <= until:
        edges.append((end * _HOUR, until))
    return Window(_hour(first), _hour(end) if end is not None else _hour(_LAST_HOUR)), edges


def _hour(hours: int) -> str:
    return from_epoch_ns(min(hours, _LAST_HOUR) * _HOUR)[:13]
