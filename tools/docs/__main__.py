"""`python -m tools.docs` writes the generated parts of the docs; `--check` only says which pages are stale."""

from __future__ import annotations

import argparse
import sys

from tools.docs import ROOT, stale


def main() -> int:
    """0; with `--check` 1 if a page is stale."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and exit with 1 if a page is stale")
    check = parser.parse_args().check
    found = stale()
    for page, text in found.items():
        if not check:
            page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{page.relative_to(ROOT)} {'is stale: run make docs' if check else 'written'}\n")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
