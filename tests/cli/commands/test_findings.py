"""`findings`: lists findings, on a deployment with a key, and on storage."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import httpx
import pytest

from sandbox.processes import free_port
from tests.cli.conftest import Deployment
from tests.cli.program import InProcess
from triage.api.exports import FINDING_COLUMNS
from triage.finding import Finding, Snapshot
from triage.storage.query import FILTERS, columns_of


def test_the_json_is_that_of_the_api(
    way: dict[str, str], findings: list[dict[str, Any]], service: httpx.Client, in_process: InProcess
) -> None:
    result = in_process("findings", "--since", "2026-11-20", "--until", "2026-11-20", "--json", settings=way)
    assert (result.code, result.err) == (0, "")
    times = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-20T23:59:59.999999999Z"}
    assert result.json == service.get("/api/findings", params=times).json()
    assert sorted(one["id"] for one in result.json["value"]) == sorted(one["id"] for one in findings)


def test_every_filter(way: dict[str, str], findings: list[dict[str, Any]], in_process: InProcess) -> None:
    moved = next(one for one in findings if one["cause"] == "message_moved")
    columns = columns_of(Snapshot.of(Finding.model_validate(moved), 1))
    values = {name: columns[name] for name in FILTERS} | {"internetMessageId": moved["failure"]["internetMessageId"]}
    options = [text for name, value in values.items() for text in (f"--{_kebab(name)}", value)]
    result = in_process("findings", *options, "--since", "2026-11-20", "--until", "2026-11-20", "--json", settings=way)
    assert [one["id"] for one in result.json["value"]] == [moved["id"]]


@pytest.mark.parametrize("command", ["findings", "watch"])
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--cause", "user_delted", "--cause must be a known value (did you mean user_deleted?)."),
        ("--severity", "HIGH", "--severity must be a known value (did you mean high?)."),
        ("--exposed", "maybe", "--exposed must be one of true, false, null."),
        ("--mailbox", "ines", "--mailbox must be one mailbox address"),
        ("--tenant", "contoso.com", "--tenant-id must be a GUID"),
    ],
)
def test_a_wrong_value_is_a_usage_error_and_nothing_is_sent(
    in_process: InProcess, command: str, option: str, value: str, said: str
) -> None:
    nobody = {"TRIAGE_URL": f"http://127.0.0.1:{free_port()}"}  # a request would be exit code 4
    result = in_process(command, option, value, settings=nobody)
    assert (result.code, result.out) == (64, "")
    assert said in result.err


def test_a_wrong_time_is_a_usage_error(in_process: InProcess) -> None:
    result = in_process("findings", "--since", "yesterday", settings={"TRIAGE_URL": "https://a.example"})
    assert result.code == 64
    assert "--since must be an RFC 3339 time" in result.err


def test_a_period_that_ends_before_it_begins_is_a_usage_error(in_process: InProcess) -> None:
    period = ("--since", "24h", "--until", "7d")
    result = in_process("summary", *period, settings={"TRIAGE_URL": "https://a.example"})
    assert (result.code, "--since must be before --until." in result.err) == (64, True)


def _kebab(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", name)


@pytest.mark.parametrize("columns", ["34", "80", "120", "200"])
def test_the_table(deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, columns: str) -> None:
    day = ("--since", "2026-11-20", "--until", "2026-11-20")
    result = in_process("findings", *day, settings={**deployment.remote, "COLUMNS": columns})
    assert max(map(len, result.out.splitlines())) <= int(columns)
    for finding in findings:
        assert finding["failure"]["mailbox"] in result.out
        assert finding["cause"] in result.out or columns == "34"
        assert (finding["id"][:8] in result.out) is (columns != "34")
    assert (r"\x1b[31mPay [bold]now" in result.out) is (columns == "200"), "the subject, where there is room"
    assert result.err == ""


@pytest.mark.parametrize("way_to_filter", [(), ("--mailbox", "*@contoso.com")])
def test_the_total_comes_first(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, way_to_filter: tuple[str, ...]
) -> None:
    day = ("--since", "2026-11-20", "--until", "2026-11-20", *way_to_filter)
    exposed = sum(finding["exposed"] is True for finding in findings)
    for more in ((), ("--top", "2")):
        result = in_process("findings", *day, *more, settings=deployment.remote)
        known = "Only the first 2 findings" if way_to_filter and more else f"{len(findings)} findings"
        assert result.out.startswith(f"{known}: ")
        assert bool(more) is ("There are more than these 2. Use --all" in result.err)
        if not (way_to_filter and more):
            assert f"In {exposed} of them, the message can still be opened" in result.out.splitlines()[0]


def test_the_columns_that_were_asked_for(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    day = ("--since", "2026-11-20", "--until", "2026-11-20")
    expected = {(one["failure"]["mailbox"], one["cause"]) for one in findings}
    columns = ("--columns", "mailbox,cause")
    result = in_process("findings", *day, *columns, "--format", "csv", settings=deployment.remote)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert {(row["mailbox"], row["cause"]) for row in rows} == expected and len(rows[0]) == 2
    result = in_process("findings", *day, *columns, "--json", settings=deployment.remote)
    assert {(row["mailbox"], row["cause"]) for row in result.json["value"]} == expected
    result = in_process("findings", *day, *columns, settings={**deployment.remote, "COLUMNS": "50"})
    assert ["mailbox", "cause"] in [line.split() for line in result.out.splitlines()]
    whole = in_process("findings", *day, "--format", "csv", settings=deployment.remote)
    rows = list(csv.DictReader(io.StringIO(whole.out)))
    assert tuple(rows[0]) == FINDING_COLUMNS
    assert rows[0]["subject"] == r"\x1b[31mPay [bold]now", "a terminal does not obey it"


@pytest.mark.parametrize(("columns", "said"), [
    ("mailbx", "--columns: mailbx must be a known column (did you mean mailbox?)."),
    ("mailbox,zzz", "--columns: zzz must be one of id, tenantId, occurredAt"),
])  # fmt: skip
def test_a_column_that_does_not_exist(in_process: InProcess, columns: str, said: str) -> None:
    nobody = {"TRIAGE_URL": f"http://127.0.0.1:{free_port()}"}
    result = in_process("findings", "--columns", columns, settings=nobody)
    assert (result.code, result.out) == (64, "")
    assert said in result.err


def test_the_page(
    deployment: Deployment, in_process: InProcess, monkeypatch: pytest.MonkeyPatch, findings: list[dict[str, Any]]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    assert in_process("findings", "--cause", "user_deleted", "--web", settings=deployment.remote).code == 0
    assert in_process("finding", findings[0]["id"][:8], "--web", settings=deployment.remote).code == 0
    page = f"{deployment.address}/api/dashboard"
    assert opened == [f"{page}?view=findings&cause=user_deleted", f"{page}?finding={findings[0]['id']}"]
    refused = in_process("findings", "--web", settings=deployment.settings)
    assert (refused.code, "--web needs --url" in refused.err) == (64, True)
    refused = in_process("notifications", "--web", settings=deployment.remote)
    assert (refused.code, "no page of notifications" in refused.err) == (64, True)


def test_all_pages(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.cli.client.service.Service.pages.__defaults__", (2,))
    for form in ("--json",), ():
        result = in_process(
            "findings", "--all", "--since", "2026-11-20", "--until", "2026-11-20", *form, settings=deployment.remote
        )
        ids = [f'"id": "{finding["id"]}"' if form else finding["id"][:8] for finding in findings]
        assert [result.out.count(one) for one in ids] == [1] * len(findings)
        assert "There are more" not in result.err
    assert result.out.count("mailbox") == 1


def test_no_findings(way: dict[str, str], in_process: InProcess) -> None:
    result = in_process("findings", "--mailbox", "nobody@nowhere.example", settings=way)
    assert (result.code, result.out, result.err) == (0, "", "No findings match these filters.\n")
    result = in_process("findings", "--mailbox", "nobody@nowhere.example", "--json", settings=way)
    assert (result.json, result.err) == ({"value": []}, "")
