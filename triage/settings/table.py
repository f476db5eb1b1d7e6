"""Every application setting of the service in one table: for the docs, and for tests of what is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from triage.settings.model import Settings
from triage.settings.platform import Identity, Storage, TelemetrySettings


@dataclass(frozen=True, slots=True)
class Setting:
    """One application setting. `default` is None if there is none; `required` settings have to be set."""

    name: str
    default: Any
    meaning: str
    required: bool = False


def _settings(model: type[BaseModel]) -> tuple[Setting, ...]:
    return tuple(
        Setting(
            field.alias, None if field.is_required() else field.default, field.description or "", field.is_required()
        )
        for field in model.model_fields.values()
        if field.alias and field.description
    )


TABLE: dict[str, tuple[Setting, ...]] = {
    "Service": _settings(Settings),
    "Storage account": _settings(Storage),
    "Identity": (
        *_settings(Identity),
        Setting("AZURE_TENANT_ID", None, "Tenant of the app in `AZURE_CLIENT_ID`. Only azure-identity reads it."),
        Setting("AZURE_CLIENT_SECRET", None, "Secret of that app, outside Azure. Only azure-identity reads it."),
    ),
    "Telemetry": (
        *_settings(TelemetrySettings),
        Setting(
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
            None,
            "`ClientId=<client ID of the identity>;Authorization=AAD` if Application Insights accepts telemetry only from "
            "an identity (role Monitoring Metrics Publisher). The host and Azure Monitor's exporters read it.",
        ),
        Setting(
            "OTEL_METRIC_EXPORT_INTERVAL",
            60000,
            "Milliseconds between two exports of metrics. Only the OpenTelemetry SDK reads it.",
        ),
    ),
}
"""The settings by topic. What the code does not read itself, a library of Microsoft's does, and its row says so."""


def default_of(name: str) -> Any:
    """The default of a setting. KeyError if there is no such setting."""
    return {setting.name: setting.default for settings in TABLE.values() for setting in settings}[name]
