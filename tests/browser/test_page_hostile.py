"""Hostile text stays text: it creates no markup and no link, and does not turn the text around it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sandbox.azurite import Azurite
from sandbox.processes import host
from tests.browser import crowd
from tests.browser.browsing import OpenPage
from triage.diagnosis.checks import Check, Outcome
from triage.diagnosis.place import Location
from triage.diagnosis.remedy import Action
from triage.finding import Finding, MessageState
from triage.intake.failure import RemediationFailure

ELEMENT = "<img src=x onerror=\"document.title='pwned'\">"
SCRIPT = "</script><script>document.title='pwned'</script>{{constructor.constructor('alert(1)')()}}"
TURNED = "invoice\u202efdp.exe"
COMMAND = f"Get-It '{ELEMENT}{TURNED}' |\n    Format-List"
ADDRESSES = [
    "javascript:document.title='pwned'",
    "JaVaScRiPt:document.title='pwned'",
    "data:text/html,<script>document.title='pwned'</script>",
    "http://plain.example/",
    "//other.example/",
    "https://login.microsoftonline.com@other.example/",
    "vbscript:x",
    "\u0001javascript:document.title='pwned'",
]


def hostile() -> Finding:
    usual = crowd.finding(1)
    failure = RemediationFailure(
        mailbox="person1@contoso.com",
        message_id=ELEMENT,
        internet_message_id=f"<{SCRIPT}@mail.example>",
        error=f"{ELEMENT} {TURNED}",
        error_code=SCRIPT,
        action=ELEMENT,
        folder=ELEMENT,
        initiator=ELEMENT,
        verdict=ELEMENT,
        subject=f"{TURNED} {ELEMENT}",
        occurred_at=usual.occurred_at,
        raw={ELEMENT: {"__proto__": ELEMENT}},
    )
    actions = [Action(title=ELEMENT, detail=SCRIPT, url=url, command=COMMAND) for url in ADDRESSES]
    check = Check(
        id="folder",
        question=f"Which folder is it? {ELEMENT}",
        outcome=Outcome.PASS,
        request=f"GET /users/{ELEMENT}?{SCRIPT}",
        status=200,
        error_code=ELEMENT,
        observed={"displayName": ELEMENT, ELEMENT: [SCRIPT, {"a": ELEMENT}], "why": TURNED},
    )
    message = MessageState(location=Location.OTHER_FOLDER, folder=ELEMENT, is_read=False, copies=2)
    return usual.model_copy(
        update={
            "failure": failure,
            "summary": f"{ELEMENT} {TURNED}",
            "actions": actions,
            "checks": [check],
            "message": message,
        }
    )


@pytest.fixture(scope="module")
def address(accounts: Iterator[Azurite]) -> Iterator[str]:
    settings = crowd.settings(next(accounts))
    crowd.save(settings, [hostile(), crowd.finding(2)])
    with host(environ=settings) as (_, address):
        yield address


def unharmed(page: Page) -> None:
    assert page.locator("img, iframe, object, embed, form[action], base, style").count() == 0
    assert page.locator("script").evaluate_all("all => all.map((one) => one.src)") == page.locator(
        "head script[src]"
    ).evaluate_all("all => all.map((one) => one.src)")
    assert page.title() != "pwned"
    assert page.locator("[onerror], [onclick], [onload], [style]").count() == 0
    hrefs = page.locator("a").evaluate_all("all => all.map((one) => one.href)")
    assert all(href.startswith((page.url.split("?")[0], "https://")) for href in hrefs), hrefs


def test_hostile_text_is_harmless_in_the_overview(address: str, open_page: OpenPage) -> None:
    page = open_page(address)
    expect(page.locator(".reach tbody tr")).to_have_count(1)
    unharmed(page)


def test_hostile_text_is_harmless_in_the_table(address: str, open_page: OpenPage) -> None:
    page = open_page(address, "?view=findings")
    row = page.locator("table.findings tbody tr").first
    expect(row).to_contain_text(ELEMENT)
    expect(row.locator(".hidden-character")).to_have_text("U+202E")
    assert "\u202e" not in row.inner_text(), "the rest of the row is not turned around"
    unharmed(page)


def test_hostile_text_is_harmless_in_incidents_and_messages(address: str, open_page: OpenPage) -> None:
    page = open_page(address, f"?incident={hostile().incident_id}")
    expect(page.locator(".exposures tbody tr")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_contain_text(ELEMENT)
    unharmed(page)
    for view in ("incidents", "exposures"):
        page.goto(f"{address}/api/dashboard?view={view}")
        expect(page.locator("tbody tr").first).to_contain_text(ELEMENT)
        assert "\u202e" not in page.locator("main").inner_text()
        unharmed(page)


def test_hostile_text_is_harmless_in_a_finding(address: str, open_page: OpenPage) -> None:
    page = open_page(address, f"?finding={hostile().id}")
    steps = page.locator("ol.steps > li")
    expect(steps).to_have_count(len(ADDRESSES))
    assert steps.get_by_role("link").count() == 0, "none of these addresses is one to follow"
    for url, step in zip(ADDRESSES, steps.all(), strict=True):
        expect(step).to_contain_text("Not linked")
        expect(step.locator("h3")).to_have_text(ELEMENT)
        expect(step).to_contain_text(url.removeprefix("\u0001"))
    for summary in page.locator("summary").all():
        summary.click()
    expect(page.locator(".checks pre")).to_have_text(f"GET /users/{ELEMENT}?{SCRIPT}")
    expect(page.get_by_label("Other fields of the event")).to_contain_text('"__proto__"')
    assert "\u202e" not in page.locator("main").inner_text()
    unharmed(page)


def test_a_command_is_copied_unchanged_and_shows_its_hidden_characters(address: str, open_page: OpenPage) -> None:
    page = open_page(address, f"?finding={hostile().id}", permissions=["clipboard-read", "clipboard-write"])
    first = page.locator(".command").first
    expect(first.locator(".hidden-character")).to_have_text("U+202E")
    first.get_by_role("button", name="Copy command").click()
    expect(first.get_by_role("button")).to_contain_text("Copied")
    expect(page.locator("[aria-live]")).to_have_text("The command was copied.")
    assert page.evaluate("navigator.clipboard.readText()") == COMMAND


@pytest.mark.parametrize(
    "query", [f"?view={ELEMENT}", f"?finding={ELEMENT}", f"?view=findings&cause={ELEMENT}", "?finding=../audits"]
)
def test_hostile_text_is_harmless_in_the_url(address: str, open_page: OpenPage, query: str) -> None:
    page = open_page(address, query, expected="Failed to load resource")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(300)
    unharmed(page)


def test_hostile_text_is_harmless_in_rejected_events_and_audits(address: str, open_page: OpenPage) -> None:
    """The service writes no such event and no such audit, so they are put into the API's responses."""
    page = open_page(address, "?view=findings")
    event = {"id": "1", "receivedAt": ELEMENT, "reason": ELEMENT, "detail": SCRIPT, "body": f"{ELEMENT}{TURNED}"}
    audit = {
        "id": ELEMENT,
        "tenantId": ELEMENT,
        "etdAppId": ELEMENT,
        "mode": ELEMENT,
        "auditedAt": ELEMENT,
        "verdict": ELEMENT,
        "servicePrincipal": {"displayName": ELEMENT},
        "permissions": [{"name": ELEMENT, "type": ELEMENT, "need": ELEMENT, "state": ELEMENT, "privilegeLevel": None}],
        "credentials": [
            {"kind": ELEMENT, "displayName": ELEMENT, "endDateTime": ELEMENT, "daysLeft": 1, "state": "valid"}
        ],
        "issues": [{"code": ELEMENT, "severity": ELEMENT, "summary": SCRIPT, "actions": []}],
        "drift": {
            "since": ELEMENT,
            "granted": [ELEMENT],
            "revoked": [TURNED],
            "changed": [SCRIPT],
            "by": [{"at": ELEMENT, "activity": ELEMENT, "who": TURNED}],
        },
        "unreadable": [{"question": ELEMENT, "reason": ELEMENT, "permission": ELEMENT}],
    }
    page.route("**/api/rejected?*", lambda route: route.fulfill(json={"value": [event]}))
    page.route("**/api/audits/*", lambda route: route.fulfill(json=audit))
    page.route("**/api/audits?*", lambda route: route.fulfill(json={"value": [audit]}))
    page.route("**/api/audits/latest", lambda route: route.fulfill(json={"value": [audit]}))
    page.get_by_role("navigation").get_by_role("link", name="Rejected").click()
    expect(page.locator(".events")).to_contain_text(ELEMENT)
    unharmed(page)
    page.get_by_role("navigation").get_by_role("link", name="App health").click()
    expect(page.locator(".card")).to_contain_text(SCRIPT)
    unharmed(page)
    page.locator(".card a").click()
    expect(page.get_by_role("heading", name="Changes")).to_be_visible()
    unharmed(page)
