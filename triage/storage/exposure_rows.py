"""The rows of an exposure in table `exposures`, in the shard of its id and written in one transaction.

    x|<id>                            the failures of the message, each with its revision, and the key of the list row
    list|<0 or 1>|<since>|<id>        the exposure, while there is one: read messages (0) first, then the longest exposed

A row `x|` stays as long as its findings do, so a change that comes again has no effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from triage.diagnosis.causes import Cause
from triage.diagnosis.place import Location
from triage.finding import Snapshot
from triage.storage.account import if_unchanged
from triage.storage.changes import Change
from triage.storage.documents import decompressed, pack_compressed
from triage.storage.query import flag
from triage.storage.stored import read_stored
from triage.wire import Guid, Instant, Wire, epoch_ns

LIST = "list|"
_REPLACE = {"mode": "replace"}


class Exposure(Wire):
    """A message in one mailbox that can still be opened."""

    tenant_id: Guid | None
    """The tenant that the mailbox belongs to."""
    mailbox: str
    """The address of the mailbox."""
    message_id: str | None
    """Email Threat Defense's ID of the message."""
    internet_message_id: str | None
    """The `Message-ID` of the message."""
    subject: str | None
    """The subject of the message."""
    location: Location
    folder: str | None
    """The name of the folder."""
    is_read: bool | None
    """Whether the person has read it; null: unknown."""
    since: Instant
    """When its remediation failed first."""
    looked_at: Instant | None
    """When it was last seen there."""
    cause: Cause
    finding_id: str
    """Its newest finding."""
    incident_id: str | None
    """The incident that the finding belongs to."""


class _Holder(Wire):
    """One failure of the message, at a revision. `exposure` is what it says; null: the message can't be opened."""

    revision: int
    exposure: Exposure | None


class _Holders(Wire):
    """The failures of the message, by the ID of their finding."""

    holders: dict[str, _Holder]


def exposure_id(found: Snapshot) -> str:
    """The id of the message in its mailbox: 32 hexadecimal digits."""
    message = found.internet_message_id or found.message_id
    return hashlib.sha256(json.dumps([found.tenant_id, found.mailbox, message]).encode()).hexdigest()[:32]


def exposure_ids(change: Change) -> set[str]:
    """The exposures that a change may affect: none if the message was never in reach."""
    seen = [one for one in (change.before, change.after) if one is not None and one.exposed]
    if change.after is None and change.before is not None and change.before.time_in_reach is not None:
        seen = [change.before]
    return {exposure_id(one) for one in seen}


def exposure_operations(shard: str, old: Any, identifier: str, changes: Iterable[Change]) -> list[Any]:
    """The operations that apply changes to an exposure. They replace its row `x|` as it was read."""
    holders = dict(read_stored(_Holders, decompressed("holders", old)).holders) if old is not None else {}
    known = dict(holders)
    for change in changes:
        holder = holders.get(change.finding_id)
        if holder is None or holder.revision < change.revision:
            _hold(holders, identifier, change)
    if holders == known:
        return []
    if not holders and old is not None:
        row = {"PartitionKey": shard, "RowKey": f"x|{identifier}"}
        return [("delete", row, if_unchanged(old)), *_leave_list(shard, old, "")]
    found = _together([holder.exposure for holder in holders.values() if holder.exposure is not None])
    key = f"{LIST}{0 if found.is_read else 1}|{epoch_ns(found.since):020d}|{identifier}" if found else ""
    anchor = {
        "PartitionKey": shard,
        "RowKey": f"x|{identifier}",
        "list": key,
        **pack_compressed("holders", _Holders(holders=holders).wire()),
    }
    replaced = ("create", anchor) if old is None else ("update", anchor, {**_REPLACE, **if_unchanged(old)})
    listed = [("upsert", _list_row(shard, key, found), _REPLACE)] if found is not None else []
    return [replaced, *listed, *_leave_list(shard, old, key)]


def _hold(holders: dict[str, _Holder], identifier: str, change: Change) -> None:
    """Applies what a change says about the exposure."""
    after = change.after
    if after is None:
        holders.pop(change.finding_id, None)
        return
    here = after.exposed and exposure_id(after) == identifier
    holders[change.finding_id] = _Holder(revision=change.revision, exposure=_exposure_of(after) if here else None)


def _leave_list(shard: str, old: Any, key: str) -> list[Any]:
    """The operation that deletes the old list row, if the exposure now has another one or none."""
    before = old["list"] if old is not None else ""
    return [("delete", {"PartitionKey": shard, "RowKey": before})] if before not in ("", key) else []


def _together(found: list[Exposure]) -> Exposure | None:
    """The exposure that the failures of one message give: the newest look, since the first failure, read if any says so."""
    if not found:
        return None
    newest = max(found, key=lambda one: epoch_ns(one.looked_at) if one.looked_at else 0)
    since = min((one.since for one in found), key=epoch_ns)
    return newest.model_copy(update={"since": since, "is_read": any(one.is_read for one in found) or newest.is_read})


def _exposure_of(found: Snapshot) -> Exposure:
    return Exposure(
        tenant_id=found.tenant_id,
        mailbox=found.mailbox,
        message_id=found.message_id,
        internet_message_id=found.internet_message_id,
        subject=found.subject,
        location=found.location,
        folder=found.folder,
        is_read=found.is_read,
        since=found.occurred_at,
        looked_at=found.looked_at,
        cause=found.cause,
        finding_id=found.finding_id,
        incident_id=found.incident_id,
    )


def _list_row(shard: str, key: str, found: Exposure) -> dict[str, Any]:
    columns = {"tenantId": found.tenant_id, "mailbox": found.mailbox, "incidentId": found.incident_id}
    row = {"PartitionKey": shard, "RowKey": key, "isRead": flag(found.is_read)}
    return row | {n: v for n, v in columns.items() if v is not None} | pack_compressed("document", found.wire())
