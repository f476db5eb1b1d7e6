"""Reads the findings and compares them with what the samples expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from sandbox.client import ask
from sandbox.tenant.world.samples import Sample

Json = dict[str, Any]
EXPOSED = {True: ("yes", "bold red"), False: ("no", "green"), None: ("?", "yellow")}
COLORS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


def read(address: str) -> dict[str, Json]:
    """All findings, by the id that the sender gave to the failure."""
    found: dict[str, Json] = {}
    link: str | None = f"{address}/api/findings?top=1000"
    while link:
        page = ask(link)
        found |= {finding["failure"]["id"]: finding for finding in page["value"] if finding["failure"].get("id")}
        link = page.get("nextLink")
    return found


def differences(sample: Sample, finding: Json) -> list[str]:
    """The differences between a finding and what its sample expects."""
    got = finding | finding["message"]
    expected = sample.expect | ({"scenario": sample.scenario} if sample.scenario else {})
    return [
        f"{name} is not {wanted}: {got.get(name, got['location'])}"
        for name, wanted in expected.items()
        if not _fits(name, wanted, got)
    ]


def _fits(name: str, wanted: Any, got: Json) -> bool:
    match name:
        case "locations":
            return got["location"] in wanted
        case "alternatives":
            return set(wanted) <= set(got[name])
        case "reasons":
            return all(any(reason.items() <= one.items() for one in got[name]) for reason in wanted)
        case _:
            return got[name] == wanted


def table(found: Mapping[str, Json], wanted: int, last: int = 1000) -> Table:
    """A table of the latest findings, at most `last` of them."""
    title = f"{len(found)} of {wanted} findings"
    shown = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    shown.add_column("mailbox", overflow="fold", max_width=34)
    shown.add_column("scenario")
    shown.add_column("cause", no_wrap=True)
    shown.add_column("confidence")
    shown.add_column("can still open")
    shown.add_column("first action", overflow="fold")
    for finding in list(found.values())[-max(last, 1) :]:
        exposed, color = EXPOSED[finding["exposed"]]
        actions = finding["actions"]
        shown.add_row(
            Text(finding["failure"]["mailbox"]),
            finding["scenario"],
            Text(finding["cause"], COLORS[finding["severity"]]),
            finding["confidence"],
            Text(exposed, color),
            Text(actions[0]["title"] if actions else ""),
        )
    return shown
