"""`make chaos`: kills hosts, takes storage away and breaks Graph while failures arrive, and counts what becomes of them.

The exit code is 1 if a failure was lost, has two findings, has the wrong cause, or stays undetermined, or if incidents,
exposures or the summary differ from a count by hand.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from tests.chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--failures", type=int, default=600, metavar="N", help="failures to send (default: 600)")
    parser.add_argument("--seconds", type=float, default=90.0, help="how long harm is done (default: 90)")
    parser.add_argument("--hosts", type=int, default=2, metavar="N", help="hosts of the function app (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="of the order of what happens (default: 0)")
    options = parser.parse_args()
    result = run(failures=options.failures, seconds=options.seconds, count=options.hosts, seed=options.seed)
    figures = asdict(result)
    harm, wrong, derived = figures.pop("harm"), figures.pop("wrong"), figures.pop("derived")
    for name, value in figures.items():
        print(
            f"{name.replace('_', ' '):<14} {value:.1f}"
            if isinstance(value, float)
            else f"{name.replace('_', ' '):<14} {value}"
        )
    print(f"{'counts differ':<14} {', '.join(derived) or 'none: incidents, exposures, summary'}")
    for title, counts in (("wrong", wrong), ("harm", harm)):
        print(f"{title:<14} {sum(counts.values())}")
        for name, number in sorted(counts.items()):
            print(f"  {number:>4}  {name}")
    print("Nothing was lost." if result.sound else "Something was lost: see above.")
    return int(not result.sound)


if __name__ == "__main__":
    sys.exit(main())
