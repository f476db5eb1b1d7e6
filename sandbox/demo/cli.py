"""`python -m sandbox demo`, which `make run` calls."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.live import Live

from sandbox.azurite import AzuriteError
from sandbox.demo import circle, failures, findings, history
from sandbox.processes import ChildError, child, free_port, is_free
from sandbox.receiver import channels
from sandbox.stack import Stack, core_tools, stack
from sandbox.tenant.world.samples import Sample

QUEUE = "remediation-failures"
STEP_SECONDS = 2.0
USUAL_PORT = 7071  # that of Azure Functions Core Tools, and of every example in the docs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=int, help=f"port of the function app; 0: any free one (default: {USUAL_PORT} if free)"
    )
    parser.add_argument(
        "--once", action="store_true", help="stop after the last finding; exit code 1 if one is unexpected"
    )
    parser.add_argument("--seconds", type=float, default=120, help="how long to wait for the findings (default: 120)")
    parser.add_argument(
        "--history", type=int, default=260, metavar="N", help="failures of the three weeks before (default: 260)"
    )
    parser.add_argument("--local-host", action="store_true", help="do not use Core Tools, even if they are installed")
    parser.add_argument("--log", type=Path, help="file for the host's output (default: shown only if the host fails)")


def run(args: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    # Without a terminal: wide enough for the table.
    console = Console(width=None if sys.stdout.isatty() else 180)
    tool = None if args.local_host else core_tools()
    port = args.port if args.port is not None else USUAL_PORT if is_free(USUAL_PORT) else 0
    console.print(f"Starting storage, the simulated tenants and the Functions host ({tool or 'local host'})…")
    if args.port is None and not port:
        console.print(f"Port {USUAL_PORT} is in use, so the function app gets another one.", style="yellow")
    try:
        with _everything(port or free_port(), tool, once=args.once) as (running, notifications):
            try:
                console.print(f"Notifications arrive at {notifications}")
                return _show(console, running, args)
            finally:
                if args.log:
                    args.log.write_text(running.host.output, "utf-8")
    except KeyboardInterrupt:
        console.print("\nStopped. Nothing is left running.")
        return 0
    except (AzuriteError, ChildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


@contextmanager
def _everything(port: int, tool: str | None, *, once: bool) -> Iterator[tuple[Stack, str]]:
    """The service on this port, and the address of what receives its notifications. `once`: without ETD."""
    with child("receiver", "--port", "0", environ={}) as receiver:
        address = receiver.wait_for(r"^Receiver listening at (http://\S+)")[1]
        more = {
            "TRIAGE_QUEUE": QUEUE,
            "TRIAGE_NOTIFICATIONS": json.dumps(channels.settings(address)),
            "TRIAGE_BASE_URL": f"http://localhost:{port}",
        }
        if not once:
            more |= circle.SETTINGS
        with stack(port=port, core_tools=tool, businesses=() if once else (circle.TENANT,), **more) as running:
            yield running, address


def _show(console: Console, running: Stack, args: argparse.Namespace) -> int:
    etd = f"   Email Threat Defense {running.etd}" if running.etd else ""
    console.print(f"Function app {running.address}   Microsoft Graph {running.graph}{etd}", soft_wrap=True)
    samples = failures.chosen()
    console.print(
        f"Sending {len(samples)} sample failures: plain JSON, Log Export rows, CloudEvents and queue messages\n"
    )
    failures.send(samples, running.address, running.storage, QUEUE)
    found = _wait(console, samples, running.address, args.seconds)
    wrong = [
        f"{sample.name}: {'; '.join(findings.differences(sample, found[sample.failure['id']]))}"
        if sample.failure["id"] in found
        else f"{sample.name}: no finding"
        for sample in samples
        if sample.failure["id"] not in found or findings.differences(sample, found[sample.failure["id"]])
    ]
    for line in wrong:
        console.print(f"unexpected: {line}", style="red", markup=False)
    if args.once:
        return 1 if wrong else 0
    with console.status("Adding three weeks of failures, with an attack in the last hours…"):
        history.send(running, args.history)
    story = circle.Circle(running)
    story.begin()
    _invite(console, running, found)
    _follow(console, story)
    print(f"The host stopped by itself:\n{running.host.output}", file=sys.stderr)
    return 1


def _wait(console: Console, samples: Sequence[Sample], address: str, seconds: float) -> dict[str, findings.Json]:
    """The findings of the samples. On a terminal the latest ones show as they arrive; at the end, all of them."""
    wanted = [sample.failure["id"] for sample in samples]
    found: dict[str, findings.Json] = {}
    end = time.monotonic() + seconds
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while len(found) < len(wanted) and time.monotonic() < end:
            time.sleep(0.3)
            found |= {id: finding for id, finding in findings.read(address).items() if id in wanted}
            live.update(findings.table(found, len(samples), last=console.height - 8), refresh=console.is_terminal)
    console.print(findings.table({id: found[id] for id in wanted if id in found}, len(samples)))
    return found


def _invite(console: Console, running: Stack, found: Mapping[str, findings.Json]) -> None:
    finding_id = next((finding["id"] for finding in found.values()), "ID")
    example = '{"mailbox": "dora@contoso.com", "error": "The Requested User is Invalid", "messageId": "1"}'
    lines = [
        "Try it:",
        f"  curl '{running.address}/api/findings?cause=user_deleted'",
        f"  curl {running.address}/api/findings/{finding_id}",
        f"  curl {running.address}/api/health",
        f"  curl {running.address}/api/feeds",
        f"  curl -X POST {running.address}/api/audits -H 'content-type: application/json' -d '{{}}'",
        f"  curl {running.address}/api/notifications/test -H 'content-type: application/json' -d '{{\"channel\": \"Teams\"}}'",
        f"  curl {running.address}/api/failures -H 'content-type: application/json' -d '{example}'",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    console.print(f"\nWhat happens next:\n{circle.PLAN}", markup=False, highlight=False)
    console.print(f"\nRunning. Press Ctrl+C to stop. Open the dashboard:\n[bold]{running.address}/api/dashboard[/bold]")


def _follow(console: Console, story: circle.Circle) -> None:
    """Until the host ends: a line for each thing that happens in the circle."""
    process = story.running.host.process
    while process.poll() is None:
        if story.ended:
            console.print(f"That was it. What the feed did: {story.running.address}/api/feeds", soft_wrap=True)
            process.wait()
            return
        try:
            for line in story.step():
                console.print(f"{datetime.now():%H:%M:%S}  {line}", markup=False, highlight=False, soft_wrap=True)
        except OSError:  # the next step asks again
            pass
        time.sleep(STEP_SECONDS)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
