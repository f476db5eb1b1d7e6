"""The rows of a finding in table `findings`, all in its shard and written in one transaction.

    id|<id>              the revision, the deliveries that were counted, the keys of the list rows, the place in `all`
    all|<newest>|<id>    the whole finding, once (`document`), and what lists show of it (`summary`)
    <list>|<newest>|<id> `summary` again, for each other list that the finding is in; nothing, if the list only points to
                         the rows of `all` (query.py)

`document` and `summary` are compressed JSON. List rows have the filters as columns. "Newest" sorts the newest
`occurredAt` first.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from triage.finding import Finding
from triage.finding.snapshot import Snapshot
from triage.storage.account import if_unchanged
from triage.storage.documents import decompressed, pack_compressed
from triage.storage.query import MESSAGE, POINTERS, columns_of, list_prefixes, order_of
from triage.storage.shards import shard_of
from triage.storage.stored import read_finding
from triage.wire import epoch_ns

DOCUMENT, SUMMARY = "document", "summary"
_REMEMBERED_DELIVERIES = 50
_REPLACE = {"mode": "replace"}
# Left out with fields=summary. Lists and exports have the rest.
_LEFT_OUT = ("checks", "actions", "history")


@dataclass(frozen=True, slots=True)
class Stored:
    """A finding as it is stored. `entity` is its row `id|`, whose ETag guards all of its rows."""

    finding: Finding
    entity: Any

    @property
    def revision(self) -> int:
        """Grows with each write, also if the finding comes again after its removal."""
        return int(self.entity["revision"])

    @property
    def deliveries(self) -> list[str]:
        """The newest deliveries that were counted."""
        return json.loads(self.entity["deliveryIds"])

    @property
    def keys(self) -> list[str]:
        """The keys of its list rows."""
        return json.loads(self.entity["rows"])

    @property
    def snapshot(self) -> Snapshot:
        """Its snapshot."""
        return Snapshot.of(self.finding, self.revision)


def id_key(finding_id: str) -> str:
    """The key of the row that says where a finding is."""
    return f"id|{finding_id}"


def all_key(order: str) -> str:
    """The key of the row with the whole finding, at its place in the list of all (query.order_of)."""
    return f"all|{order}"


def first_revision() -> int:
    """Seconds since 2026: higher than any revision of an earlier finding with this ID, and small enough for an Int32."""
    return max(0, int(time.time()) - 1_767_225_600)


def summary_of(wire: dict[str, Any]) -> dict[str, Any]:
    """A finding (JSON) as `fields=summary` shows it: without checks, actions, history and `failure.raw`."""
    failure = {name: value for name, value in wire["failure"].items() if name != "raw"}
    return {name: value for name, value in wire.items() if name not in _LEFT_OUT} | {"failure": failure}


def write_operations(finding: Finding, snapshot: Snapshot, deliveries: list[str], old: Stored | None) -> list[Any]:
    """The operations that store a finding. They replace `old`, which must not have changed meanwhile."""
    shard = shard_of(finding.id)
    wire = finding.wire()
    columns, packed = columns_of(snapshot), pack_compressed(SUMMARY, summary_of(wire))
    listed = {name: value for name, value in columns.items() if name != MESSAGE} | packed
    order = order_of(snapshot, epoch_ns(finding.occurred_at))
    keys = [f"{prefix}{order}" for prefix in list_prefixes(snapshot)]
    anchor = {
        "PartitionKey": shard,
        "RowKey": id_key(finding.id),
        "revision": snapshot.revision,
        "deliveryIds": json.dumps(deliveries[-_REMEMBERED_DELIVERIES:]),
        "rows": json.dumps(keys),
        "place": order,
    }
    rows: list[dict[str, Any]] = [
        {"PartitionKey": shard, "RowKey": key, **({} if key.startswith(POINTERS) else listed)} for key in keys
    ]
    rows[0] |= columns | pack_compressed(DOCUMENT, wire)
    operations: list[Any] = [("upsert", row, _REPLACE) for row in rows]
    if old is None:
        return [("create", anchor), *operations]
    gone = sorted(set(old.keys) - set(keys))
    return [
        ("update", anchor, {**_REPLACE, **if_unchanged(old.entity)}),
        *operations,
        *(("delete", {"PartitionKey": shard, "RowKey": key}) for key in gone),
    ]


def remove_operations(old: Stored) -> list[Any]:
    """The operations that remove a finding, which must not have changed meanwhile."""
    shard = shard_of(old.finding.id)
    return [
        ("delete", {"PartitionKey": shard, "RowKey": old.entity["RowKey"]}, if_unchanged(old.entity)),
        *(("delete", {"PartitionKey": shard, "RowKey": key}) for key in old.keys),
    ]


def finding_in(row: Any) -> Finding:
    """The finding in a row of the list of all."""
    return read_finding(decompressed(DOCUMENT, row))
