"""What the browser tests share."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

KEY = "sandbox-key-of-the-browser-tests"
OpenPage = Callable[..., Page]
"""An app's address, a query, and options of the browser's context; see `open_page` in conftest.py."""


def chromium() -> str | None:
    """The path of the browser, if there is one. The one without windows needs a third less time."""
    named = os.environ.get("CHROMIUM")
    programs = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return named or next(filter(None, map(shutil.which, programs)), None)


def principal(*roles: str) -> dict[str, str]:
    """The header that the platform adds for a user with these app roles."""
    claims = [{"typ": "roles", "val": role} for role in roles]
    text = json.dumps({"auth_typ": "aad", "claims": claims, "role_typ": "roles"})
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(text.encode()).decode()}


def several(page: Page, name: str) -> Locator:
    """A filter that takes several values."""
    return page.locator(f"details.several:has(input[name={name}])")


def choose(page: Page, name: str, *values: str) -> None:
    """Chooses values of a filter that takes several."""
    several(page, name).locator("summary").click()
    for value in values:
        several(page, name).locator(f"input[value={value}]").check()
    page.keyboard.press("Escape")


def choose_period(page: Page, name: str) -> None:
    """Chooses the period of the overview, by key: while the overview loads, a click can miss a button that moves."""
    period = page.get_by_role("radio", name=name, exact=True)
    period.press("Space")
    expect(period).to_be_checked()


def figures(page: Page, name: str) -> dict[str, str]:
    """How many there are of each value of a filter, as it shows them; empty where it does not say."""
    script = "all => all.map((one) => [one.value, one.closest('label').querySelector('.figure')?.innerText ?? ''])"
    several(page, name).locator("summary").click()
    found = dict(several(page, name).locator("input").evaluate_all(script))
    page.keyboard.press("Escape")
    return found


def chosen(page: Page, name: str) -> list[str]:
    """The values that are chosen in a filter."""
    return several(page, name).locator("input:checked").evaluate_all("all => all.map((one) => one.value)")
