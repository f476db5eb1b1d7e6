"""The rows of table `coverage`.

| partition | row key | what it is |
|---|---|---|
| the tenant's ID | `scan|<newest first>.<random>` | a scan (`document`), and its progress (`work`); its ETag guards both |
| the tenant's ID | `running` | the scan that is running, and who works on it until when |
| `<scan's ID>.<round>` | `u|<mailbox>` | a mailbox that the scan found uncovered |
| likewise | `x|<mailbox>` | a mailbox that was uncovered in the previous scan, and could not be read now |
| likewise | `r|<mailbox>` | a mailbox that has recovered |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from triage.coverage.compare import Standing
from triage.coverage.model import CoverageScan, ScanState, UncoveredMailbox
from triage.coverage.work import Work
from triage.storage.documents import pack_text, quoted, unpack_text

TABLE = "coverage"
SCAN = "scan|"
RUNNING = "running"

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan, its progress, and the ETag of its row."""

    scan: CoverageScan
    work: Work
    etag: str = ""

    @property
    def mailboxes(self) -> str:
        """The partition of its mailboxes."""
        return f"{self.scan.id}.{self.work.round}"


def scan_row(scan: CoverageScan, work: Work) -> Entity:
    """The row of a scan."""
    partition, row_key = place_of(scan.id)
    return {
        "PartitionKey": partition,
        "RowKey": row_key,
        "state": scan.state.value,
        **pack_text("document", scan.wire()),
        **pack_text("work", work.wire()),
    }


def stored_scan(entity: Any) -> StoredScan:
    """The scan in a row that `scan_row` made."""
    scan = CoverageScan.model_validate_json(unpack_text("document", entity))
    return StoredScan(scan, Work.model_validate_json(unpack_text("work", entity)), entity.metadata["etag"])


def place_of(scan_id: str) -> tuple[str, str]:
    """The partition and the row key of a scan."""
    partition, _, rest = scan_id.partition(".")
    return partition, f"{SCAN}{rest}"


def scans_of(tenant_id: str, *states: ScanState) -> str:
    """The OData filter of a tenant's scans, the newest first."""
    wanted = " or ".join(f"state eq '{state.value}'" for state in states)
    keys = f"PartitionKey eq '{quoted(tenant_id)}' and RowKey gt '{SCAN}' and RowKey lt '{SCAN}~'"
    return f"{keys} and ({wanted})" if wanted else keys


def rows_of(standing: Standing) -> str:
    """The OData filter of the rows of a standing in one partition."""
    return f"RowKey ge '{standing}|' and RowKey lt '{standing}}}'"


def mailbox_key(standing: Standing, mailbox: str) -> str:
    """The row key of a mailbox. Characters that a key must not have are escaped."""
    return f"{standing}|{quote(mailbox, safe='@')}"


def mailbox_row(partition: str, standing: Standing, found: UncoveredMailbox, part: int) -> Entity:
    """The row of a mailbox that a part of the scan found."""
    return {
        "PartitionKey": partition,
        "RowKey": mailbox_key(standing, found.mailbox),
        "part": part,
        **found.model_dump(mode="json", exclude_none=True),
    }


def mailbox_of(entity: Any) -> UncoveredMailbox:
    """The mailbox in a row that `mailbox_row` made."""
    return UncoveredMailbox.model_validate({
        name: entity.get(name) for name in UncoveredMailbox.model_fields
    })  # fmt: skip
