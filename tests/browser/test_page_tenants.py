"""The tenants: the choice in the header, the page of each, and what is new since the last look."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage
from tests.browser.test_page_views import panel

ROWS = "tbody tr"


def test_a_tenant_is_found_by_a_domain_and_has_a_page_of_its_own(running: Stack, open_page: OpenPage) -> None:
    tenants = get(running.address, "tenants")["value"]
    one = max(tenants, key=lambda tenant: tenant["exposed"])
    page = open_page(running.address, "?view=rejected")
    expect(page.locator(".tenant-picker summary")).to_have_text("Tenant: All tenants")
    page.keyboard.press("t")
    search = page.get_by_role("searchbox", name="Name, domain or ID")
    expect(search).to_be_focused()
    picker = page.get_by_role("search", name="Find a tenant")
    expect(picker.get_by_role("link")).to_have_count(len(tenants) + 1)
    search.fill(one["domains"][0].upper())
    expect(picker.get_by_role("link")).to_have_count(1)
    expect(picker.get_by_role("link")).to_contain_text(re.compile(r"\d open, \d+ in reach"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(one["name"])
    assert page.url.endswith(f"?tenant={one['tenantId']}")
    expect(picker).to_be_hidden()

    own = f"tenantId={one['tenantId']}"
    reach = panel(page, "Can still be opened")
    expect(reach.locator(".big-figure").first).to_have_text(str(one["exposed"]))
    exposures = get(running.address, f"exposures?{own}&top=6")["value"]
    assert reach.locator(f"{ROWS} th a").all_inner_texts() == [exposure["mailbox"] for exposure in exposures]
    incidents = get(running.address, f"incidents?{own}&state=open,acknowledged&top=8")["value"]
    work = panel(page, "Incidents to work on")
    assert work.locator(f"{ROWS} th a").all_inner_texts() == [incident["title"] for incident in incidents]
    expect(panel(page, "Email Threat Defense app").locator(ROWS)).to_have_count(
        len(get(running.address, f"audits?{own}&top=4")["value"])
    )
    work.get_by_role("link", name=re.compile("all .* finding")).click()
    expect(page.locator("select[name=tenantId]")).to_have_value(one["tenantId"])


def test_a_tenant_that_is_not_configured_is_refused(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?tenant=99999999-0000-4000-8000-000000000000")
    expect(page.get_by_role("main")).to_contain_text("not in TRIAGE_TENANTS")
    expect(panel(page, "Can still be opened")).to_contain_text("No message is in reach")


def test_what_is_new_since_the_last_look_is_shown_until_it_was_seen(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    expect(panel(page, "Incidents to work on").locator(ROWS).first).to_be_visible()
    news = page.get_by_role("region", name="Since you last looked")
    page.wait_for_function("localStorage.getItem('seen')")
    expect(news).to_have_count(0)  # in the first look, all is new

    opened = opened_lately(running.address)
    before = opened[-3]
    seen = int(before.timestamp() * 1000)
    page.goto(f"{page.url.split('?')[0]}?view=rejected")  # the open overview could remember what it showed
    page.evaluate("seen => localStorage.setItem('seen', `${seen} ${Date.now() - 86_400_000}`)", seen)
    for _ in range(2):  # a look by mistake does not take it away
        least = sum(one > before for one in opened_lately(running.address))
        page.goto(page.url.split("?")[0])
        expect(news).to_contain_text(re.compile(r"\d+ new incident"))
        told = int(re.findall(r"(\d+) new incident", news.inner_text())[0])
        assert least <= told <= sum(one > before for one in opened_lately(running.address))
    news.get_by_role("button", name="Mark as seen").click()
    expect(news).to_have_count(0)
    page.reload()
    expect(panel(page, "Incidents to work on").locator(ROWS).first).to_be_visible()
    expect(news).to_have_count(0)


def opened_lately(address: str) -> list[datetime]:
    """When each incident was opened that can still be new to somebody: the page finds them by their last failure."""
    incidents = get(address, "incidents?state=open,acknowledged&top=200")["value"]
    last = max(map(opened_at, incidents))
    recent = (one for one in incidents if datetime.fromisoformat(one["lastSeen"]) > last - timedelta(days=13))
    return sorted(map(opened_at, recent))


def opened_at(incident: dict[str, Any]) -> datetime:
    """When an incident was opened, to the millisecond, as the page knows it. As texts, times don't sort: 1Z, 1.5Z."""
    found = datetime.fromisoformat(incident["openedAt"])
    return found.replace(microsecond=found.microsecond // 1000 * 1000)
