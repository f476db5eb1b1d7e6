"""Sends telemetry to Application Insights: Azure Monitor's exporters behind OpenTelemetry's providers.

configure_azure_monitor() is not used: it sets its providers for the whole process, and the spans of msgraph-sdk and the
Azure SDKs would be sent too, with addresses in their URLs. The exporters themselves read
APPLICATIONINSIGHTS_AUTHENTICATION_STRING.
"""

from __future__ import annotations

import functools
import logging
import os

from azure.monitor.opentelemetry.exporter import (
    ApplicationInsightsSampler,
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
    RateLimitedSampler,
)
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.metrics import Meter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler
from opentelemetry.trace import Tracer

from triage.settings import SettingsError, TelemetrySettings

SCOPE = "triage"
TRACES_A_SECOND = 5.0

# The exporter would also send statistics about itself to Microsoft and ask Microsoft for its settings: two more
# endpoints to allow. The resource metric needs the provider of the whole process, which this app does not set.
_DEFAULTS = {
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED": "true",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "azure_functions",
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)


def tracer(settings: TelemetrySettings) -> Tracer:
    """The tracer that sends spans. SettingsError if the connection string or the sampler is wrong."""
    try:
        exporter = AzureMonitorTraceExporter(connection_string=settings.connection_string)
    except ValueError as error:
        raise SettingsError(f"APPLICATIONINSIGHTS_CONNECTION_STRING: {error}.") from None
    provider = TracerProvider(_sampler(settings), _resource())
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer(SCOPE)


def meter(connection_string: str) -> Meter:
    """The meter that sends metrics, every minute or as OTEL_METRIC_EXPORT_INTERVAL says."""
    exporter = AzureMonitorMetricExporter(connection_string=connection_string)
    return MeterProvider([PeriodicExportingMetricReader(exporter)], _resource()).get_meter(SCOPE)


def log_handler(connection_string: str) -> logging.Handler:
    """The handler that sends log lines."""
    provider = LoggerProvider(_resource())
    provider.add_log_record_processor(
        BatchLogRecordProcessor(AzureMonitorLogExporter(connection_string=connection_string))
    )
    return LoggingHandler(logger_provider=provider)


@functools.cache
def _resource() -> Resource:
    return Resource.create()


def _sampler(settings: TelemetrySettings) -> Sampler:
    """Which traces are sent: unless set otherwise, five per second from each instance.

    A span is sent if its parent is, when the parent was made here. A trace that began elsewhere is sampled again:
    one intake may start a thousand triages.
    """
    text = settings.sampler_argument
    try:
        number = float(text) if text else None
        if settings.sampler == "microsoft.rate_limited":
            root: Sampler = RateLimitedSampler(TRACES_A_SECOND if number is None else number)
        else:
            root = ApplicationInsightsSampler(1.0 if number is None else number)
    except ValueError:
        raise SettingsError(
            f"OTEL_TRACES_SAMPLER_ARG must be a number that {settings.sampler} takes, not {text!r}."
        ) from None
    return ParentBased(root, remote_parent_sampled=root, remote_parent_not_sampled=root)
