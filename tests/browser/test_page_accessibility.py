"""Keyboard, screen reader, light and dark, narrow and wide, less motion, copying."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from sandbox.processes import ROOT
from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
ROWS = "table.findings tbody tr"


def views(running: Stack) -> dict[str, str]:
    """A URL of each view, and a selector of what shows that it was drawn."""
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    incident = get(running.address, "incidents?state=open&scope=message&severity=high&top=1")["value"][0]
    undetermined = get(running.address, "findings?cause=undetermined&top=1")["value"]
    broken = next(audit for audit in get(running.address, "audits/latest")["value"] if audit["verdict"] == "broken")
    scan = max(get(running.address, "coverage/latest")["value"], key=lambda scan: scan["uncovered"])
    return {
        "?period=30d": ".bars",
        "?period=24h": ".columns",
        "?view=findings": ROWS,
        "?view=findings&mailbox=nobody%40contoso.com": ".empty",
        f"?finding={finding['id']}": ".steps",
        **{f"?finding={one['id']}": ".steps" for one in undetermined},
        "?view=incidents": ROWS,
        "?view=incidents&state=suppressed&severity=info": ".empty",
        f"?incident={incident['id']}": ".exposures tbody tr",
        "?view=exposures": ROWS,
        "?view=audits": ".card",
        f"?view=audits&audit={broken['id']}": ".steps",
        "?view=rejected": ".events",
        "?view=coverage": ROWS,
        f"?view=coverage&scan={scan['id']}": ROWS,
        "?view=feeds": ".card",
        f"?tenant={broken['tenantId']}": ".audits tbody tr",
    }


def test_axe_finds_nothing_and_no_view_is_wider_than_the_screen(running: Stack, open_page: OpenPage) -> None:
    found: list[str] = []
    for query, there in views(running).items():
        page = open_page(running.address, query, reduced_motion="reduce")  # or colors would change by and by
        expect(page.locator(there).first).to_be_visible()
        for summary in page.locator("main summary").all()[:3]:
            summary.click()
        for width in (320, 768, 1100):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width)
        for scheme, size in (("light", WIDE), ("dark", NARROW)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            found += axe(page, f"{query} {scheme} {size['width']}")
        page.context.close()
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_forms_dialogs_and_errors(
    running: Stack, keyed: str, empty: str, open_page: OpenPage
) -> None:
    page = open_page(keyed, expected="401")
    expect(page.locator(".key-form")).to_be_visible()
    found = axe(page, "key")
    page.get_by_label("Key", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    found += axe(page, "wrong key")
    page = open_page(running.address, "?view=audits&x", color_scheme="dark")
    page.get_by_role("button", name="Audit now").click()
    found += axe(page, "dialog")
    incident = get(running.address, "incidents?state=open&top=1")["value"][0]
    page = open_page(running.address, f"?incident={incident['id']}", expected="403", color_scheme="dark")
    for button in ("Acknowledge", "Resolve", "Suppress"):
        page.get_by_role("button", name=button).click()
        found += axe(page, button)
        page.keyboard.press("Escape")
    page.route("**/acknowledge", lambda route: route.fulfill(status=403, json={"detail": "No."}))
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += axe(page, "refused")
    page = open_page(running.address, "?view=rejected")  # nothing that can be clicked is below the choice
    expect(page.locator(".tenant-picker")).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_role("search", name="Find a tenant")).to_be_visible()
    found += axe(page, "choice of a tenant")
    page = open_page(running.address, "?view=findings")
    page.locator(".filters details.several summary").first.click()
    found += axe(page, "filter")
    page.keyboard.press("?")
    found += axe(page, "keys")
    page = open_page(empty)
    expect(page.locator(".first-steps")).to_be_visible()
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        found += axe(page, "first steps")
    page = open_page(running.address, "?view=findings&mailbox=no%20body", expected="400")
    expect(page.get_by_role("alert")).to_be_visible()
    found += axe(page, "wrong filter")
    page = open_page(running.address, expected="503", color_scheme="dark")
    expect(page.locator(".big-figure").first).to_be_visible()
    page.route(re.compile("/api/(summary|findings)"), lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".notice.stale").first).to_be_visible()
    found += axe(page, "stale")
    assert not found, "\n".join(found)


def axe(page: Page, where: str) -> list[str]:
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result: Any = page.evaluate("(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", tags)
    assert result["passes"], "axe has looked"
    return [
        f"{where}: {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def test_a_table_stays_a_table_on_a_narrow_screen(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings", viewport=NARROW)
    table = page.get_by_role("table", name="Findings")
    expect(table.get_by_role("columnheader")).to_have_count(7)
    first = table.get_by_role("row").nth(1)
    expect(first.get_by_role("cell")).to_have_count(6)
    expect(first.get_by_role("rowheader")).to_have_count(1)


def test_a_finding_names_its_mailbox_first_on_a_narrow_screen(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, f"?finding={finding['id']}", viewport=NARROW)
    expect(page.get_by_text(finding["failure"]["mailbox"]).first).to_be_in_viewport()


def test_a_printed_finding_names_its_mailbox_and_has_no_buttons(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, f"?finding={finding['id']}")
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_contain_text(finding["failure"]["mailbox"])
    expect(page.locator("ol.steps > li").first).to_be_visible()
    expect(page.get_by_role("navigation")).to_be_hidden()
    for button in page.get_by_role("button").all():
        expect(button).to_be_hidden()


def test_with_the_keyboard_alone(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    expect(page.get_by_role("heading", name="Can still be opened")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")

    page.get_by_role("navigation").get_by_role("link", name="Findings").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("Findings")
    expect(page.get_by_role("navigation").locator("[aria-current=page]")).to_have_text("Findings")
    expect(page.locator("[aria-live]")).to_contain_text("findings")
    assert page.title() == "Findings · Remediation triage"

    link = page.locator(f"{ROWS} a").first
    link.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    button = page.get_by_role("button", name="Triage again")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement.closest('main') === null || document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_the_theme_follows_the_system_until_one_is_chosen(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, color_scheme="light")

    def ground() -> int:
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", color)[:3]))

    assert ground() > 600
    page.emulate_media(color_scheme="dark")
    assert ground() < 150
    page.get_by_label("Theme").select_option("light")
    assert ground() > 600
    page.reload()
    assert ground() > 600, "it is kept"
    expect(page.get_by_label("Theme")).to_have_value("light")
    page.emulate_media(color_scheme="light")
    page.get_by_label("Theme").select_option("dark")
    assert ground() < 150
    page.get_by_label("Theme").select_option("system")
    assert ground() > 600
    assert page.evaluate("localStorage.getItem('theme')") is None


def test_nothing_moves_with_reduced_motion(running: Stack, open_page: OpenPage) -> None:
    for motion, still in (("reduce", True), ("no-preference", False)):
        page = open_page(running.address, "?view=rejected", reduced_motion=motion)
        page.route("**/api/findings?*", lambda route: None)
        page.get_by_role("navigation").get_by_role("link", name="Findings").click()
        expect(page.locator(".spinner")).to_be_visible()
        moving = page.evaluate("document.getAnimations().filter((one) => one instanceof CSSAnimation).length")
        assert (moving == 0) == still
        page.unroute_all(behavior="ignoreErrors")


def test_no_mark_relies_on_color_alone(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    shapes: dict[str, set[str]] = {}
    drawn = "all => all.map((one) => [one.innerText.trim(), one.querySelector('svg').innerHTML])"
    for word, shape in page.locator(".findings .mark").evaluate_all(drawn):
        shapes.setdefault(word, set()).add(shape)
    assert {"In reach", "High", "Medium"} <= shapes.keys()
    assert all(len(same) == 1 for same in shapes.values()), "a word has one shape"
    assert len({shape for same in shapes.values() for shape in same}) == len(shapes), "a shape has one word"


def test_a_command_is_selected_if_copying_is_not_allowed(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    command = next(action["command"] for action in finding["actions"] if action["command"])
    page = open_page(running.address, f"?finding={finding['id']}")
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')) }"
    )
    page.get_by_role("button", name="Copy command").first.click()
    expect(page.locator(".command button").first).to_contain_text("Press Ctrl+C")
    assert page.evaluate("getSelection().toString()") == command


def test_the_page_says_so_without_a_script(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, java_script_enabled=False)
    expect(page.get_by_text("This page requires JavaScript")).to_be_visible()
