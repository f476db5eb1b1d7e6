"""Figures as tables: for a terminal and for results/."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import end_to_end

# Figures of a run: the name, how it is written, and whether the ratio to the baseline says something.
FIGURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("perSecond", "failures/s", "{:.1f}".format),
    ("p50Ms", "p50, message to finding, ms", "{:.0f}".format),
    ("p95Ms", "p95, message to finding, ms", "{:.0f}".format),
    ("requests", "Graph HTTP requests for each failure", "{:.3f}".format),
    ("items", "batch items for each failure", "{:.2f}".format),
    ("units", "resource units for each failure", "{:.2f}".format),
    ("cpuMs", "CPU for each failure, ms", "{:.2f}".format),
    ("peakMemoryMb", "peak memory, MB", "{:.0f}".format),
    ("firstFindingSeconds", "process start to first finding, s", "{:.2f}".format),
)


def wrong(figures: Any) -> bool:
    """Whether any finding in the figures had another cause than the mix says."""
    if isinstance(figures, dict):
        return bool(figures.get("wrong")) or any(wrong(value) for value in figures.values())
    return False


def write(folder: Path, name: str, figures: Any) -> str:
    """Writes <name>.json and <name>.md, and gives the text of the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    text = f"# {name}\n\n{machine}.\n\n{TABLES[name](figures)}\n"
    (folder / f"{name}.json").write_text(json.dumps({"machine": machine, "figures": figures}, indent=1) + "\n")
    (folder / f"{name}.md").write_text(text)
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _by_users(runs: Sequence[dict[str, Any]], rows: Iterable[tuple[str, Callable[[dict[str, Any]], str]]]) -> str:
    """A column for each run, by the number of its users."""
    return _table(
        ["users", *(f"{run['count']:,}" for run in runs)],
        [[title, *(form(run) for run in runs)] for title, form in rows],
    )


def _graph(figures: dict[str, Any]) -> str:
    runs = {f"service, {int(size):,}": run for size, run in figures["service"].items()}
    largest, baseline = list(runs.values())[-1], figures["baseline"]
    runs |= {f"baseline, {baseline['count']:,}": baseline, "baseline that keeps the app": figures["baselineKept"]}
    rows = [
        [title, *(form(run[name]) for run in runs.values()), _ratio(largest[name], baseline[name])]
        for name, title, form in FIGURES
    ]
    sizes = list(figures["service"].values())
    growth = sizes[-1]["cpuMs"] / sizes[-2]["cpuMs"] if len(sizes) > 1 else 1.0
    return "\n".join(
        [
            f"Graph answers after {figures['latencyMs']:g} ms; the service has {figures['concurrent']} messages at a "
            "time. The last column is the largest run of the service against the baseline.",
            "",
            _table(["", *runs, "ratio"], rows),
            "",
            f"CPU for each failure at the largest size against the one before: {growth:.2f}. "
            f"At most {max(run['mostAtOnceInAMailbox'] for run in sizes)} requests at a time in a mailbox, "
            f"{sum(run['throttled'] for run in sizes)} throttled, "
            f"{sum(run['tasksLeft'] for run in sizes)} tasks left behind. {_causes(runs.values())}",
        ]
    )


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.3g}x" if theirs else ""


def _causes(runs: Iterable[dict[str, Any]]) -> str:
    found = {name: count for run in runs for name, count in run["wrong"].items()}
    return f"WRONG CAUSES: {found}" if found else "Every finding had the cause that it had to have."


def _costs(rows: list[dict[str, Any]]) -> str:
    names = ("requests", "items", "units", "ms")
    lines: list[list[str]] = []
    for scenario in sorted({row["scenario"] for row in rows}):
        own = [row for row in rows if row["scenario"] == scenario]
        lines += [[scenario, row["cause"], *(f"{row[name]:.0f}" for name in names)] for row in own]
        lines.append(
            [f"**{scenario}**", "average", *(f"{sum(row[name] for row in own) / len(own):.1f}" for name in names)]
        )
    lines.append(["**all**", "average", *(f"{sum(row[name] for row in rows) / len(rows):.2f}" for name in names)])
    return "One failure at a time, the tenant and the app read before.\n\n" + _table(
        ["scenario", "cause", "HTTP requests", "batch items", "resource units", "ms"], lines
    )


def _storm(figures: dict[str, Any]) -> str:
    return (
        f"{figures['count']:,} failures after the consent was withdrawn: {figures['readingsOfTheApp']:g} reading of "
        f"the app, {figures['messageSearches']:,} searches for the message in mailboxes, {figures['perSecond']:.0f} failures/s, "
        f"{figures['cpuMs']:.2f} ms of CPU for each. {_causes([figures])}"
    )


def _start(runs: list[dict[str, Any]]) -> str:
    names = {
        "serviceSeconds": "service: process start to first finding, s",
        "emptySeconds": "empty app: process start to the end of its function, s",
        "ratio": "ratio",
        "serviceCpuSeconds": "service: CPU of the process, start to end, s",
        "emptyCpuSeconds": "empty app: likewise, s",
    }
    return f"Medians of {runs[0]['runs']} starts each, in turns.\n\n" + _table(
        ["", *(f"Graph answers after {run['latencyMs']:g} ms" for run in runs)],
        [[title, *(f"{run[name]:.2f}" for run in runs)] for name, title in names.items()],
    )


def _storage(figures: dict[str, Any]) -> str:
    azurite = figures["azurite"]
    queries = list(next(iter(figures["rows"].values())))
    return "\n".join(
        [
            f"{azurite['findings']:,} findings on Azurite: {azurite['writesPerSecond']:.0f} findings/s, each with its "
            f"lists and counts. CPU of the service for each failure: {azurite['cpuMs']:.2f} ms, without storage "
            f"{azurite['cpuMsWithoutStorage']:.2f} ms. {_causes([azurite])}",
            "",
            "Incidents and exposures, for each failure, as part of that:",
            "",
            _table(
                ["", "mix", "one incident"],
                [
                    [title, *(f"{figures['incidents'][name][key] / unit:.2f}" for name in ("mix", "mass"))]
                    for key, title, unit in (
                        ("requests", "table requests", 1),
                        ("written", "entities written", 1),
                        ("bytes", "KB sent", 1000),
                        ("cpuMs", "CPU, ms", 1),
                    )
                ],
            ),
            "",
            _table(["on Azurite", "ms"], [[name, f"{ms:.0f}"] for name, ms in azurite["milliseconds"].items()]),
            "",
            "List rows looked at, and requests, for a page of 100, by the number of findings:",
            "",
            _table(
                ["filter", *(f"{int(size):,}" for size in figures["rows"])],
                [
                    [
                        query,
                        *(
                            f"{found[query]['rows']:,} in {found[query]['requests']}"
                            for found in figures["rows"].values()
                        ),
                    ]
                    for query in queries
                ],
            ),
        ]
    )


def _end_to_end(figures: dict[str, Any]) -> str:
    titles = {"mix": "service, mix", "mass": "service, one incident", "script": "script", "script16": "16 scripts"}
    runs = {title: figures[name] for name, title in titles.items()}
    shown = {"perSecond", "p50Ms", "p95Ms", "requests", "cpuMs", "peakMemoryMb"}
    mix, mass = (end_to_end.cost(figures, name) for name in ("mix", "mass"))
    names = {
        "requests": "table requests",
        "entities": "entities written",
        "deleted": "entities deleted",
        "kb": "KB sent",
        "cpuMs": "CPU, ms",
    }
    before = end_to_end.VERSION_1
    return "\n".join(
        [
            f"Graph answers after {figures['latencyMs']:g} ms. The service reads a queue, stores findings, and counts what "
            f"is derived from them until nothing is left ({figures['mix']['count']:,} failures); the scripts do neither.",
            "",
            _table(
                ["", *runs, "mix against script", "mix against 16"],
                [
                    [
                        title,
                        *(form(run[name]) for run in runs.values()),
                        _ratio(figures["mix"][name], figures["script"][name]),
                        _ratio(figures["mix"][name], figures["script16"][name]),
                    ]
                    for name, title, form in FIGURES
                    if name in shown
                ],
            ),
            "",
            f"Version 1 against 16 scripts: {before['perSecond'] / before['perSecondOfScripts']:.2f}x failures/s, "
            f"{before['cpuMs'] / before['cpuMsOfScripts']:.2f}x CPU. {_causes(runs.values())}",
            "",
            "Storage, for each finding, with all that is derived from it:",
            "",
            _table(
                ["", "goal", "mix", "one incident", "version 1"],
                [
                    [
                        title,
                        f"{goal:g}" if (goal := end_to_end.GOALS[name]) else "",
                        f"{mix[name]:.2f}",
                        f"{mass[name]:.2f}",
                        f"{end_to_end.VERSION_1_STORAGE[name]:g}",
                    ]
                    for name, title in names.items()
                ],
            ),
        ]
    )


def _coverage(figures: dict[str, Any]) -> str:
    runs = list(figures["sizes"].values())
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("Graph HTTP requests", lambda run: f"{run['requests']:,}"),
        ("for each user, against the baseline", lambda run: _of_baseline(run, "requests")),
        ("resource units", lambda run: f"{run['units']:,}"),
        ("most of Graph's limit in 10 s", lambda run: f"{run['largestShare']:.2%}"),
        ("minutes", lambda run: f"{run['seconds'] / 60:.1f}"),
        ("for each user, against the baseline", lambda run: _of_baseline(run, "seconds")),
        ("CPU for each user, ms", lambda run: f"{run['cpuMs']:.2f}"),
        ("peak memory, MB", lambda run: f"{run['peakMemoryMb']:.0f}"),
    ]
    growth = runs[-1]["peakMemoryMb"] / runs[0]["peakMemoryMb"]
    service = list(figures["service"].values())
    of_service: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("minutes", lambda run: f"{run['minutes']:.1f}"),
        ("peak memory, MB", lambda run: f"{run['peakMemoryMb']:.0f}"),
        ("requests to storage for each user", lambda run: f"{run['storage']:.3f}"),
        ("processes that were killed in the next scan", lambda run: f"{run['killed']}"),
    ]
    wrongs = sorted({name for run in [*runs, *service] for name in run["wrong"]})
    return "\n".join(
        [
            "A scan without storage, in virtual time. The baseline asks for one Inbox after another.",
            "",
            _by_users(runs, rows),
            "",
            f"Peak memory at the largest size against the smallest: {growth:.2f}.",
            "",
            "The service's scan, with storage. The next scan is interrupted: each minute a new process takes over, and most "
            "of them are killed.",
            "",
            _by_users(service, of_service),
            "",
            f"WRONG: {', '.join(wrongs)}."
            if wrongs
            else "Every scan had the numbers and the mailboxes that it had to have.",
        ]
    )


def _of_baseline(run: dict[str, Any], name: str) -> str:
    return _ratio(run[name] / run["count"], run["baseline"][name])


def _feed(figures: dict[str, Any]) -> str:
    runs = list(figures["days"].values())
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("actions found, each on a message in a mailbox", lambda run: f"{run['candidates']:,}"),
        ("failures found", lambda run: f"{run['failures']:,}"),
        ("requests to ETD", lambda run: f"{run['requests']:,}"),
        ("against the script", lambda run: _ratio(run["requests"], run["script"]["requests"])),
        ("messages that the script saw", lambda run: f"{run['script']['seen'] / run['candidates']:.0%}"),
        ("batch items of Graph for each action", lambda run: f"{run['items']:.1f}" if run["items"] else ""),
        ("table requests for each action", lambda run: f"{run['tableRequests']:.1f}"),
        ("… of them writes", lambda run: f"{run['tableWrites']:.1f}"),
        ("rows that are left for each action", lambda run: f"{run['rows']:.2f}"),
    ]
    return "\n".join(
        [
            "A day of the feed on Azurite, in virtual time. The script searches the last 40 minutes every ten minutes, and asks "
            "for the status of each message.",
            "",
            _table(
                ["convicted messages a day", *(f"{int(size):,}" for size in figures["days"])],
                [[title, *(form(run) for run in runs)] for title, form in rows],
            ),
            "",
            _posted(runs),
            "",
            "Requests to ETD on a day, with the mail of eight days before, by the service's own windows:",
            "",
            _steady(figures["steady"]),
        ]
    )


def _steady(figures: dict[str, dict[str, Any]]) -> str:
    runs = list(figures.values())
    lanes = list(runs[0]["requestsByLane"])
    return _table(
        ["convicted messages a day", *(f"{int(size):,}" for size in figures)],
        [
            *([f"`{lane}`", *(f"{run['requestsByLane'][lane]:,}" for run in runs)] for lane in lanes),
            ["all", *(f"{run['requests']:,}" for run in runs)],
            ["against the script", *(_ratio(run["requests"], run["script"]) for run in runs)],
        ],
    )


def _posted(runs: Iterable[dict[str, Any]]) -> str:
    wrong = [run["wrong"] for run in runs if run["wrong"]]
    return f"WRONG: {wrong}" if wrong else "Every failure was posted, and none twice."


TABLES: dict[str, Callable[[Any], str]] = {
    "graph": _graph,
    "costs": _costs,
    "storm": _storm,
    "coverage": _coverage,
    "start": _start,
    "storage": _storage,
    "end_to_end": _end_to_end,
    "feed": _feed,
}
