"""`make screenshots`: the pictures of docs/dashboard.md, on a night with an attack."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from sandbox.processes import ROOT
from tests.browser import attack
from tests.browser.browsing import ARGUMENTS, chromium

FOLDER = ROOT / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main() -> int:
    path = chromium()
    if path is None:
        print("No Chromium: apt-get install chromium-headless-shell, or name one in CHROMIUM", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with attack.small_stack() as running, sync_playwright() as playwright:
        attack.post(running.address, "feeds/poll", {})
        attack.strike(running)
        attack.settled(running)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        finding = attack.get(running.address, "findings?cause=consent_missing&top=1")["value"][0]["id"]
        incident = attack.get(running.address, "incidents?state=open&scope=app&top=1")["value"][0]["id"]
        audits = attack.get(running.address, "audits/latest")["value"]
        changed = next(audit["id"] for audit in audits if audit["drift"]["granted"])
        scan = max(attack.get(running.address, "coverage/latest")["value"], key=lambda scan: scan["uncovered"])
        shots = [
            ("overview", "", WIDE, "light", ".bars", True),
            ("overview-dark", "?period=24h", WIDE, "dark", ".columns", True),
            ("incidents", "?view=incidents", WIDE, "light", ".incidents tbody tr", False),
            ("incident", f"?incident={incident}", WIDE, "light", ".steps", True),
            ("findings", "?view=findings&exposed=true", WIDE, "light", ".findings tbody tr", False),
            ("finding", f"?finding={finding}", WIDE, "light", ".steps", True),
            ("app-health", "?view=audits", WIDE, "light", ".card", False),
            ("audit", f"?view=audits&audit={changed}", WIDE, "dark", ".drift", True),
            ("tenant", f"?tenant={scan['tenantId']}", WIDE, "light", ".audits tbody tr", True),
            ("coverage", f"?view=coverage&scan={scan['id']}", WIDE, "light", ".mailboxes tbody tr", False),
            ("narrow", "?view=incidents", NARROW, "dark", ".findings tbody tr", False),
        ]
        for name, query, size, scheme, there, whole in shots:
            context = browser.new_context(
                viewport=size, color_scheme=scheme, locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce"
            )
            page = context.new_page()
            page.goto(f"{running.address}/api/dashboard{query}")
            expect(page.locator(there).first).to_be_visible()
            expect(page.locator(".loading")).to_have_count(0, timeout=20_000)
            take(page, FOLDER / f"{name}.png", whole=whole)
            context.close()
        browser.close()
    return 0


def take(page: Page, path: Path, *, whole: bool) -> None:
    page.screenshot(path=path, full_page=whole, animations="disabled")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
