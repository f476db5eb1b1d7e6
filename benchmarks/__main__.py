"""`python -m benchmarks`: what README.md describes. Prints tables and writes them to results/."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import costs, coverage, end_to_end, feed, load, start, storage, storm, tables
from benchmarks.tenant import tenant

RESULTS = Path(__file__).with_name("results")
CONCURRENT = 32
# The baseline takes a second for a failure, so it runs on few. Its cost for one failure does not depend on their number.
BASELINE_FAILURES = 60
# Azurite reads a whole partition for each query: with 10,000 failures end to end it no longer answers in time.
MOST_ON_AZURITE = 1000


def graph(options: argparse.Namespace) -> dict[str, Any]:
    """The service at each size beside the baseline, in one run on one machine."""
    figures: dict[str, Any] = {"latencyMs": options.latency, "concurrent": CONCURRENT, "service": {}}
    for size in options.sizes:
        with tenant(size + 1, latency_ms=options.latency) as found, load.messages(size) as path:
            concurrent = ("--concurrent", str(CONCURRENT))
            figures["service"][str(size)] = load.run("benchmarks.service", found, path, *concurrent)
    size = min(options.baseline, *options.sizes)
    with tenant(size + 1, latency_ms=options.latency) as found, load.messages(size) as path:
        figures["baseline"] = load.run("benchmarks.baseline", found, path)
        figures["baselineKept"] = load.run("benchmarks.baseline", found, path, "--keep")
    return figures


PARTS: dict[str, Callable[[argparse.Namespace], Any]] = {
    "graph": graph,
    "costs": lambda options: costs.run(latency_ms=options.latency),
    "storm": lambda options: storm.run(options.storm, latency_ms=options.latency),
    "end_to_end": lambda options: end_to_end.end_to_end(
        min(options.storm, MOST_ON_AZURITE), options.baseline, latency_ms=options.latency
    ),
    "coverage": lambda options: coverage.run([1000, 10_000, 100_000] if options.full else [1000, 10_000]),
    "start": lambda options: [start.run(runs=options.starts, latency_ms=ms) for ms in (options.latency, 0)],
    "storage": lambda options: {
        "azurite": storage.on_azurite(options.writes),
        "incidents": storage.incidents(options.writes),
        "rows": {str(size): storage.rows(size) for size in (10_000, 100_000, 1_000_000)},
    },
    "feed": lambda options: feed.run(options.mail),
}
ONLY_FULL = {"feed"}


def main() -> int:
    """Runs the parts that are named, or all. Returns 1 if a finding had the wrong cause."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"parts to run: {', '.join(PARTS)} (default: all but feed)")
    parser.add_argument(
        "--full", action="store_true", help="also 10,000 failures, a storm of 10,000, 100,000 users, and the feed"
    )
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="failures (default: 100 1000)")
    parser.add_argument("--latency", type=float, default=100.0, metavar="MS", help="latency of Graph (default: 100)")
    parser.add_argument(
        "--baseline", type=int, default=BASELINE_FAILURES, metavar="N", help="failures that the baseline triages"
    )
    parser.add_argument(
        "--storm",
        type=int,
        metavar="N",
        help="failures of the storm, and up to 1000 of them end to end (default: 1000)",
    )
    parser.add_argument("--starts", type=int, default=5, metavar="N", help="starts of each app")
    parser.add_argument("--writes", type=int, default=300, metavar="N", help="findings stored in Azurite")
    parser.add_argument(
        "--mail", type=int, nargs="+", default=[200, 1000], metavar="N", help="convicted messages a day of the feed"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIRECTORY")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    options.sizes = options.sizes or ([100, 1000, 10_000] if options.full else [100, 1000])
    options.storm = options.storm or (10_000 if options.full else 1000)
    start.compiled()
    wrong = False
    for name in options.parts or [part for part in PARTS if options.full or part not in ONLY_FULL]:
        figures = PARTS[name](options)
        text = tables.write(options.results, name, figures)
        print(text, flush=True)
        wrong |= tables.wrong(figures)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
