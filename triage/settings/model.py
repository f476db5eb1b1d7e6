"""The settings of the service: each is one field, with its name, type, default and meaning.

docs/contributing.md says how to add one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from triage.addresses import domain_of
from triage.settings.channel import Channel, ChannelList
from triage.settings.endpoint import LOOPBACK
from triage.settings.etd import EtdApi, EtdApiList
from triage.settings.field import setting
from triage.settings.platform import Identity, Storage
from triage.settings.tenant import PUBLIC_GRAPH, Tenant
from triage.settings.values import (
    ClientId,
    Delays,
    Endpoint,
    Flag,
    Looks,
    ScheduleOrOff,
    TenantList,
    WholeNumber,
)
from triage.wire import Wire


def _host_max_dequeue_count() -> int:
    """As host.json has it. The command line is installed without that file: then it is the host's own default."""
    file = Path(__file__).parents[2] / "host.json"
    if not file.exists():
        return 5
    host: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return int(host["extensions"]["queues"]["maxDequeueCount"])


class Settings(Wire):
    """All settings that the service works with."""

    storage: Storage
    identity: Identity = Identity()
    tenants: TenantList = setting(
        "TRIAGE_TENANTS", ...,
        "JSON array with an object for each tenant: `tenantId`; `etdAppId`, the client ID of the ETD app in the tenant; "
        "`name` (optional), the display name; "
        "`mode`: `read_write` (the default), `read`, or `no_auth` (ETD has no app there, so `etdAppId` isn't required); "
        "`domains` (optional); and `expectedPermissions` (optional), which an audit doesn't report as extra.",
        example='[{"tenantId":"<guid>","etdAppId":"<guid>"}]',
    )  # fmt: skip
    queue: str = setting("TRIAGE_QUEUE", "remediation-failures", "The intake queue.")
    audit_schedule: str = setting(
        "AUDIT_SCHEDULE", "0 0 */6 * * *", "When the permission audit runs: NCRONTAB with six fields, in UTC."
    )
    coverage_schedule: ScheduleOrOff = setting(
        "COVERAGE_SCHEDULE", "0 0 2 * * *",
        "When coverage scans start: NCRONTAB with six fields, in UTC. `off`: never.",
    )  # fmt: skip
    etd_apis: EtdApiList = setting(
        "ETD_APIS", "",
        "JSON array with an object for each tenant that has a feed: `tenantId`, `endpoint`, `clientId`, `clientSecret`, "
        "`apiKey`, and more in [connect.md](connect.md#the-setting). It contains secrets, so keep it in a key vault.",
    )  # fmt: skip
    etd_poll_schedule: str = setting(
        "ETD_POLL_SCHEDULE", "0 */10 * * * *", "When the feeds are polled: NCRONTAB with six fields, in UTC."
    )
    etd_looks: Looks = setting(
        "ETD_LOOKS", "12,15",
        "When a feed checks whether an action of ETD took effect: minutes from the action to the first look, and from that "
        "to the second.",
    )  # fmt: skip
    graph_endpoint: Endpoint = setting(
        "GRAPH_ENDPOINT", PUBLIC_GRAPH,
        "The Microsoft Graph root of the cloud. It must be https, except for a simulated tenant on loopback.",
    )  # fmt: skip
    graph_client_id: ClientId | None = setting(
        "TRIAGE_GRAPH_CLIENT_ID", None,
        "Client ID of a multi-tenant app that trusts the managed identity. Required for tenants other than the "
        "identity's own.",
    )  # fmt: skip
    auth: Literal["keys", "easyauth"] = setting(
        "TRIAGE_AUTH", "keys",
        "Who may call the API. `keys`: the platform checks function keys. `easyauth`: the app checks app roles.",
    )  # fmt: skip
    sign_in_enabled: Flag = setting(
        "WEBSITE_AUTH_ENABLED",
        False,
        "App Service sets it to `True` while its sign-in (Easy Auth) is on. Don't set it.",
    )
    sign_in_confirmed: Flag = setting(
        "TRIAGE_SIGN_IN_CONFIRMED", False,
        "`true`: you checked that App Service's sign-in is on. Needed with `easyauth` on a plan that doesn't set "
        "`WEBSITE_AUTH_ENABLED`.",
    )  # fmt: skip
    retry_seconds: Delays = setting(
        "RETRY_SECONDS", "30,120,600,1800,7200",
        "When the service looks again at a failure whose evidence was missing for a temporary reason: seconds after each "
        "look. The last one repeats, for 24 hours.",
    )  # fmt: skip
    notifications: ChannelList = setting(
        "TRIAGE_NOTIFICATIONS", "",
        "JSON array with an object for each channel: `name`, `kind` (`teams`, `slack`, `pagerduty`, `webhook` or "
        "`email`), and what [notifications.md](notifications.md) says for the kind. It contains secrets, so keep it in a key "
        "vault.",
    )  # fmt: skip
    base_url: Endpoint | None = setting(
        "TRIAGE_BASE_URL", None,
        "The URL of this service for links in notifications. By default `https://` and `WEBSITE_HOSTNAME`.",
    )  # fmt: skip
    website_hostname: str = setting(
        "WEBSITE_HOSTNAME", "localhost:7071", "App Service sets it to the host name of the app. Don't set it."
    )
    follow_up_days: WholeNumber = setting(
        "FOLLOW_UP_DAYS", 14, "For how many days the service looks again at an open finding. `0`: never."
    )
    follow_up_minutes: Delays = setting(
        "FOLLOW_UP_MINUTES", "15,60,240,720,1440",
        "When the service looks again at an open finding: minutes after each look. The last one repeats.",
    )  # fmt: skip
    credential_warning_days: WholeNumber = setting(
        "CREDENTIAL_WARNING_DAYS",
        30,
        "How many days ahead an audit reports that a credential of the ETD app expires, and a feed that its client does.",
    )
    # A year, and a month to compare it with.
    retention_days: WholeNumber = setting(
        "RETENTION_DAYS", 400, "Findings, audits and rejected events are removed after this many days. `0` keeps them."
    )
    retention_schedule: str = setting(
        "RETENTION_SCHEDULE", "0 30 3 * * *", "When they are removed: NCRONTAB with six fields, in UTC."
    )
    max_dequeue_count: WholeNumber = setting(
        "AzureFunctionsJobHost__extensions__queues__maxDequeueCount", _host_max_dequeue_count(),
        "How many times the host tries a queue message. It overrides `host.json`.",
    )  # fmt: skip

    @field_validator("etd_apis")
    @classmethod
    def _of_known_tenants(cls, apis: tuple[EtdApi, ...], info: ValidationInfo) -> tuple[EtdApi, ...]:
        known = {tenant.tenant_id for tenant in info.data.get("tenants", ())}
        for index, api in enumerate(apis):
            if known and api.tenant_id not in known:
                raise ValueError(f"at /{index}: the tenant {api.tenant_id} is not in TRIAGE_TENANTS: add it there")
        return apis

    @property
    def easyauth(self) -> bool:
        """Whether the app checks the roles of callers."""
        return self.auth == "easyauth"

    @property
    def service_url(self) -> str:
        """Where people reach this service: TRIAGE_BASE_URL, or the host name that the platform sets."""
        scheme = "http" if self.website_hostname.partition(":")[0] in LOOPBACK else "https"
        return self.base_url or f"{scheme}://{self.website_hostname}"

    def channel(self, name: str) -> Channel | None:
        """The configured channel with this name."""
        return next((channel for channel in self.notifications if channel.name == name), None)

    def etd_api(self, tenant_id: str) -> EtdApi | None:
        """The ETD business of a tenant, if there is one to poll."""
        return next((api for api in self.etd_apis if api.tenant_id == tenant_id), None)

    @property
    def graph_is_simulated(self) -> bool:
        """Whether Graph is a simulated tenant: loopback over http, which takes a fixed token and no credential."""
        return self.graph_endpoint.startswith("http://")

    def tenant(self, tenant_id: str | None) -> Tenant | None:
        """The configured tenant with this ID."""
        return next((tenant for tenant in self.tenants if tenant.tenant_id == tenant_id), None)

    def tenant_of_domain(self, domain: str) -> Tenant | None:
        """The tenant of a domain according to the settings: the only tenant, or the one that lists the domain."""
        if len(self.tenants) == 1:
            return self.tenants[0]
        return next((tenant for tenant in self.tenants if domain in tenant.domains), None)

    def configured_tenant_id(self, tenant_id: str | None, mailbox: str) -> str | None:
        """The tenant of a failure: the one that its event names, or else the one that the settings give."""
        if tenant_id is not None:
            return tenant_id
        tenant = self.tenant_of_domain(domain_of(mailbox))
        return tenant.tenant_id if tenant else None
