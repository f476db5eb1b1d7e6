"""The views of coverage scans: their numbers, the list of mailboxes, and starting one."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage, choose
from tests.browser.test_page_views import panel, tenants, title

ROWS = "tbody tr"


def scans(running: Stack) -> list[dict[str, Any]]:
    """The newest scan of each tenant, the one with the most mailboxes that could not be remediated first."""
    found = get(running.address, "coverage/latest")["value"]
    return sorted(found, key=lambda scan: scan["uncovered"], reverse=True)


def test_the_newest_scan_of_each_tenant_leads_to_its_mailboxes(running: Stack, open_page: OpenPage) -> None:
    worst = scans(running)[0]
    name = tenants(running)[worst["tenantId"]]
    page = open_page(running.address, "?view=coverage")
    expect(page.locator(ROWS)).to_have_count(len(scans(running)))
    for text in (name, "Complete", str(worst["uncovered"]), str(worst["mailboxes"])):
        expect(page.locator(ROWS).first).to_contain_text(text)
    page.locator(f"{ROWS} a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Coverage of {name}")
    expect(page.locator(".headline")).to_contain_text(f"of {worst['mailboxes']} mailboxes")

    mailboxes = get(running.address, f"coverage/{worst['id']}/mailboxes?top=1000")["value"]
    expect(page.locator(ROWS)).to_have_count(len(mailboxes))
    for mailbox, row in zip(mailboxes[:5], page.locator(ROWS).all(), strict=False):
        for text in (mailbox["mailbox"], title(mailbox["cause"]), mailbox["summary"]):
            expect(row).to_contain_text(text)
    cause, number = max(worst["byCause"].items(), key=lambda pair: pair[1])
    choose(page, "cause", cause)
    expect(page.locator(ROWS)).to_have_count(number)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this list").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    assert [row["mailbox"] for row in rows] == [one["mailbox"] for one in mailboxes if one["cause"] == cause]
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(ROWS)).to_have_count(len(mailboxes))
    assert worst["id"] in page.url


def test_a_filter_that_is_refused_is_shown_once(running: Stack, open_page: OpenPage) -> None:
    worst = scans(running)[0]
    page = open_page(running.address, f"?view=coverage&scan={worst['id']}&changed=maybe", expected="400")
    expect(page.get_by_role("alert")).to_have_count(1)
    page.get_by_role("alert").get_by_role("button", name="Show all mailboxes").click()
    expect(page.locator(ROWS)).to_have_count(min(worst["uncovered"], 100))
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_scan_that_ended_early_says_what_to_grant(running: Stack, open_page: OpenPage) -> None:
    partial = next(scan for scan in scans(running) if scan["state"] == "partial")
    page = open_page(running.address, f"?view=coverage&scan={partial['id']}")
    expect(panel(page, "The scan ended before").locator("pre")).to_contain_text(
        "graph-permissions.sh grant --sets core"
    )
    expect(panel(page, "Could not be read")).to_contain_text(partial["reasons"][0]["permission"])


def test_a_scan_that_read_no_mailbox_promises_nothing(running: Stack, open_page: OpenPage) -> None:
    partial = next(scan for scan in scans(running) if scan["state"] == "partial")
    unread = {**partial, "users": 2, "mailboxes": 2, "unknown": 2}
    page = open_page(running.address, "?view=coverage")
    page.route(re.compile(f"/api/coverage/{partial['id']}$"), lambda route: route.fulfill(json=unread))
    page.get_by_role("link", name=tenants(running)[partial["tenantId"]], exact=True).click()
    expect(panel(page, "No mailbox could be read").locator("pre")).to_be_visible()
    expect(panel(page, "Mailboxes")).to_contain_text("No mailbox could be read")
    expect(page.locator(".headline")).to_contain_text("A partial scan is not compared.")


def test_a_scan_is_started_and_shows_its_progress(running: Stack, open_page: OpenPage) -> None:
    worst = scans(running)[0]
    page = open_page(running.address, f"?view=coverage&scan={worst['id']}")
    half = {**worst, "id": "half", "state": "running", "progress": 0.634, "finishedAt": None, "changes": None}
    shown = [half, {**worst, "id": "half"}]
    page.route(re.compile("/api/coverage$"), lambda route: route.fulfill(status=202, json={"value": [half]}))
    page.route(re.compile("/api/coverage/half$"), lambda route: route.fulfill(json=shown[0]))
    page.route(re.compile("/api/coverage/half/"), lambda route: route.fulfill(json={"value": []}))
    page.clock.install()
    page.get_by_role("button", name="Scan now").click()
    page.get_by_role("dialog", name="Scan this tenant now?").get_by_role("button", name="Scan now").click()
    expect(page).to_have_url(re.compile("scan=half"))
    progress = page.get_by_role("progressbar", name="Progress of the scan")
    expect(progress).to_have_attribute("value", "0.634")
    expect(page.locator(".headline")).to_contain_text("63%")
    shown.pop(0)
    page.clock.fast_forward(6000)
    expect(progress).to_have_count(0)
    expect(page.locator(".headline")).to_contain_text("Complete")


def test_a_tenant_without_a_scan_is_told_what_to_set(empty: str, open_page: OpenPage) -> None:
    page = open_page(empty, "?view=coverage")
    expect(page.get_by_role("main")).to_contain_text("COVERAGE_SCHEDULE")
    expect(page.get_by_role("button", name="Scan now")).to_be_visible()
