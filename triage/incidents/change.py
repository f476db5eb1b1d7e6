"""What a write of a finding changes in an incident."""

from __future__ import annotations

from dataclasses import dataclass

from triage.finding import FindingState, Snapshot


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision of a finding says to one incident.

    `at` is when that was seen. `left`: the finding has left the incident, or was removed; the snapshot is then its last one.
    `first`: it was not looked at before.
    """

    snapshot: Snapshot
    revision: int
    at: str
    first: bool = False
    left: bool = False

    @property
    def finding_id(self) -> str:
        """The ID of the finding."""
        return self.snapshot.finding_id


def split(before: Snapshot | None, after: Snapshot | None, *, removed_at: str | None = None) -> dict[str, Change]:
    """The changes of a write of a finding, by the ID of their incident: two if the finding has moved to another incident.

    Without `after` the finding was removed, at `removed_at`. ValueError without either, or without that time.
    """
    if after is None:
        if before is None or removed_at is None:
            raise ValueError("a change needs a snapshot, and a removal its time")
        return {before.incident_id: Change(before, before.revision + 1, removed_at, left=True)}
    changes: dict[str, Change] = {}
    if before is not None and before.incident_id != after.incident_id:
        changes[before.incident_id] = Change(before, after.revision, after.triaged_at, left=True)
    settled = after.resolved_at if after.state is FindingState.RESOLVED else None
    changes[after.incident_id] = Change(after, after.revision, settled or after.triaged_at, first=before is None)
    return changes
