"""The tenant as a process: it prints its address, ends on a signal, and refuses an invalid file."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.tenant import cli

ROOT = Path(__file__).parents[3]


@contextlib.asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "tenant", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def listening(started: asyncio.subprocess.Process) -> str:
    assert started.stdout is not None
    line = (await asyncio.wait_for(started.stdout.readline(), 20)).decode()
    assert line.startswith("Graph listening at http://127.0.0.1:")
    return line.split()[-1]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_listens_and_ends_on_a_signal(name: signal.Signals) -> None:
    async with process() as started:
        url = await listening(started)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/v1.0/users") as response:
            assert response.status == 401
        started.send_signal(name)
        _, errors = await asyncio.wait_for(started.communicate(), 10)
        assert (started.returncode, errors) == (0, b"")


async def test_it_serves_the_data_of_a_given_file(tmp_path: Path) -> None:
    state = tmp_path / "state.yaml"
    state.write_text(
        "tenants: {mine: {id: 11111111-0000-4000-8000-000000000001, domains: [mine.example], people: {me: {}}}}"
    )
    headers = {"Authorization": "Bearer local-simulator", "X-Tenant-Id": "11111111-0000-4000-8000-000000000001"}
    async with process("--state", str(state), "--latency", "100") as started:
        url = await listening(started)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{url}/v1.0/users/me@mine.example") as response,
        ):
            assert response.status == 200
        assert loop.time() - begun >= 0.1


@pytest.mark.parametrize(
    "text",
    [None, "tenants: [", "tenants: {x: {}}", "tenants: {x: {domains: [a.b], people: {p: {licenses: [NONE]}}}}", "7"],
)
async def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state.yaml"
    if text is not None:
        state.write_text(text)
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    assert cli.run(parser.parse_args(["--state", str(state)])) == 2
    assert str(state) in capsys.readouterr().err


async def test_a_port_that_is_taken() -> None:
    async with process() as first:
        port = (await listening(first)).rsplit(":", 1)[1]
        async with process("--port", port) as second:
            _, errors = await asyncio.wait_for(second.communicate(), 20)
            assert second.returncode == 2
            assert errors.decode().startswith(f"port {port}: ")
