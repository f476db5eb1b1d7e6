"""The sample failures of `failures.yaml`, one for each line and scenario, as an end-to-end test posts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from sandbox.tenant.world import World
from sandbox.tenant.world.ids import guid
from sandbox.tenant.world.texts import read_yaml

SHIPPED = Path(__file__).with_name("failures.yaml")
TEXTS = {
    "resource_not_found": "Resource is Not Found",
    "unknown_reason": "Remediation Failed - Unknown Reason",
    "invalid_user": "The Requested User is Invalid",
    "mailbox_unavailable": "The Mailbox is either Inactive, Soft-Deleted, or is Hosted On-Premise",
    "unclassified": "Message could not be moved",
}
GROUPS = {
    "all": list(TEXTS),
    "asked": ["resource_not_found", "invalid_user", "mailbox_unavailable"],
    "app": ["unknown_reason", "unclassified"],
}


@dataclass(frozen=True)
class Sample:
    """`failure`: a body for the intake. `expect`: what its finding says. `open`: how the sample reads an open point."""

    name: str
    failure: dict[str, Any]
    expect: dict[str, Any]
    scenario: str | None = None  # None: the line has an error text of its own
    open: str | None = None


def load(world: World, path: Path | str | None = None) -> list[Sample]:
    lines = read_yaml(Path(path or SHIPPED).read_text(encoding="utf-8"))
    return [sample for number, line in enumerate(lines) for sample in _samples(world, number, line)]


def taking_turns(samples: Iterable[Sample], key: Callable[[Sample], str]) -> list[Sample]:
    """One of the samples for each key, in their order; the scenarios take turns."""
    by_key: dict[str, list[Sample]] = {}
    for sample in samples:
        by_key.setdefault(key(sample), []).append(sample)
    return [several[number % len(several)] for number, several in enumerate(by_key.values())]


def _samples(world: World, number: int, line: Mapping[str, Any]) -> Iterator[Sample]:
    if "error" in line:
        yield Sample(f"{line['to']} error {number}", _failure(world, number, line, line["error"]), line["expect"])
        return
    wanted = line["in"]
    for scenario in GROUPS[wanted] if isinstance(wanted, str) else wanted:
        failure = _failure(world, number, line, TEXTS[scenario])
        name = f"{line['to']} {scenario} {failure['folder']} {number}"
        yield Sample(name, failure, line["expect"], scenario, line.get("open"))


def _failure(world: World, number: int, line: Mapping[str, Any], error: str) -> dict[str, Any]:
    key = parseaddr(line["to"])[1].split("@")[0]
    failure = {
        "id": guid("failure", str(number), error),
        "mailbox": line["to"],
        "messageId": guid("message", str(number)),
        "internetMessageId": line.get("message", f"<{key}@mail.example>"),
        "error": error,
        "errorCode": line.get("errorCode"),
        "action": "move",
        "folder": line.get("aim", "quarantine"),
        "initiator": "automatic",
        "verdict": "phishing",
        "subject": "Your invoice is overdue",
        "occurredAt": world.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    tenant = line.get("tenant", "contoso")
    if tenant != "by domain":
        failure["tenantId"] = world.tenants[tenant].id
    return {field: value for field, value in failure.items() if value is not None}
