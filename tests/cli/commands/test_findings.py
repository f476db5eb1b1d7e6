"""`findings`: lists findings, on a deployment with a key, and on storage."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from sandbox.processes import free_port
from tests.cli.conftest import Deployment
from tests.cli.program import InProcess
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
    values = {name: columns[name] for name in FILTERS}
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


def _kebab(name: str) -> str:
    return re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", name)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table(deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, columns: str) -> None:
    day = ("--since", "2026-11-20", "--until", "2026-11-20")
    result = in_process("findings", *day, settings={**deployment.remote, "COLUMNS": columns})
    assert max(map(len, result.out.splitlines())) <= int(columns)
    for finding in findings:
        for text in (finding["id"], finding["cause"], finding["failure"]["mailbox"]):
            assert text in result.out
    assert result.err == ""
    few = in_process("findings", *day, "--top", "2", settings=deployment.remote)
    assert sum(finding["id"] in few.out for finding in findings) == 2
    assert "There are more than these 2. Use --all" in few.err


def test_all_pages(
    deployment: Deployment, findings: list[dict[str, Any]], in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.cli.client.service.Service.pages.__defaults__", (2,))
    for form in ("--json",), ():
        result = in_process(
            "findings", "--all", "--since", "2026-11-20", "--until", "2026-11-20", *form, settings=deployment.remote
        )
        ids = [f'"id": "{finding["id"]}"' if form else finding["id"] for finding in findings]
        assert [result.out.count(one) for one in ids] == [1] * len(findings)
        assert "There are more" not in result.err
    assert result.out.count("mailbox") == 1


def test_no_findings(way: dict[str, str], in_process: InProcess) -> None:
    result = in_process("findings", "--mailbox", "nobody@nowhere.example", settings=way)
    assert (result.code, result.out, result.err) == (0, "", "No findings match these filters.\n")
    result = in_process("findings", "--mailbox", "nobody@nowhere.example", "--json", settings=way)
    assert (result.json, result.err) == ({"value": []}, "")
