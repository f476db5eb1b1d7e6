"""What happens in ETD, and when: mail arrives, verdicts are given, messages are moved.

An action is tried in the simulated tenant at its time. Its outcome is not shown: ETD's answers have only the attempt.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.etd.business import Business
from sandbox.etd.clock import Clock, moment
from sandbox.etd.mail import FOLDERS, INITIATORS, VERDICTS, Action, Mail, Plan, Verdict, one_of, plan
from sandbox.etd.mailboxes import Mailboxes
from sandbox.etd.rows import Row, audit_row
from sandbox.etd.switches import Switches

Happening = Callable[[], Awaitable[None]]


class Etd:
    """The businesses by their tenant's id, a clock, the switches, and what is still to come."""

    def __init__(self, tenant_ids: Sequence[str], clock: Clock, switches: Switches, mailboxes: Mailboxes | None):
        self.clock = clock
        self.switches = switches
        self.businesses = {tenant_id: Business.of(tenant_id) for tenant_id in tenant_ids}
        self._mailboxes = mailboxes
        self._coming: list[tuple[datetime, int, Happening]] = []
        self._numbers = itertools.count()
        self._one_at_a_time = asyncio.Lock()

    async def convict(self, specs: Sequence[Mapping[str, Any]], tenant_id: str | None = None) -> list[Mail]:
        """Adds messages as `sandbox.etd` describes them. If one is invalid, none is added: ValueError or KeyError."""
        business = self.business(tenant_id)
        plans = [plan(spec, self.clock.now()) for spec in specs]
        for one in plans:
            self._schedule(business, one)
        await self.settle()
        return [one.mail for one in plans]

    async def judge(self, etd_id: str, change: Mapping[str, Any], tenant_id: str | None = None) -> None:
        """A later verdict or action on a message: `{"verdict", "action", "by", "at"}`."""
        business = self.business(tenant_id)
        mail = business.mail[etd_id]
        now = self.clock.now()
        if unknown := set(change) - {"verdict", "action", "by", "at"}:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        at = moment(change["at"], now) if "at" in change else now
        by = one_of(INITIATORS, change.get("by", "automatic"))
        verdict, folder = change.get("verdict"), change.get("action")
        if verdict:
            self._at(at, self._verdict(business, mail, Verdict(one_of(VERDICTS, verdict), at, by)))
        if folder:
            self._at(at, self._action(business, mail, one_of(FOLDERS, folder), at, by))
        await self.settle()

    async def advance(self, **time: float) -> None:
        """Lets time pass (`minutes=12`), and does what is due in it."""
        self.clock.move(self.clock.now() + timedelta(**time))
        await self.settle()

    async def settle(self) -> None:
        """Does what is due, in order."""
        async with self._one_at_a_time:
            while self._coming and self._coming[0][0] <= self.clock.now():
                await heapq.heappop(self._coming)[2]()

    def business(self, tenant_id: str | None = None) -> Business:
        """The business with this id, or the first one. KeyError if there is none."""
        return self.businesses[tenant_id] if tenant_id else next(iter(self.businesses.values()))

    def with_key(self, api_key: str | None) -> Business | None:
        return next((one for one in self.businesses.values() if one.api_key == api_key), None)

    def _schedule(self, business: Business, planned: Plan) -> None:
        mail = planned.mail
        self._at(mail.received, self._arrival(business, mail, planned.deliver))
        if planned.verdict:
            word, at = planned.verdict
            self._at(at, self._verdict(business, mail, Verdict(word, at, planned.by)))
        if planned.action:
            folder, at = planned.action
            self._at(at, self._action(business, mail, folder, at, planned.by))

    def _at(self, when: datetime, happening: Happening) -> None:
        heapq.heappush(self._coming, (when, next(self._numbers), happening))

    def _arrival(self, business: Business, mail: Mail, deliver: bool) -> Happening:
        async def arrive() -> None:
            business.mail[mail.id] = mail
            business.ledger.add(business.tenant_id, "message", mail.received, Row(mail), self.switches)
            if deliver and self._mailboxes:
                for mailbox in mail.mailboxes:
                    await self._mailboxes.deliver(business.tenant_id, mailbox, mail)

        return arrive

    def _verdict(self, business: Business, mail: Mail, verdict: Verdict) -> Happening:
        async def decide() -> None:
            mail.verdicts.append(verdict)
            self._export(business, mail, verdict, Row(mail, verdict=verdict))

        return decide

    def _action(self, business: Business, mail: Mail, folder: str, at: datetime, by: str) -> Happening:
        async def act() -> None:
            moved = {mailbox: await self._move(business, mail, mailbox, folder) for mailbox in mail.mailboxes}
            action = Action(folder, at, by, moved)
            mail.actions.append(action)
            self._export(business, mail, action, Row(mail, action=action))

        return act

    async def _move(self, business: Business, mail: Mail, mailbox: str, folder: str) -> bool:
        if self._mailboxes is None:
            return mailbox not in mail.fails
        return await self._mailboxes.move(business.tenant_id, mailbox, mail.message_id, folder)

    def _export(self, business: Business, mail: Mail, change: Verdict | Action, row: Row) -> None:
        """Writes a row for it, unless the `create` row has it, and a row of the audit log if a person asked for it."""
        if not mail.at_once(change.at):
            business.ledger.add(business.tenant_id, "message", change.at, row, self.switches)
        if change.by != "automatic":
            audit = audit_row(mail, change)
            business.ledger.add(business.tenant_id, "audit", change.at, audit, self.switches)
