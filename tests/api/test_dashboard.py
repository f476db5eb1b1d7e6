"""The page and its files: what they can do in a browser, who gets them, and how long they are cached."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import pytest

from tests.factories import APP_ID, TENANT_ID
from triage.api import dashboard
from triage.api.routes import ROUTES
from triage.diagnosis.causes import Cause
from triage.graph.evidence import Reason
from triage.operations.services import services

PAGE = "https://triage.example/api/dashboard"


@pytest.fixture(autouse=True)
async def _environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TriageStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps([{"tenantId": TENANT_ID, "etdAppId": APP_ID}]))
    monkeypatch.delenv("TRIAGE_AUTH", raising=False)


def ask(url: str = PAGE, headers: dict[str, str] | None = None, **route_params: str) -> func.HttpRequest:
    query = dict(part.split("=") for part in url.partition("?")[2].split("&") if part)
    return func.HttpRequest("GET", url, headers=headers, params=query, route_params=route_params, body=b"")


def principal(role: str) -> dict[str, str]:
    claims = {"claims": [{"typ": "roles", "val": role}]}
    return {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(json.dumps(claims).encode()).decode()}


def assets(text: str) -> Iterator[str]:
    yield from re.findall(r'(?:href|src)="dashboard/([^"]+)"', text)


async def test_the_page_can_only_connect_to_its_own_host() -> None:
    answer = await dashboard.page(ask())
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_the_page_has_no_data_and_nothing_inline() -> None:
    text = (await dashboard.page(ask())).get_body().decode()
    assert TENANT_ID not in text
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:", text)
    assert "{{" not in text


async def test_every_file_of_the_page_is_served_and_cached() -> None:
    text = (await dashboard.page(ask())).get_body().decode()
    names = list(assets(text))
    assert {name.partition("?")[0] for name in names} == {"app.js", "theme.js", "style.css", "icon.svg"}
    for name in names:
        answer = await dashboard.asset(ask(f"{PAGE}/{name}", asset=name.partition("?")[0]))
        assert (answer.status_code, bool(answer.get_body())) == (200, True)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            answer.mimetype
            == {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}[
                name.partition("?")[0].rpartition(".")[2]
            ]
        )


async def test_the_script_has_the_titles_of_all_causes_and_the_words_for_all_reasons() -> None:
    first, _, script = (await dashboard.asset(ask(asset="app.js"))).get_body().decode().partition("\n")
    words = json.loads(first.removeprefix("const WORDS=").removesuffix(";"))
    assert words["causes"]["user_deleted"] == "The user was deleted"
    assert words["causes"].keys() == set(Cause)
    assert words["reasons"].keys() == set(Reason)
    assert "{permission}" in words["forbidden"]
    assert script == (dashboard._FOLDER / "app.js").read_text("utf-8")


@pytest.mark.parametrize("query", ["", "?v=0000000000000000"])
async def test_a_file_of_another_version_is_not_cached(query: str) -> None:
    answer = await dashboard.asset(ask(f"{PAGE}/app.js{query}", asset="app.js"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["none.js", "index.html", "LICENSES.txt", "..", "../api/dashboard.py", "%2e%2e", ""])
async def test_no_other_file(name: str) -> None:
    answer = await dashboard.asset(ask(asset=name))
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("", "../dashboard"),
        ("?view=findings&exposed=true", "../dashboard?view=findings&exposed=true"),
        ("?code=a-function-key", "../dashboard"),
        ("?view=findings&co%64e=a-function-key&Code=another&exposed=true", "../dashboard?view=findings&exposed=true"),
    ],
)
async def test_a_trailing_slash_is_removed(query: str, location: str) -> None:
    answer = await dashboard.page(ask(f"{PAGE}/{query}"))
    assert (answer.status_code, answer.headers["Location"]) == (307, location)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_with_easyauth_a_role_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_AUTH", "easyauth")
    html = {"Accept": "text/html,application/xhtml+xml"}
    answer = await dashboard.page(ask(headers={**html, **principal("Triage.Read")}))
    assert (answer.status_code, 'data-auth="easyauth"' in answer.get_body().decode()) == (200, True)
    # Without the role, a browser gets the page, which says what is missing; a program gets a problem.
    for headers, status in ((html, 401), ({**html, **principal("Other")}, 403)):
        answer = await dashboard.page(ask(headers=headers))
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
    for headers, status in (({}, 401), (principal("Other"), 403)):
        answer = await dashboard.page(ask(headers=headers))
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


async def test_with_keys_the_page_asks_for_a_key() -> None:
    assert 'data-auth="keys"' in (await dashboard.page(ask())).get_body().decode()
    assert not services().settings.easyauth
    assert {route.path for route in ROUTES if route.anonymous} >= {"dashboard", "dashboard/{asset}"}
