"""The rows of an incident in table `incidents`, in the shard of its ID and written in one transaction.

head|<id>                 the whole incident (`document`, compressed JSON), and the key of its list row (`list`)
list|<order>|<id>         what the API shows of it, and the filters: open ones first, worst first, then the newest
mem|<id>|<finding>        what was counted of one finding (Member)
sup|<id>                  until when it is suppressed
out|…                     notifications of its transitions (outbox.py)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from triage.diagnosis.causes import Severity
from triage.incidents import Event, Incident, IncidentState, Member
from triage.notifications.pending import incident_occasion, pending
from triage.settings import Channel
from triage.storage.account import if_etag
from triage.storage.documents import decompressed, pack_compressed
from triage.storage.outbox_rows import outbox_rows
from triage.storage.shards import shard_of
from triage.storage.stored import read_stored
from triage.wire import epoch_ns, newest_first

LIST, SUPPRESSED = "list|", "sup|"
OPEN = f"{LIST}0|"
_REPLACE = {"mode": "replace"}
_WORST_FIRST = list(Severity)


@dataclass(frozen=True, slots=True)
class Head:
    """An incident as it is stored: the key of its list row, and the ETag that guards all its rows."""

    incident: Incident
    list_key: str
    etag: str


def head_key(incident_id: str) -> str:
    """The key of the row with the whole incident."""
    return f"head|{incident_id}"


def member_key(incident_id: str, finding_id: str) -> str:
    """The key of the row of one finding."""
    return f"mem|{incident_id}|{finding_id}"


def head_of(entity: Any) -> Head:
    """The incident in a row."""
    return Head(read_stored(Incident, decompressed("document", entity)), entity["list"], entity.metadata["etag"])


def member_of(entity: Any) -> Member:
    """What was counted of a finding."""
    return read_stored(Member, entity["member"])


def incident_operations(
    channels: Iterable[Channel], head: Head | None, incident: Incident, events: Iterable[Event]
) -> list[Any]:
    """The operations that store an incident and its notifications. They replace `head`."""
    shard, key = shard_of(incident.id), list_key(incident)
    document = pack_compressed("document", json.loads(incident.document()))
    row = {"PartitionKey": shard, "RowKey": head_key(incident.id), "list": key, **document}
    operations: list[Any] = [
        ("create", row) if head is None else ("update", row, if_etag(head.etag)),
        ("upsert", _list_row(shard, key, incident), _REPLACE),
    ]
    if head is not None and head.list_key != key:
        operations.append(("delete", {"PartitionKey": shard, "RowKey": head.list_key}))
    operations += _suppression(shard, head, incident)
    for event in events:
        occasion = incident_occasion(event.kind, incident.wire(), event.number, event.at, ended=event.ended)
        operations += [("create", entity) for entity in outbox_rows(pending(channels, occasion))]
    return operations


def member_operations(incident_id: str, etags: Mapping[str, str], members: Mapping[str, Member]) -> list[Any]:
    """The operations that store what was counted of findings. A member without an ETag must not exist."""
    shard = shard_of(incident_id)
    operations: list[Any] = []
    for finding_id, member in members.items():
        row = {
            "PartitionKey": shard,
            "RowKey": member_key(incident_id, finding_id),
            "member": member.model_dump_json(by_alias=True, exclude_defaults=True),
            "open": member.open,
        }
        operations.append(("update", row, if_etag(etags[finding_id])) if finding_id in etags else ("create", row))
    return operations


def _suppression(shard: str, head: Head | None, incident: Incident) -> list[Any]:
    """The operation on the row that lists the incident as suppressed, if that has changed."""
    row: dict[str, Any] = {"PartitionKey": shard, "RowKey": f"{SUPPRESSED}{incident.id}"}
    before = head is not None and head.incident.suppression is not None
    if incident.suppression is not None:
        return [("upsert", row | {"until": incident.suppression.until, "tenantId": incident.tenant_id or ""}, _REPLACE)]
    return [("delete", row)] if before else []


def list_key(incident: Incident) -> str:
    """The key of an incident's list row."""
    open_ = incident.state in (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
    order = f"0|{_WORST_FIRST.index(incident.severity)}" if open_ else "1|0"
    return f"{LIST}{order}|{newest_first(epoch_ns(incident.last_seen))}|{incident.id}"


def _list_row(shard: str, key: str, incident: Incident) -> dict[str, Any]:
    return {
        "PartitionKey": shard,
        "RowKey": key,
        "tenantId": incident.tenant_id or "",
        "state": incident.state.value,
        "scope": incident.scope.value,
        "cause": incident.cause.value,
        "severity": incident.severity.value,
        **pack_compressed("document", incident.wire()),
    }
