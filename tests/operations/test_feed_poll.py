"""The poller against a simulated ETD: each remediation that failed is found once, and none that took effect."""

from __future__ import annotations

from sandbox.azurite import Azurite
from tests.operations.feeding import HYBRID, OK, STUCK, feeding


async def test_what_failed_is_posted_once_and_nothing_else(storage: Azurite) -> None:
    async with feeding(storage) as feed:
        await feed.etd.convict(
            [{"mailboxes": [OK, STUCK, HYBRID], "action": "quarantine"}, {"mailboxes": [OK], "action": "trash"}]
        )
        await feed.run(180)
        assert set(feed.pairs) == feed.failed() and set(feed.pairs.values()) == {1}
        assert len(feed.pairs) == 2
