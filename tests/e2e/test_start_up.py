"""A setting that is missing or wrong: the host does not start, and what it says names the setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sandbox.processes import ROOT

TENANT = {"tenantId": "c0470500-0000-4000-8000-000000000001", "etdAppId": "e7d00000-0000-4000-8000-000000000001"}
SETTINGS = {
    "TriageStorage": "UseDevelopmentStorage=true",
    "TRIAGE_TENANTS": json.dumps([TENANT]),
    "GRAPH_ENDPOINT": "http://127.0.0.1:1",
}
MAX_DEQUEUE_COUNT = "AzureFunctionsJobHost__extensions__queues__maxDequeueCount"


# The settings that are other than usual (None: not there), and what is said of them.
WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no storage": ({"TriageStorage": None}, "TriageStorage is missing"),
    "a schedule that is none": ({"AUDIT_SCHEDULE": "daily"}, "'daily'"),
    "an invalid queue name": ({"TRIAGE_QUEUE": "Failed_Things"}, "'failed_things' is not a valid queue name"),
    "tries that are no number": ({MAX_DEQUEUE_COUNT: "many"}, "maxDequeueCount"),
}


@pytest.fixture(scope="module")
def ends() -> dict[str, Future[subprocess.CompletedProcess[str]]]:
    """How each host ended; two of them at a time."""
    with ThreadPoolExecutor(2) as pool:
        return {name: pool.submit(run, changed) for name, (changed, _) in WRONG.items()}


def run(changed: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    # Not measured: that would take longer than the start, and settings have tests of their own.
    environ = {name: value for name, value in (os.environ | SETTINGS | changed).items() if value is not None}
    environ.pop("COVERAGE_PROCESS_CONFIG", None)
    command = [sys.executable, "-m", "sandbox", "host", "--port", "0"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize("name", WRONG)
def test_the_start_fails_and_says_why(ends: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    ended = ends[name].result()
    assert ended.returncode == 1, ended.stdout
    assert WRONG[name][1] in ended.stderr
    assert "Host listening" not in ended.stdout
