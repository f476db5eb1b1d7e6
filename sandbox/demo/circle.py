"""The whole story of one message: ETD's remediation fails for some recipients, the feed notices, the cause is fixed.

ETD is driven by the simulated tenant, so what works and what does not is decided there, by the state of each mailbox. The
message is ten minutes old: Message Search has a message only some minutes after it arrived.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.client import ask
from sandbox.stack import Stack

Json = dict[str, Any]
TENANT = "c0470500-0000-4000-8000-000000000001"
MESSAGE = "<salary-statement@attacker.example>"
# wade: it works. wren: the mailbox does not answer. will: it does, and the message stays where it is.
PEOPLE: Json = {
    "wade": {},
    "wren": {
        "licenses": [{"sku": "SPE_E3", "disabled": ["EXCHANGE_S_ENTERPRISE"]}],
        "mailbox": "MailboxNotEnabledForRESTAPI",
    },
    "will": {"etdFails": True},
}
FIXED: Json = {"wren": {"licenses": ["SPE_E3"], "mailbox": None}, "will": {"etdFails": None}}
SUBJECTS = {
    "wren@contoso.com": "wren@contoso.com",
    MESSAGE: "will@contoso.com",
}  # of the incidents, and who they are about
FIX_SECONDS = 120  # after the second incident was seen: the channels are told first
# For the service: it asks ETD each minute, and does not wait before it looks into a mailbox, nor between two looks.
SETTINGS = {
    "ETD_POLL_SCHEDULE": "0 * * * * *",
    "ETD_LOOKS": "1,1",
    "FOLLOW_UP_MINUTES": "1,1,1,1,1,1,5,15,60,240",
}
PLAN = (
    "Email Threat Defense convicted a message to three people at Contoso, and moves it to quarantine. This works for "
    "wade@contoso.com, and fails for wren@contoso.com and will@contoso.com, but Email Threat Defense notifies nobody. The feed "
    "finds the two failures in three to five minutes, and two incidents open. Two minutes later both causes are fixed and the "
    "message is moved again. Within two more minutes the incidents are resolved. You see this here and on the dashboard."
)


@dataclass
class Circle:
    """One run of it. `step` does what is due, and has a line for each thing that happened."""

    running: Stack
    etd_id: str = ""
    fix_at: float | None = None
    fixed: bool = False
    read: int = 0
    states: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        self._put_people(PEOPLE)
        message = {
            "mailboxes": [f"{name}@contoso.com" for name in PEOPLE],
            "internetMessageId": MESSAGE,
            "subject": "Your new salary statement",
            "from": "payroll@attacker.example",
            "receivedAt": "-10m",
            "action": "quarantine",
        }
        answer = ask(f"{self.running.etd}/_sandbox/convict", {"tenantId": TENANT, "messages": [message]})
        self.etd_id = answer["messages"][0]["id"]

    def step(self) -> Iterator[str]:
        """OSError if a part of the sandbox does not answer."""
        yield from self._incidents()
        if self.fix_at is None and len(self.states) == len(SUBJECTS):
            self.fix_at = time.monotonic() + FIX_SECONDS
        if not self.fixed and self.fix_at is not None and time.monotonic() >= self.fix_at:
            self._fix()
            yield "Fixed: the Exchange plan of wren@contoso.com is on, nothing stands in the way of will@contoso.com, and"
            yield "  an analyst has moved the message to quarantine once more"
        yield from self._feed()

    @property
    def ended(self) -> bool:
        return self.fixed and set(self.states.values()) == {"resolved"}

    def _feed(self) -> Iterator[str]:
        feeds = ask(f"{self.running.address}/api/feeds")["value"]
        feed = next(one for one in feeds if one["tenantId"] == TENANT)
        if feed["candidates"] != self.read:
            self.read = feed["candidates"]
            yield f"The feed knows of {self.read} attempts, one for each mailbox, and looks into the mailboxes"

    def _incidents(self) -> Iterator[str]:
        found = ask(f"{self.running.address}/api/incidents?tenantId={TENANT}&top=1000")["value"]
        for incident in found:
            subject, state = incident["subject"], incident["state"]
            if subject in SUBJECTS and self.states.get(subject) != state:
                self.states[subject] = state
                yield f"Incident {state}: {incident['title']} ({SUBJECTS[subject]}, {incident['cause']})"

    def _fix(self) -> None:
        self.fixed = True
        self._put_people(FIXED)
        change = {"tenantId": TENANT, "action": "quarantine", "by": "manual"}
        ask(f"{self.running.etd}/_sandbox/convict/{self.etd_id}", change)

    def _put_people(self, people: Json) -> None:
        ask(f"{self.running.graph}/_sandbox/state", {"tenants": {TENANT: {"people": people}}}, method="PUT")
