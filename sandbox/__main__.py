"""`python -m sandbox host | tenant | demo`: the parts of the sandbox, each in the foreground until Ctrl-C."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading

COMMANDS = {
    "host": ("sandbox.host.cli", "the Azure Functions host, with the settings of the environment"),
    "tenant": ("sandbox.tenant.cli", "the simulated Microsoft 365 tenant, as Microsoft Graph"),
    "demo": ("sandbox.demo.cli", "all of it, with sample failures: what `make run` starts"),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--end-with-parent", action="store_true", help="end when standard input does")
        # Only the chosen part is imported: one must start while another is broken or not there.
        if arguments[:1] == [name]:
            importlib.import_module(module).add_arguments(command)
    args = parser.parse_args(arguments)
    if args.end_with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return importlib.import_module(COMMANDS[args.command][0]).run(args) or 0


def _end_with_parent() -> None:
    """However the parent went, its end of the pipe is closed."""
    while os.read(0, 4096):  # not sys.stdin: a thread that waits in it makes the interpreter's end a crash
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
