"""The pages that steps link to, as templates: each opens in the tenant that is meant, whatever tenant the reader signs in to.

`{entra}`, `{admin}`, `{exchange}` and `{defender}` are the portals of the tenant's cloud. A link is left out if its portal
or another value in it is not known. The table of hosts is in clouds.py.
"""

from __future__ import annotations

from urllib.parse import quote

from triage.diagnosis.clouds import cloud_of
from triage.settings import Tenant

USERS, DELETED_USERS, GROUPS = "{admin}#/{user_page}", "{admin}#/deletedusers", "{admin}#/groups"
LICENSES, DOMAINS = "{admin}#/licenses", "{admin}#/Domains"
MAILBOXES, CONTACTS = "{exchange}#/mailboxes", "{exchange}#/contacts"
MESSAGE_TRACE, MIGRATION = "{exchange}#/messagetrace", "{exchange}#/migration"
EXPLORER, QUARANTINE = "{defender}/threatexplorerv3?tid={tenant_id}", "{defender}/quarantine?tid={tenant_id}"
_USER = "{entra}#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~"
USER, SIGN_INS = f"{_USER}/overview/userId/{{person_id}}", f"{_USER}/SignIns/userId/{{person_id}}"
ENTERPRISE_APPS = "{entra}#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
_ENTERPRISE_APP = "{entra}#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~"
APP_PROPERTIES = f"{_ENTERPRISE_APP}/Properties/objectId/{{sp_id}}/appId/{{app_id}}"
APP_PERMISSIONS = f"{_ENTERPRISE_APP}/Permissions/objectId/{{sp_id}}/appId/{{app_id}}"
_REGISTRATION = "{entra}#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~"
API_PERMISSIONS = f"{_REGISTRATION}/CallAnAPI/appId/{{app_id}}"
CREDENTIALS = f"{_REGISTRATION}/Credentials/appId/{{app_id}}"
AUTHENTICATION = f"{_REGISTRATION}/Authentication/appId/{{app_id}}"
AUDIT_LOG = "{entra}#view/Microsoft_AAD_IAM/DirectoryAuditLogsBlade"


def portals(tenant: Tenant, initial_domain: str) -> dict[str, str]:
    """The addresses of the portals, empty where none is known.

    The Microsoft 365 and Exchange admin centers take a tenant by its initial domain (`contoso.onmicrosoft.com`).
    """
    cloud = cloud_of(tenant)
    organization = f"?delegatedOrg={quote(initial_domain)}" if initial_domain else ""
    return {
        "authority": tenant.authority,
        "entra": f"{cloud.entra}/{tenant.tenant_id}/" if cloud.entra else "",
        "admin": f"{cloud.admin}{organization}" if cloud.admin else "",
        "exchange": f"{cloud.exchange}{organization}" if cloud.exchange else "",
        "defender": cloud.defender or "",
    }
