"""Writers, looks, removals, people and audits in any order, on several instances that can be killed at any write.

The numbers that are stored equal a count of the findings by hand. The states, and more orders, are tested without storage
(tests/incidents/test_any_order.py). Leases end at once here, because nothing may depend on them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from itertools import chain, count
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.storage.conftest import TABLES, environment
from tests.storage.test_incidents import HOUR, LATER, START, expect_exposures, expect_incidents, finding, stored
from triage.diagnosis.causes import Cause
from triage.diagnosis.place import Location
from triage.finding import Finding, FindingState, MessageState
from triage.incidents import ResolveReason, StateError, acknowledge, fixed, not_fixed, recounted, reopen, resolve
from triage.operations.services import Services
from triage.operations.summary import summarize
from triage.settings import read_settings
from triage.storage import projection
from triage.storage.changes import Change, changes_of, waiting_rows
from triage.storage.findings import Findings
from triage.storage.incident_rows import member_key, member_of
from triage.storage.shards import SHARDS, in_range, shard_of
from triage.wire import epoch_ns, from_epoch_ns

# Each step takes several requests. To shrink a case takes minutes, and its steps are few anyway.
FEW = settings(max_examples=5, stateful_step_count=14, phases=[Phase.generate])
INSTANCES = 3
NUMBERS, WHICH = st.integers(0, 2), st.integers(0, INSTANCES - 1)
CAUSES = [Cause.CONSENT_MISSING, Cause.MESSAGE_PRESENT, Cause.MESSAGE_MOVED, Cause.UNDETERMINED]
MANY = st.lists(
    st.tuples(NUMBERS, st.sampled_from(CAUSES), st.sampled_from([True, False, None]), st.booleans()),
    min_size=1,
    max_size=4,
)
ON = st.lists(WHICH, min_size=4, max_size=4)
Look = tuple[int, Cause, bool | None, bool]
STEPS: dict[str, Any] = {
    "acknowledge": lambda one, at: acknowledge(one, at, "adele"),
    "resolve": lambda one, at: resolve(one, at, "adele", ResolveReason.FIXED),
    "reopen": lambda one, at: reopen(one, at, "adele"),
    "found fixed": fixed,
    "found not fixed": lambda one, _: (not_fixed(one), []),
}


class KilledError(Exception):
    """The process ended."""


class Writes:
    """What is sent to storage. `left` writes later, `then` happens before the next one, once if it does not raise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.then: Callable[[], Awaitable[Any]] | None = None
        send = AioHttpTransport.send

        async def counted(transport: Any, request: Any, **options: Any) -> Any:
            if (then := self.then) is not None and request.method != "GET":
                self.left -= 1
                if self.left < 0:
                    self.then = None
                    await then()
            return await send(transport, request, **options)

        monkeypatch.setattr(AioHttpTransport, "send", counted)


class AnyOrder(RuleBasedStateMachine):
    """Several instances of the service on one storage account."""

    connection_string: str
    writes: Writes

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.hours = 10
        self.instances: list[Services] = []
        self.run(self.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    async def start(self) -> None:
        for _ in range(INSTANCES):
            made = Services(read_settings(environment(self.connection_string)))
            made.findings = Findings(made.account)  # nothing is applied in the background
            self.instances.append(made)
        for name in TABLES:
            await self.instances[0].account.tables().create_table_if_not_exists(name)

    async def end(self) -> None:
        for name in TABLES:
            await self.instances[0].account.tables().delete_table(name)
        for one in self.instances:
            await one.close()

    def teardown(self) -> None:
        try:
            self.run(self.compared(self.instances[0]))
        finally:
            self.run(self.end())
            self.runner.close()

    def look_at(self, number: int, cause: Cause, exposed: bool | None, is_read: bool) -> Finding:
        self.hours += 1
        at = from_epoch_ns(START + self.hours * HOUR)
        place = {True: Location.INBOX, False: Location.QUARANTINE, None: Location.UNKNOWN}[exposed]
        message = MessageState(location=place, is_read=is_read if exposed else None, looked_at=at)
        changes = {"cause": cause, "exposed": exposed, "triaged_at": at, "message": message}
        return finding(number, random.Random(number), **changes)

    @rule(looks=MANY, on=ON)
    def write(self, looks: list[Look], on: list[int]) -> None:
        """Failures arrive, arrive twice, and are looked at again, on several instances at the same time."""
        found = [self.look_at(*one) for one in looks]

        async def write() -> None:
            saving = [self.instances[one].findings for one in on]
            await asyncio.gather(
                *(one.save(each, f"delivery {each.id}") for one, each in zip(saving, found, strict=False))
            )

        self.run(write())

    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        identifier = finding(number, random.Random(number)).id
        self.run(self.instances[0].findings.remove(identifier, LATER))

    @rule(writes=st.integers(0, 8), what=st.sampled_from(["all goes well", "killed", "overtaken"]))
    def apply(self, writes: int, what: str) -> None:
        """An instance applies what was written. Before one of its writes it is killed, or another one applies the same."""
        first, second, _ = self.instances

        async def killed() -> None:
            self.writes.then = killed  # whatever it tries
            raise KilledError

        self.writes.left = writes
        self.writes.then = {"killed": killed, "overtaken": lambda: second.projector.run(20)}.get(what)
        with contextlib.suppress(KilledError):
            self.run(first.projector.run(20))
        self.writes.then = None

    @rule(looks=MANY, on=ON, which=WHICH)
    def apply_slowly(self, looks: list[Look], on: list[int], which: int) -> None:
        """An instance reads the changes that wait. Before it applies them, others write more, and apply all of it."""
        slow, other = self.instances[which], self.instances[which - 1]

        async def read() -> list[Change]:
            rows = [await waiting_rows(slow.account, "findings", shard, 50) for shard in SHARDS]
            return [change for row in chain(*rows) for change in changes_of(row)]

        changes = self.run(read())
        self.write(looks, on)
        self.run(other.projector.run(20))
        self.run(slow.incidents.apply(changes))
        self.run(slow.exposures.apply(changes))
        self.run(self.compared(other))

    @precondition(lambda self: self.hours > 10)
    @rule(which=WHICH, number=NUMBERS, what=st.sampled_from(sorted(STEPS)))
    def act(self, which: int, number: int, what: str) -> None:
        """A person or an audit changes an incident, on an instance that may know it as it was."""
        self.hours += 1
        at, on = from_epoch_ns(START + self.hours * HOUR), self.instances[which]
        found = self.run(on.findings.get(finding(number, random.Random(number)).id))
        if found is not None:
            with contextlib.suppress(StateError):
                self.run(on.incidents.change(found.incident.id, lambda one: STEPS[what](one, at)))

    async def compared(self, services: Services) -> None:
        await expect_incidents(services)
        await expect_exposures(services)
        table = await services.account.table("incidents")
        found = await stored(services)
        for incident_id in {one.incident.id for one in found}:
            where = f"PartitionKey eq '{shard_of(incident_id)}' and {in_range(member_key(incident_id, ''))}"
            members = [member_of(row) async for row in table.query_entities(where)]
            incident = await services.incidents.get(incident_id)
            assert incident is not None
            assert recounted(incident, members) == incident
            if (since := incident.books.fixed_at) is not None:
                waiting = [one for one in found if one.incident.id == incident_id and one.state is FindingState.OPEN]
                late = [one for one in waiting if epoch_ns(one.triaged_at) <= epoch_ns(since)]
                assert incident.books.to_look_at == len(late), "those that were not looked at since the audit"
        summary = await summarize(services, None, None, None)
        assert (summary["total"], summary["exposed"]) == (len(found), sum(one.exposed is True for one in found))


@pytest.mark.unmeasured
def test_any_order(connection_string: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "LEASE_SECONDS", 0.0)
    # Seconds since 2026, but here a finding can come back within the second in which it was removed.
    monkeypatch.setattr("triage.storage.findings.first_revision", count(1000, 1000).__next__)
    monkeypatch.setattr(AnyOrder, "connection_string", connection_string, raising=False)
    monkeypatch.setattr(AnyOrder, "writes", Writes(monkeypatch), raising=False)
    run_state_machine_as_test(AnyOrder, settings=FEW)
