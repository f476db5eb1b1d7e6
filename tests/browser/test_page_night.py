"""A night with one attack, worked through with the keyboard alone: from the overview until nothing can be opened."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.client import ask
from sandbox.stack import Stack, stack
from sandbox.tenant.world import World
from tests.browser.attack import get, post
from tests.browser.browsing import OpenPage

DOMAIN, MESSAGE = "tailspintoys.com", "<overdue@attacker.example>"
PEOPLE = [f"person{number:02d}" for number in range(25)]
MOST_KEYS = 15
MOST_REQUESTS = 60
CONSENT = ["Mail.ReadWrite", "Organization.Read.All"]


def change(running: Stack, **tenant: Any) -> None:
    ask(f"{running.graph}/_sandbox/state", {"tenants": {"tailspintoys": tenant}}, method="PUT", seconds=20)


@pytest.fixture(scope="module")
def attacked() -> Iterator[Stack]:
    """A tenant whose administrator took the consent back: a message stays in 25 Inboxes."""
    [tenant] = [one for one in World.load().triage_tenants() if one["domains"] == [DOMAIN]]
    with stack(TRIAGE_TENANTS=json.dumps([tenant])) as running:
        inbox = {"messages": [{"id": MESSAGE, "in": "inbox", "subject": "Your invoice is overdue"}]}
        change(running, people=dict.fromkeys(PEOPLE, inbox))
        failures = [
            {
                "id": name, "tenantId": tenant["tenantId"], "mailbox": f"{name}@{DOMAIN}", "internetMessageId": MESSAGE,
                "error": "Remediation Failed - Unknown Reason", "action": "move", "folder": "quarantine",
            }
            for name in PEOPLE
        ]  # fmt: skip
        post(running.address, "failures", failures)
        end = time.monotonic() + 60
        while (summary := get(running.address, "summary"))["exposures"]["messages"] < len(PEOPLE):
            assert time.monotonic() < end, summary
            time.sleep(0.5)
        yield running


class Keyboard:
    """Counts what is pressed, and what the page asks the service."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed, self.requests = page, 0, 0
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        self.requests += "/api/" in request.url

    def press(self, key: str) -> None:
        self.pressed += 1
        self.page.keyboard.press(key)

    def tab_to(self, name: str) -> None:
        """Tab, until what has the focus has this name."""
        for _ in range(40):
            self.press("Tab")
            if re.search(name, self.page.evaluate("document.activeElement.innerText ?? ''")):
                return
        raise AssertionError(f"{name} was not reached")


def test_from_the_overview_to_nothing_in_reach(attacked: Stack, open_page: OpenPage) -> None:
    page = open_page(attacked.address)
    keyboard = Keyboard(page)
    reach = page.get_by_role("region", name="Can still be opened").locator(".big-figure").first
    expect(reach).to_have_text(str(len(PEOPLE)))
    incidents = page.get_by_role("region", name=re.compile("Incidents to work on"))
    expect(incidents.locator("tbody tr")).to_have_count(1)
    keyboard.press("j")
    keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text("consent")
    steps = page.get_by_role("region", name="What to do")
    expect(steps).to_contain_text("consent")

    # What the page says is done: an administrator consents again, and ETD remediates once more.
    change(attacked, etd={"granted": CONSENT})
    [tenant] = get(attacked.address, "tenants")["value"]
    for name in PEOPLE:
        body = {"tenantId": tenant["tenantId"], "mailbox": f"{name}@{DOMAIN}", "internetMessageId": MESSAGE}
        ask(f"{attacked.graph}/_sandbox/remediate", body | {"folder": "quarantine"}, seconds=20)

    keyboard.tab_to("Recheck")
    keyboard.press("Enter")
    expect(page.locator(".headline .mark").first).to_have_text("Resolved", timeout=60_000)
    keyboard.press("h")
    expect(page.get_by_role("region", name="Can still be opened")).to_contain_text("No message is in reach")
    print(f"\n{keyboard.pressed} keys, {keyboard.requests} requests")
    assert keyboard.pressed <= MOST_KEYS
    assert keyboard.requests <= MOST_REQUESTS
    assert get(attacked.address, "summary")["openIncidents"] == 0
