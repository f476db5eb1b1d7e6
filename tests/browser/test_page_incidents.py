"""What can still be opened, incidents and what is done with them, and the first steps."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sandbox.stack import Stack
from tests.browser.attack import get, post
from tests.browser.browsing import OpenPage, choose, figures, principal

ROWS = "table.incidents tbody tr"
TO_WORK_ON = "state=open,acknowledged"


def worst(running: Stack, query: str = "") -> dict[str, Any]:
    return get(running.address, f"incidents?{TO_WORK_ON}&top=1{query}")["value"][0]


def region(page: Page, name: str) -> Any:
    return page.get_by_role("region", name=re.compile(name))


def names(running: Stack) -> dict[str, str]:
    return {tenant["tenantId"]: tenant["name"] for tenant in get(running.address, "tenants")["value"]}


def test_the_overview_counts_messages_and_names_who_has_read_one(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    counts = get(running.address, "summary")["exposures"]
    exposures = get(running.address, "exposures?top=1000")["value"]
    assert counts["messages"] == len(exposures) > counts["read"] > 0
    reach = region(page, "Can still be opened")
    expect(reach.locator(".big-figure")).to_have_text([str(counts["messages"]), str(counts["read"])])
    expect(reach).to_contain_text(f"in {counts['mailboxes']} mailboxes")
    first = reach.locator("tbody tr").first
    expect(first).to_contain_text(exposures[0]["mailbox"])
    expect(first).to_contain_text("Read")
    reach.get_by_role("link", name=str(counts["read"]), exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Messages in reach")
    expect(page.locator("table.exposures tbody tr")).to_have_count(counts["read"])
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("table.exposures tbody tr")).to_have_count(min(100, counts["messages"]))
    page.locator("table.exposures a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("has read")


def test_the_overview_comes_in_the_order_of_the_work(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    expect(page.locator(ROWS).first).to_be_visible()
    assert page.get_by_role("heading", level=2).all_inner_texts()[0] == "Can still be opened"
    headings = [text.split("\n")[0] for text in page.get_by_role("heading", level=2).all_inner_texts()]
    order = ["Can still be opened", "Incidents to work on", "Email Threat Defense app", "This service"]
    found = [next(number for number, text in enumerate(headings) if text.startswith(name)) for name in order]
    assert found == sorted(found)
    incidents = region(page, "Incidents to work on")
    expect(incidents.get_by_role("heading")).to_contain_text(str(get(running.address, "summary")["openIncidents"]))


def test_a_row_says_what_is_wrong_where_and_what_to_do(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=incidents")
    incidents = get(running.address, f"incidents?{TO_WORK_ON}&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(incidents))
    for incident, row in list(zip(incidents, page.locator(ROWS).all(), strict=True))[:5]:
        expect(row).to_contain_text(incident["title"])
        expect(row).to_contain_text(names(running)[incident["tenantId"]])
        expect(row).to_contain_text(incident["actions"][0]["title"])
        numbers = [int(re.findall(r"\d+", text)[0]) for text in row.locator("td").all_inner_texts()[1:5]]
        assert numbers == [incident[name] for name in ("openFindings", "mailboxes", "exposed", "read")]


def test_the_filters_of_incidents(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=incidents")
    expect(page.locator(ROWS).first).to_be_visible()
    choose(page, "state", "resolved")
    wanted = get(running.address, "incidents?state=resolved&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(wanted))
    page.get_by_role("button", name="Clear filters").click()
    choose(page, "severity", "high", "medium")
    choose(page, "scope", "app", "mailbox")
    tenant = worst(running, "&severity=high,medium&scope=app,mailbox")["tenantId"]
    page.locator("select[name=tenantId]").select_option(tenant)
    filters = f"severity=high,medium&scope=app,mailbox&tenantId={tenant}&{TO_WORK_ON}&top=100"
    wanted = get(running.address, f"incidents?{filters}")["value"]
    assert wanted
    expect(page.locator(ROWS)).to_have_count(len(wanted))
    page.locator(f"{ROWS} a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(wanted[0]["title"])
    page.keyboard.press("u")
    expect(page.locator(ROWS)).to_have_count(len(wanted))


@pytest.mark.parametrize("start", ["", "?view=incidents"])
def test_the_next_incident_is_a_key_away(running: Stack, open_page: OpenPage, start: str) -> None:
    first, second = get(running.address, f"incidents?{TO_WORK_ON}&top=2")["value"]
    page = open_page(running.address, start)
    expect(page.locator(ROWS).first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_have_text(first["title"])
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"incident={second['id']}"))
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(first["title"])
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("Incidents")


def test_the_incidents_of_each_value_are_counted(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=incidents&severity=high,medium")
    listed = get(running.address, f"incidents?{TO_WORK_ON}&severity=high,medium&top=100")["value"]
    expect(page.locator(ROWS)).to_have_count(len(listed))
    scopes = Counter(one["scope"] for one in listed)
    assert figures(page, "scope") == {
        scope: str(scopes[scope]) for scope in ("app", "domain", "mailbox", "message", "evidence")
    }
    of_severity = figures(page, "severity")
    assert of_severity["high"] == str(sum(one["severity"] == "high" for one in listed))
    assert of_severity["low"] == "", "they are not in the list"
    assert figures(page, "state")["resolved"] == ""


def test_the_way_back_from_a_message_in_reach_leads_to_its_list(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=exposures")
    exposures = get(running.address, "exposures?top=2")["value"]
    page.locator("table.exposures td").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(exposures[0]["mailbox"])
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"finding={exposures[1]['findingId']}"))
    page.get_by_role("main").get_by_role("link", name="Messages in reach").click()
    expect(page.locator("table.exposures tbody tr").first).to_be_visible()


def test_an_incident_shows_its_numbers_and_leads_to_its_findings(running: Stack, open_page: OpenPage) -> None:
    incident = worst(running)
    page = open_page(running.address, f"?incident={incident['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text(incident["title"])
    expect(page).to_have_title(f"{incident['title']} · Remediation triage")
    strip = page.locator(".headline")
    expect(strip).to_contain_text(f"Open findings{incident['openFindings']}")
    expect(strip).to_contain_text(f"Mailboxes{incident['mailboxes']}")
    steps = region(page, "What to do").locator("ol.steps > li h3").all_inner_texts()
    assert steps == [action["title"] for action in incident["actions"]]
    expect(region(page, "History")).to_contain_text("Opened")
    region(page, "Newest findings").get_by_role("link", name=re.compile("^Show")).click()
    expect(page.locator("table.findings tbody tr")).to_have_count(incident["findings"])
    page.locator("table.findings tbody a").first.click()
    region(page, "Related").get_by_role("link", name=incident["title"]).click()
    expect(page).to_have_url(re.compile(f"incident={incident['id']}"))


def buttons(page: Page) -> list[str]:
    return page.locator(".buttons-row button").all_inner_texts()


def test_an_incident_is_worked_through_its_states(running: Stack, open_page: OpenPage) -> None:
    incident = get(running.address, f"incidents?{TO_WORK_ON}&scope=mailbox&top=1")["value"][0]
    page = open_page(running.address, f"?incident={incident['id']}")
    state = page.locator(".headline .mark").first
    dialog = page.get_by_role("dialog")

    def do(button: str) -> None:
        page.locator(".buttons-row").get_by_role("button", name=button).click()

    expect(state).to_have_text("Open")
    assert buttons(page) == ["Recheck", "Acknowledge", "Resolve", "Suppress"]
    do("Acknowledge")
    dialog.get_by_label("Note").fill("On it <b>")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(state).to_have_text("Acknowledged")
    assert buttons(page) == ["Recheck", "Resolve", "Suppress", "Reopen"]
    expect(region(page, "History")).to_contain_text("Acknowledged by Ada")
    expect(region(page, "History")).to_contain_text("On it <b>")

    do("Suppress")
    dialog.get_by_label("Reason").fill("Known until the license is bought")
    expect(dialog.get_by_label("Your name")).to_have_value("Ada")
    dialog.get_by_role("button", name="Suppress").click()
    expect(state).to_have_text("Suppressed")
    expect(page.locator(".notice")).to_contain_text("Known until the license is bought (Ada)")
    do("Reopen")
    dialog.get_by_role("button", name="Reopen").click()
    expect(state).to_have_text("Open")
    expect(region(page, "History")).to_contain_text("No longer suppressed")

    do("Resolve")
    dialog.get_by_label("Reason").select_option("accepted")
    dialog.get_by_label("Note").fill("Leaves on Friday")
    dialog.get_by_role("button", name="Resolve").click()
    expect(state).to_have_text("Resolved")
    expect(region(page, "History")).to_contain_text("accepted: Leaves on Friday")
    stored = get(running.address, f"incidents/{incident['id']}")
    happened = [entry["what"] for entry in stored["log"]]
    assert happened[-4:] == ["acknowledged", "suppressed", "suppressed", "resolved"]
    do("Reopen")
    dialog.get_by_role("button", name="Reopen").click()
    expect(state).to_have_text("Open")


def test_a_recheck_says_how_many_findings_are_looked_at(running: Stack, open_page: OpenPage) -> None:
    incident = worst(running)
    page = open_page(running.address, f"?incident={incident['id']}")
    page.get_by_role("button", name="Recheck").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\d+ open findings? will be looked at again"))


def test_a_conflict_is_shown_in_the_dialog(running: Stack, open_page: OpenPage) -> None:
    incident = get(running.address, "incidents?state=open&scope=mailbox&top=2")["value"][1]
    page = open_page(running.address, f"?incident={incident['id']}", expected="409")
    page.get_by_role("button", name="Acknowledge").click()
    post(running.address, f"incidents/{incident['id']}/acknowledge", {"by": "Grace"})
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Grace has already acknowledged the incident.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_a_missing_role_for_the_tenant_is_shown_in_the_dialog(
    signed_in: str, running: Stack, open_page: OpenPage
) -> None:
    incident = worst(running)
    roles = principal("Triage.Read", "Triage.Write.99999999-0000-4000-8000-000000000000")
    page = open_page(signed_in, f"?incident={incident['id']}", extra_http_headers=roles, expected="404")
    page.get_by_role("button", name="Resolve").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("Your name").count() == 0, "the service knows who is signed in"
    dialog.get_by_role("button", name="Resolve").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is no incident with this ID")


def test_an_incident_is_copied_for_a_ticket(running: Stack, open_page: OpenPage) -> None:
    incident = worst(running)
    page = open_page(running.address, f"?incident={incident['id']}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy for a ticket").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(f"## {incident['title']}\n") and incident["url"] in text


def test_one_notice_says_that_the_service_is_away(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, expected="503")
    expect(page.locator(".big-figure").first).to_be_visible()
    expect(page.get_by_role("button", name="Refresh")).to_be_enabled()

    def away(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "Storage is away."})

    page.route("**/api/*", away)
    page.route("**/api/audits/latest", away)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".notice")).to_have_count(1)
    expect(page.locator(".notice")).to_contain_text("Storage is away.")
    expect(page.locator(".big-figure").first).to_be_visible()
    service = page.get_by_role("region", name="This service")
    expect(service).to_contain_text("Unknown")
    expect(service).not_to_contain_text("OK")


def test_the_first_steps(empty: str, open_page: OpenPage) -> None:
    page = open_page(empty)
    expect(page.get_by_role("heading", level=1)).to_have_text("First steps")
    steps = page.locator(".first-steps > li")
    expect(steps.filter(has_text="Storage").first).to_contain_text("OK")
    expect(steps.filter(has_text="First audit")).to_contain_text("to do")
    command = steps.filter(has_text="First failure").locator("pre").first
    expect(command).to_contain_text(f'curl "{empty}/api/failures"')
