"""Is it the ETD app? Whether it is in the tenant, enabled, with a valid credential, and not blocked by a policy."""

from __future__ import annotations

from dataclasses import replace

from triage.diagnosis.app_state import for_another_tenant_only, no_credential_left, principal_of, switched_off
from triage.diagnosis.app_steps import AUTHORIZE, CHECK_PERMISSIONS, FIND_BLOCK
from triage.diagnosis.case import Case, Match, day, listed
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.portals import APP_PROPERTIES, AUDIT_LOG, CREDENTIALS, ENTERPRISE_APPS
from triage.diagnosis.rule import rule
from triage.diagnosis.shell import RESTORE_APP
from triage.diagnosis.steps import RETRY, Step
from triage.graph.evidence import State
from triage.graph.models.applications import ServicePrincipal
from triage.intake.scenario import Block, named_block

_AUDIT_COLUMNS = (
    "Format-List ActivityDateTime, ActivityDisplayName, "
    "@{{ Name = 'Who'; Expression = {{ $_.InitiatedBy.User.UserPrincipalName, $_.InitiatedBy.App.DisplayName }} }}"
)


@rule(
    Cause.APP_NOT_FOUND, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("service_principal", "deleted_service_principal"),
    title="The Email Threat Defense app is not in the tenant",
    meaning="Without its app in the tenant, Email Threat Defense can't access any mailbox there. Nobody consented to the "
    "app, or the app id in TRIAGE_TENANTS is wrong.",
    recognized_by="No service principal has the configured app id, and none with it is among the deleted items. If other "
    "configured tenants have the same app, it is not one for a single tenant (see `app_single_tenant`).",
    remedy=(
        Step(
            "Check the app's id",
            "Compare the app id {app_id} in TRIAGE_TENANTS with that of the Email Threat Defense app under Enterprise "
            "applications. If they differ, correct the setting. Its name is not documented: look for Cisco, Secure Email, "
            "Email Threat Defense, or Cloud Mailbox. The command lists every app that has a permission for mail, with its "
            "owner. If none fits, that proves nothing: the app may be there without the permission.",
            ENTERPRISE_APPS,
            """$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
$roles = ($graph.AppRoles | Where-Object Value -in 'Mail.Read', 'Mail.ReadWrite').Id
$granted = Get-MgServicePrincipalAppRoleAssignedTo -ServicePrincipalId $graph.Id -All | Where-Object AppRoleId -in $roles
$granted.PrincipalId | Select-Object -Unique | ForEach-Object {{ Get-MgServicePrincipal -ServicePrincipalId $_ }} |
    Format-Table DisplayName, AppId, AppOwnerOrganizationId""",
        ),
        AUTHORIZE,
    ),
)  # fmt: skip
def app_not_found(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or app.service_principal.get() is not None or app.deleted_service_principal.get() is not None:
        return None
    if for_another_tenant_only(app):
        return None
    return Match(
        f"The Email Threat Defense app {case.evidence.tenant.etd_app_id} is neither in the tenant nor among its deleted "
        "items: nobody consented to it here, or the configured app id is wrong."
    )


@rule(
    Cause.APP_DELETED, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("deleted_service_principal", "service_principal"),
    title="The Email Threat Defense app was deleted from the tenant",
    meaning="Somebody deleted the enterprise application. Email Threat Defense can't access any mailbox until it is back.",
    recognized_by="The app's service principal is among the deleted items.",
    remedy=(
        Step(
            "Restore the app",
            "{app_restorable} Its grants come back with it.",
            ENTERPRISE_APPS,
            """Get-MgDirectoryDeletedItemAsServicePrincipal -DirectoryObjectId {deleted_sp_id} |
    Format-List DisplayName, AppId, DeletedDateTime
Restore-MgDirectoryDeletedItem -DirectoryObjectId {deleted_sp_id}""",
            needs=RESTORE_APP,
        ),
        CHECK_PERMISSIONS,
        replace(AUTHORIZE, title="If it can't be restored: authorize Email Threat Defense again"),
        Step(
            "Find out who deleted it",
            "Entra keeps its audit log for 30 days, and for 7 days without P1 or P2.",
            AUDIT_LOG,
            "Get-MgAuditLogDirectoryAudit -All -Filter ({deleted_sp_id:targetResources/any(t:t/id eq} + ')') |\n"
            f"    {_AUDIT_COLUMNS}",
        ),
    ),
)  # fmt: skip
def app_deleted(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or app.service_principal.get() is not None:
        return None
    deleted = app.deleted_service_principal.get()
    if deleted is None:
        return None
    when = f" on {day(deleted.deleted_date_time)}" if deleted.deleted_date_time else ""
    return Match(f"The Email Threat Defense app ({_name(deleted)}) was deleted from the tenant{when}.")


@rule(
    Cause.APP_DISABLED, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("service_principal",),
    title="The Email Threat Defense app is disabled",
    meaning="The app exists, but can't sign in, so Email Threat Defense can't access any mailbox.",
    recognized_by="The service principal has `accountEnabled` false, `isDisabled` true, or a "
    "`disabledByMicrosoftStatus` other than null and `NotDisabled`. The finding says which.",
    remedy=(
        Step(
            "Find out who disabled the app, and why",
            "If the finding says that Microsoft or the app's owner disabled it, you can't enable it here: open a case with "
            "Cisco support. Otherwise the audit log shows who did it. Entra keeps it for 30 days, and for 7 days without P1 "
            "or P2.",
            AUDIT_LOG,
            "Get-MgAuditLogDirectoryAudit -All -Filter ({sp_id:targetResources/any(t:t/id eq} + ')') |\n"
            f"    {_AUDIT_COLUMNS}",
        ),
        Step(
            "Enable sign-in",
            "Enterprise applications > the Email Threat Defense app > Properties > Enabled for users to sign in: Yes.",
            APP_PROPERTIES,
            """Update-MgServicePrincipal -ServicePrincipalId {sp_id} -AccountEnabled:$true
Get-MgServicePrincipal -ServicePrincipalId {sp_id} -Property DisplayName, AccountEnabled | Format-List DisplayName, AccountEnabled""",
        ),
        RETRY,
    ),
)  # fmt: skip
def app_disabled(case: Case) -> Match | None:
    principal = principal_of(case.evidence)
    switches = switched_off(principal) if principal else []
    if principal is None or not switches:
        return None
    return Match(f"The Email Threat Defense app ({_name(principal)}) is disabled: {listed(switches)}.")


@rule(
    Cause.CREDENTIAL_EXPIRED, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("registration", "federated_credentials"),
    title="Every credential of the Email Threat Defense app has expired",
    meaning="The app can't sign in without a valid secret or certificate. This is only visible if the app is registered "
    "in this tenant.",
    recognized_by="The app's registration is in this tenant and has secrets or certificates, every one has expired, and "
    "there is no federated credential.",
    remedy=(
        Step(
            "Renew the credential",
            "In the app's registration, open Certificates & secrets, add a new one, and enter it where Email Threat Defense "
            "signs in with it. The command shows what there is and adds a secret. It shows the secret only once.",
            CREDENTIALS,
            """$app = Get-MgApplication -Filter {app_id:appId eq}
$app.PasswordCredentials + $app.KeyCredentials | Format-Table DisplayName, KeyId, EndDateTime
Add-MgApplicationPassword -ApplicationId $app.Id | Format-List SecretText, EndDateTime""",
        ),
        Step("Remove the old one", "When the new one works, delete the expired ones.", CREDENTIALS),
        RETRY,
    ),
)  # fmt: skip
def credential_expired(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or principal_of(case.evidence) is None:
        return None
    registration = app.registration.get()
    if registration is None or not no_credential_left(app, case.evidence.now):
        return None
    newest = max(credential.end_date_time for credential in registration.credentials if credential.end_date_time)
    return Match(f"Every secret and certificate of the app's registration has expired, the newest on {day(newest)}.")


@rule(
    Cause.ACCESS_POLICY_BLOCKED, Subject.ETD_APP, Confidence.CONFIRMED, Severity.HIGH,
    rests_on=("error_text",),
    title="Exchange Online blocks the Email Threat Defense app from this mailbox",
    meaning="An application access policy, or RBAC for Applications, limits which mailboxes the app can access. Graph "
    "does not show such policies.",
    recognized_by="The error of the failure has `[RAOP]` or `AppOnly AccessPolicy`. If it only says that access to OData "
    "is disabled, this is probable.",
    could_also_be=("a block of EWS and REST for the whole organization, if the error only says that access to OData is "
                   "disabled",),
    remedy=(
        FIND_BLOCK,
        Step(
            "Give the app access",
            "The command lists the policies for the app. Add the mailbox to the group that a policy allows, or remove it from "
            "the group that a policy denies. A change can take more than an hour.",
            command="Get-ApplicationAccessPolicy | Where-Object AppId -eq {app_id} |\n"
            "    Format-List Identity, AccessRight, ScopeName, ScopeIdentity",
        ),
        RETRY,
    ),
)  # fmt: skip
def access_policy_blocked(case: Case) -> Match | None:
    match named_block(case.failure.error, case.failure.error_code):
        case Block.POLICY:
            return Match(
                f"Exchange Online blocks the Email Threat Defense app from {case.failure.mailbox}, by an application "
                "access policy or by RBAC for Applications."
            )
        case Block.ODATA:
            return Match(
                f"Exchange Online blocks the Email Threat Defense app from {case.failure.mailbox}: most likely by an "
                "application access policy. The error would be the same if the organization blocked apps from EWS and "
                "REST.",
                Confidence.PROBABLE,
            )
        case None:
            return None


@rule(
    Cause.APP_HEALTHY, Subject.ETD_APP, Confidence.POSSIBLE, Severity.MEDIUM,
    rests_on=("service_principal", "permissions", "registration"),
    title="No cause found, and the Email Threat Defense app is in order",
    meaning="Nothing that Graph shows about the app, the address, the mailbox, or the message explains the failure. "
    "Something that Graph does not show, or a temporary fault, does.",
    recognized_by="Everything about the app that can be seen in this tenant was read and is in order, and nothing else explains "
    "the failure.",
    could_also_be=(Cause.ACCESS_POLICY_BLOCKED, Cause.MESSAGE_PRESENT, "a temporary fault"),
    remedy=(
        FIND_BLOCK,
        RETRY,
        Step("If it fails again", "Open a case with Cisco support, with this finding and the time of the failure."),
    ),
    last_resort=True,
    next_try_works=True,
)  # fmt: skip
def app_healthy(case: Case) -> Match | None:
    app = case.evidence.app
    if app is None or principal_of(case.evidence) is None:
        return None
    registration = app.registration.get()
    credentials = ". Its credentials can't be seen in this tenant."
    if registration and registration.credentials:
        credentials = ", and not all of its credentials have expired."
    present = case.evidence.mailbox.state is State.READ
    return Match(
        "The Email Threat Defense app is in order: it exists, is enabled, and has every required permission"
        f"{credentials} An application access policy that blocks this mailbox, or a temporary fault, would fit.",
        alternatives=(Cause.ACCESS_POLICY_BLOCKED, *((Cause.MESSAGE_PRESENT,) if present else ())),
    )


def _name(principal: ServicePrincipal) -> str:
    return principal.display_name or principal.app_id or "no name"
