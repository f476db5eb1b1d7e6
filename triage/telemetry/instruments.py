"""Telemetry for Application Insights. Without APPLICATIONINSIGHTS_CONNECTION_STRING nothing is imported or sent.

Only this package's own spans, metrics and log lines are sent. Never pass an address, a subject or a tenant id to a
function of this file (docs/operations.md, What is not sent).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from triage.settings import SettingsError, read_telemetry_settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer


# At INFO these loggers write a line for every request, with row keys in its URL. At WARNING azure-identity quotes
# Entra's errors, which name the tenant.
_QUIETER = {"azure": logging.WARNING, "azure.identity": logging.ERROR, "httpx": logging.WARNING, "msal": logging.ERROR}


class Metric(StrEnum):
    """The metrics. The alerts and the workbook in infra/ use these names."""

    FINDINGS = "triage.findings"
    UNDETERMINED = "triage.undetermined"
    GRAPH_REQUESTS = "triage.graph.requests"
    GRAPH_ITEMS = "triage.graph.items"
    GRAPH_UNITS = "triage.graph.units"
    GRAPH_THROTTLED = "triage.graph.throttled"
    QUEUE_AGE = "triage.queue.age"
    QUEUE_DEPTH = "triage.queue.depth"
    QUEUE_OLDEST = "triage.queue.oldest"
    AUDITS = "triage.audits"
    APPS = "triage.apps"
    REJECTED = "triage.rejected"
    POISONED = "triage.poisoned"
    REMOVED = "triage.removed"
    ERRORS = "triage.errors"
    NOTIFICATIONS_FAILED = "triage.notifications.failed"
    FEEDS = "triage.feeds"
    FEED_AGE = "triage.feeds.age"
    FEED_BEHIND = "triage.feeds.behind"
    FEED_REQUESTS = "triage.feeds.requests"
    FEED_FAILURES = "triage.feeds.failures"
    FEED_NOT_VERIFIED = "triage.feeds.not_verified"


DESCRIPTIONS = {
    Metric.FINDINGS: "Failures that were triaged, by scenario, cause and severity",
    Metric.UNDETERMINED: "Failures that were triaged and whose cause could not be determined, by the first reason",
    Metric.GRAPH_REQUESTS: "Batch requests to Graph",
    Metric.GRAPH_ITEMS: "Reads in those batches, by workload",
    Metric.GRAPH_UNITS: "Resource units that the reads cost, by workload",
    Metric.GRAPH_THROTTLED: "Reads that Graph throttled (429), by workload",
    Metric.QUEUE_AGE: "Seconds from the arrival of a queue message to its first triage",
    Metric.QUEUE_DEPTH: "Messages on a queue, those that are not visible yet included, every five minutes",
    Metric.QUEUE_OLDEST: "Seconds that the oldest visible message has waited, every five minutes",
    Metric.APPS: "Tenants by the verdict of their newest audit, every five minutes",
    Metric.AUDITS: "Permission audits, by verdict",
    Metric.REJECTED: "Queue messages that could not be read as failures, by reason",
    Metric.POISONED: "Messages taken off the poison queue",
    Metric.REMOVED: "Expired findings, audits and rejected events removed, by table",
    Metric.ERRORS: "Unexpected errors of a queue trigger or timer, by type",
    Metric.NOTIFICATIONS_FAILED: "Channels that failed five times in a row, and notifications not delivered for 24 hours",
    Metric.FEEDS: "Feeds by their state, every five minutes",
    Metric.FEED_AGE: "Seconds since the last success of a feed, for each feed, every five minutes",
    Metric.FEED_BEHIND: "Seconds that Message Search of a feed is behind, for each feed, every five minutes",
    Metric.FEED_REQUESTS: "Requests of a feed to ETD's API on this day (UTC), for each feed, every five minutes",
    Metric.FEED_FAILURES: "Failures that feeds have found",
    Metric.FEED_NOT_VERIFIED: "Actions of ETD of which a feed could not find out whether they happened",
}

# Measured, not counted: each is a histogram, with its unit. Its greatest value is what an alert compares.
MEASURED = {
    Metric.QUEUE_AGE: "s",
    Metric.QUEUE_DEPTH: "1",
    Metric.QUEUE_OLDEST: "s",
    Metric.APPS: "1",
    Metric.FEEDS: "1",
    Metric.FEED_AGE: "s",
    Metric.FEED_BEHIND: "s",
    Metric.FEED_REQUESTS: "1",
}

Note = Callable[..., None]


@dataclass(slots=True)
class _Sender:
    """Where telemetry goes. Empty until `start` has found a connection string: then nothing is sent."""

    tracer: Tracer | None = None
    counters: dict[Metric, Any] = field(default_factory=dict[Metric, Any])
    histograms: dict[Metric, Any] = field(default_factory=dict[Metric, Any])


_sender = _Sender()


def start() -> None:
    """Quiets the loggers of SDKs and, with a connection string, starts to send. Call it once, when the app is loaded.

    SettingsError if a setting of telemetry is wrong.
    """
    for name, level in _QUIETER.items():
        logging.getLogger(name).setLevel(level)
    settings = read_telemetry_settings()
    if settings is None or _sender.tracer is not None:
        return
    if settings.worker_configures:
        raise SettingsError(
            "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY must not be true: the worker would send every request's URL, and "
            "addresses with it. Set PYTHON_ENABLE_OPENTELEMETRY to true instead."
        )
    from triage.telemetry.azure_monitor import log_handler, meter, tracer

    _sender.tracer = tracer(settings)
    measuring = meter(settings.connection_string)
    counted = [metric for metric in Metric if metric not in MEASURED]
    _sender.counters = {metric: measuring.create_counter(metric, "1", DESCRIPTIONS[metric]) for metric in counted}
    _sender.histograms = {
        metric: measuring.create_histogram(metric, unit, DESCRIPTIONS[metric]) for metric, unit in MEASURED.items()
    }
    if settings.worker_traces:  # otherwise the host gets the log lines from the worker, and they would be sent twice
        logging.getLogger("triage").addHandler(log_handler(settings.connection_string))


def count(metric: Metric, amount: float = 1, **attributes: str) -> None:
    """Adds `amount` to a counter."""
    if counter := _sender.counters.get(metric):
        counter.add(amount, attributes)


def record(metric: Metric, value: float, **attributes: str) -> None:
    """Records a value of a histogram. A negative one, by a clock that differs, counts as 0."""
    if histogram := _sender.histograms.get(metric):
        histogram.record(max(0.0, value), attributes)


@contextmanager
def span(
    name: str, parent: str | None = None, links: Sequence[SpanContext] = (), peer: str | None = None, **attributes: Any
) -> Generator[Note]:
    """A span around a piece of work. It yields a function that adds attributes to the span.

    With `parent`, a `traceparent`, the span is part of the trace that the message came with, and is linked to the
    invocation. `peer` is the service that is called, if the work is a call.
    """
    if _sender.tracer is None:
        yield _note_nothing
        return
    from opentelemetry.trace import Link, SpanKind, StatusCode

    context = _extract(parent)
    here = span_context()
    linked = [*links, here] if context is not None and here is not None else links
    with _sender.tracer.start_as_current_span(
        name,
        context,
        SpanKind.CLIENT if peer else SpanKind.INTERNAL,
        attributes | ({"peer.service": peer} if peer else {}),
        [Link(one) for one in linked],
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield functools.partial(_note, current)
        except Exception as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def _note(current: Span, **attributes: Any) -> None:
    current.set_attributes(attributes)


def _note_nothing(**_: Any) -> None:
    """Adds nothing: there is no span."""


def traceparent() -> str | None:
    """The `traceparent` of the current trace, for a queue message (https://www.w3.org/TR/trace-context/)."""
    if _sender.tracer is None:
        return None
    carrier: dict[str, str] = {}
    _propagator().inject(carrier)
    return carrier.get("traceparent")


def span_context() -> SpanContext | None:
    """The current span, for another span to link to."""
    if _sender.tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    found = get_current_span().get_span_context()
    return found if found.is_valid else None


def _extract(parent: str | None) -> Context | None:
    """The context of a `traceparent`; None if there is none, or if it is not valid."""
    if parent is None:
        return None
    from opentelemetry.trace import get_current_span

    context = _propagator().extract({"traceparent": parent})
    return context if get_current_span(context).get_span_context().is_valid else None


@functools.cache
def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()
