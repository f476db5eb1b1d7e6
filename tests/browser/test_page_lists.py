"""Working in a list: keys, new findings, CSV, a text for a ticket, and what an open page costs."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, Response, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import KEY, OpenPage, figures

ROWS = "table.findings tbody tr"


def focused(page: Page) -> int:
    """The number of the row that has the focus."""
    return page.evaluate("[...document.querySelectorAll('tbody tr')].findIndex((one) => one.matches(':focus-within'))")


def test_the_keys_of_a_list_and_of_a_finding(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings&exposed=true")
    expect(page.locator(ROWS).nth(3)).to_be_visible()
    ids = [finding["id"] for finding in get(running.address, "findings?exposed=true&top=4")["value"]]
    seen: list[int] = []
    for key in "jjjkk":
        page.keyboard.press(key)
        seen.append(focused(page))
    assert seen == [0, 1, 2, 1, 0]
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(ids[1]))
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(ids[2]))
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(ids[0]))
    page.keyboard.press("u")
    expect(page.locator(ROWS).first).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("input[name=mailbox]")).to_be_focused()
    page.keyboard.type("jkr?/")
    expect(page.locator("input[name=mailbox]")).to_have_value("jkr?/")
    assert not page.get_by_role("dialog").is_visible()


def test_the_keys_are_listed_and_can_be_turned_off(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Next row")
    dialog.get_by_role("button", name="Turn off").click()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    assert focused(page) == -1


def test_a_click_anywhere_in_a_row_opens_it(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    page.locator(f"{ROWS} td.subject").first.click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()


def test_the_findings_of_each_value_are_counted(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings&exposed=true&severity=high")
    listed = get(running.address, "findings?exposed=true&severity=high&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(listed))
    causes = Counter(one["cause"] for one in listed)
    expect(page.locator("input[name=cause]").first).to_be_attached()
    assert {cause: int(text) for cause, text in figures(page, "cause").items() if text != "0"} == causes
    assert figures(page, "severity") == {
        "critical": "", "high": str(len(listed)), "medium": "", "low": "", "info": "",
    }, "others are not in the list"  # fmt: skip
    read = Counter({True: "true", False: "false", None: "null"}[one["message"]["isRead"]] for one in listed)
    assert figures(page, "isRead") == {value: str(read[value]) for value in ("true", "false", "null")}


def test_new_findings_are_offered(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    page.clock.install()
    whole = get(running.address, "findings?fields=summary&top=100")
    older = {**whole, "value": whole["value"][3:]}
    page.route("**/api/findings?*", lambda route: route.fulfill(json=older))
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS)).to_have_count(97)
    page.unroute_all()
    page.clock.fast_forward(61_000)
    page.get_by_role("button", name="3 new. Show them").click()
    expect(page.locator(ROWS)).to_have_count(100)
    expect(page.get_by_role("button", name="new. Show")).to_have_count(0)


def test_an_open_overview_costs_little_while_nothing_changes(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    page.clock.install()
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("button", name="Refresh")).to_be_enabled()
    sizes: list[int] = []

    def came(response: Response) -> None:
        if "/api/" in response.url:
            size = response.request.sizes()
            sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

    page.on("response", came)
    page.clock.fast_forward(61_000)
    expect(page.get_by_role("button", name="Refresh")).to_be_disabled()
    expect(page.get_by_role("button", name="Refresh")).to_be_enabled()
    assert len(sizes) > 6 and sum(sizes) < 30_000


def test_a_list_is_saved_as_csv(keyed: str, running: Stack, open_page: OpenPage) -> None:
    page = open_page(keyed, "?view=findings&exposed=true&severity=high,critical", expected="401")
    page.get_by_label("Key", exact=True).fill(KEY)
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this list").click()
    assert re.fullmatch(r"findings-\d{12}\.csv", download.value.suggested_filename)
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    wanted = get(running.address, "findings?exposed=true&severity=high,critical&top=1000")["value"]
    assert [row["id"] for row in rows] == [finding["id"] for finding in wanted]


def test_a_finding_is_copied_for_a_ticket(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, f"?finding={finding['id']}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy for a ticket").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"## {finding['failure']['mailbox']} can still open “{finding['failure']['subject']}”\n")
    assert finding["url"] in text and finding["id"] in text
    for action in finding["actions"]:
        assert f"**{action['title']}**" in text
        for line in (action["command"] or "").splitlines():
            assert line in text
