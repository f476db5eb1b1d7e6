"""The application settings: what each is called, means and defaults to, and the values that the app runs with."""

from triage.settings.model import Identity, Settings, Storage, TelemetrySettings
from triage.settings.read import (
    SettingsError,
    binding_expression,
    read_settings,
    read_telemetry_settings,
    require_sign_in,
)
from triage.settings.table import TABLE, Setting, default_of
from triage.settings.tenant import Mode, Tenant
from triage.settings.values import LOOPBACK

__all__ = [
    "LOOPBACK",
    "TABLE",
    "Identity",
    "Mode",
    "Setting",
    "Settings",
    "SettingsError",
    "Storage",
    "TelemetrySettings",
    "Tenant",
    "binding_expression",
    "default_of",
    "read_settings",
    "read_telemetry_settings",
    "require_sign_in",
]
