"""Debian's Chromium on the running service. A console error or a request to another host fails a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from sandbox.azurite import Azurite
from sandbox.processes import host
from sandbox.stack import Stack
from tests.browser import attack, crowd
from tests.browser.browsing import ARGUMENTS, KEY, OpenPage, chromium

LONGEST_MS = 30_000  # that something may take on a busy machine
expect.set_options(timeout=LONGEST_MS)
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective}: ${e.blockedURI} ${e.sample}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if chromium() or os.environ.get("CI"):  # continuous integration installs one, or must fail
        return
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(
                pytest.mark.skip(reason="no Chromium: apt-get install chromium-headless-shell, or name one in CHROMIUM")
            )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "tests/browser/" in report.nodeid]
    if skipped and not chromium():
        line = f"{len(skipped)} BROWSER TESTS WERE SKIPPED: no Chromium here (apt-get install chromium-headless-shell)"
        terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture(scope="package")
def running() -> Iterator[Stack]:
    """The service with a few tenants, after a night with an attack."""
    with attack.small_stack() as started:
        attack.strike(started, 110)
        yield started


@pytest.fixture(scope="package")
def keyed(running: Stack) -> Iterator[str]:
    """A host that requires a key, with the same storage."""
    environ = {**running.settings, "AzureWebJobsSandboxKey": KEY, "TRIAGE_QUEUE": "not-of-the-keyed-host"}
    with host("--enable-auth", environ=environ) as (_, address):
        yield address


@pytest.fixture(scope="package")
def signed_in(running: Stack) -> Iterator[str]:
    """A host behind a platform that signs people in, with the same storage."""
    environ = {
        **running.settings,
        "TRIAGE_AUTH": "easyauth",
        "WEBSITE_AUTH_ENABLED": "True",
        "TRIAGE_QUEUE": "not-of-the-signed-in-host",
    }
    with host(environ=environ) as (_, address):
        yield address


@pytest.fixture(scope="package")
def crowded(accounts: Iterator[Azurite]) -> Iterator[str]:
    """A service with thousands of findings."""
    settings = crowd.settings(next(accounts))
    crowd.fill(settings)
    with host(environ=settings) as (_, address):
        yield address


@pytest.fixture(scope="package")
def empty(accounts: Iterator[Azurite]) -> Iterator[str]:
    """A service without any data."""
    with host(environ=crowd.settings(next(accounts))) as (_, address):
        yield address


@pytest.fixture(scope="package")  # not "session": while its event loop exists, no other can run in this thread
def browser() -> Iterator[Browser]:
    path = chromium()
    assert path, "no Chromium: apt-get install chromium-headless-shell"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages of an app, each in a context of its own: its address, a query, and options of the context.

    `expected`: words of console errors that belong to the test (a browser reports each 401 that way).
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(address: str, query: str = "", *, expected: str | None = None, **options: object) -> Page:
        usual = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "timezone_id": "Europe/Berlin"}
        context = browser.new_context(**(usual | options))  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(LONGEST_MS)
        context.add_init_script(VIOLATIONS)

        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning") and not (expected and expected in message.text):
                complaints.append(f"console {message.type}: {message.text}")

        context.on("console", said)
        context.on("weberror", lambda error: complaints.append(f"error: {error.error}"))
        context.on("request", lambda request: _own(request.url, address, complaints))
        page = context.new_page()
        page.goto(f"{address}/api/dashboard{query}")
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            complaints += page.evaluate("window.violations ?? []")
        context.close()
    assert not complaints, "\n".join(complaints)


def _own(url: str, address: str, complaints: list[str]) -> None:
    if urlsplit(url).netloc != urlsplit(address).netloc and not url.startswith("data:"):
        complaints.append(f"another host: {url}")
