"""Thousands of findings: read page by page, while the page stays responsive."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import crowd
from tests.browser.browsing import OpenPage

ROWS = "table.findings tbody tr"
PAGES = 20
LONGEST_TASK_MS = 2000  # on a busy machine
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration))).observe({type: "longtask"});
"""


def test_the_overview_counts_them_all(crowded: str, open_page: OpenPage) -> None:
    page = open_page(crowded, "?period=30d")
    expect(page.get_by_text(f"{crowd.NUMBER:,} failures in the last 30 days")).to_be_visible()


def test_a_table_of_thousands_does_not_freeze(crowded: str, open_page: OpenPage) -> None:
    page = open_page(crowded, "?view=findings", expected="404")  # these findings have no incident
    expect(page.locator(ROWS)).to_have_count(100)
    expect(page.get_by_text(f"{crowd.NUMBER:,} findings. Showing the first 100.")).to_be_visible()
    page.evaluate(WATCH)
    for number in range(2, PAGES + 1):
        page.get_by_role("button", name="Show more findings").click()
        expect(page.locator(ROWS)).to_have_count(number * 100)
    expect(page.locator(f"{ROWS} a").nth((PAGES - 1) * 100)).to_be_focused()
    expect(page.locator("[aria-live]")).to_have_text("Showing 2,000 findings.")
    subjects = page.locator(f"{ROWS} .subject").all_inner_texts()
    assert subjects == [f"Message {number}" for number in range(PAGES * 100)], "each once, newest first"
    tasks = page.evaluate("tasks")
    assert max(tasks, default=0) < LONGEST_TASK_MS, tasks

    # After the back button, all pages are there without being read again.
    page.locator(f"{ROWS} a").nth(crowd.WHOLE).click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(PAGES * 100)
    expect(page.locator(ROWS).nth(crowd.WHOLE)).to_be_in_viewport()
    assert not [url for url in asked if "/api/findings?fields" in url]
