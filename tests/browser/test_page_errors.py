"""What the page shows while it loads, and when the service fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage

ROWS = "table.findings tbody tr"
TRIES = 5  # other work can hold one up
MOST_SHIFT = 0.1  # https://web.dev/articles/cls
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((one) => one.value))).observe({type: "layout-shift"});
"""


def problem(status: int, detail: str, **headers: str) -> Callable[[Route], None]:
    body = json.dumps({"type": "about:blank", "title": "t", "status": status, "detail": detail})
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda route: route.fulfill(
        status=status, body=body, headers={"Content-Type": "application/problem+json", **sent}
    )


@contextmanager
def holding(page: Page, url: str) -> Iterator[None]:
    """Requests to a URL get their answers at the end."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(url, hold)
    yield
    for route in held:
        route.continue_()
    page.unroute(url, hold)


def to_findings(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()


def to_overview(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()


def test_loading_is_shown(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    with holding(page, "**/api/findings?*"):
        to_findings(page)
        expect(page.get_by_text("Loading the findings…")).to_be_visible()
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.get_by_text("Loading the findings…")).to_have_count(0)


def test_the_overview_appears_in_one_piece(running: Stack, open_page: OpenPage) -> None:
    """What appears part by part moves the parts below it, and a click misses."""
    shifts: list[float] = []
    while not shifts or (shifts[-1] > MOST_SHIFT and len(shifts) < TRIES):
        page = open_page(running.address, "?view=rejected")
        page.evaluate(WATCH_SHIFTS)
        to_overview(page)
        expect(page.locator(".reach tbody tr").first).to_be_visible()
        expect(page.get_by_text("Loading")).to_have_count(0)
        shifts.append(sum(page.evaluate("shifts")))
    assert shifts[-1] < MOST_SHIFT, shifts


def test_the_overview_does_not_wait_for_what_is_slow(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    with holding(page, "**/api/exposures?*"):
        to_overview(page)
        expect(page.get_by_role("heading", name="Email Threat Defense app")).to_be_visible()
        expect(page.locator(".reach tbody tr")).to_have_count(0)
    expect(page.locator(".reach tbody tr").first).to_be_visible()


def test_the_page_retries_after_retry_after(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected", expected="503")
    page.route("**/api/findings?*", problem(503, "The storage account cannot be reached.", Retry_After="3"))
    to_findings(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The service is not available right now. The storage account cannot be reached.")
    expect(alert).to_contain_text(re.compile(r"Retrying in [123] s"))
    page.unroute("**/api/findings?*")
    expect(page.locator(ROWS).first).to_be_visible()
    expect(alert).to_have_count(0)


def test_stale_data_stays_with_its_time(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, expected="503")
    figure = page.locator(".big-figure").first
    expect(figure).to_be_visible()
    before = figure.inner_text()
    page.route(
        re.compile("/api/(summary|findings|audits|exposures|incidents)"), problem(503, "Too busy.", Retry_After="30")
    )
    page.get_by_role("button", name="Refresh").click()
    stale = page.locator(".notice.stale").first
    expect(stale).to_contain_text(re.compile(r"This is from \d\d:\d\d:\d\d\. .* could not be refreshed: Too busy\."))
    expect(figure).to_have_text(before)
    page.unroute(re.compile("/api/(summary|findings|audits|exposures|incidents)"))
    stale.get_by_role("button", name="Try again").click()
    expect(page.locator(".notice")).to_have_count(0)


def test_no_network(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected", expected="Failed to load resource")
    page.context.set_offline(True)
    to_findings(page)
    expect(page.get_by_role("alert")).to_contain_text("No response. The service cannot be reached.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(ROWS).first).to_be_visible()


def test_a_response_of_another_server_is_reported(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected", expected="502")
    page.route("**/api/findings?*", lambda route: route.fulfill(status=200, body="<html>Welcome</html>"))
    to_findings(page)
    expect(page.get_by_role("alert")).to_contain_text("did not come from the service")
    page.unroute("**/api/findings?*")
    page.route("**/api/findings?*", lambda route: route.fulfill(status=502, body="<html>Bad gateway</html>"))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("The service responded with 502.")


def test_a_failed_page_of_a_list_leaves_the_rest(crowded: str, open_page: OpenPage) -> None:
    page = open_page(crowded, "?view=findings", expected="503")
    expect(page.locator(ROWS)).to_have_count(100)
    page.route("**/api/findings?*token*", problem(503, "Too busy."))
    page.get_by_role("button", name="Show more findings").click()
    expect(page.get_by_role("alert")).to_contain_text("Too busy.")
    expect(page.locator(ROWS)).to_have_count(100)
    page.unroute("**/api/findings?*token*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(ROWS)).to_have_count(200)


def test_a_slow_retriage_is_reported(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?top=1")["value"][0]
    page = open_page(running.address, f"?finding={finding['id']}")
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.clock.install()
    page.route("**/retriage", lambda route: route.fulfill(status=202, body='{"accepted":[]}'))
    page.get_by_role("button", name="Triage again").click()
    page.get_by_role("dialog").get_by_role("button", name="Triage again").click()
    expect(page.get_by_role("button", name="Triaging…")).to_be_visible()
    late = page.get_by_role("main").get_by_text("There is no new result yet.")
    for _ in range(80):
        page.clock.run_for(1500)
        page.wait_for_timeout(20)  # in real time, for the response
        if late.is_visible():
            break
    expect(late).to_be_visible()
