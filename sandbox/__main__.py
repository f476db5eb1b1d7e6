"""`python -m sandbox host | tenant | etd | receiver | demo`: one part of the sandbox, in the foreground until Ctrl-C."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading

COMMANDS = {
    "host": ("sandbox.host.cli", "a local Azure Functions host; its settings are environment variables"),
    "tenant": ("sandbox.tenant.cli", "the simulated Microsoft 365 tenants, served as Microsoft Graph"),
    "etd": ("sandbox.etd.cli", "the simulated Email Threat Defense: its API, driven by the simulated tenants"),
    "receiver": ("sandbox.receiver.cli", "the other sides of notifications, with a page of what has arrived"),
    "demo": ("sandbox.demo.cli", "all of it, with sample failures: this is `make run`"),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--end-with-parent", action="store_true", help="stop when standard input closes")
        # Only the chosen part is imported, so that it starts even if another part is broken.
        if arguments[:1] == [name]:
            importlib.import_module(module).add_arguments(command)
    args = parser.parse_args(arguments)
    if args.end_with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return importlib.import_module(COMMANDS[args.command][0]).run(args) or 0


def _end_with_parent() -> None:
    """However the parent ends, its end of the pipe closes."""
    while os.read(0, 4096):  # not sys.stdin: the interpreter crashes at exit while a thread reads it
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
