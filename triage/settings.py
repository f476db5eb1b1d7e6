"""Every application setting, read and checked once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from triage.addresses import domain_name, domain_of, guid
from triage.problems import TriageError
from triage.wire import Wire

DEFAULT_QUEUE = "remediation-failures"
DEFAULT_AUDIT_SCHEDULE = "0 0 */6 * * *"
DEFAULT_RETENTION_SCHEDULE = "0 30 3 * * *"
DEFAULT_RETENTION_DAYS = 400  # a year, and a month in which it can be compared with
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingsError(TriageError):
    """A setting is missing or wrong; the text names it and says what to do."""


class Mode(StrEnum):
    """How Email Threat Defense is allowed into the tenant (Administration > Business)."""

    READ_WRITE = "read_write"
    READ = "read"
    NO_AUTH = "no_auth"


class Tenant(Wire):
    """One Microsoft 365 tenant, as `TRIAGE_TENANTS` lists it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    tenant_id: Annotated[str, AfterValidator(guid)]
    etd_app_id: Annotated[str, AfterValidator(guid)] | None = None
    mode: Mode = Mode.READ_WRITE
    domains: tuple[Annotated[str, AfterValidator(domain_name)], ...] = ()
    expected_permissions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_app(self) -> Tenant:
        if self.etd_app_id is None and self.mode is not Mode.NO_AUTH:
            raise ValueError("etdAppId is missing (only a tenant with mode no_auth has none)")
        return self

    @property
    def app_id(self) -> str | None:
        """The app to ask about: none with `no_auth`, whatever the setting says."""
        return None if self.mode is Mode.NO_AUTH else self.etd_app_id


class Storage(Wire):
    """The storage account: a connection string, or two endpoints and an identity."""

    connection_string: str | None = None
    queue_uri: str | None = None
    table_uri: str | None = None
    managed_identity: bool = False
    client_id: str | None = None


class Settings(Wire):
    """All settings of the service. Defaults are the contract's."""

    storage: Storage
    tenants: tuple[Tenant, ...]
    queue: str = DEFAULT_QUEUE
    graph_endpoint: str = "https://graph.microsoft.com"
    graph_client_id: str | None = None
    easyauth: bool = False
    credential_warning_days: int = 30
    retention_days: int = DEFAULT_RETENTION_DAYS
    max_dequeue_count: int = 5

    @property
    def graph_is_simulated(self) -> bool:
        """Loopback over http: a simulated tenant, which takes a fixed token and no credential."""
        return self.graph_endpoint.startswith("http://")

    def tenant(self, tenant_id: str | None) -> Tenant | None:
        """The configured tenant with this id, if it is one."""
        return next((tenant for tenant in self.tenants if tenant.tenant_id == tenant_id), None)

    def tenant_of_domain(self, domain: str) -> Tenant | None:
        """The tenant that a mailbox's domain tells by configuration alone: the only one, or the one that lists it."""
        if len(self.tenants) == 1:
            return self.tenants[0]
        return next((tenant for tenant in self.tenants if domain in tenant.domains), None)

    def configured_tenant_id(self, tenant_id: str | None, mailbox: str) -> str | None:
        """The tenant of a failure as far as its event or the configuration tells it."""
        if tenant_id is not None:
            return tenant_id
        tenant = self.tenant_of_domain(domain_of(mailbox))
        return tenant.tenant_id if tenant else None


def read_settings(environ: Mapping[str, str] | None = None, *, needs_storage: bool = True) -> Settings:
    """The settings of the environment; SettingsError, naming the setting, where one is missing or wrong.

    Without `needs_storage` those of the storage account are not looked at: only Graph is going to be asked.
    """
    environ = os.environ if environ is None else environ
    auth = environ.get("TRIAGE_AUTH") or "keys"
    if auth not in ("keys", "easyauth"):
        raise SettingsError(f"TRIAGE_AUTH must be keys or easyauth, not {auth!r}.")
    return Settings(
        storage=_storage(environ) if needs_storage else Storage(),
        tenants=_tenants(environ.get("TRIAGE_TENANTS")),
        queue=environ.get("TRIAGE_QUEUE") or DEFAULT_QUEUE,
        graph_endpoint=_graph_endpoint(environ.get("GRAPH_ENDPOINT") or "https://graph.microsoft.com"),
        graph_client_id=_graph_client_id(environ.get("TRIAGE_GRAPH_CLIENT_ID")),
        easyauth=auth == "easyauth",
        credential_warning_days=_count(environ, "CREDENTIAL_WARNING_DAYS", 30),
        retention_days=_count(environ, "RETENTION_DAYS", DEFAULT_RETENTION_DAYS),
        max_dequeue_count=_max_dequeue_count(environ),
    )


def binding_expression(name: str, default: str) -> str:
    """`%NAME%` where the setting is there, else the default: the host fails on the name of a setting that is not."""
    return f"%{name}%" if os.environ.get(name) else default


def _storage(environ: Mapping[str, str]) -> Storage:
    if connection_string := environ.get("TriageStorage"):
        return Storage(connection_string=connection_string)
    queue_uri, table_uri = (environ.get(f"TriageStorage__{kind}ServiceUri") for kind in ("queue", "table"))
    if not queue_uri and not table_uri:
        raise SettingsError(
            "TriageStorage is missing: give the storage account's connection string, or, for an identity, "
            "TriageStorage__queueServiceUri and TriageStorage__tableServiceUri."
        )
    for kind, uri in (("queue", queue_uri), ("table", table_uri)):
        if not uri:
            raise SettingsError(
                f"TriageStorage__{kind}ServiceUri is missing: both endpoints of the account are needed."
            )
    return Storage(
        queue_uri=queue_uri,
        table_uri=table_uri,
        managed_identity=environ.get("TriageStorage__credential", "").lower() == "managedidentity",
        client_id=environ.get("TriageStorage__clientId") or None,
    )


def _tenants(text: str | None) -> tuple[Tenant, ...]:
    if not text:
        raise SettingsError(
            'TRIAGE_TENANTS is missing: give a JSON array such as [{"tenantId":"<guid>","etdAppId":"<guid>"}].'
        )
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"TRIAGE_TENANTS is not JSON: {error}.") from None
    if not isinstance(entries, list) or not entries:
        raise SettingsError("TRIAGE_TENANTS must be a JSON array with at least one tenant.")
    tenants: list[Tenant] = []
    seen: set[str] = set()
    for index, entry in enumerate(cast("list[object]", entries)):
        try:
            tenant = Tenant.model_validate(entry)
        except ValidationError as error:
            problem = error.errors()[0]
            place = "/".join(str(part) for part in (index, *problem["loc"]))
            raise SettingsError(
                f"TRIAGE_TENANTS, at /{place}: {problem['msg'].removeprefix('Value error, ')}."
            ) from None
        for key in (tenant.tenant_id, *tenant.domains):
            if key in seen:
                raise SettingsError(f"TRIAGE_TENANTS, at /{index}: {key} is listed twice.")
            seen.add(key)
        tenants.append(tenant)
    return tuple(tenants)


def _graph_endpoint(text: str) -> str:
    with suppress(ValueError):  # brackets that hold no IPv6 address
        url = urlsplit(text)
        if (url.scheme == "https" and url.hostname) or (url.scheme == "http" and url.hostname in LOOPBACK):
            return url.geturl().rstrip("/")
    raise SettingsError(f"GRAPH_ENDPOINT must be https (http only for a loopback address), not {text!r}.")


def _graph_client_id(text: str | None) -> str | None:
    try:
        return guid(text) if text else None
    except ValueError:
        raise SettingsError(f"TRIAGE_GRAPH_CLIENT_ID must be an application (client) id, not {text!r}.") from None


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _max_dequeue_count(environ: Mapping[str, str]) -> int:
    """host.json's own figure, or the application setting that overrides it, as the host reads them."""
    host: dict[str, Any] = json.loads((Path(__file__).parent.parent / "host.json").read_text(encoding="utf-8"))
    return _count(
        environ,
        "AzureFunctionsJobHost__extensions__queues__maxDequeueCount",
        host["extensions"]["queues"]["maxDequeueCount"],
    )
