"""Access: with `keys`, the page asks for a key and keeps it for the tab; with `easyauth`, the platform signs people in."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from sandbox.stack import Stack
from tests.browser.attack import get
from tests.browser.browsing import KEY, OpenPage, principal

ROWS = "table.findings tbody tr"


def give(page: Page, key: str) -> None:
    page.get_by_label("Key", exact=True).fill(key)
    page.keyboard.press("Enter")


def test_the_key_is_asked_for_and_kept_for_the_tab(keyed: str, open_page: OpenPage) -> None:
    page = open_page(keyed, "?view=findings&exposed=true", expected="401")
    expect(page.get_by_role("heading", level=1)).to_have_text("Function key")
    assert page.locator("#key").get_attribute("type") == "password"
    sent: list[str | None] = []
    page.on("request", lambda request: sent.append(request.headers.get("x-functions-key")))
    give(page, KEY)
    expect(page.locator(ROWS).first).to_be_visible()
    assert set(sent) == {KEY}
    assert KEY not in page.url, "a key in an address is a key in a log"
    assert page.evaluate("Object.values(sessionStorage)") == [KEY]
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    page.reload()
    expect(page.locator(ROWS).first).to_be_visible()


def test_another_tab_takes_the_key_over(keyed: str, open_page: OpenPage) -> None:
    """Ctrl+click opens it, since the link has a complete URL. When one tab forgets the key, so does the other."""
    page = open_page(keyed, "?view=findings&exposed=true", expected="401")
    give(page, KEY)
    expect(page.locator(ROWS).first).to_be_visible()
    with page.context.expect_page() as opened:
        page.locator(f"{ROWS} a").first.click(modifiers=["Control"])
    other = opened.value
    expect(other.get_by_role("heading", name="What to do")).to_be_visible()
    assert "finding=" in other.url and "exposed=true" in other.url
    assert other.evaluate("Object.values(sessionStorage)") == [KEY]
    other.get_by_role("button", name="Forget key").click()
    for tab in (other, page):
        expect(tab.get_by_role("heading", level=1)).to_have_text("Function key")
        assert tab.evaluate("sessionStorage.length") == 0
    expect(page.locator(ROWS)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Function key")


def test_a_wrong_key_is_rejected(keyed: str, open_page: OpenPage) -> None:
    page = open_page(keyed, expected="401")
    give(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("rejected this key")
    expect(page.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
    give(page, KEY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_role("heading", name="Can still be opened")).to_be_visible()


def test_a_key_is_removed_from_the_url(keyed: str, open_page: OpenPage) -> None:
    page = open_page(keyed, f"?view=findings&code={KEY}&exposed=true")
    expect(page.locator(ROWS).first).to_be_visible()
    assert page.url.endswith("/api/dashboard?view=findings&exposed=true")


def test_without_a_key_the_page_has_no_data(keyed: str, running: Stack, open_page: OpenPage) -> None:
    page = open_page(keyed, "?view=audits", expected="401")
    expect(page.get_by_role("heading", level=1)).to_have_text("Function key")
    assert get(running.address, "audits/latest")["value"][0]["tenantId"] not in page.content()


def test_a_reader_sees_the_missing_role_instead_of_buttons(signed_in: str, running: Stack, open_page: OpenPage) -> None:
    finding = get(running.address, "findings?top=1")["value"][0]
    page = open_page(signed_in, f"?finding={finding['id']}", extra_http_headers=principal("Triage.Read"))
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    for view in ("", "Incidents", "App health"):
        if view:
            page.get_by_role("navigation").get_by_role("link", name=view).click()
        if view == "Incidents":
            page.locator("tbody th a").first.click()
        expect(page.get_by_text("you need the app role Triage.Write")).to_be_visible()
        for name in ("Triage again", "Recheck", "Acknowledge", "Audit now"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.get_by_role("button", name="Forget key")).to_have_count(0)


def test_a_writer_of_another_tenant_sees_why_it_is_refused(signed_in: str, running: Stack, open_page: OpenPage) -> None:
    audit, other = get(running.address, "audits/latest")["value"][:2]
    roles = principal("Triage.Read", f"Triage.Write.{other['tenantId']}")
    page = open_page(signed_in, f"?view=audits&audit={audit['id']}", extra_http_headers=roles, expected="403")
    page.get_by_role("button", name="Audit now").click()
    page.get_by_role("dialog").get_by_role("button", name="Audit now").click()
    expect(page.get_by_role("alert")).to_contain_text("Your app role does not include this tenant.")


def test_a_user_without_a_role_sees_which_one_is_missing(signed_in: str, open_page: OpenPage) -> None:
    page = open_page(signed_in, extra_http_headers=principal("Something.Else"), expected="403")
    expect(page.get_by_role("alert").first).to_contain_text(
        "You do not have permission. This needs the app role Triage.Read."
    )


def test_a_signed_out_user_can_sign_in(signed_in: str, open_page: OpenPage) -> None:
    page = open_page(signed_in, expected="401")
    expect(page.get_by_role("alert").first).to_contain_text("You are not signed in")
    page.context.set_extra_http_headers(principal("Triage.Read"))
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("heading", name="Can still be opened")).to_be_visible()


def test_a_redirect_to_a_sign_in_page_is_not_followed(signed_in: str, open_page: OpenPage) -> None:
    page = open_page(signed_in, "?view=rejected", extra_http_headers=principal("Triage.Read"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Rejected events")
    page.route(
        re.compile("/api/findings"),
        lambda route: route.fulfill(status=302, headers={"Location": "https://login.microsoftonline.com/"}),
    )
    page.get_by_role("navigation").get_by_role("link", name="Findings").click()
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
