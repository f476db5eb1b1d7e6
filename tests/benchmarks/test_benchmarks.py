"""The benchmarks at a small size: they finish, count what was asked of Graph, and report a wrong finding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from benchmarks import coverage, end_to_end, feed, follow_ups, mix, storage, storm, tables
from benchmarks.load import messages, run
from benchmarks.measure import read
from benchmarks.tenant import tenant
from sandbox.processes import ROOT
from triage.graph.batching import MAX_PER_MAILBOX
from triage.intake.scenario import Scenario
from triage.operations.follow_up import LOOKS_PER_MINUTE
from triage.storage.query import FILTERS
from triage.storage.shards import SHARDS, share_of

LATENCY_MS = 20


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments, "--results", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)


def test_the_service_beats_the_baseline(tmp_path: Path) -> None:
    done = bench(tmp_path, "graph", "--sizes", "20", "--baseline", "20", "--latency", str(LATENCY_MS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "graph.md").read_text(encoding="utf-8") in done.stdout
    assert "Every finding had the cause that it had to have." in done.stdout
    figures = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))["figures"]
    service, baseline, kept = figures["service"]["20"], figures["baseline"], figures["baselineKept"]
    assert service["count"] == baseline["count"] == 20
    assert service["perSecond"] > 2 * baseline["perSecond"]
    assert service["requests"] < kept["requests"] < baseline["requests"]
    assert service["items"] > 1 > service["requests"]
    assert baseline["items"] == 0
    assert 0 < service["mostAtOnceInAMailbox"] <= MAX_PER_MAILBOX
    assert service["tasksLeft"] == 0
    for name, title, _ in tables.FIGURES:
        assert service[name] > 0
        assert f"| {title} |" in done.stdout


def test_a_storm_reads_the_app_once() -> None:
    figures = storm.run(40, latency_ms=LATENCY_MS)
    assert figures["wrong"] == {}
    assert figures["readingsOfTheApp"] == 1
    assert figures["messageSearches"] > 20


def test_a_wrong_cause_is_reported(tmp_path: Path) -> None:
    with tenant(21, latency_ms=0) as graph, messages(20) as path:
        lines = path.read_text(encoding="utf-8").splitlines()
        wrong = tmp_path / "messages"
        parts = (line.split("\t", 2) for line in lines)
        wrong.write_text("".join(f"{one}\tapp_deleted\t{text}\n" for one, _, text in parts), encoding="utf-8")
        figures = run("benchmarks.service", graph, wrong, "--concurrent", "4")
    assert sum(figures["wrong"].values()) == 21
    assert tables.wrong({"service": {"20": figures}})
    assert "WRONG CAUSES" in tables.TABLES["graph"](
        {"latencyMs": 0, "concurrent": 4, "service": {"20": figures}, "baseline": figures, "baselineKept": figures}
    )


def test_the_cost_of_each_kind_of_failure(tmp_path: Path) -> None:
    done = bench(tmp_path, "costs", "--latency", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "costs.json").read_text(encoding="utf-8"))["figures"]
    assert len(rows) == len(mix.LINES)
    usual = [row for row in rows if row["cause"] in ("app_healthy", "mailbox_unlicensed")]
    assert {row["requests"] for row in usual} == {1}, "one round trip"
    assert sum(row["units"] for row in rows) / len(rows) <= 4
    assert "**invalid_user**" in done.stdout


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    done = bench(tmp_path, "grahp")
    assert done.returncode == 2
    assert "grahp" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_mix_has_equal_shares_and_a_message_for_each_line() -> None:
    shares = [sum(line.scenario == scenario.value for line in mix.LINES) for scenario in Scenario]
    assert len(set(shares)) == 1
    lines = [mix.line_of(number) for number in range(len(mix.LINES))]
    assert sorted(map(repr, lines)) == sorted(map(repr, mix.LINES))
    with messages(40) as path:
        found = list(read(path))
    assert len({message.finding_id for message in found}) == 41
    assert [message.cause for message in found] == [mix.line_of(number).cause for number in range(41)]


@pytest.mark.parametrize("count", [900, 90_000])
def test_a_page_reads_no_more_rows_when_there_are_more_findings(count: int) -> None:
    rows = storage.rows(count)
    shares = len(SHARDS) * share_of(storage.PAGE + 1)
    # Columns are compared by the table service; each of their values is common. An incident has no list of its own.
    most = dict.fromkeys(FILTERS, 5 * shares) | {"mailbox": shares, "cause": shares, "tenantId": shares}
    most |= {"internetMessageId": 2 * shares}  # each of its rows points to another
    most |= {"severity": 11 * shares, "incidentId": count, "no filter": shares}
    for name, limit in most.items():
        assert rows[name]["rows"] <= limit
        assert rows[name]["findings"] <= storage.PAGE
    assert rows["no filter"]["findings"] == storage.PAGE
    assert rows["no filter, one day"]["findings"] == min(storage.PAGE, count // 90)


async def test_the_generated_lists_count_every_row_of_a_range() -> None:
    lists = storage.GeneratedLists(1000)
    tenant_id = lists.VALUES["tenantId"][0]
    keys = f"RowKey ge 'tenantId={tenant_id}|' and RowKey lt 'tenantId={tenant_id}|~'"
    text = f"PartitionKey eq 's1' and {keys} and (cause eq 'x')"
    found: list[Any] = [row async for row in lists.query_entities(text)]
    assert found == []
    of_the_shard = [number for number in range(1, 1000, 8) if lists.column("tenantId", number) == tenant_id]
    assert lists.looked_at == len(of_the_shard) > 10


def test_end_to_end_every_finding_is_stored_and_its_cost_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[dict[str, Any]] = []

    def one_for_all(_: str, graph: Any, path: Path, *__: str) -> dict[str, Any]:
        """A run of the service without storage. It stands for the baseline as well, which has a test of its own."""
        if not runs:
            runs.append(run("benchmarks.service", graph, path, "--concurrent", "32"))
        return dict(runs[0])

    monkeypatch.setattr(end_to_end, "run", one_for_all)
    figures = end_to_end.end_to_end(30, 2, latency_ms=LATENCY_MS)
    assert not tables.wrong(figures)
    for name in ("mix", "mass"):
        assert (figures[name]["count"], figures[name]["leftOnTheQueue"]) == (30, 0)
        cost = end_to_end.cost(figures, name)
        assert 5 <= cost["entities"] <= 14, "a finding has six rows or seven, and what is derived from it"
        assert 5 <= cost["kb"] <= 20
        assert 0.3 <= cost["requests"] <= 6
    assert "| table requests | 1 |" in tables.TABLES["end_to_end"](figures)


def test_the_cost_of_incidents_is_the_difference_to_a_run_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def stored(_: Any, __: Any, *options: str) -> dict[str, Any]:
        return {"requests": 1.0, "written": 7.0, "bytes": 9000.0, "cpuMs": 3.0} if options else run_of_all

    run_of_all = {"requests": 1.25, "written": 10.5, "bytes": 13_000.0, "cpuMs": 4.5}
    monkeypatch.setattr(storage, "_stored", stored)
    found = storage.incidents(1)
    assert found["mix"] == found["mass"] == {"requests": 0.25, "written": 3.5, "bytes": 4000.0, "cpuMs": 1.5}
    azurite = {"findings": 1, "writesPerSecond": 1, "cpuMs": 1, "cpuMsWithoutStorage": 1, "milliseconds": {}}
    text = tables.TABLES["storage"]({"azurite": azurite | {"wrong": {}}, "incidents": found, "rows": {"1": {}}})
    assert "| KB sent | 4.00 | 4.00 |" in text


def test_looks_at_open_findings_keep_to_their_share_and_delay_nobody() -> None:
    none, many = (follow_ups.simulate(count, seconds=40) for count in (0, 5000))
    assert (none.looks, none.largest_share) == (0, 0.0)
    assert 550 < many.looks <= LOOKS_PER_MINUTE
    assert many.largest_share <= 0.1
    assert many.failures.undetermined == 0
    assert many.failures.percentile(99) < none.failures.percentile(99) + 0.2


def test_a_coverage_scan_takes_few_requests_and_has_the_right_numbers() -> None:
    found = coverage.measure(1100)
    assert found["wrong"] == {}
    assert found["requests"] <= 60, "two pages, the tenant, and 55 batches of mailboxes"
    assert found["largestShare"] < 0.01
    assert found["seconds"] / found["count"] < found["baseline"]["seconds"] / 10
    service = {"count": 1100, "minutes": 0.4, "peakMemoryMb": 100, "storage": 0.1, "killed": 1, "wrong": {}}
    text = tables.TABLES["coverage"]({"sizes": {"1100": found}, "service": {"1100": service}})
    assert "Every scan had the numbers and the mailboxes that it had to have." in text
    slow = {"sizes": {"1100": found}, "service": {"1100": service | {"wrong": {"the time": 1}}}}
    assert "WRONG: the time." in tables.TABLES["coverage"](slow)
    assert tables.wrong(slow)


@pytest.mark.parametrize(("most", "wrong"), [(149, False), (151, True)])
def test_the_memory_of_a_scan_must_be_flat(monkeypatch: pytest.MonkeyPatch, most: int, wrong: bool) -> None:
    monkeypatch.setattr(coverage, "_process", lambda _, size: {"peakMemoryMb": size, "wrong": {}})
    assert tables.wrong(coverage.run([100, most])) is wrong


def test_the_service_scans_in_slices_and_goes_on_when_it_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.coverage_service", "600"], cwd=ROOT, capture_output=True, check=True,
        text=True, timeout=170,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["wrong"] == {}
    assert found["minutes"] < 1
    assert found["killed"] >= 1
    assert found["storage"] < 0.2


def test_a_day_of_the_feed_finds_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AioHttpTransport, "send", AioHttpTransport.send)  # what is counted ends with the test
    monkeypatch.setattr(feed, "DAY_MINUTES", 40)
    monkeypatch.setattr(feed, "LATEST_HOURS", 1)
    figures = feed.run([20])
    [run_] = figures["days"].values()
    assert not tables.wrong(figures)
    assert run_["candidates"] > 10
    assert run_["requests"] == sum(run_["requestsByLane"].values()) > 0
    assert run_["items"] > 1
    text = tables.TABLES["feed"](figures)
    assert "Every failure was posted, and none twice." in text
    assert "WRONG" in tables.TABLES["feed"](figures | {"days": {"20": run_ | {"wrong": {"missing": 1}}}})


def test_the_requests_of_the_feed_stay_within_its_share() -> None:
    few, many = feed.steady(200), feed.steady(5000)
    assert few["requests"] < few["script"]
    assert many["requests"] < min(3000, many["script"] / 2)
