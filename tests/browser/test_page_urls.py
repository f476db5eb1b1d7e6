"""What the page shows is in its URL: it can be shared, and the browser's buttons work."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage, choose, chosen, several
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.diagnosis.precedence import RULES
from triage.intake.scenario import Scenario

ROWS = "table.findings tbody tr"


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def options(page: Page, name: str) -> list[str]:
    return page.locator(f"input[name={name}]").evaluate_all("all => all.map((one) => one.value)")


def test_filters_are_in_the_url_and_a_url_sets_filters(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    choose(page, "exposed", "true")
    choose(page, "severity", "high", "critical")
    assert query(page) == {"view": "findings", "exposed": "true", "severity": "critical,high"}
    wanted = get(running.address, "findings?exposed=true&severity=critical,high&top=100")["value"]
    assert {finding["severity"] for finding in wanted} == {"critical", "high"}
    expect(page.locator(ROWS)).to_have_count(len(wanted))
    expect(several(page, "severity").locator("summary")).to_have_text("Severity: 2 chosen")

    shared = open_page(running.address, f"?{urlsplit(page.url).query}")
    expect(shared.locator(ROWS)).to_have_count(len(wanted))
    assert chosen(shared, "exposed") == ["true"]
    assert chosen(shared, "severity") == ["critical", "high"]
    assert all("In reach" in text for text in shared.locator(ROWS).all_inner_texts())
    several(shared, "severity").locator("summary").click()
    several(shared, "severity").get_by_label("Critical").uncheck()
    assert query(shared)["severity"] == "high"


def test_every_filter_is_sent_to_the_api(running: Stack, open_page: OpenPage) -> None:
    asked: list[dict[str, str]] = []
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    finding = get(running.address, "findings?top=1")["value"][0]
    page.on(
        "request",
        lambda request: (
            asked.append({name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()})
            if "/api/findings?" in request.url
            else None
        ),
    )
    values = {
        "state": finding["state"],
        "exposed": str(finding["exposed"]).lower().replace("none", "null"),
        "isRead": str(finding["message"]["isRead"]).lower().replace("none", "null"),
        "severity": finding["severity"],
        "cause": finding["cause"],
        "scenario": finding["scenario"],
        "confidence": finding["confidence"],
    }
    for name, value in values.items():
        choose(page, name, value)
    page.locator("select[name=tenantId]").select_option(finding["tenantId"])
    page.locator("input[name=mailbox]").fill(finding["failure"]["mailbox"])
    page.keyboard.press("Enter")
    page.locator("select[name=period]").select_option("24h")
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.locator(f"{ROWS} a[href*='{finding['id']}']")).to_be_visible()
    last = asked[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", last.pop("since")), "a whole hour"
    values |= {"mailbox": finding["failure"]["mailbox"], "tenantId": finding["tenantId"]}
    assert last == {**values, "fields": "summary", "top": "100"}
    page.get_by_role("button", name="Clear filters").click()
    assert query(page) == {"view": "findings"}
    expect(page.locator("input[name=mailbox]")).to_have_value("")


def test_the_filters_have_the_words_of_the_service(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    assert options(page, "severity") == list(Severity)
    assert options(page, "confidence") == list(Confidence)
    assert sorted(options(page, "scenario")) == sorted(Scenario)
    summary = get(running.address, "summary")
    causes = sorted(summary["byCause"], key=lambda cause: RULES[Cause(cause)].title.lower())
    expect(page.locator("input[name=cause]")).to_have_count(len(causes))  # they are loaded later
    assert options(page, "cause") == causes
    several(page, "severity").locator("summary").click()
    for severity, number in summary["bySeverity"].items():
        expect(several(page, "severity").locator("label").filter(has_text=severity.capitalize())).to_have_text(
            f"{severity.capitalize()}{number}"
        )


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("ines", "ines*"),
        ("in*", "in*"),
        ("contoso.com", "*@contoso.com"),
        ("@fabrikam.com", "*@fabrikam.com"),
        ("*@fabrikam.com", "*@fabrikam.com"),
    ],
)
def test_a_mailbox_is_found_by_what_people_type(running: Stack, open_page: OpenPage, typed: str, asked: str) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator("select[name=tenantId]")).to_be_visible()  # with the tenants, their domains are known
    page.locator("input[name=mailbox]").fill(typed)
    page.keyboard.press("Enter")
    wanted = get(running.address, f"findings?mailbox={asked}&top=100")["value"]
    assert wanted
    expect(page.locator(ROWS)).to_have_count(len(wanted))
    assert query(page)["mailbox"] == asked


def test_a_message_and_an_id_are_found_by_what_people_paste(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    incident = get(running.address, "incidents?top=1")["value"][0]
    message = finding["failure"]["internetMessageId"]
    page = open_page(running.address, expected="404")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.keyboard.press("/")
    field = page.locator("input[name=mailbox]")
    expect(field).to_be_focused()
    page.keyboard.type(f"Message-ID: {message}")
    page.keyboard.press("Enter")
    wanted = get(running.address, f"findings?internetMessageId={quote(message)}&top=100")["value"]
    assert finding["id"] in [one["id"] for one in wanted]
    expect(page.locator(ROWS)).to_have_count(len(wanted))
    for identifier, heading in (
        (finding["id"][:8], finding["failure"]["mailbox"]),
        (incident["id"], incident["title"]),
    ):
        page.keyboard.press("/")
        expect(field).to_be_focused()
        field.fill(identifier)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    page.keyboard.press("/")
    expect(field).to_be_focused()
    field.fill("abcdef")  # an ID that nothing has: perhaps a mailbox begins so
    page.keyboard.press("Enter")
    expect(page.get_by_text("No findings match these filters")).to_be_visible()
    assert query(page)["mailbox"] == "abcdef*"
    field.fill(message.strip("<>"))
    page.keyboard.press("Enter")
    page.get_by_role("link", name="search for it as a Message-ID").click()
    expect(page.locator(ROWS)).to_have_count(len(wanted))


def test_a_time_is_chosen_from_its_start_to_its_end(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings")
    expect(page.locator(ROWS)).to_have_count(100)
    finding = get(running.address, "findings?top=80")["value"][-1]
    page.locator("select[name=period]").select_option("custom")
    berlin = datetime.fromisoformat(finding["occurredAt"]).astimezone(ZoneInfo("Europe/Berlin"))
    for name in ("since", "until"):
        page.locator(f"input[name={name}]").fill(berlin.strftime("%Y-%m-%dT%H:%M"))
    minute = finding["occurredAt"][:16]
    expect(page).to_have_url(re.compile("until="))
    assert (query(page)["since"], query(page)["until"]) == (f"{minute}:00Z", f"{minute}:59.999999999Z")
    expect(page.locator(f"{ROWS} a[href*='{finding['id']}']")).to_be_visible()
    wanted = get(running.address, f"findings?since={minute}:00Z&until={minute}:59.999999999Z&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(wanted))


def test_back_and_forward(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    everything = page.locator(ROWS).count()
    choose(page, "severity", "medium")
    fewer = len(get(running.address, "findings?severity=medium&top=100")["value"])
    assert 0 < fewer < everything
    expect(page.locator(ROWS)).to_have_count(fewer)
    page.locator(f"{ROWS} a").nth(fewer - 1).click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert query(page)["severity"] == "medium", "the filters stay, for the way back"

    page.go_back()
    expect(page.locator(ROWS)).to_have_count(fewer)
    assert chosen(page, "severity") == ["medium"]
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(everything)
    assert chosen(page, "severity") == []
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.go_forward()
    page.go_forward()
    page.go_forward()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Findings", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(fewer)
    assert chosen(page, "severity") == ["medium"]


@pytest.mark.parametrize("back", ["browser", "link", "key"])
def test_the_way_back_leads_to_the_same_place(running: Stack, open_page: OpenPage, back: str) -> None:
    page = open_page(running.address, "?view=findings")
    link = page.locator(f"{ROWS} a").nth(40)
    link.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 137)")
    before = page.evaluate("scrollY")
    assert before > 500
    link.click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    if back == "browser":
        page.go_back()
    elif back == "link":
        page.get_by_role("main").get_by_role("link", name="Findings", exact=True).click()
    else:
        page.keyboard.press("u")
    expect(link).to_be_visible()
    assert abs(page.evaluate("scrollY") - before) < 3


def test_an_invalid_filter_is_reported_at_its_field(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=findings", expected="400")
    expect(page.locator(ROWS)).to_have_count(100)
    field = page.locator("input[name=mailbox]")
    field.fill("no body")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("Mailbox .*address.*The previous list is shown"))
    expect(page.locator(ROWS)).to_have_count(100)
    field.fill("ines@contoso.com")
    page.keyboard.press("Enter")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(ROWS).first).to_be_visible()


def test_a_response_while_a_filter_is_typed_keeps_the_text(running: Stack, open_page: OpenPage) -> None:
    held: list[Route] = []
    page = open_page(running.address, "?view=rejected")

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/summary*", hold)  # the findings view reads the causes from it
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    field = page.locator("input[name=mailbox]")
    field.fill("ines@contoso.com")
    held[0].continue_()
    expect(page.locator("input[name=cause]").first).to_be_attached()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("mailbox=ines"))
    page.go_back()
    expect(field).to_have_value("")


@pytest.mark.parametrize("wrong", ["cause=nothing_of_the_kind", "since=yesterday"])
def test_an_invalid_url_is_reported(running: Stack, open_page: OpenPage, wrong: str) -> None:
    page = open_page(running.address, f"?view=findings&{wrong}", expected="400")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(wrong.split("=", maxsplit=1)[0])
    page.wait_for_load_state("networkidle")  # what still arrives could move the button from under the mouse
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


def test_a_trailing_slash_is_removed(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "/?view=findings")
    expect(page.locator(ROWS).first).to_be_visible()
    assert urlsplit(page.url).path == "/api/dashboard"
    assert query(page) == {"view": "findings"}
