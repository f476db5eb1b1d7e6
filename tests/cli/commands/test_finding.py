"""`finding`: on a deployment with a key, and on storage."""

from __future__ import annotations

from typing import Any

from tests.cli.program import InProcess


def test_a_finding_is_explained(way: dict[str, str], findings: list[dict[str, Any]], in_process: InProcess) -> None:
    result = in_process("finding", findings[0]["id"], settings=way)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(findings[0]["summary"])
    assert r"'\x1b[31mPay [bold]now'" in result.out.replace("\\\\", "\\")
    assert "\x1b" not in result.out


def test_the_json_is_that_of_the_api(
    way: dict[str, str], findings: list[dict[str, Any]], in_process: InProcess
) -> None:
    assert in_process("finding", findings[0]["id"], "--json", settings=way).json == findings[0]


def test_no_such_finding(way: dict[str, str], in_process: InProcess) -> None:
    missing = in_process("finding", "a?b#c", settings=way)
    assert (missing.code, missing.out) == (4, "")
    assert "There is no finding with this ID" in missing.err
