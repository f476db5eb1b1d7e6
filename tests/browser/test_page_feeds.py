"""The view of feeds: the state of each, what is wrong and what to do, and polling one now."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage
from tests.browser.test_page_views import panel, tenants


def test_a_feed_is_polled_now(running: Stack, open_page: OpenPage) -> None:
    feeds = get(running.address, "feeds")["value"]
    one = next(feed for feed in feeds if feed["state"] != "off")
    page = open_page(running.address, "?view=feeds")
    card = panel(page, tenants(running)[one["tenantId"]])
    expect(page.locator(".card")).to_have_count(sum(feed["state"] != "off" for feed in feeds))
    expect(panel(page, "Without a feed")).to_contain_text("ETD_APIS")
    card.get_by_role("button", name="Poll now").click()
    expect(card).to_contain_text("asked now")
    expect(card.locator("dt", has_text=re.compile("^Last read$")).locator("+ dd")).to_have_text("just now")
    requests = re.compile(rf"[1-9]\d* of {one['requestShare']:,}")  # the looks of each minute make some, too
    expect(card).to_contain_text(requests)


def failing(page: Page, running: Stack) -> None:
    """Lets the page read a feed that fails, and one that is behind."""
    value = get(running.address, "feeds")["value"]
    gap = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "why": "ETD kept no records."}
    value[0] |= {"state": "failing", "lastError": "ETD doesn't accept the API key (HTTP 403).", "gaps": [gap]}
    value[1] |= {"state": "behind", "lastError": None, "behindSeconds": 3 * 3600}
    page.route("**/api/feeds", lambda route: route.fulfill(json={"value": value}))


def test_a_feed_that_fails_says_why_and_what_to_do(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    failing(page, running)
    page.get_by_role("navigation").get_by_role("link", name="Feeds").click()
    cards = page.locator(".card")
    expect(cards.nth(0)).to_contain_text("ETD doesn't accept the API key (HTTP 403).")
    expect(cards.nth(0)).to_contain_text("docs/connect.md")
    cards.nth(0).get_by_text("1 gap").click()
    expect(cards.nth(0)).to_contain_text("ETD kept no records.")
    expect(cards.nth(1)).to_contain_text("Message Search is 3 hours behind.")
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()
    expect(panel(page, "Feeds")).to_contain_text("ETD doesn't accept the API key (HTTP 403).")
    expect(page.get_by_label("Feeds by state")).to_contain_text("Failing")


def test_a_service_without_a_feed_is_told_what_to_set(empty: str, open_page: OpenPage) -> None:
    page = open_page(empty, "?view=feeds")
    expect(page.get_by_role("main")).to_contain_text("ETD_APIS")
    expect(page.get_by_role("button", name="Poll now")).to_have_count(0)
