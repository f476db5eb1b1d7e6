"""`python -m sandbox host`."""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=7071, help="0: any free one (default: 7071)")
    parser.add_argument("--app", type=Path, default=ROOT, help="folder with function_app.py and host.json")
    parser.add_argument("--driver", choices=("worker", "sdk"), help="default: worker with Python 3.13 or newer")
    parser.add_argument(
        "--enable-auth",
        action="store_true",
        help="require a key: the setting AzureWebJobsSandboxKey, or a new one",
    )
    parser.add_argument(
        "--lease",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="how long a message of a killed host stays invisible (default: 600, as in Azure)",
    )
    parser.add_argument("--shutdown-timeout", type=float, default=10.0, metavar="SECONDS", help="default: 10")


def run(args: argparse.Namespace) -> int:
    from sandbox.host import serve

    options = serve.Options(
        args.port, args.app.resolve(), args.driver, args.enable_auth, args.shutdown_timeout, args.lease
    )
    return serve.run(options)
