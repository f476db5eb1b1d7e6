"""The clouds of Microsoft 365: what each calls itself in PowerShell, and where its portals are.

A host that no public page names is None: then there is no link, and the text of the step says where to look.
Sources: https://learn.microsoft.com/graph/deployments, the pages of Get-MgEnvironment, Connect-ExchangeOnline and
Connect-IPPSSession, and https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

from triage.settings import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One cloud. `environment` is its name for Connect-MgGraph, `exchange_environment` for Connect-ExchangeOnline."""

    authority: str
    environment: str | None = None
    exchange_environment: str | None = None
    compliance: str | None = None
    entra: str | None = None
    admin: str | None = None
    exchange: str | None = None
    defender: str | None = None

    @property
    def has_exchange_shell(self) -> bool:
        """Whether it is known how Exchange Online PowerShell connects to this cloud."""
        return self.environment == "Global" or self.exchange_environment is not None


GLOBAL = Cloud(
    authority="https://login.microsoftonline.com",
    environment="Global",
    entra="https://entra.microsoft.com",
    admin="https://admin.microsoft.com/Adminportal/Home",
    exchange="https://admin.exchange.microsoft.com/",
    defender="https://security.microsoft.com",
)
CLOUDS = {
    "https://graph.microsoft.com": GLOBAL,
    "https://graph.microsoft.us": Cloud(
        authority="https://login.microsoftonline.us",
        environment="USGov",
        exchange_environment="O365USGovGCCHigh",
        compliance="https://ps.compliance.protection.office365.us/powershell-liveid/",
        entra="https://entra.microsoft.us",
        admin="https://portal.office365.us/adminportal/home",
        exchange="https://admin.exchange.office365.us/",
        defender="https://security.microsoft.us",
    ),
    "https://dod-graph.microsoft.us": Cloud(
        authority="https://login.microsoftonline.us",
        environment="USGovDoD",
        exchange_environment="O365USGovDoD",
        compliance="https://l5.ps.compliance.protection.office365.us/powershell-liveid/",
        entra="https://entra.microsoft.us",
        admin="https://portal.apps.mil/adminportal/home",
        defender="https://security.apps.mil",
    ),
    "https://microsoftgraph.chinacloudapi.cn": Cloud(
        authority="https://login.chinacloudapi.cn",
        environment="China",
        exchange_environment="O365China",
        compliance="https://ps.compliance.protection.partner.outlook.cn/powershell-liveid",
        entra="https://entra.microsoftonline.cn",
        admin="https://portal.partner.microsoftonline.cn/adminportal/home",
    ),
    "https://graph.svc.sovcloud.fr": Cloud(authority="https://login.sovcloud-identity.fr", environment="BleuCloud"),
    "https://graph.svc.sovcloud.de": Cloud(authority="https://login.sovcloud-identity.de", environment="DelosCloud"),
    "https://graph.svc.sovcloud.sg": Cloud(authority="https://login.sovcloud-identity.sg", environment="GovSGCloud"),
}
"""By the Graph root, as GRAPH_ENDPOINT names it."""


def cloud_of(tenant: Tenant) -> Cloud:
    """The cloud of a tenant. A Graph root that is not in the table, such as a simulated one, goes by the sign-in host."""
    if tenant.graph_endpoint in CLOUDS:
        return CLOUDS[tenant.graph_endpoint]
    fitting = (cloud for cloud in CLOUDS.values() if cloud.authority == tenant.authority)
    return next(fitting, Cloud(authority=tenant.authority))
