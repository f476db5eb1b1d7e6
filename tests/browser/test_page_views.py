"""Every view of the running service shows what the API returns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import OpenPage, choose_period
from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES


def panel(page: Page, name: str) -> Page:
    return page.get_by_role("region", name=re.compile(name))  # type: ignore[return-value]


def words(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("json", "JSON")


def title(cause: str) -> str:
    return RULES[Cause(cause)].title


def tenants(running: Stack) -> dict[str, str]:
    """What people call each tenant, by its ID."""
    return {tenant["tenantId"]: tenant["name"] for tenant in get(running.address, "tenants")["value"]}


def test_the_overview_shows_the_state_of_each_app(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address)
    audits = get(running.address, "audits/latest")["value"]
    states = page.get_by_label("Tenants by state")
    for verdict in ("healthy", "broken", "degraded", "unknown", "not_applicable"):
        number = sum(audit["verdict"] == verdict for audit in audits)
        assert number
        expect(states.get_by_role("listitem").filter(has_text=words(verdict))).to_contain_text(str(number))
    broken = next(audit for audit in audits if audit["verdict"] == "broken")
    apps = panel(page, "Email Threat Defense app")
    expect(apps.locator(".apps > li").first).to_contain_text(broken["issues"][0]["summary"])
    name = tenants(running)[broken["tenantId"]]
    apps.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("heading", name="What to fix")).to_be_visible()


def test_the_numbers_are_those_of_the_summary(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?period=all")
    summary = get(running.address, "summary")
    causes = panel(page, "Failures by cause")
    show_all = causes.get_by_role("button", name="Show all")
    expect(causes.get_by_role("row").nth(1)).to_be_visible()
    if show_all.is_visible():
        show_all.click()
    shown = {
        line.get_by_role("rowheader").inner_text(): int(line.get_by_role("cell").first.inner_text())
        for line in causes.locator("tbody tr").all()
    }
    assert shown == {title(cause): number for cause, number in summary["byCause"].items()}
    severities = panel(page, "Failures by severity").locator("tbody tr").all()
    assert sum(int(line.get_by_role("cell").first.inner_text()) for line in severities) == summary["total"]
    causes.get_by_role("link").first.click()
    most = max(summary["byCause"].values())
    expect(page.locator("table.findings tbody tr")).to_have_count(most)


def answer(check: dict[str, Any]) -> str:
    """The answer that the page shows for a check."""
    if (check["kind"], check["outcome"]) == ("fact", "pass"):
        return "Found" if check["observed"]["found"] else "Not found"
    return {"pass": "Yes", "fail": "No", "unknown": "Could not be read", "skipped": "Not applicable"}[check["outcome"]]


@pytest.mark.parametrize("period", ["1h", "24h", "7d", "30d", "all"])
def test_the_chart_has_its_numbers_as_a_table(running: Stack, open_page: OpenPage, period: str) -> None:
    page = open_page(running.address)
    choose_period(page, {"1h": "Hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days", "all": "All time"}[period])
    assert ("period=" + period in page.url) == (period != "7d")
    time = panel(page, "Failures over time")
    expect(time.get_by_role("img")).to_have_accessible_name(
        re.compile("^Failures by (day|hour|minute). Peak: .* failure")
    )
    time.get_by_text("Show as a table").click()
    table = time.get_by_role("table")
    figures = [int(text) for text in reversed(table.locator("tbody td").all_inner_texts())]  # the newest comes first
    assert len(figures) == {"1h": 7, "24h": 8, "7d": 8, "30d": 31}.get(period, len(figures))
    bars = time.locator("svg .bar")
    heights = [float(bar.get_attribute("height") or 0) for bar in bars.all()]
    assert [height > 0 for height in heights] == [figure > 0 for figure in figures]
    assert heights.index(max(heights)) == figures.index(max(figures))
    total = int(re.findall(r"[\d,]+", time.get_by_role("heading").inner_text())[0])
    assert sum(figures) <= total if period == "24h" else sum(figures) == total
    table.get_by_role("link").first.click()  # a day's failures
    expect(page.locator("table.findings tbody tr")).to_have_count(
        next(figure for figure in reversed(figures) if figure)
    )


def test_a_finding_shows_its_remedy_and_evidence(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, "?view=findings&cause=consent_missing")
    page.get_by_role("rowheader", name=title("consent_missing")).first.get_by_role("link").click()
    sentence = f"{finding['failure']['mailbox']} can still open “{finding['failure']['subject']}”"
    expect(page.get_by_role("heading", level=1)).to_have_text(sentence)
    expect(page).to_have_title(f"{sentence} · Remediation triage")
    expect(page.get_by_text(finding["summary"])).to_be_visible()
    why = panel(page, "Why")
    expect(why).to_contain_text(title("consent_missing"))
    steps = panel(page, "What to do").locator("ol.steps > li")
    assert steps.locator("h3").all_inner_texts() == [action["title"] for action in finding["actions"]]
    commands = [action["command"] for action in finding["actions"] if action["command"]]
    assert steps.locator("pre").all_inner_texts() == commands
    links = [action["url"] for action in finding["actions"] if action["url"]]
    assert [link.get_attribute("href") for link in steps.get_by_role("link").all()] == links
    assert {link.get_attribute("rel") for link in steps.get_by_role("link").all()} == {"noopener noreferrer"}
    why.get_by_text("All evidence").click()
    checks = why.locator("ol.checks > li")
    for check, shown in zip(finding["checks"], checks.all(), strict=True):
        expect(shown).to_contain_text(check["question"])
        for value in check["observed"].values():
            if isinstance(value, str):
                expect(shown).to_contain_text(value)
        if check["request"]:
            shown.locator("summary").click()
            expect(shown.locator("pre")).to_have_text(check["request"])
    answers = [shown.locator(".question .mark").inner_text() for shown in checks.all()]
    assert answers == [answer(check) for check in finding["checks"]]
    assert {"Yes", "No", "Found", "Not found"} <= set(answers)
    expect(panel(page, "The failure")).to_contain_text(finding["failure"]["mailbox"])
    expect(panel(page, "The failure")).to_contain_text(finding["failure"]["internetMessageId"])


def test_what_could_not_be_read_is_shown_with_the_missing_permission(running: Stack, open_page: OpenPage) -> None:
    unknown = next(one for one in get(running.address, "audits/latest")["value"] if one["verdict"] == "unknown")
    page = open_page(running.address, f"?view=audits&audit={unknown['id']}")
    unread = panel(page, "Could not be read").get_by_role("listitem")
    expect(unread).to_have_count(len(unknown["unreadable"]))
    for lack, shown in zip(unknown["unreadable"], unread.all(), strict=True):
        expect(shown).to_contain_text(lack["question"], ignore_case=True)
        expect(shown).to_contain_text(f"The triage identity does not have {lack['permission']}.")

    expect(panel(page, "What to fix").locator("pre")).to_contain_text("graph-permissions.sh grant --sets core")

    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    reasons = [
        {"check": "mailbox", "reason": "forbidden", "permission": "Mail.ReadBasic.All"},
        {"check": "tenant", "reason": "tenant_not_configured", "permission": None},
    ]
    shown = {**finding, "cause": "undetermined", "reasons": reasons, "alsoSeen": ["user_deleted"]}
    page.route(f"**/api/findings/{finding['id']}", lambda route: route.fulfill(json=shown))
    page.goto(f"{running.address}/api/dashboard?finding={finding['id']}")
    expect(panel(page, "Also found")).to_contain_text(title("user_deleted"))
    question = next(check["question"] for check in finding["checks"] if check["id"] == "mailbox")
    items = panel(page, "Could not be read").get_by_role("listitem")
    expect(items).to_contain_text(
        [
            f"{question}The triage identity does not have Mail.ReadBasic.All.",
            "TenantIts tenant is not in TRIAGE_TENANTS.",
        ]
    )


def test_a_failure_is_triaged_again(running: Stack, open_page: OpenPage) -> None:
    before = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, f"?finding={before['id']}")
    page.get_by_role("button", name="Triage again").click()
    dialog = page.get_by_role("dialog", name="Triage this failure again?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert get(running.address, f"findings/{before['id']}")["triagedAt"] == before["triagedAt"]
    page.get_by_role("button", name="Triage again").click()
    dialog.get_by_role("button", name="Triage again").click()
    expect(page.get_by_role("button", name="Triaging…")).to_be_disabled()
    expect(page.get_by_role("button", name="Triage again")).to_be_enabled()
    after = get(running.address, f"findings/{before['id']}")
    assert after["triagedAt"] > before["triagedAt"]
    expect(page.locator(f".headline time[datetime='{after['triagedAt']}']").first).to_be_visible()  # ["triagedAt"])
    expect(page.locator("[aria-live]")).to_have_text("Triaged again. Nothing changed.")
    expect(page.get_by_role("main").get_by_text("Triaged again. Nothing changed.")).to_be_visible()


def test_triage_again_says_what_changed(running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?cause=consent_missing&top=1")["value"][0]
    page = open_page(running.address, f"?finding={finding['id']}")
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    newer = {**finding, "triagedAt": "2999-01-01T00:00:00Z", "severity": "low", "exposed": None}
    page.route(f"**/api/findings/{finding['id']}/retriage", lambda route: route.fulfill(status=202, json={}))
    page.route(f"**/api/findings/{finding['id']}", lambda route: route.fulfill(json=newer))
    page.get_by_role("button", name="Triage again").click()
    page.get_by_role("dialog").get_by_role("button", name="Triage again").click()
    expect(page.get_by_role("main")).to_contain_text("Triaged again. Changed: severity, reach.")


def test_the_service_says_why_graph_is_degraded(running: Stack, open_page: OpenPage) -> None:
    checks = {
        "storage": {"status": "ok"},
        "graph": {"status": "degraded", "reasons": ["unauthenticated"]},
        "permissions": {"status": "degraded", "lacking": [{"permission": "User.Read.All", "tenants": 2}]},
        "notifications": {"status": "degraded", "channels": 2, "failing": 1},
    }
    page = open_page(running.address, "?view=rejected")
    page.route("**/api/health", lambda route: route.fulfill(json={"status": "degraded", "checks": checks}))
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()
    service = panel(page, "This service")
    expect(service).to_contain_text("The triage identity could not sign in to the tenant.")
    service.get_by_text("does not have 1 permission").click()
    expect(service).to_contain_text("User.Read.All in 2 tenants")
    expect(service.locator("pre")).to_have_text("infra/scripts/graph-permissions.sh grant --sets core")
    expect(service).to_contain_text("Not accepting notifications: 1 channel.")


def test_audits_show_what_changed(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=audits")
    changed = next(audit for audit in get(running.address, "audits/latest")["value"] if audit["drift"]["granted"])
    card = page.locator(".card").filter(has_text=tenants(running)[changed["tenantId"]])
    for name in changed["drift"]["granted"]:
        expect(card).to_contain_text(f"+ {name}")
    verdicts = page.locator(".card .card-top .mark").all_inner_texts()
    assert verdicts[0] == "Broken" and verdicts[-1] == "Not applicable", "what is worst comes first"
    card.get_by_role("link").click()
    expect(page).to_have_title(f"Audit of {tenants(running)[changed['tenantId']]} · Remediation triage")
    expect(panel(page, "Changes")).to_contain_text(changed["drift"]["granted"][0])
    permissions = panel(page, "Permissions on Microsoft Graph")
    for permission in changed["permissions"]:
        line = (
            permissions.get_by_role("row")
            .filter(has_text=permission["name"])
            .filter(has_text=words(permission["type"]))
        )
        expect(line.first).to_contain_text(words(permission["state"]))
    panel(page, "Changes").get_by_role("link", name="the previous audit").click()
    expect(panel(page, "Changes")).to_contain_text("First audit of this tenant")


def test_many_tenants_are_a_table_and_changes_are_shown_alone(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    latest = get(running.address, "audits/latest")["value"]
    many = [
        {**audit, "id": f"{audit['id']}{n}", "tenantId": f"{audit['tenantId']}{n}"} for audit in latest for n in "ab"
    ]
    page.route("**/api/audits/latest", lambda route: route.fulfill(json={"value": many}))
    page.get_by_role("navigation").get_by_role("link", name="App health").click()
    newest = page.get_by_role("table", name="Newest audits").locator("tbody tr")
    expect(newest).to_have_count(len(many))
    expect(newest.first).to_contain_text("Broken")
    expect(page.locator(".card")).to_have_count(0)

    audits = get(running.address, "audits?top=25")["value"]
    changed = [
        audit
        for audit in audits
        if audit["drift"] and any(audit["drift"][kind] for kind in ("granted", "revoked", "changed"))
    ]
    assert 0 < len(changed) < len(audits)
    history = panel(page, "History")
    history.get_by_label("Changes only").check()
    expect(history.locator("tbody tr")).to_have_count(len(changed))
    expect(history).to_contain_text(f"in the newest {len(audits)} audits")
    page.go_back()
    expect(history.locator("tbody tr")).to_have_count(len(audits))


def test_the_history_of_audits_is_filtered(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=audits")
    history = panel(page, "History").locator("tbody tr")
    expect(history).to_have_count(len(get(running.address, "audits?top=25")["value"]))
    page.get_by_label("State").select_option("degraded")
    expect(history).to_have_count(len(get(running.address, "audits?verdict=degraded&top=25")["value"]))
    assert "verdict=degraded" in page.url
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("")


def test_audit_now_makes_an_audit(running: Stack, open_page: OpenPage) -> None:
    tenant = next(one for one in get(running.address, "audits/latest")["value"] if one["verdict"] == "degraded")
    page = open_page(running.address, f"?view=audits&audit={tenant['id']}")
    page.get_by_role("button", name="Audit now").click()
    page.get_by_role("dialog", name="Audit this tenant now?").get_by_role("button", name="Audit now").click()
    expect(page).not_to_have_url(re.compile(tenant["id"]))
    newest = next(
        one for one in get(running.address, "audits/latest")["value"] if one["tenantId"] == tenant["tenantId"]
    )
    assert newest["auditedAt"] > tenant["auditedAt"] and newest["id"] in page.url


def test_rejected_events_are_shown_with_their_full_text(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?view=rejected")
    events = get(running.address, "rejected")["value"]
    shown = page.locator(".events > li")
    expect(shown).to_have_count(len(events))
    for event, item in zip(events, shown.all(), strict=True):
        expect(item).to_contain_text(words(event["reason"]))
        expect(item).to_contain_text(event["detail"])
        item.locator("summary").click()
        expect(item.locator("pre")).to_have_text(event["body"])


def test_an_unknown_finding_is_not_found(running: Stack, open_page: OpenPage) -> None:
    page = open_page(running.address, "?finding=00000000", expected="404")
    expect(page.get_by_role("alert")).to_contain_text("There is no finding with this ID")


def test_an_empty_service(empty: str, open_page: OpenPage) -> None:
    page = open_page(empty)
    page.get_by_role("navigation").get_by_role("link", name="Incidents").click()
    expect(page.get_by_text("Nothing to work on")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.get_by_text("No findings yet")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="App health").click()
    expect(page.get_by_text("No audits yet")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Rejected").click()
    expect(page.get_by_text("No rejected events")).to_be_visible()
