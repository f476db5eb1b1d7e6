"""What to do about each cause: the steps in order, the portal page, and the command that mends it.

Cisco's page "Troubleshoot Email Threat Defense Remediation" gives the remedies of its four scenarios; the others are
Microsoft's own for the state that was found. Commands are Microsoft Graph PowerShell (`Connect-MgGraph`) or Exchange
Online PowerShell (`Connect-ExchangeOnline`). Texts are filled in by `actions`.
"""

from __future__ import annotations

from typing import NamedTuple

from triage.diagnosis.causes import Cause
from triage.wire import Wire


class Action(Wire):
    """One step of a remedy."""

    title: str
    detail: str
    url: str | None = None
    command: str | None = None


class Step(NamedTuple):
    """A step as it stands below, with `{placeholders}`; in `command` they are quoted for PowerShell."""

    title: str
    detail: str
    url: str | None = None
    command: str | None = None


_ADMIN = "https://admin.microsoft.com/Adminportal/Home#"
_ENTRA = "https://entra.microsoft.com/#view"
_EXCHANGE = "https://admin.exchange.microsoft.com/#"
_USERS, _DELETED_USERS = f"{_ADMIN}/users", f"{_ADMIN}/deletedusers"
_GROUPS, _CONTACTS = f"{_ADMIN}/groups", f"{_EXCHANGE}/contacts"
_MAILBOXES, _MESSAGE_TRACE = f"{_EXCHANGE}/mailboxes", f"{_EXCHANGE}/messagetrace"
_ENTERPRISE_APPS = f"{_ENTRA}/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
_ENTERPRISE_APP = f"{_ENTRA}/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/{{blade}}/objectId/{{sp_id}}/appId/{{app_id}}"
_APP_PROPERTIES = _ENTERPRISE_APP.replace("{blade}", "Properties")
_APP_PERMISSIONS = _ENTERPRISE_APP.replace("{blade}", "Permissions")
_REGISTRATION = f"{_ENTRA}/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{{blade}}/appId/{{app_id}}"
_API_PERMISSIONS = _REGISTRATION.replace("{blade}", "CallAnAPI")
_CREDENTIALS = _REGISTRATION.replace("{blade}", "Credentials")
_AUTHENTICATION = _REGISTRATION.replace("{blade}", "Authentication")
_CONSENT = "{authority}/{tenant_id}/adminconsent?client_id={app_id}"
_GRANT = (
    "$app = Get-MgServicePrincipal -Filter \"appId eq '{app_id_bare}'\"; "
    "$graph = Get-MgServicePrincipal -Filter \"appId eq '00000003-0000-0000-c000-000000000000'\"; "
    "foreach ($name in {lacking}) {{ $role = $graph.AppRoles | Where-Object Value -eq $name; "
    "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $app.Id -PrincipalId $app.Id "
    "-ResourceId $graph.Id -AppRoleId $role.Id }}"
)

RETRY = Step(
    "Remediate the message again",
    "In Email Threat Defense open the message, and move it once more; then triage again to see that it worked.",
)
_AUTHORISE = Step(
    "Authorize Email Threat Defense again",
    "In Email Threat Defense open Administration > Business > Microsoft 365 Authentication, choose Read/Write, sign in "
    "as a Global Administrator of the tenant and accept the permissions.",
)
_CHECK_PERMISSIONS = Step(
    "Check the app's permissions",
    "Sign in to the Microsoft 365 admin center as at least a Cloud Application Administrator; open Admin centers > "
    "Identity, then Identity > Applications > Enterprise applications, Email Threat Defense's app, Permissions. Under "
    "type Application there must be Mail.ReadWrite and Organization.Read.All of Microsoft Graph.",
    _APP_PERMISSIONS,
)
_GRANT_CONSENT = Step(
    "Grant admin consent",
    "Click Grant admin consent for the tenant, sign in with an administrator's account that may consent, and click "
    "Accept. It can take some minutes until Graph honors it.",
    _CONSENT,
    _GRANT,
)
_CHECK_SUBSCRIPTION = Step(
    "Check the user's subscription",
    "In the Microsoft 365 admin center open Users > Active users > {mailbox} > Licenses and apps, and see whether a "
    "license with Exchange Online is assigned and switched on.",
    _USERS,
    "Get-MgUserLicenseDetail -UserId {user}",
)
_ASSIGN_LICENCE = Step(
    "Assign an Exchange Online license",
    "Assign the right license with Exchange Online: the mailbox is then made by itself, within 24 hours. A shared, room "
    "or equipment mailbox needs none: convert it in the Exchange admin center instead.",
    _USERS,
    "Set-MgUserLicense -UserId {user} -AddLicenses @(@{{ SkuId = (Get-MgSubscribedSku | Where-Object SkuPartNumber -eq "
    "'SPE_E3').SkuId }}) -RemoveLicenses @()  # put your own license's SkuPartNumber",
)
_CHECK_USER = Step(
    "Check the account",
    "In the Microsoft 365 admin center see whether {mailbox} is a valid account with a mailbox, and whether the address "
    "is spelled as its owner's is.",
    _USERS,
    "Get-MgUser -Filter {mail_filter}",
)
_SEARCH_OTHER_COPIES = Step(
    "Look for other copies",
    "Others may have received the same message: search for it in Email Threat Defense by its sender or subject.",
)
_TELL_PERSON = Step(
    "Tell the person not to open it",
    "The message can still be opened in {mailbox}: warn its owner until it is gone.",
)

STEPS: dict[Cause, tuple[Step, ...]] = {
    Cause.APP_NOT_FOUND: (
        Step(
            "Check the app's id",
            "Compare the app id {app_id} in TRIAGE_TENANTS with Email Threat Defense's app under Enterprise "
            "applications. Where it is another, correct the setting.",
            _ENTERPRISE_APPS,
            "Get-MgServicePrincipal -Filter \"startswith(displayName,'Cisco')\"",
        ),
        _AUTHORISE,
    ),
    Cause.APP_DELETED: (
        Step(
            "Restore the app",
            "A deleted enterprise application can be restored for 30 days.",
            _ENTERPRISE_APPS,
            "Restore-MgDirectoryDeletedItem -DirectoryObjectId {deleted_sp_id}",
        ),
        Step("Check its permissions", "See that its permissions came back with it.", _APP_PERMISSIONS),
        Step("If it can't be restored", "Authorize Email Threat Defense again: Administration > Business."),
    ),
    Cause.APP_DISABLED: (
        Step(
            "Find out who disabled the app, and why",
            "Entra's audit log names who did. Where Microsoft disabled it, or its owner did, the switch can't be "
            "turned here: open a case with Cisco support.",
            _APP_PROPERTIES,
        ),
        Step(
            "Enable sign-in",
            "Enterprise applications > Email Threat Defense's app > Properties > Enabled for users to sign in: Yes.",
            _APP_PROPERTIES,
            "Update-MgServicePrincipal -ServicePrincipalId {sp_id} -AccountEnabled:$true",
        ),
        RETRY,
    ),
    Cause.CONSENT_MISSING: (_CHECK_PERMISSIONS, _GRANT_CONSENT, RETRY),
    Cause.PERMISSION_DELEGATED_ONLY: (
        Step(
            "Add the permission with type Application",
            "In the app's registration open API permissions > Add a permission > Microsoft Graph > Application "
            "permissions, and choose the permission; type Delegated acts for a signed-in person only.",
            _API_PERMISSIONS,
        ),
        _CHECK_PERMISSIONS,
        _GRANT_CONSENT,
        RETRY,
    ),
    Cause.PERMISSION_MISSING: (_CHECK_PERMISSIONS, _GRANT_CONSENT, _AUTHORISE, RETRY),
    Cause.APP_READ_MODE: (
        Step(
            "Decide whether messages shall be remediated",
            "In Read mode Email Threat Defense shows what it finds, and moves nothing.",
        ),
        _AUTHORISE,
        Step("Correct the setting", "Then set mode to read_write for this tenant in TRIAGE_TENANTS."),
    ),
    Cause.CREDENTIAL_EXPIRED: (
        Step(
            "Renew the credential",
            "In the app's registration open Certificates & secrets, add a new one, and give it to Email Threat Defense.",
            _CREDENTIALS,
            "Add-MgApplicationPassword -ApplicationId (Get-MgApplication -Filter \"appId eq '{app_id_bare}'\").Id",
        ),
        Step("Remove the old one", "Once the new one works, delete what has ended.", _CREDENTIALS),
        RETRY,
    ),
    Cause.ACCESS_POLICY_BLOCKED: (
        Step(
            "See what blocks the app",
            "Exchange Online PowerShell tells whether a policy denies the app this mailbox.",
            None,
            "Test-ApplicationAccessPolicy -Identity {mailbox} -AppId {app_id}",
        ),
        Step(
            "See what RBAC for Applications allows",
            "The same for RBAC for Applications, which follows on application access policies.",
            None,
            "Test-ServicePrincipalAuthorization -Identity {app_id} -Resource {mailbox}",
        ),
        Step(
            "Let the app in",
            "Add the mailbox to the group that the policy allows, or take it out of the one that it denies. A change can "
            "take more than an hour.",
            None,
            "Get-ApplicationAccessPolicy | Where-Object AppId -eq {app_id}",
        ),
        RETRY,
    ),
    Cause.APP_HEALTHY: (
        Step(
            "Rule out an application access policy",
            "What Graph shows of the app is in order. A policy for single mailboxes shows in Exchange Online alone.",
            None,
            "Test-ApplicationAccessPolicy -Identity {mailbox} -AppId {app_id}",
        ),
        RETRY,
        Step("If it fails again", "Open a case with Cisco support, with this finding and the time of the failure."),
    ),
    Cause.USER_DELETED: (
        Step(
            "Restore the user, if the mailbox is still needed",
            "A deleted user can be restored for 30 days, and the mailbox comes back with it. Otherwise nothing is left "
            "to do: the message went with the mailbox.",
            _DELETED_USERS,
            "Restore-MgDirectoryDeletedItem -DirectoryObjectId {deleted_user_id}",
        ),
        Step("After a restore", "Remediate the message again: it is where it was."),
    ),
    Cause.RECIPIENT_IS_GROUP: (
        Step(
            "Remediate in its members' mailboxes",
            "A group has no mailbox that Email Threat Defense can act on: find who received the message through it.",
            _GROUPS,
            "Get-MgGroupMember -GroupId {group_id} -All",
        ),
        Step(
            "In a Microsoft 365 group",
            "The group keeps a copy in its conversations, which its owners can delete in Outlook.",
        ),
    ),
    Cause.RECIPIENT_IS_CONTACT: (
        Step(
            "Nothing to remediate here",
            "The mailbox is in another organization. Tell its owner where it is known, or have the contact removed.",
            _CONTACTS,
        ),
    ),
    Cause.GUEST_USER: (
        Step(
            "Nothing to remediate here",
            "A guest's mailbox is in its own organization, where only that organization can remediate. Tell the person.",
            _USERS,
        ),
    ),
    Cause.APP_SINGLE_TENANT: (
        Step(
            "Let the app reach other tenants",
            "In the app's registration open Authentication > Supported account types and choose Accounts in any "
            "organizational directory.",
            _AUTHENTICATION,
            "Update-MgApplication -ApplicationId (Get-MgApplication -Filter \"appId eq '{app_id_bare}'\").Id "
            "-SignInAudience AzureADMultipleOrgs",
        ),
        Step(
            "Consent in the other tenant",
            "An administrator of the tenant that has the domain opens this page and accepts.",
            "{authority}/{owner_tenant_id}/adminconsent?client_id={app_id}",
        ),
        Step("List the tenant", "Then add the other tenant to TRIAGE_TENANTS, so that its failures are triaged there."),
    ),
    Cause.DOMAIN_IN_OTHER_TENANT: (
        Step(
            "Consent in the other tenant",
            "An administrator of the tenant that has the domain opens this page and accepts.",
            "{authority}/{owner_tenant_id}/adminconsent?client_id={app_id}",
        ),
        Step("List the tenant", "Then add the other tenant to TRIAGE_TENANTS, so that its failures are triaged there."),
    ),
    Cause.DOMAIN_UNKNOWN: (
        Step(
            "Check the domain",
            "{domain} is not verified in any Microsoft 365 tenant: see whether it is misspelled, was removed, or is "
            "served elsewhere. Only mailboxes in Exchange Online can be remediated.",
            f"{_ADMIN}/Domains",
            "Get-MgDomain",
        ),
    ),
    Cause.USER_NOT_FOUND: (
        _CHECK_USER,
        Step(
            "Find where the address comes from",
            "See whether a transport rule, a catch-all or a former user's address is behind it.",
            _MESSAGE_TRACE,
            "Get-Recipient -Identity {mailbox}",
        ),
    ),
    Cause.LICENSE_ASSIGNMENT_FAILED: (
        _CHECK_SUBSCRIPTION,
        Step(
            "Mend the assignment",
            "CountViolation: buy or free licenses. DependencyViolation and MutuallyExclusiveViolation: choose plans that "
            "go together. ProhibitedInUsageLocationViolation: set the usage location.",
            f"{_ADMIN}/licenses",
            "Get-MgUser -UserId {user} -Property LicenseAssignmentStates | Select-Object -ExpandProperty "
            "LicenseAssignmentStates",
        ),
        Step(
            "Process the licenses again",
            "Where a group assigns them, have it done once more.",
            None,
            "Invoke-MgLicenseUser -UserId {user}",
        ),
    ),
    Cause.EXCHANGE_PLAN_DISABLED: (
        Step(
            "Switch Exchange Online on",
            "Users > Active users > {mailbox} > Licenses and apps > Apps: tick Exchange Online, and save. The mailbox is "
            "then made by itself, within 24 hours.",
            _USERS,
            "Get-MgUser -UserId {user} -Property AssignedLicenses | Select-Object -ExpandProperty AssignedLicenses",
        ),
    ),
    Cause.LICENSE_LAPSED: (_CHECK_SUBSCRIPTION, _ASSIGN_LICENCE),
    Cause.PROVISIONING_ERROR: (
        Step(
            "Read the error",
            "The admin center shows it on the user's page; two objects with one address are the usual reason.",
            _USERS,
            "Get-MgUser -UserId {user} -Property OnPremisesProvisioningErrors,ServiceProvisioningErrors | Format-List",
        ),
        Step(
            "Mend it at its source",
            "For a synced user correct the attribute on-premises and let it sync; otherwise correct it in Entra.",
        ),
    ),
    Cause.MAILBOX_PROVISIONING: (
        Step("Wait", "A new mailbox is ready within 24 hours of its license."),
        Step(
            "Then triage again",
            "If there is still none, assign the license anew, or open a case with Microsoft.",
            _USERS,
            "Get-EXOMailbox -Identity {mailbox}",
        ),
    ),
    Cause.MAILBOX_ON_PREMISES: (
        Step(
            "Find where the mailbox is",
            "In a hybrid organization the mailbox may be on the on-premises Exchange server, which Email Threat Defense "
            "can't reach: MailUser says that it is.",
            _MAILBOXES,
            "Get-Recipient -Identity {mailbox} | Format-List RecipientTypeDetails,ExternalEmailAddress",
        ),
        Step(
            "Remediate on-premises",
            "Delete the message on the on-premises server.",
            None,
            "Search-Mailbox -Identity {mailbox} -SearchQuery 'subject:\"...\"' -DeleteContent",
        ),
        Step(
            "Or move the mailbox",
            "Migrate it to Exchange Online, or assign an Exchange Online license where the user has no mailbox at all.",
            f"{_EXCHANGE}/migration",
        ),
    ),
    Cause.MAILBOX_UNLICENSED: (_CHECK_SUBSCRIPTION, _ASSIGN_LICENCE),
    Cause.MAILBOX_DISCONNECTED: (
        Step(
            "Look for a soft-deleted mailbox",
            "Exchange Online keeps a disconnected mailbox for 30 days.",
            _MAILBOXES,
            "Get-Mailbox -SoftDeletedMailbox -Identity {mailbox}",
        ),
        Step(
            "Bring it back",
            "Restore it, or remove and assign the license again to make a new one.",
            _USERS,
            "Undo-SoftDeletedMailbox -SoftDeletedObject {mailbox}",
        ),
    ),
    Cause.MESSAGE_REMEDIATED: (
        Step("Nothing to do", "The message is where it was to be put, or out of the person's reach."),
        _SEARCH_OTHER_COPIES,
    ),
    Cause.MESSAGE_DELETED: (
        Step(
            "Take it out of Deleted Items",
            "The person can still open it there. Remediate it again in Email Threat Defense, or delete it for good.",
            None,
            "New-ComplianceSearch -Name etd-triage -ExchangeLocation {mailbox} -ContentMatchQuery 'subject:\"...\"'",
        ),
        _SEARCH_OTHER_COPIES,
    ),
    Cause.MESSAGE_RECOVERABLE: (
        Step(
            "Usually nothing to do",
            "Its owner deleted it. It can be restored from Recoverable Items until the retention period ends.",
        ),
        Step(
            "To be sure",
            "See what is in Recoverable Items.",
            None,
            "Get-RecoverableItems -Identity {mailbox}",
        ),
    ),
    Cause.MESSAGE_MOVED: (
        _TELL_PERSON,
        RETRY,
        Step(
            "Find the rule that moved it",
            "An Inbox rule may move such messages before Email Threat Defense acts, and may be an attacker's.",
            None,
            "Get-InboxRule -Mailbox {mailbox}",
        ),
    ),
    Cause.MESSAGE_GONE: (
        Step(
            "See whether it was delivered",
            "A message trace tells whether it arrived, was quarantined or was rejected.",
            _MESSAGE_TRACE,
            "Get-MessageTraceV2 -RecipientAddress {mailbox} -MessageId {internet_message_id}",
        ),
        Step(
            "Look into the archive mailbox",
            "Graph does not reach an in-place archive: a retention rule may have moved it there.",
            None,
            "Get-EXOMailbox -Identity {mailbox} -Properties ArchiveStatus",
        ),
    ),
    Cause.ADDRESS_IS_ALIAS: (
        Step(
            "Remediate under the user's main address",
            "The mailbox is {user_text}'s: search for the message in Email Threat Defense under that address.",
            _USERS,
            "Get-MgUser -UserId {user} -Property UserPrincipalName,Mail,ProxyAddresses",
        ),
        Step("For good", "Have the user principal name and the primary address agree."),
    ),
    Cause.MESSAGE_PRESENT: (_TELL_PERSON, RETRY),
    Cause.MAILBOX_REACHABLE: (
        Step(
            "Look for the message",
            "Send failures with the internetMessageId: then the finding says where the message is. Until then, search "
            "for it in the mailbox.",
            None,
            "Get-MessageTraceV2 -RecipientAddress {mailbox}",
        ),
        RETRY,
    ),
}
