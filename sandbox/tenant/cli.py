"""`python -m sandbox tenant`: the simulated tenant alone, in the foreground, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

import yaml

from sandbox.tenant.serve.server import serve
from sandbox.tenant.world import World


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0: a free one (default)")
    parser.add_argument("--state", metavar="FILE", help="YAML or JSON to serve instead of the shipped tenants")
    parser.add_argument(
        "--latency", type=float, default=0, metavar="MS", help="how long each HTTP request takes, in milliseconds"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Returns 2 if the data file or the port cannot be used."""
    try:
        world = World.load(args.state)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        print(f"{args.state or 'tenants.yaml'}: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_serve(world, args.port, args.latency / 1000))
    except OSError as error:
        print(f"port {args.port}: {error}", file=sys.stderr)
        return 2
    return 0


async def _serve(world: World, port: int, latency: float) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    async with serve(world, port, latency) as served:
        print(f"Graph listening at {served.url}", flush=True)
        await ended.wait()
