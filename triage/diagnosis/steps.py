"""What remedies are made of: the step, the portal's pages, and the steps that several causes share.

Cisco's page "Troubleshoot Email Threat Defense Remediation" gives the remedies of its four scenarios; the others are
Microsoft's own for the state that was found. Commands are Microsoft Graph PowerShell (`Connect-MgGraph`) or Exchange
Online PowerShell (`Connect-ExchangeOnline`).
"""

from __future__ import annotations

from dataclasses import dataclass

from triage.diagnosis.causes import Subject


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a remedy with `{placeholders}`; `remedy.fill` makes an Action of it and names the placeholders.

    In `command` a placeholder is a PowerShell argument, so it stands without quotes: `{user}` becomes a quoted string,
    `{permissions}` an array of them, and `{app_id:appId eq}` the OData filter `appId eq '...'` as a string.
    `about` is what the step is about, if that is not the subject of the cause: an audit has no mailbox and no message,
    so it leaves out the steps about them.
    """

    title: str
    detail: str
    url: str | None = None
    command: str | None = None
    about: Subject | None = None


_ADMIN = "https://admin.microsoft.com/Adminportal/Home#"
USERS, DELETED_USERS, GROUPS = f"{_ADMIN}/users", f"{_ADMIN}/deletedusers", f"{_ADMIN}/groups"
LICENSES, DOMAINS = f"{_ADMIN}/licenses", f"{_ADMIN}/Domains"
_EXCHANGE = "https://admin.exchange.microsoft.com/#"
MAILBOXES, CONTACTS = f"{_EXCHANGE}/mailboxes", f"{_EXCHANGE}/contacts"
MESSAGE_TRACE, MIGRATION = f"{_EXCHANGE}/messagetrace", f"{_EXCHANGE}/migration"
_ENTRA = "https://entra.microsoft.com/#view"
ENTERPRISE_APPS = f"{_ENTRA}/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
_ENTERPRISE_APP = f"{_ENTRA}/Microsoft_AAD_IAM/ManagedAppMenuBlade/~"
APP_PROPERTIES = f"{_ENTERPRISE_APP}/Properties/objectId/{{sp_id}}/appId/{{app_id}}"
APP_PERMISSIONS = f"{_ENTERPRISE_APP}/Permissions/objectId/{{sp_id}}/appId/{{app_id}}"
_REGISTRATION = f"{_ENTRA}/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~"
API_PERMISSIONS = f"{_REGISTRATION}/CallAnAPI/appId/{{app_id}}"
CREDENTIALS = f"{_REGISTRATION}/Credentials/appId/{{app_id}}"
AUTHENTICATION = f"{_REGISTRATION}/Authentication/appId/{{app_id}}"

TRIAGE_AGAIN = "Then triage the failure again: POST /api/findings/<id>/retriage."

RETRY = Step(
    "Remediate the message again",
    "In Email Threat Defense, open the message and move it again. Then triage the failure again to check that it worked.",
    about=Subject.MESSAGE,
)
AUTHORIZE = Step(
    "Authorize Email Threat Defense again",
    "In Email Threat Defense, open Administration > Business > Microsoft 365 Authentication, choose Read/Write, sign in "
    "as a Global Administrator of the tenant, and accept the permissions.",
)
CHECK_PERMISSIONS = Step(
    "Check the app's permissions",
    "Sign in to the Microsoft 365 admin center as at least a Cloud Application Administrator. Open Admin centers > "
    "Identity, then Identity > Applications > Enterprise applications > the Email Threat Defense app > Permissions. With "
    "type Application, there must be Mail.ReadWrite and Organization.Read.All of Microsoft Graph.",
    APP_PERMISSIONS,
)
GRANT_CONSENT = Step(
    "Grant admin consent",
    "Select Grant admin consent for the tenant, sign in as an administrator who can consent, and select Accept. It can "
    "take a few minutes until Graph applies it.",
    "{authority}/{tenant_id}/adminconsent?client_id={app_id}",
    "$app = Get-MgServicePrincipal -Filter {app_id:appId eq}; "
    "$graph = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; "
    "foreach ($name in {permissions}) {{ $role = $graph.AppRoles | Where-Object Value -eq $name; "
    "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $app.Id -PrincipalId $app.Id "
    "-ResourceId $graph.Id -AppRoleId $role.Id }}",
)
CONSENT_IN_OTHER_TENANT = Step(
    "Consent in the other tenant",
    "An administrator of the tenant that has the domain opens this page and accepts.",
    "{authority}/{owner_tenant_id}/adminconsent?client_id={app_id}",
)
ADD_OTHER_TENANT = Step(
    "Add the tenant", "Then add the other tenant to TRIAGE_TENANTS, so that its failures are triaged there."
)
TEST_ACCESS_POLICY = "Test-ApplicationAccessPolicy -Identity {mailbox} -AppId {app_id}"
CHECK_ACCOUNT = Step(
    "Check the account",
    "In the Microsoft 365 admin center, check whether {mailbox} is a valid account with a mailbox, and whether the "
    "address is spelled correctly.",
    USERS,
    "Get-MgUser -Filter {mailbox:mail eq}",
)
CHECK_SUBSCRIPTION = Step(
    "Check the user's subscription",
    "In the Microsoft 365 admin center, open Users > Active users > {mailbox} > Licenses and apps. Check that a license "
    "with Exchange Online is assigned and switched on.",
    USERS,
    "Get-MgUserLicenseDetail -UserId {user}",
)
ASSIGN_LICENSE = Step(
    "Assign an Exchange Online license",
    "Assign a license with Exchange Online. The mailbox is then created automatically, within 24 hours. A shared, room, "
    "or equipment mailbox needs no license: convert it in the Exchange admin center instead.",
    USERS,
    "Set-MgUserLicense -UserId {user} -AddLicenses @(@{{ SkuId = (Get-MgSubscribedSku | Where-Object SkuPartNumber -eq "
    "'SPE_E3').SkuId }}) -RemoveLicenses @()  # use the SkuPartNumber of your own license",
)
SEARCH_OTHER_COPIES = Step(
    "Look for other copies",
    "Other people may have received the same message. Search for it in Email Threat Defense by its sender or subject.",
)
WARN_PERSON = Step(
    "Tell the person not to open it",
    "The message can still be opened in {mailbox}. Warn its owner until it is gone.",
)
