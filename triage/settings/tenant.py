"""A Microsoft 365 tenant, as the setting TRIAGE_TENANTS lists it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, PrivateAttr, model_validator
from pydantic.alias_generators import to_camel

from triage.addresses import domain_name, guid
from triage.wire import Wire

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
"""Where tenants of the global cloud sign in."""
PUBLIC_GRAPH = "https://graph.microsoft.com"
"""The Graph root of the global cloud."""


class Mode(StrEnum):
    """How Email Threat Defense is allowed into the tenant (Configuration > Mail flow configuration)."""

    READ_WRITE = "read_write"
    READ = "read"
    NO_AUTH = "no_auth"


class Tenant(Wire):
    """One Microsoft 365 tenant."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    tenant_id: Annotated[str, AfterValidator(guid)]
    etd_app_id: Annotated[str, AfterValidator(guid)] | None = None
    name: str | None = None
    mode: Mode = Mode.READ_WRITE
    domains: tuple[Annotated[str, AfterValidator(domain_name)], ...] = ()
    expected_permissions: tuple[str, ...] = ()
    _authority: str = PrivateAttr(PUBLIC_AUTHORITY)
    _graph_endpoint: str = PrivateAttr(PUBLIC_GRAPH)

    @model_validator(mode="after")
    def _has_app(self) -> Tenant:
        if self.etd_app_id is None and self.mode is not Mode.NO_AUTH:
            raise ValueError("etdAppId is missing (only a tenant with mode no_auth has none)")
        return self

    @property
    def app_id(self) -> str | None:
        """The app to ask about. None with `no_auth`, even if the setting names one."""
        return None if self.mode is Mode.NO_AUTH else self.etd_app_id

    @property
    def authority(self) -> str:
        """Where the tenant signs in, as a URL. It comes from AZURE_AUTHORITY_HOST: all tenants are in one cloud."""
        return self._authority

    @property
    def graph_endpoint(self) -> str:
        """The Graph root of the tenant's cloud. It comes from GRAPH_ENDPOINT."""
        return self._graph_endpoint

    @property
    def in_public_cloud(self) -> bool:
        """Whether Graph is that of the public cloud, or a simulated tenant. Some of it is not in the other clouds."""
        return self._graph_endpoint == PUBLIC_GRAPH or self._graph_endpoint.startswith("http://")

    def at(self, authority: str, graph_endpoint: str = PUBLIC_GRAPH) -> Tenant:
        """The same tenant in another cloud."""
        tenant = self.model_copy()
        tenant._authority = authority
        tenant._graph_endpoint = graph_endpoint
        return tenant
