"""The poller against a simulated ETD: each remediation that failed is found once, and none that took effect."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.azurite import Azurite
from tests.operations.feeding import HYBRID, OK, STUCK, Feeding, feeding
from triage.etd import client as etd_client

OTTO = "otto@feed.example"
MAIL: list[dict[str, Any]] = [
    {"subject": "at once", "mailboxes": [OK, STUCK, HYBRID], "action": "quarantine"},
    {"subject": "to trash", "mailboxes": [STUCK], "action": "trash", "actionAt": "+2m"},
    {"subject": "took effect \ud800", "mailboxes": [OK, OTTO], "action": "junkemail"},
    {"subject": "deleted", "mailboxes": [OK, STUCK], "action": "delete", "receivedAt": "-20m", "actionAt": "+5m"},
    {"subject": "late verdict", "mailboxes": [STUCK, OTTO], "action": "quarantine", "receivedAt": "-5h", "verdictAt": "+40m"},
    {"subject": "old mail", "mailboxes": [HYBRID, OK], "action": "trash", "receivedAt": "-5d", "actionAt": "+30m", "by": "manual"},
    {"subject": "not convicted", "mailboxes": [STUCK], "verdict": None},
    {"subject": "left alone", "mailboxes": [STUCK]},
]  # fmt: skip
SWITCHES: dict[str, dict[str, Any]] = {
    "most likely": {},
    "the other way": {
        "endHourIncluded": False, "updateHasMailboxes": False, "createHasActionTime": False, "gzip": True,
        "duplicateEvent": True, "brokenLine": "once", "searchOrder": "oldest", "actionTimes": "equal",
        "emptyLinks": "null", "expiresIn": False, "pageTokenSurvives": False, "rowsPerFile": 2,
    },
    "damaged files": {
        "updateHasMailboxes": False, "errorPage": "first", "brokenLine": "extra", "actionTimes": "rounded",
        "emptyLinks": "missing", "createHasActionTime": False,
    },
    "failures without action": {"failedShowsAction": False, "errorPage": "later", "fileLateMinutes": 55.0},
    "no log export": {"logExport": False, "actionTimes": "rounded"},
}  # fmt: skip


def expected(feed: Feeding, switches: dict[str, Any]) -> set[tuple[str, str]]:
    """What failed, as far as ETD shows that it did something."""
    failed = feed.failed()
    if switches.get("failedShowsAction", True):
        return failed
    seen = {
        mail.id
        for mail in feed.etd.etd.business().mail.values()
        if any(mail.actions[-1:] and mail.actions[-1].moved.values())
    }
    return {pair for pair in failed if pair[0] in seen}


@pytest.mark.unmeasured
@pytest.mark.parametrize("switches", SWITCHES.values(), ids=SWITCHES)
async def test_what_failed_is_posted_once_and_nothing_else(
    storage: Azurite, switches: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etd_client, "PAGE_SIZE", 2)
    async with feeding(storage, switches) as feed:
        await feed.etd.convict(MAIL)
        await feed.run(5 * 60, every=30)
        wanted = expected(feed, switches)
        assert len(wanted) >= 4
        assert feed.pairs == dict.fromkeys(wanted, 1)
        state = await feed.state()
        assert (state.state, state.failures_found, state.not_verified) == ("ok", len(wanted), 0), state
        assert state.candidates == state.verified + state.failures_found
        assert state.requests_today == sum(feed.etd.statistics()["today"].values())
