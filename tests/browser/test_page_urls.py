"""What the page shows is in its URL: it can be shared, and the browser's buttons work."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.precedence import RULES
from triage.intake.scenario import Scenario

ROWS = "table.findings tbody tr"


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def options(page: Page, name: str) -> list[str]:
    found = page.locator(f"select[name={name}] option").evaluate_all("all => all.map((one) => one.value)")
    return [value for value in found if value]


def test_filters_are_in_the_url_and_a_url_sets_filters(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    page.locator("select[name=exposed]").select_option("true")
    page.locator("select[name=severity]").select_option("high")
    assert query(page) == {"view": "findings", "exposed": "true", "severity": "high"}
    wanted = get(running.address, "findings?exposed=true&severity=high&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(wanted))

    shared = open_page(running.address, f"?{urlsplit(page.url).query}")
    expect(shared.locator("select[name=exposed]")).to_have_value("true")
    expect(shared.locator("select[name=severity]")).to_have_value("high")
    expect(shared.locator(ROWS)).to_have_count(len(wanted))
    assert all("In reach" in text and "High" in text for text in shared.locator(ROWS).all_inner_texts())


def test_every_filter_is_sent_to_the_api(running: Stack, open_page: OpenPage) -> None:
    asked: list[dict[str, str]] = []
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    page.on(
        "request",
        lambda request: (
            asked.append({name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()})
            if "/api/findings?" in request.url
            else None
        ),
    )
    finding = get(running.address, "findings?top=1")["value"][0]
    values = {
        "exposed": str(finding["exposed"]).lower().replace("none", "null"),
        "severity": finding["severity"],
        "cause": finding["cause"],
        "scenario": finding["scenario"],
        "confidence": finding["confidence"],
    }
    for name, value in values.items():
        page.locator(f"select[name={name}]").select_option(value)
    for name, value in (("mailbox", finding["failure"]["mailbox"]), ("tenantId", finding["tenantId"])):
        page.locator(f"input[name={name}]").fill(value)
        page.keyboard.press("Enter")
        values[name] = value
    page.locator("select[name=period]").select_option("24h")
    expect(page.locator(ROWS).first).to_be_visible()
    page.wait_for_function("document.title.startsWith('Findings')")
    expect(page.locator(f"{ROWS} a[href*='{finding['id']}']")).to_be_visible()
    last = asked[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", last.pop("since")), "a whole hour"
    assert last == {**values, "top": "100"}
    page.get_by_role("button", name="Clear filters").click()
    assert query(page) == {"view": "findings"}
    expect(page.locator("input[name=mailbox]")).to_have_value("")


def test_the_filters_have_the_words_of_the_service(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    assert options(page, "severity") == list(Severity)
    assert options(page, "confidence") == list(Confidence)
    assert sorted(options(page, "scenario")) == sorted(Scenario)
    causes = sorted(get(running.address, "summary")["byCause"], key=lambda cause: RULES[Cause(cause)].title.lower())
    expect(page.locator("select[name=cause] option")).to_have_count(1 + len(causes))  # they are loaded later
    assert options(page, "cause") == causes


def test_back_and_forward(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    everything = page.locator(ROWS).count()
    page.locator("select[name=severity]").select_option("medium")
    fewer = len(get(running.address, "findings?severity=medium&top=100")["value"])
    assert 0 < fewer < everything
    expect(page.locator(ROWS)).to_have_count(fewer)
    page.locator(f"{ROWS} a").nth(fewer - 1).click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert query(page)["severity"] == "medium", "the filters stay, for the way back"

    page.go_back()
    expect(page.locator("select[name=severity]")).to_have_value("medium")
    expect(page.locator(ROWS)).to_have_count(fewer)
    page.go_back()
    expect(page.locator("select[name=severity]")).to_have_value("")
    expect(page.locator(ROWS)).to_have_count(everything)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.go_forward()
    page.go_forward()
    page.go_forward()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.get_by_role("link", name="Findings").last.click()
    expect(page.locator("select[name=severity]")).to_have_value("medium")


def test_back_returns_to_the_scroll_position(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    link = page.locator(f"{ROWS} a").nth(40)
    link.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 137)")
    before = page.evaluate("scrollY")
    assert before > 500
    link.click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(link).to_be_visible()
    assert abs(page.evaluate("scrollY") - before) < 3


def test_an_invalid_filter_is_reported_at_its_field(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings", expected="400")
    field = page.locator("input[name=mailbox]")
    field.fill("nobody")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("Mailbox .*address"))
    field.fill("ines@contoso.com")
    page.keyboard.press("Enter")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(ROWS).first).to_be_visible()


def test_a_response_while_a_filter_is_typed_keeps_the_text(running: Stack, open_page: OpenPage) -> None:
    held: list[Route] = []
    page = open_page(running.address, "?view=rejected")

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/summary", hold)  # the findings view reads the causes from it
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    field = page.locator("input[name=mailbox]")
    field.fill("ines@contoso.com")
    held[0].continue_()
    expect(page.locator("select[name=cause] option").nth(1)).to_be_attached()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("mailbox=ines"))
    page.go_back()
    expect(field).to_have_value("")


@pytest.mark.parametrize("wrong", ["cause=nothing_of_the_kind", "since=yesterday", "severity=<b>bad</b>"])
def test_an_invalid_url_is_reported(running: Stack, open_page: OpenPage, wrong: str) -> None:
    page = open_page(running.address, f"?view=findings&{wrong}", expected="400")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(wrong.split("=", maxsplit=1)[0])
    alert.get_by_role("button", name="Show all findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    assert query(page) == {"view": "findings"}


def test_a_day_of_the_chart_is_a_url(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?period=all")
    chart = page.get_by_role("img", name=re.compile("Peak"))
    chart.locator(".hit").last.click()
    day = max(get(running.address, "summary")["byDay"])
    expect(page.locator("select[name=period] option:checked")).to_have_text(f"{day} (UTC)")
    assert query(page)["since"].startswith(query(page)["until"][:10])


def test_links_are_links(running: Stack, open_page: OpenPage) -> None:
    """Ctrl+click opens a tab, since the link has a complete URL."""
    page = open_page(running.address, "?view=findings&exposed=true")
    with page.context.expect_page() as opened:
        page.locator(f"{ROWS} a").first.click(modifiers=["Control"])
    other = opened.value
    expect(other.get_by_role("heading", name="What to do")).to_be_visible()
    assert "finding=" in other.url and "exposed=true" in other.url


def test_a_trailing_slash_is_removed(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "/?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    assert urlsplit(page.url).path == "/api/dashboard"
    assert query(page) == {"view": "findings"}
