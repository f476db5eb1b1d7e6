"""`python -m sandbox receiver`: only the receivers of notifications, in the foreground, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from sandbox.receiver.server import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0: a free one (default)")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Returns 2 if the port cannot be used."""
    try:
        asyncio.run(_serve(args.port))
    except OSError as error:
        print(f"port {args.port}: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with serve(port) as receiver:
        print(f"Receiver listening at {receiver.url}", flush=True)
        await ended.wait()
