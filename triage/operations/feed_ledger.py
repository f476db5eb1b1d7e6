"""Reads Log Export: lists the files of the hours that are due, and reads each file once, as it arrives."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing

from triage.etd import EtdError, EtdReason, LogFile
from triage.feeds.actions import Sighting, is_wanted
from triage.feeds.hours import (
    BEGINNING,
    FIRST,
    HISTORY,
    MOST_LINKS,
    SILENT,
    FileState,
    HourState,
    LedgerState,
    Listing,
    after_file,
    hour_at,
    hours_between,
    is_due,
    is_over,
    listed,
    start_of,
)
from triage.feeds.lanes import HOUR, Lane
from triage.feeds.model import FeedGap
from triage.feeds.rows import read_log_line
from triage.operations.feed_session import FeedSession
from triage.operations.feed_sightings import Sightings
from triage.storage.feeds import digest
from triage.wire import epoch_ns, from_epoch_ns

TOO_OLD = "Log Export keeps files for 30 days. Message Search is read for the same time."
TRUNCATED = "Log Export lists at most 200 files of an hour."
NOT_READ = "A file of Log Export could not be read, or not all of its lines."
WAS_SILENT = "Log Export gave no file. It may have been switched off."
_LINES_AT_ONCE = 200
_HOURS_AT_ONCE = 2  # and the end of the range, which may or may not be included: three are allowed


class LedgerRun:
    """One run of the ledger. `until`: when time is up, of time.monotonic."""

    def __init__(self, session: FeedSession, sightings: Sightings, until: float) -> None:
        self._session = session
        self._rows = session.rows
        self._sightings = sightings
        self._until = until
        self._had_file: str | None = None
        self._read = 0
        self._error: EtdError | None = None

    async def run(self) -> None:
        """Lists every hour that is due, the oldest first, and reads its files, until time is up.

        EtdError if ETD or the storage of the files doesn't answer, or if no file could be read.
        """
        now = self._session.clock()
        end = (now - FIRST) // HOUR * HOUR
        state = await self._begun(await self._rows.ledger(), now, end)
        start = epoch_ns(state.settled_until or "")
        known = await self._rows.hours(hour_at(start))
        due = [hour for hour in hours_between(start, end) if is_due(hour, known.get(hour), now)]
        for hours in together(due):
            files = await self._files(hours)
            for hour in hours:
                if time.monotonic() >= self._until or not await self._read_hour(hour, files, known):
                    return
            await self._note_silence(state, [hour for hour in hours if files[hour]])
            state = self._advanced(state, known, end)
            await self._rows.save_lane(Lane.LEDGER, state)
        if self._failure is not None:
            raise self._failure

    @property
    def _failure(self) -> EtdError | None:
        """The last error of a file, if no file could be read."""
        return None if self._read else self._error

    async def _note_silence(self, state: LedgerState, hours: Sequence[str]) -> None:
        """Keeps a long time without files as a gap, once there are files again."""
        since = state.last_file_at or state.first
        if hours and since and start_of(hours[0]) - epoch_ns(since) >= SILENT:
            await self._rows.add_gap(FeedGap.of(epoch_ns(since), start_of(hours[0]), WAS_SILENT))

    async def _begun(self, state: LedgerState, now: int, end: int) -> LedgerState:
        """The state with a start. Times that are older than Log Export's files are a gap."""
        oldest = (now - HISTORY) // HOUR * HOUR
        if state.settled_until is None:
            first = from_epoch_ns(min((now - BEGINNING) // HOUR * HOUR, end))
            state = state.model_copy(update={"first": first, "settled_until": first})
        elif (begin := epoch_ns(state.settled_until)) < oldest:
            await self._rows.add_gap(FeedGap.of(begin, oldest, TOO_OLD))
            first = from_epoch_ns(oldest)
            state = state.model_copy(update={"first": first, "settled_until": first, "last_file_at": None})
        else:
            return state
        await self._rows.save_lane(Lane.LEDGER, state)
        return state

    def _advanced(self, state: LedgerState, known: dict[str, HourState], end: int) -> LedgerState:
        """The state after hours were read."""
        settled = epoch_ns(state.settled_until or "")
        while settled < end and (hour := known.get(hour_at(settled))) is not None and hour.settled:
            settled += HOUR
        read = max((start_of(hour) + HOUR for hour, one in known.items() if one.listed_at), default=settled)
        had = start_of(self._had_file) + HOUR if self._had_file else 0
        newest = max(had, epoch_ns(state.last_file_at) if state.last_file_at else 0)
        return LedgerState(
            first=state.first,
            settled_until=from_epoch_ns(settled),
            cursor=from_epoch_ns(max(read, settled)),
            last_file_at=from_epoch_ns(newest) if newest else None,
            last_success_at=state.last_success_at
            if self._failure is not None
            else from_epoch_ns(self._session.clock()),
        )

    async def _files(self, hours: Sequence[str]) -> dict[str, list[LogFile]]:
        """The files of some hours, none twice. If an answer may have been truncated, each hour is listed separately."""
        found = await self._ask(hours[0], hour_at(start_of(hours[-1]) + HOUR))
        if len(found) >= MOST_LINKS:
            found = [file for hour in hours for file in await self._ask_alone(hour)]
        by_path = {file.path: file for file in found}
        return {hour: [one for one in by_path.values() if (one.hour or hours[0]) == hour] for hour in hours}

    async def _ask_alone(self, hour: str) -> list[LogFile]:
        found = await self._ask(hour, hour_at(start_of(hour) + HOUR))
        if len(found) < MOST_LINKS:
            return found
        try:  # without the hour after it: if the range excludes its end, the answer is empty
            return [*found, *await self._ask(hour, hour)]
        except EtdError as error:
            if error.reason is not EtdReason.REFUSED:
                raise
            return found

    async def _ask(self, first: str, last: str) -> list[LogFile]:
        return await self._session.client.log_files(first, last)

    async def _read_hour(self, hour: str, listing: dict[str, list[LogFile]], known: dict[str, HourState]) -> bool:
        """Reads the unread files of an hour. False if time is up before the last one."""
        states = await self._rows.files(hour) if listing[hour] else {}
        files = {digest(file.path): file for file in listing[hour]}
        new = [name for name in files if name not in states]
        for name, file in files.items():
            state = states.get(name, FileState())
            if not is_over(state):
                if time.monotonic() >= self._until:
                    return False
                states[name] = await self._read_file(hour, name, file, state)
        unread = sum(not is_over(states[name]) for name in files)
        state = listed(hour, known.get(hour), Listing(len(files), len(new), unread), self._session.clock())
        if state.truncated:
            await self._gap(hour, TRUNCATED)
        await self._rows.save_hour(hour, state)
        known[hour] = state
        if files:
            self._had_file = max(hour, self._had_file or hour)
        return True

    async def _read_file(self, hour: str, name: str, file: LogFile, state: FileState) -> FileState:
        """Reads a file. The start is counted first, so that a file that crashes the process is not started forever.

        It doesn't count if the storage doesn't answer, because nothing is known of the file then.
        """
        before, state = state, state.model_copy(update={"tries": state.tries + 1})
        await self._rows.save_file(hour, name, state)
        try:
            lines, unreadable = await self._read_lines(file)
            state = after_file(state, lines, unreadable)
            await self._rows.save_file(hour, name, state)
            self._read += 1
        except EtdError as error:
            if error.reason is EtdReason.UNAVAILABLE:
                await self._rows.save_file(hour, name, before)
            if error.fatal or error.reason is EtdReason.UNAVAILABLE:
                raise
            self._error = error
        if is_over(state) and (state.unreadable or not state.done):
            await self._gap(hour, NOT_READ)
        return state

    async def _read_lines(self, file: LogFile) -> tuple[int, int]:
        """Stores what the lines say. Returns the number of lines, and of those that are not JSON."""
        lines = unreadable = 0
        found: list[Sighting] = []
        async with aclosing(self._session.client.read_file(file)) as source:
            async for line in source:
                lines += 1
                try:
                    sighting = read_log_line(line)
                except (ValueError, RecursionError):
                    unreadable += 1
                    continue
                if sighting is not None and is_wanted(sighting, self._session.api.verdicts):
                    found.append(sighting)
                if len(found) >= _LINES_AT_ONCE:
                    await self._sightings.store(found)
                    found = []
        await self._sightings.store(found)
        return lines, unreadable

    async def _gap(self, hour: str, why: str) -> None:
        await self._rows.add_gap(FeedGap.of(start_of(hour), start_of(hour) + HOUR, why))


def together(hours: Sequence[str]) -> list[list[str]]:
    """Hours that can be listed in one request: at most two, one directly after the other."""
    found: list[list[str]] = []
    for hour in hours:
        last = found[-1] if found else []
        if last and len(last) < _HOURS_AT_ONCE and start_of(hour) == start_of(last[-1]) + HOUR:
            last.append(hour)
        else:
            found.append([hour])
    return found
