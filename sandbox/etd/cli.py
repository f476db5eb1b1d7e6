"""`python -m sandbox etd`: the simulated ETD alone, in the foreground, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from datetime import datetime

from sandbox.etd.server import serve

CONTOSO = "c0470500-0000-4000-8000-000000000001"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0: a free one (default)")
    parser.add_argument(
        "--graph", metavar="URL", help="the simulated tenants; without: actions work unless `fails` says no"
    )
    parser.add_argument("--tenants", nargs="+", metavar="ID", default=[CONTOSO], help="default: the sandbox's Contoso")
    parser.add_argument("--start", type=datetime.fromisoformat, metavar="TIME", help="the clock stands there")
    parser.add_argument(
        "--switches", type=json.loads, default={}, metavar="JSON", help="such as '{\"updateHasMailboxes\": false}'"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Returns 2 if a switch or the port cannot be used."""
    try:
        asyncio.run(_serve(args))
    except (OSError, ValueError) as error:
        print(f"port {args.port}: {error}" if isinstance(error, OSError) else error, file=sys.stderr)
        return 2
    return 0


async def _serve(args: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with serve(args.tenants, args.graph, start=args.start, switches=args.switches, port=args.port) as served:
        print(f"ETD listening at {served.url}", flush=True)
        await ended.wait()
