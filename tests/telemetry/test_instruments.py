"""What the deployed service sends to Application Insights, and that it is nothing about a person."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient
from pydantic import ValidationError

from sandbox.processes import ROOT
from sandbox.stack import Stack, stack
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import load
from tests.application_insights import Ingestion, ingestion
from triage.audit.model import Verdict
from triage.graph.replies import read_replies
from triage.graph.sign_in import entra_code
from triage.intake.failure import RemediationFailure
from triage.telemetry.instruments import Metric
from triage.wire import newest_first

SUBJECT = "Your invoice 4711 is overdue"
EVERY = 17  # every seventeenth sample failure is sent: about fifty, in each scenario
QUICK = {
    "PYTHON_ENABLE_OPENTELEMETRY": "true",
    "OTEL_TRACES_SAMPLER_ARG": "100000",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BLRP_SCHEDULE_DELAY": "200",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.200",
}


@dataclass(frozen=True)
class Run:
    """A run of the service: the failures posted, the findings, and the telemetry sent."""

    sent: Ingestion
    stack: Stack
    first: str
    findings: list[dict[str, Any]]
    posted: list[dict[str, Any]]


def ask(url: str, body: Any = None) -> tuple[int, Any]:
    """GET, or POST of a body."""
    answer = httpx.get(url, timeout=30) if body is None else httpx.post(url, json=body, timeout=30)
    return answer.status_code, answer.json() if answer.content else None


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return found


def failures() -> list[dict[str, Any]]:
    return [sample.failure | {"subject": SUBJECT} for sample in load(World.load())[::EVERY]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    settings = {**QUICK, "TMPDIR": str(tmp_path_factory.mktemp("unsent"))}
    with ingestion() as sent, stack(APPLICATIONINSIGHTS_CONNECTION_STRING=sent.connection_string, **settings) as parts:
        api = f"{parts.address}/api"
        queues = [
            QueueClient.from_connection_string(parts.storage.connection_string, f"remediation-failures{suffix}")
            for suffix in ("", "-poison")
        ]
        posted = failures()
        first = ask(f"{api}/failures", posted[0])[1]["accepted"][0]["findingId"]
        until(lambda: ask(f"{api}/findings/{first}")[0] == 200)
        until(lambda: sent.spans("Triage"))
        ask(f"{parts.graph}/_sandbox/faults", {"tenant": "contoso", "path": "mailFolders", "status": 429, "times": 5,
                                               "retryAfter": 0, "in": "batch"})  # fmt: skip
        assert ask(f"{api}/failures", posted[1:])[0] == 202
        queues[0].send_message(base64.b64encode(json.dumps({"mailbox": "lost@contoso.com"}).encode()).decode())
        queues[0].send_message("lost@contoso.com, whose message could not be moved")
        queues[1].send_message(base64.b64encode(json.dumps(posted[0] | {"id": "poisoned"}).encode()).decode())
        queues[1].send_message("lost@contoso.com")
        assert ask(f"{api}/failures", {"mailbox": "nobody at all", "error": SUBJECT})[0] == 400
        assert ask(f"{api}/findings?mailbox=ines@contoso.com&top=0")[0] == 400

        def findings() -> list[dict[str, Any]]:
            return ask(f"{api}/findings?top=1000")[1]["value"]

        until(lambda: len(findings()) == len(posted) + 1, 120)
        # Not beside the failures: on a busy machine, a batch of so many reads would run out of time.
        assert ask(f"{api}/audits", {})[0] == 200, parts.host.output
        with TableClient.from_connection_string(parts.storage.connection_string, "rejected") as table:
            until(lambda: len(list(table.list_entities())) >= 2)
            row = {
                "PartitionKey": "rejected",
                "RowKey": newest_first(0),
                "reason": "poison",
                "body": "lost@contoso.com",
            }
            table.create_entity(row | {"receivedAt": "1970-01-01T00:00:00Z", "detail": ""})
        assert ask(f"{parts.address}/admin/functions/remove_expired", {})[0] == 202
        assert ask(f"{parts.address}/admin/functions/measure_state", {})[0] == 202
        until(lambda: Metric.APPS in sent.names())
        until(lambda: all(queue.get_queue_properties().approximate_message_count == 0 for queue in queues), 60)
        assert ask(f"{api}/findings/{first}/retriage", {})[0] == 202
        until(lambda: len([one for one in sent.spans("Triage") if one["finding_id"] == first]) == 2)
        found = findings()
        until(lambda: sum(sent.totals(Metric.FINDINGS, "scenario", "cause", "severity").values()) >= len(found))
        time.sleep(1)  # for anything that is sent later: nothing should be
        for queue in queues:
            queue.close()
        yield Run(sent, parts, first, found, posted)


def test_each_finding_is_counted_once_by_scenario_cause_and_severity(run: Run) -> None:
    wanted = Counter((one["scenario"], one["cause"], one["severity"]) for one in run.findings)
    assert run.sent.totals(Metric.FINDINGS, "scenario", "cause", "severity") == wanted
    reasons = Counter((one["reasons"][0]["reason"],) for one in run.findings if one["cause"] == "undetermined")
    assert run.sent.totals(Metric.UNDETERMINED, "reason") == reasons
    assert reasons, "some causes are not determined for good"


def test_rejected_and_poisoned_messages_are_counted(run: Run) -> None:
    assert run.sent.totals(Metric.REJECTED, "reason") == {("not_json",): 1, ("not_a_failure",): 1, ("poison",): 1}
    assert run.sent.totals(Metric.POISONED) == {(): 2}


def test_removed_entities_are_counted_by_table(run: Run) -> None:
    assert run.sent.totals(Metric.REMOVED, "table") == {("rejected",): 1}


def test_audits_are_counted_by_verdict(run: Run) -> None:
    audits = ask(f"{run.stack.address}/api/audits/latest")[1]["value"]
    assert run.sent.totals(Metric.AUDITS, "verdict") == Counter((one["verdict"],) for one in audits)


def test_the_metrics_of_graph_equal_what_the_tenants_counted(run: Run) -> None:
    stats = ask(f"{run.stack.graph}/_sandbox/stats")[1]
    assert run.sent.totals(Metric.GRAPH_REQUESTS) == {(): stats["requests"]}
    items = run.sent.totals(Metric.GRAPH_ITEMS, "workload")
    refused = stats["requests"] - stats["batches"]  # a batch with a refused token reads nothing
    assert stats["batchItems"] < sum(items.values()) <= stats["batchItems"] + 20 * refused
    outlook = sum(n for path, n in stats["byPath"].items() if re.search("mailFolders|messages|mailboxSettings", path))
    assert run.sent.totals(Metric.GRAPH_THROTTLED, "workload") == {("outlook",): 5}
    units = run.sent.totals(Metric.GRAPH_UNITS, "workload")
    assert units[("outlook",)] == outlook - 5
    # A forbidden read has no header with its cost, so it counts as one.
    forbidden = stats["byStatus"]["403"]
    assert stats["resourceUnits"] <= units[("directory",)] <= stats["resourceUnits"] + forbidden


def test_the_age_of_each_message_is_measured(run: Run) -> None:
    points = [
        point
        for item in run.sent.items("metrics")
        for point in item["data"]["baseData"]["metrics"]
        if point["name"] == Metric.QUEUE_AGE
    ]
    # Every failure, two messages that were rejected, and the retriage. A retry of a message is not measured again.
    assert sum(point["count"] for point in points) == len(run.posted) + 2 + 1
    assert 0 <= min(point["min"] for point in points) <= max(point["max"] for point in points) < 120


def test_the_queues_and_the_state_of_the_apps_are_measured(run: Run) -> None:
    verdicts = Counter(one["verdict"] for one in ask(f"{run.stack.address}/api/audits/latest")[1]["value"])
    assert measured(run, Metric.APPS, "verdict") == {verdict.value: verdicts[verdict.value] for verdict in Verdict}
    assert measured(run, Metric.QUEUE_DEPTH, "queue").keys() == {"intake", "looks", "poison"}
    oldest = measured(run, Metric.QUEUE_OLDEST, "queue")
    assert 0 <= min(oldest.values()) <= max(oldest.values()) < 120


def measured(run: Run, metric: Metric, attribute: str) -> dict[str, float]:
    """The greatest value of a histogram for each value of its attribute."""
    found: dict[str, float] = {}
    for item in run.sent.items("metrics"):
        data = item["data"]["baseData"]
        for point in data["metrics"]:
            if point["name"] == metric:
                name = data["properties"][attribute]
                found[name] = max(found.get(name, 0), point["max"])
    return found


def test_no_other_metrics_are_sent(run: Run) -> None:
    of_feeds = {metric for metric in Metric if metric.startswith("triage.feeds")}
    assert run.sent.names() == set(Metric) - {Metric.ERRORS, Metric.NOTIFICATIONS_FAILED} - of_feeds, (
        "nothing unexpected happens in this run, and it has no feed"
    )


def test_every_metric_span_and_setting_is_in_the_documentation(run: Run) -> None:
    text = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("operations.md", "settings.md"))
    spans = {item["data"]["baseData"]["name"] for item in run.sent.items("spans")}
    settings = {*QUICK, "APPLICATIONINSIGHTS_CONNECTION_STRING", "RETENTION_DAYS", "RETENTION_SCHEDULE"}
    wanted = {
        *Metric,
        *spans,
        *(name for name in settings if name.isupper() and not name.startswith(("OTEL_B", "TMP"))),
    }
    assert [name for name in wanted if f"`{name}`" not in text] == []


def test_one_trace_leads_from_the_intake_through_graph_to_the_finding(run: Run) -> None:
    accepts = [item for item in run.sent.items("spans") if item["data"]["baseData"]["name"] == "Accept"]
    accept = min(accepts, key=lambda item: item["time"])
    trace = accept["tags"]["ai.operation.id"]
    (triage,) = [one for one in run.sent.spans("Triage") if one["finding_id"] == run.first and one["trace"] == trace]
    finding = ask(f"{run.stack.address}/api/findings/{run.first}")[1]
    assert triage["parent"] == accept["data"]["baseData"]["id"]
    assert (triage["scenario"], triage["cause"]) == (finding["scenario"], finding["cause"])
    batches = [one for one in run.sent.spans("Graph batch") if one["trace"] == trace]
    assert batches
    assert {one["parent"] for one in batches} == {triage["id"]}
    lines = [item for item in run.sent.items("logs") if item["tags"]["ai.operation.id"] == trace]
    assert [line["data"]["baseData"]["message"] for line in lines] == [
        f"Finding {run.first}: {finding['scenario']}, {finding['cause']}"
    ]
    assert {line["tags"]["ai.operation.parentId"] for line in lines} == {triage["id"]}


def test_a_batch_that_serves_several_findings_is_linked_to_each(run: Run) -> None:
    askers = {one["id"] for name in ("Triage", "Audit") for one in run.sent.spans(name)}
    linked = [json.loads(one["_MS.links"]) for one in run.sent.spans("Graph batch") if "_MS.links" in one]
    assert max(len(links) for links in linked) > 1
    assert {link["id"] for links in linked for link in links} <= askers


def test_only_the_service_s_own_spans_and_log_lines_are_sent(run: Run) -> None:
    names = {item["data"]["baseData"]["name"] for item in run.sent.items("spans")}
    each_minute = {"Release looks", "Release retries"}  # whether one comes depends on the clock
    assert names - each_minute == {
        "Accept",
        "Triage",
        "Graph batch",
        "Audit",
        "Retriage",
        "Poison",
        "Remove expired",
    }
    loggers = {item["data"]["baseData"]["properties"]["logger_name"] for item in run.sent.items("logs")}
    assert loggers <= {
        "triage.operations.deliveries",
        "triage.operations.messages",
        "triage.operations.audits",
        "triage.graph.session",
        "triage.graph.isolation",
        "triage.operations.retention",
    }
    assert run.sent.items("exceptions") == []


@pytest.mark.unmeasured
def test_opentelemetry_is_not_imported_without_a_connection_string() -> None:
    code = "import function_app, sys; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    assert load_app(code, APPLICATIONINSIGHTS_CONNECTION_STRING="") == (0, "[]\n")


@pytest.mark.parametrize(("worker_traces", "handlers"), [("true", 1), ("false", 0)])
def test_log_lines_are_sent_once_by_the_host_or_by_the_app(worker_traces: str, handlers: int) -> None:
    code = "import function_app, logging; print(len(logging.getLogger('triage').handlers))"
    with ingestion() as sent:
        settings = {"PYTHON_ENABLE_OPENTELEMETRY": worker_traces}
        loaded = load_app(code, APPLICATIONINSIGHTS_CONNECTION_STRING=sent.connection_string, **settings)
    assert loaded == (0, f"{handlers}\n")


WRONG = [
    ({"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "true"}, "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY must not"),
    ({"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=none"}, "APPLICATIONINSIGHTS_CONNECTION_STRING: "),
    ({"OTEL_TRACES_SAMPLER_ARG": "many"}, "OTEL_TRACES_SAMPLER_ARG must be"),
    ({"OTEL_TRACES_SAMPLER_ARG": "-1"}, "OTEL_TRACES_SAMPLER_ARG must be"),
    ({"OTEL_TRACES_SAMPLER": "microsoft.fixed_percentage"}, "OTEL_TRACES_SAMPLER_ARG must be"),
    ({"OTEL_TRACES_SAMPLER": "sometimes"}, "OTEL_TRACES_SAMPLER must be"),
]


def test_a_wrong_setting_is_an_error_that_names_it() -> None:
    code = f"""
import os
from triage.settings import SettingsError
from triage.telemetry import instruments
usual = dict(os.environ)
for wrong in {[settings for settings, _ in WRONG]}:
    os.environ.clear()
    os.environ.update(usual | wrong)
    try:
        instruments.start()
    except SettingsError as error:
        print("SettingsError:", error)
"""
    with ingestion() as sent:
        loaded, output = load_app(code, APPLICATIONINSIGHTS_CONNECTION_STRING=sent.connection_string)
    assert loaded == 0, output
    errors = [line for line in output.splitlines() if line.startswith("SettingsError: ")]
    for error, (_, named) in zip(errors, WRONG, strict=True):
        assert error.startswith(f"SettingsError: {named}")


@pytest.mark.unmeasured
def test_a_wrong_setting_stops_the_start() -> None:
    code, output = load_app("import function_app", APPLICATIONINSIGHTS_CONNECTION_STRING="InstrumentationKey=none")
    assert code == 1
    assert "SettingsError: APPLICATIONINSIGHTS_CONNECTION_STRING: " in output


def test_a_span_joins_the_trace_of_its_message_and_is_linked_to_its_invocation() -> None:
    code = """
from opentelemetry.context import attach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from triage.telemetry import instruments as telemetry
telemetry.start()
attach(TraceContextTextMapPropagator().extract({"traceparent": HOST}))  # as the worker does
with telemetry.span("in the message's trace", MESSAGE):
    pass
for parent in (None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
    with telemetry.span("in the invocation's trace", parent):
        assert telemetry.traceparent().startswith(HOST[:36])
try:
    with telemetry.span("failed"):
        raise ValueError(SUBJECT)
except ValueError:
    pass
"""
    host, message = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")
    with ingestion() as sent:
        code = f"HOST, MESSAGE, SUBJECT = {host!r}, {message!r}, {SUBJECT!r}\n{code}"
        assert load_app(code, APPLICATIONINSIGHTS_CONNECTION_STRING=sent.connection_string) == (0, "")
        (joined,), others, (failed,) = (
            sent.spans(name) for name in ("in the message's trace", "in the invocation's trace", "failed")
        )
    assert (joined["trace"], joined["parent"]) == ("b" * 32, "b" * 16)
    assert json.loads(joined["_MS.links"]) == [{"operation_Id": "a" * 32, "id": "a" * 16}]
    assert [(one["trace"], one["parent"], "_MS.links" in one) for one in others] == [("a" * 32, "a" * 16, False)] * 4
    assert (joined["success"], failed["success"]) == (True, False)
    assert SUBJECT not in "".join(sent.sent)


@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("settings", "least", "most"),
    [
        ({"OTEL_TRACES_SAMPLER_ARG": ""}, 1, 40),
        ({"OTEL_TRACES_SAMPLER_ARG": "0"}, 0, 0),
        ({"OTEL_TRACES_SAMPLER": "microsoft.fixed_percentage", "OTEL_TRACES_SAMPLER_ARG": "1"}, 300, 300),
    ],
)
def test_a_storm_is_sampled_and_each_sent_trace_is_complete(settings: dict[str, str], least: int, most: int) -> None:
    code = """
import time
from triage.telemetry import instruments as telemetry
telemetry.start()
time.sleep(1)
for number in range(300):
    with telemetry.span("Triage"):
        telemetry.count(telemetry.Metric.POISONED)
        with telemetry.span("Graph batch"):
            pass
"""
    with ingestion() as sent:
        usual = {"APPLICATIONINSIGHTS_CONNECTION_STRING": sent.connection_string}
        assert load_app(code, **usual | settings) == (0, "")
        triages, batches = sent.spans("Triage"), sent.spans("Graph batch")
    assert least <= len(triages) <= most
    assert {one["parent"] for one in batches} == {one["id"] for one in triages}
    assert sent.totals(Metric.POISONED) == {(): 300}


def test_only_the_code_of_an_entra_error_is_logged() -> None:
    assert (
        entra_code("ClientSecretCredential: AADSTS7000222: The provided client secret keys … in tenant …")
        == "AADSTS7000222"
    )
    assert entra_code("No managed identity") == ""


def load_app(code: str, **settings: str) -> tuple[int, str]:
    """Runs a program that loads the app. Returns its exit code and its output."""
    usual = {"TriageStorage": "UseDevelopmentStorage=true", "TRIAGE_TENANTS": json.dumps(World.load().triage_tenants())}
    environ = os.environ | QUICK | usual | settings
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_a_validation_error_does_not_quote_its_input() -> None:
    with pytest.raises(ValidationError) as raised:
        RemediationFailure.model_validate({"mailbox": "ines at contoso.com"})
    assert "ines" not in str(raised.value)


def units(headers: dict[str, str]) -> float | None:
    return read_replies({"responses": [{"id": "0", "status": 200, "headers": headers}]})["0"].units


def test_the_cost_of_a_read_is_taken_from_its_headers() -> None:
    assert units({"X-Ms-Resource-Unit": "2"}) == 2
    for text in ("", "many", "nan", "inf", "-1"):
        assert units({"x-ms-resource-unit": text}) is None
    assert units({}) is None


def test_nothing_of_a_person_or_a_tenant_is_sent_or_logged(run: Run) -> None:
    everything = "\n".join([*run.sent.sent, run.stack.host.output])
    assert len(run.sent.sent) > 10
    assert len(everything) > 50_000
    assert re.findall(r"[\w.+-]+(?:@|%40)[\w.-]+", everything) == []
    world = World.load()
    secrets = {tenant["tenantId"] for tenant in world.triage_tenants()}
    secrets |= {domain for tenant in world.spec["tenants"].values() for domain in tenant["domains"]}
    secrets |= {one[name] for one in run.posted for name in ("messageId", "subject", "mailbox", "error") if name in one}
    secrets |= {one["internetMessageId"].strip("<>") for one in run.posted if "internetMessageId" in one}
    secrets |= {"local-simulator", "Bearer", "lost@", "nobody at all"}
    assert [secret for secret in secrets if secret in everything] == []
