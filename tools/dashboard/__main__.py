"""`python -m tools.dashboard` writes the generated parts of the dashboard's source."""

from __future__ import annotations

import sys

from tools.dashboard import stale


def main() -> int:
    """0: every part is what the service says."""
    for path, text in stale().items():
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
