"""Combines what was seen with what is known, and stores what changes."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

from triage.feeds.actions import Action, Sighting, meaning, seen
from triage.feeds.lanes import MINUTE
from triage.operations.feed_session import FeedSession, Job
from triage.storage.account import is_conflict
from triage.storage.feed_actions import Change, StoredAction
from triage.wire import epoch_ns

_TRIES = 5
_AT_ONCE = 16
_KINDS = {"", "move", "delete"}

_log = logging.getLogger(__name__)


class Sightings:
    """Stores the sightings of one poll. `orphans` are the actions whose mailboxes are not known; read them first."""

    def __init__(self, session: FeedSession, first_look_minutes: int) -> None:
        self.orphans: dict[str, StoredAction] = {}
        self._session = session
        self._first_look = first_look_minutes * MINUTE
        self._strange: set[str] = set()

    async def store(self, sightings: Sequence[Sighting]) -> None:
        """Stores what is new in sightings. Raises azure.core's errors; then store all of them again."""
        from azure.core.exceptions import HttpResponseError

        fresh = [one for one in sightings if one.etd_id in self.orphans or self._session.is_new(one)]
        self._note_strange(fresh)
        by_message: defaultdict[str, list[Sighting]] = defaultdict(list[Sighting])
        for one in fresh:
            by_message[one.etd_id].append(one)
        for left in reversed(range(_TRIES)):
            changes = await self._changes(by_message)
            try:
                await self._session.actions.save(changes, self._session.today, Job.POLL)
            except HttpResponseError as error:
                if not is_conflict(error) or not left:
                    raise
                await self.read_orphans()
                continue
            if any(one.after is None or not one.after.mailbox for one in changes):
                await self.read_orphans()
            break
        self._session.remember(fresh)

    async def read_orphans(self) -> None:
        """Reads the actions whose mailboxes are not known."""
        self.orphans = await self._session.actions.orphans()

    async def _changes(self, by_message: dict[str, list[Sighting]]) -> list[Change]:
        limit = asyncio.Semaphore(_AT_ONCE)

        async def of(etd_id: str, sightings: list[Sighting]) -> list[Change]:
            async with limit:
                known = await self._session.actions.of_message(etd_id)
            return self._of_message(known, self.orphans.get(etd_id), sightings)

        found = await asyncio.gather(*(of(*item) for item in by_message.items()))
        return [change for changes in found for change in changes]

    def _of_message(
        self, known: dict[str, StoredAction], orphan: StoredAction | None, sightings: Iterable[Sighting]
    ) -> list[Change]:
        """What sightings of one message change. Once its mailboxes are known, an orphan becomes an action in each of them."""
        now = self._session.clock()
        before: dict[str, StoredAction | None] = {**known, **({"": orphan} if orphan else {})}
        after: dict[str, Action] = {mailbox: stored.action for mailbox, stored in before.items() if stored}
        for sighting in sightings:
            mailboxes = sighting.mailboxes or [mailbox for mailbox in after if mailbox] or [""]
            adopted = [_sighting_of(after.pop(""))] if "" in after and mailboxes != [""] else []
            for one in (*adopted, sighting):
                for mailbox in mailboxes:
                    changed = seen(after.get(mailbox), one, mailbox, now, self._first_look)
                    if changed is not None:
                        after[mailbox] = changed
        changes = [Change(before.get(mailbox), action) for mailbox, action in after.items()]
        if orphan is not None and "" not in after:
            changes.append(Change(orphan, None))
        return [one for one in changes if one.before is None or one.after is not one.before.action]

    def _note_strange(self, sightings: Iterable[Sighting]) -> None:
        """Logs each unknown word once, as ETD wrote it."""
        for one in sightings:
            for name, word, unknown in (
                ("folder", one.folder, one.folder is not None and meaning(one.folder) is None),
                ("action", one.kind, (one.kind or "").lower() not in _KINDS),
            ):
                if unknown and word and f"{name} {word}" not in self._strange and "@" not in word:
                    self._strange.add(f"{name} {word}")
                    _log.warning("ETD has an unknown word for %s: %r", name, word[:40])


def _sighting_of(orphan: Action) -> Sighting:
    """The sighting of an action whose mailboxes were not known."""
    moment = epoch_ns(orphan.at)
    return Sighting(
        etd_id=orphan.etd_id,
        lane=orphan.lane,
        internet_message_id=orphan.internet_message_id,
        kind=orphan.kind,
        folder=orphan.folder,
        at=moment if orphan.exact else None,
        message_at=moment,
        initiator=orphan.initiator,
        verdict=orphan.verdict,
        subject=orphan.subject,
        direction=orphan.direction,
        words=orphan.words,
    )
