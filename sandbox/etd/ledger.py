"""Log Export's files: what is in which file of an hour, and when it appears.

The rows of an hour are in several files, by thirds of the hour, each with a limited number of rows. The files of an hour come
one after the other, the last one some 20 minutes after its end. A file that a client has seen does not change
any more: what comes later for its hour is in a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.etd.switches import Switches

HOUR = timedelta(hours=1)
LABEL = "%Y-%m-%dT%H"  # of an hour, in UTC


@dataclass
class File:
    tenant_id: str
    hour: datetime
    kind: str  # message or audit
    number: int
    appears: datetime
    third: int
    rows: list[Any] = field(default_factory=list)
    told: bool = False
    downloads: int = 0

    @property
    def path(self) -> str:
        """The path in the bucket, which identifies it; not encoded."""
        return (
            f"tenant_id={self.tenant_id}/log_date={self.hour:%Y-%m-%d}/hour={self.hour:%H}/log_type={self.kind}"
            f"/{self.number:04d}.jsonl"
        )


@dataclass
class Ledger:
    files: dict[tuple[datetime, str], list[File]] = field(default_factory=dict)
    by_path: dict[str, File] = field(default_factory=dict)

    def add(self, tenant_id: str, kind: str, at: datetime, row: Any, switches: Switches) -> None:
        """Writes a row with this time, and writes it to a second file too if the switch says so."""
        if not switches.log_export:
            return
        third = at.minute // 20
        for number in (third, (third + 1) % 3) if switches.duplicate_event else (third,):
            self._open(tenant_id, kind, at, number, switches).rows.append(row)

    def _open(self, tenant_id: str, kind: str, at: datetime, third: int, switches: Switches) -> File:
        hour = at.replace(minute=0, second=0, microsecond=0)
        files = self.files.setdefault((hour, kind), [])
        for file in files:
            if file.third == third and not file.told and len(file.rows) < switches.rows_per_file:
                return file
        late = timedelta(minutes=switches.file_late_minutes) * (third + 1) / 3
        made = File(tenant_id, hour, kind, len(files), hour + HOUR + late, third)
        files.append(made)
        self.by_path[made.path] = made
        return made

    def there(self, kind: str, first: datetime, last: datetime, now: datetime) -> Iterator[File]:
        """The files of these hours, both included, that have appeared. From now on the client knows them."""
        hour = first
        while hour <= last:
            for file in self.files.get((hour, kind), ()):
                if file.appears <= now:
                    file.told = True
                    yield file
            hour += HOUR
