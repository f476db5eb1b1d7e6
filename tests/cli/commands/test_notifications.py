"""`notifications`: what was sent, and a test of a channel, against the code in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.processes import child
from sandbox.receiver import channels
from tests.cli.conftest import Deployment
from tests.cli.program import InProcess


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with child("receiver", "--port", "0", environ={}) as receiver:
        yield receiver.wait_for(r"^Receiver listening at (http://\S+)")[1]


def test_a_test_of_a_channel(deployment: Deployment, address: str, in_process: InProcess) -> None:
    settings = {**deployment.settings, "TRIAGE_NOTIFICATIONS": json.dumps(channels.settings(address))}
    result = in_process("notifications", "--test", "Teams", settings=settings)
    assert result.code == 0
    assert "Teams has accepted it: HTTP 202. The workflow has accepted it. Check the channel" in result.err
    assert in_process("notifications", "--test", "Slack", "--json", settings=settings).json["answer"] == "HTTP 200: ok"
    result = in_process("notifications", "--test", "nobody", settings=settings)
    assert (result.code, "There is no such channel." in result.err) == (4, True)


def test_what_was_sent(deployment: Deployment, in_process: InProcess) -> None:
    for settings in (deployment.remote, deployment.settings):
        assert in_process("notifications", "--json", settings=settings).json == {"value": []}
        assert "Nothing was sent to any channel." in in_process("notifications", settings=settings).err
