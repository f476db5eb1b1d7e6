"""Steps about the Email Threat Defense app that several causes share: its permissions, its policies, other tenants."""

from __future__ import annotations

from dataclasses import replace

from triage.diagnosis.causes import Subject
from triage.diagnosis.portals import APP_PERMISSIONS, AUTHENTICATION
from triage.diagnosis.steps import Registration, Step

AUTHORIZE = Step(
    "Authorize Email Threat Defense again",
    "In Email Threat Defense, open Configuration > Mail flow configuration. In the panel Message traffic, select the "
    "pencil, set Microsoft 365 authentication to Read and Write, sign in as a Global Administrator of the tenant, and "
    "accept the permissions.",
)
CHECK_PERMISSIONS = Step(
    "Check the app's permissions",
    "Sign in to the Microsoft 365 admin center as at least a Cloud Application Administrator. Open Admin centers > "
    "Identity, then Identity > Applications > Enterprise applications > the Email Threat Defense app > Permissions. With "
    "type Application, there must be Mail.ReadWrite and Organization.Read.All of Microsoft Graph.",
    APP_PERMISSIONS,
    """$app = Get-MgServicePrincipal -Filter {app_id:appId eq}
$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $app.Id -All | Where-Object ResourceId -eq $graph.Id |
    ForEach-Object {{ $granted = $_.AppRoleId; $graph.AppRoles | Where-Object Id -eq $granted }} | Sort-Object Value |
    Format-Table Value, DisplayName""",
)
REAUTHORIZE = replace(AUTHORIZE, registration=Registration.ELSEWHERE)
_GRANT = """$app = Get-MgServicePrincipal -Filter {app_id:appId eq}
$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
foreach ($name in {permissions}) {{
    $role = $graph.AppRoles | Where-Object Value -eq $name
    New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $app.Id -PrincipalId $app.Id -ResourceId $graph.Id `
        -AppRoleId $role.Id
}}"""
_WHO_CONSENTS = (
    "This needs a Privileged Role Administrator or a Global Administrator: a Cloud Application Administrator can't consent to "
    "application permissions of Microsoft Graph. It can take a few minutes to take effect."
)
GRANT_CONSENT = Step(
    "Grant admin consent",
    "Open the page, or Permissions > Grant admin consent, and select Accept. That grants what the registration requests, "
    f"and can withdraw other permissions; the command only adds what is missing. {_WHO_CONSENTS}",
    "{authority}/{tenant_id}/adminconsent?client_id={app_id}",
    _GRANT,
    registration=Registration.HERE,
)
GRANT_MISSING = Step(
    "If it can't be authorized again: grant what is missing",
    f"The command adds what is missing and changes nothing else. {_WHO_CONSENTS}",
    command=_GRANT,
    registration=Registration.ELSEWHERE,
)
CONSENT_IN_OTHER_TENANT = Step(
    "Consent in the other tenant",
    "A Privileged Role Administrator or Global Administrator of the tenant that has the domain opens this page and "
    "accepts.",
    "{authority}/{owner_tenant_id}/adminconsent?client_id={app_id}",
)
ADD_OTHER_TENANT = Step(
    "Add the tenant", "Then add the other tenant to TRIAGE_TENANTS, so that its failures are triaged there."
)
FIND_BLOCK = Step(
    "Find what blocks the app",
    "Only Exchange Online shows this. AccessCheckResult Denied: an application access policy blocks the app. InScope False: "
    "RBAC for Applications does not allow this mailbox. An EWS policy with a list blocks apps of EWS and REST, for the "
    "organization or for the mailbox.",
    command="""Test-ApplicationAccessPolicy -Identity {mailbox} -AppId {app_id} | Format-List AppId, Mailbox, AccessCheckResult
Test-ServicePrincipalAuthorization -Identity {app_id} -Resource {mailbox} | Format-Table RoleName, AllowedResourceScope, InScope
Get-OrganizationConfig | Format-List EwsApplicationAccessPolicy, EwsAllowList, EwsBlockList
Get-CASMailbox -Identity {mailbox} | Format-List EwsApplicationAccessPolicy, EwsAllowList, EwsBlockList""",
    about=Subject.MAILBOX,
)
OPEN_TO_OTHER_TENANTS = (
    Step(
        "Let the app access other tenants",
        "In the app's registration, open Authentication > Supported account types and choose Accounts in any "
        "organizational directory.",
        AUTHENTICATION,
        """$app = Get-MgApplication -Filter {app_id:appId eq}
$app | Format-List DisplayName, AppId, SignInAudience
Update-MgApplication -ApplicationId $app.Id -SignInAudience AzureADMultipleOrgs""",
        registration=Registration.HERE,
    ),
    Step(
        "Have the app opened to other tenants",
        "Only the tenant in which the app is registered can let it access accounts in any organizational directory. If it "
        "is Cisco's own, open a case with Cisco support.",
        registration=Registration.ELSEWHERE,
    ),
)
REMOVE_GRANTS = (
    Step(
        "Find out what the permissions are for",
        "The command lists the permissions, and since when the app has them. Ask who granted them, and why.",
        APP_PERMISSIONS,
        """$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
$roles = $graph.AppRoles | Where-Object Value -in {permissions}
$roles | Format-Table Id, Value
Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {sp_id} -All | Where-Object AppRoleId -in $roles.Id |
    Format-Table CreatedDateTime, AppRoleId, Id""",
    ),
    Step(
        "Remove the permissions that nobody needs",
        "PowerShell asks before it removes each one. Under Enterprise applications, that is Permissions > Review "
        "permissions.",
        APP_PERMISSIONS,
        """$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
$roles = $graph.AppRoles | Where-Object Value -in {permissions}
Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {sp_id} -All | Where-Object AppRoleId -in $roles.Id |
    ForEach-Object {{ Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId {sp_id} -AppRoleAssignmentId $_.Id -Confirm }}""",
    ),
)
