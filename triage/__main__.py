"""`python -m triage`: the command line (docs/cli.md)."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit code of the command in `sys.argv`."""
    try:
        from triage.cli.app import run
    except KeyboardInterrupt:  # while the packages load
        return 130
    except ModuleNotFoundError as error:
        # A module of our own that is missing is a defect, not a missing package.
        if (error.name or "").partition(".")[0] == "triage":
            raise
        sys.stderr.write(
            f"The command line needs the package {error.name}. "
            "Install its requirements: python -m pip install -r requirements-cli.txt\n"
        )
        return 4
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
