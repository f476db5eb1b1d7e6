"""What a coverage scan has to tell, and that each kind of channel takes it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from sandbox.receiver.channels import settings as receiver_settings
from sandbox.receiver.server import Receiver, serve
from tests.factories import OTHER_TENANT_ID, TENANT_ID
from tests.notifications.samples import CHANNELS, NAMES, NOW, channel, settings
from triage.coverage.model import CoverageChanges, CoverageScan, ScanState
from triage.diagnosis.causes import Cause
from triage.notifications.compose import Writer
from triage.notifications.coverage import coverage_occasion
from triage.notifications.pending import pending
from triage.notifications.render import render
from triage.notifications.rules import Result
from triage.notifications.sender import Sender
from triage.settings import ChannelKind

KINDS = [kind.value for kind in ChannelKind]
CHOSEN = {"events": ["coverage.changed"]}


def scan(new: int = 4, recovered: int = 2, **more: object) -> CoverageScan:
    fields = {
        "id": f"{TENANT_ID}.251606588620063000000.3cdd5229", "tenant_id": TENANT_ID, "started_at": "2026-11-20T02:00:00Z",
        "finished_at": "2026-11-20T02:12:00Z", "state": ScanState.COMPLETE, "progress": 1.0, "users": 10240, "mailboxes": 9811,
        "covered": 9699, "uncovered": 109, "unknown": 3,
        "by_cause": {Cause.MAILBOX_ON_PREMISES: 80, Cause.EXCHANGE_PLAN_DISABLED: 21, Cause.MAILBOX_UNLICENSED: 8},
        "changes": CoverageChanges(since="earlier", newly_uncovered=new, recovered=recovered),
    }  # fmt: skip
    return CoverageScan.model_validate(fields | more)


@pytest.mark.parametrize(("new", "recovered", "title", "severity"), [
    (4, 2, "4 mailboxes can no longer be remediated, 2 have recovered", "medium"),
    (1, 1, "1 mailbox can no longer be remediated, 1 has recovered", "medium"),
    (1200, 0, "1,200 mailboxes can no longer be remediated", "medium"),
    (0, 1, "1 mailbox can be remediated again", None),
])  # fmt: skip
def test_a_scan_with_changes_is_an_occasion(new: int, recovered: int, title: str, severity: str | None) -> None:
    found = coverage_occasion(scan(new, recovered))
    assert found is not None
    assert (found.document["title"], found.severity, found.tenant_id) == (title, severity, TENANT_ID)
    assert found.document["lines"] == [
        "109 of 9,811 mailboxes can't be remediated.",
        "The mailbox may be on-premises: 80", "Exchange Online is switched off in the license: 21",
        "The user has no Exchange Online license: 8", "3 mailboxes could not be read.",
    ]  # fmt: skip
    assert (found.document["step"] is None) == (new == 0)
    assert found.document["data"] == scan(new, recovered).wire()
    assert coverage_occasion(scan(new, recovered)) == found, "a second look finds the same"


@pytest.mark.parametrize("nothing", [
    scan(0, 0), scan(changes=None), scan(state=ScanState.PARTIAL), scan(state=ScanState.RUNNING, finished_at=None),
])  # fmt: skip
def test_nothing_to_notify(nothing: CoverageScan) -> None:
    assert coverage_occasion(nothing) is None


def test_the_channels_of_a_coverage_occasion() -> None:
    found = coverage_occasion(scan())
    assert found is not None
    channels = settings(
        {"name": "all", "kind": "slack", **CHANNELS["slack"]},
        {"name": "chosen", "kind": "pagerduty", **CHANNELS["pagerduty"], **CHOSEN},
        {"name": "on call", "kind": "pagerduty", **CHANNELS["pagerduty"]},
        {"name": "others", "kind": "slack", **CHANNELS["slack"], "events": ["audit.changed"]},
        {"name": "severe", "kind": "slack", **CHANNELS["slack"], "minSeverity": "high"},
        {"name": "elsewhere", "kind": "slack", **CHANNELS["slack"], "tenantIds": [OTHER_TENANT_ID]},
    ).notifications
    assert [one.channel for one in pending(channels, found)] == ["all", "chosen"]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with serve() as found:
        yield found


@pytest.mark.parametrize("kind", KINDS)
async def test_the_other_side_shows_it(receiver: Receiver, kind: str) -> None:
    configured = settings(*(one | CHOSEN for one in receiver_settings(receiver.url)))
    to = next(one for one in configured.notifications if one.kind == kind)
    occasion = coverage_occasion(scan())
    assert occasion is not None
    (row,) = pending([to], occasion)
    notice = Writer(configured, to, NAMES).notice(row, row.document, None, NOW)
    sender = Sender("https://triage.example")
    outcome = await sender.send(to, notice)
    await sender.close()
    assert outcome.result is Result.DELIVERED, outcome
    (kept,) = receiver.of(kind)
    assert kept.kept
    text = json.dumps(json.loads(render(notice, to, "https://triage.example").body), ensure_ascii=False)
    if kind == "webhook":
        return  # it has the scan itself
    assert "can no longer be remediated" in text
    assert f"https://triage.example/api/dashboard?view=coverage&scan={scan().id}" in text.replace("&amp;", "&")


def test_a_program_gets_the_scan() -> None:
    to = channel("webhook")
    occasion = coverage_occasion(scan())
    assert occasion is not None
    (row,) = pending([to], occasion)
    event = json.loads(
        render(Writer(settings(), to, NAMES).notice(row, row.document, None, NOW), to, "https://t.example").body
    )
    assert (event["type"], event["data"]) == ("coverage.changed", scan().wire())
