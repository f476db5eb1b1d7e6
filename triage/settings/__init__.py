"""The application settings: what each is called, means and defaults to, and the values that the app runs with."""

from triage.settings.channel import Channel, ChannelKind, NotificationEvent, SeverityName
from triage.settings.endpoint import LOOPBACK
from triage.settings.etd import THREATS, EtdApi, Verdict
from triage.settings.model import Settings
from triage.settings.platform import Identity, Storage, TelemetrySettings
from triage.settings.read import (
    SettingsError,
    binding_expression,
    read_settings,
    read_telemetry_settings,
    require_sign_in,
)
from triage.settings.table import TABLE, Setting, default_of
from triage.settings.tenant import Mode, Tenant

__all__ = [
    "LOOPBACK",
    "TABLE",
    "THREATS",
    "Channel",
    "ChannelKind",
    "EtdApi",
    "Identity",
    "Mode",
    "NotificationEvent",
    "Setting",
    "Settings",
    "SettingsError",
    "SeverityName",
    "Storage",
    "TelemetrySettings",
    "Tenant",
    "Verdict",
    "binding_expression",
    "default_of",
    "read_settings",
    "read_telemetry_settings",
    "require_sign_in",
]
