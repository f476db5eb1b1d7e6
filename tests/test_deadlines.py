"""Each time limit fits under the next one, and the figures in the text are those of the code."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from sandbox.processes import ROOT
from triage import deadlines as limit

LIMITS = {name: value for name, value in vars(limit).items() if name.isupper()}


def test_a_triage_ends_before_the_time_that_is_promised() -> None:
    assert limit.OWNER + limit.EVIDENCE < limit.TRIAGE < limit.PROMISED_TRIAGE < limit.FUNCTION
    assert limit.GRAPH_LATE < limit.GRAPH_WAIT < limit.GRAPH_REQUEST < limit.GRAPH_READ < limit.EVIDENCE
    assert limit.GRAPH_READ + limit.GRAPH_WAIT < limit.EVIDENCE


def test_a_request_ends_before_the_time_that_is_promised() -> None:
    parts = (limit.AUDIT, limit.EXPORT, limit.HEALTH_GRAPH, limit.HEALTH_STORAGE, limit.STORAGE_READ)
    assert max(parts) < limit.REQUEST < limit.PROMISED_REQUEST < limit.CLIENT_REQUEST
    assert limit.STORAGE_CONNECT < limit.STORAGE_READ
    assert limit.CLIENT_CONNECT < limit.CLIENT_REQUEST < limit.CLIENT_RETRIES


def test_a_run_of_the_retention_timer_has_time_to_finish_what_it_began() -> None:
    assert limit.RETENTION + 3 * limit.STORAGE_READ < limit.FUNCTION


def test_a_question_to_etd_leaves_time_for_what_is_done_with_the_answer() -> None:
    assert 2 * limit.ETD_REQUEST < limit.ETD_CALL < limit.FUNCTION / 2


def test_a_slice_of_a_scan_ends_before_the_next_minute_and_its_lease_with_it() -> None:
    assert limit.GRAPH_READ < limit.COVERAGE < limit.COVERAGE + limit.COVERAGE_LEASE <= 60


def test_host_json_ends_a_function_when_the_limits_say_so() -> None:
    text = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["functionTimeout"]
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    assert timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds() == limit.FUNCTION


def test_every_limit_is_explained_with_its_figure() -> None:
    explained = dict(re.findall(r"\b([A-Z][A-Z_]+) (\d+)\b", limit.__doc__ or ""))
    assert explained == {name: f"{value:.0f}" for name, value in LIMITS.items()}
