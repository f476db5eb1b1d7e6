"""`make run` without make: the whole service, sample failures in every form, their findings, and nothing left running."""

from __future__ import annotations

import re
import signal
import socket
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.cli import USUAL_PORT
from sandbox.demo.failures import chosen
from sandbox.demo.findings import differences
from sandbox.processes import ROOT, is_free, started
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample, load

DEMO = [sys.executable, "-m", "sandbox", "demo", "--port", "0"]


def listens(address: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0


def test_every_cause_is_shown_once() -> None:
    samples = load(World.load())
    causes = [sample.expect["cause"] for sample in chosen(samples)]
    assert sorted(causes) == sorted({sample.expect["cause"] for sample in samples})
    assert len({sample.scenario for sample in chosen(samples)}) > 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_every_process_ends_however_the_demo_is_stopped(number: signal.Signals) -> None:
    with started([*DEMO, "--local-host", "--history", "20"], environ={}) as demo:
        addresses = demo.wait_for(
            r"^Function app (\S+) +Microsoft Graph (\S+) +Email Threat Defense (\S+)", 40
        ).groups()
        addresses += demo.wait_for(r"^Notifications arrive at (\S+)$", 5).groups()
        assert all(map(listens, addresses))
        if number == signal.SIGINT:  # this one while it serves; the others while it works
            demo.wait_for(r"^Running. Press Ctrl\+C to stop", 90)
            demo.wait_for(rf"^{addresses[0]}/api/dashboard$", 5)  # the last line is the address
            demo.wait_for(r"^  curl .*/api/findings/[0-9a-f]{16}", 5)
        demo.process.send_signal(number)
        code = demo.wait(20)
    assert code == (-9 if number == signal.SIGKILL else 0), demo.output
    end = time.monotonic() + 10
    while any(map(listens, addresses)):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_with_core_tools_all_findings_arrive_as_expected(tmp_path: Path) -> None:
    func = tmp_path / "func"
    func.write_text(f'#!/bin/sh\n[ "$1" = start ] && shift\nexec {sys.executable} -m sandbox host "$@"\n')
    func.chmod(0o755)
    with started([*DEMO, "--once"], environ={"PATH": f"{tmp_path}:/usr/bin:/bin"}, cwd=ROOT) as demo:
        assert demo.wait(90) == 0, demo.output
    assert f"Functions host ({func})" in demo.output.replace("\n", "")
    assert f"{len(chosen())} of {len(chosen())} findings" in demo.output
    row = re.search(r"^ ?ghost\S*@\S+ +\w+ +user_not_found +probable +\? +\S", demo.output, re.MULTILINE)
    assert row, demo.output


def test_another_port_is_used_when_the_usual_one_is_in_use() -> None:
    usual = socket.create_server(("127.0.0.1", USUAL_PORT)) if is_free(USUAL_PORT) else nullcontext()
    with usual, started([sys.executable, "-m", "sandbox", "demo", "--local-host"], environ={}) as demo:
        address = demo.wait_for(r"^Function app (\S+)", 40)[1]
        assert f"Port {USUAL_PORT} is in use, so the function app gets another one." in demo.output
        assert not address.endswith(f":{USUAL_PORT}")


def test_a_host_that_cannot_start_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started([*DEMO, "--once", "--local-host", "--port", port], environ={}) as demo:
            assert demo.wait(40) == 1
    assert f"port {port} cannot be used" in demo.output


FINDING: dict[str, Any] = {
    "cause": "user_deleted",
    "confidence": "confirmed",
    "exposed": None,
    "message": {"location": "not_checked"},
    "alternatives": ["message_gone"],
    "reasons": [{"reason": "forbidden", "permission": "User.Read.All"}, {"reason": "timeout", "permission": None}],
}


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ({"cause": "user_deleted", "confidence": "confirmed", "exposed": None, "location": "not_checked"}, 0),
        ({"cause": "user_deleted", "locations": ["unknown", "not_checked"]}, 0),
        ({"cause": "user_not_found"}, 1),
        ({"cause": "user_deleted", "exposed": True, "confidence": "probable"}, 2),
        ({"cause": "user_deleted", "locations": ["inbox"]}, 1),
        ({"alternatives": ["message_gone"], "reasons": [{"reason": "timeout"}, {"reason": "forbidden"}]}, 0),
        ({"alternatives": ["user_deleted"], "reasons": [{"reason": "forbidden", "permission": "Mail.Read"}]}, 2),
    ],
)
def test_differences_from_what_a_sample_expects(expect: dict[str, Any], wrong: int) -> None:
    assert len(differences(Sample("name", {}, expect), FINDING)) == wrong
