"""The settings of what the service runs on: the storage account, the identity and telemetry."""

from __future__ import annotations

from typing import Literal

from triage.settings.field import setting
from triage.settings.tenant import PUBLIC_AUTHORITY
from triage.settings.values import Authority, Flag
from triage.wire import Wire


class Storage(Wire):
    """The storage account: a connection string, or two endpoints and an identity."""

    connection_string: str | None = setting(
        "TriageStorage", None, "Connection string of the storage account. Leave it out to use an identity."
    )
    queue_uri: str | None = setting(
        "TriageStorage__queueServiceUri", None, "The account's queue endpoint, to use an identity."
    )
    table_uri: str | None = setting(
        "TriageStorage__tableServiceUri", None, "The account's table endpoint, to use an identity."
    )
    credential: str | None = setting(
        "TriageStorage__credential", None,
        "`managedidentity` to use a managed identity. Otherwise azure-identity tries its default chain.",
    )  # fmt: skip
    client_id: str | None = setting(
        "TriageStorage__clientId", None, "Client ID of the managed identity, if it is user-assigned."
    )

    @property
    def managed_identity(self) -> bool:
        """Whether the credential is a managed identity."""
        return (self.credential or "").lower() == "managedidentity"


class Identity(Wire):
    """The identity that the service signs in with. azure-identity reads the same settings."""

    client_id: str | None = setting(
        "AZURE_CLIENT_ID", None, "Client ID of the user-assigned managed identity, or of an app."
    )
    authority: Authority = setting(
        "AZURE_AUTHORITY_HOST", PUBLIC_AUTHORITY, "Where tenants sign in. It differs in a national cloud."
    )


class TelemetrySettings(Wire):
    """Where telemetry goes, and how much of it. Nothing is sent without a connection string."""

    connection_string: str = setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "",
        "The Application Insights resource that traces and metrics go to. Without it nothing is sent.",
    )  # fmt: skip
    worker_traces: Flag = setting(
        "PYTHON_ENABLE_OPENTELEMETRY", False,
        "`true`: the host passes each invocation's trace to the service, and the service sends its own log lines. "
        "Otherwise the host sends the log lines. Either way they arrive once.",
    )  # fmt: skip
    worker_configures: Flag = setting(
        "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY", False,
        "Must not be `true`: the worker would trace every HTTP request, with mail addresses in the URLs. The service "
        "doesn't start with it.",
    )  # fmt: skip
    sampler: Literal["microsoft.rate_limited", "microsoft.fixed_percentage"] = setting(
        "OTEL_TRACES_SAMPLER", "microsoft.rate_limited",
        "`microsoft.rate_limited` (traces per second and instance) or `microsoft.fixed_percentage` (a share).",
    )  # fmt: skip
    sampler_argument: str | None = setting(
        "OTEL_TRACES_SAMPLER_ARG", None, "Traces per second (5 if not set), or the share from 0 to 1 (1 if not set)."
    )
