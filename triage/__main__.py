"""`python -m triage`: the command line (docs/cli.md)."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit code of the command in `sys.argv`."""
    try:
        from triage.cli.app import run
    except ModuleNotFoundError as error:
        # Not named in the message: any one of them lacking means that the file was not installed.
        if (error.name or "").partition(".")[0] == "triage":
            raise
        sys.stderr.write(
            f"The command line needs the package {error.name}, which is not part of what is deployed. "
            "Install what it needs: python -m pip install -r requirements-cli.txt\n"
        )
        return 4
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
