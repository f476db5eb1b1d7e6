"""The PowerShell module that a command needs: how it connects to the tenant, with which rights, and in which role.

A step has only what is to be done. Its connect line and its role follow from the cmdlets in it, by the table below, so
that no step can forget them. Sources: the page of each cmdlet on Microsoft Learn, for Graph with the least privileged
permission of its request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from triage.diagnosis.clouds import Cloud


class Shell(StrEnum):
    """Where a command runs."""

    GRAPH = "Microsoft Graph PowerShell"
    EXCHANGE = "Exchange Online PowerShell"
    COMPLIANCE = "Security & Compliance PowerShell"
    ON_PREMISES = "Exchange Management Shell"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a cmdlet needs: its shell, the role of who runs it, and for Graph the permissions to ask for."""

    shell: Shell
    role: str
    scopes: tuple[str, ...] = ()


READER = "Global Reader"
_EXCHANGE_ADMIN = "Exchange Administrator"
_APP_ADMIN = "Cloud Application Administrator"
_USER_ADMIN = "User Administrator (for another administrator: Privileged Authentication Administrator)"
_SEARCH = "Compliance Search, in the role group eDiscovery Manager or Organization Management"
_PURGE = "Search And Purge, in the role group Data Investigator or Organization Management"
_IMPORT_EXPORT = "Mailbox Import Export, which nobody has until it is assigned"


def _graph(role: str, *scopes: str) -> Needs:
    return Needs(Shell.GRAPH, role, scopes)


CMDLETS = {
    "Add-MgApplicationPassword": _graph(_APP_ADMIN, "Application.ReadWrite.All"),
    "Get-MgApplication": _graph(READER, "Application.Read.All"),
    "Get-MgAuditLogDirectoryAudit": _graph("Reports Reader", "AuditLog.Read.All", "Directory.Read.All"),
    "Get-MgAuditLogSignIn": _graph("Reports Reader", "AuditLog.Read.All", "Directory.Read.All"),
    "Get-MgDirectoryDeletedItemAsServicePrincipal": _graph(READER, "Application.Read.All"),
    "Get-MgDirectoryDeletedItemAsUser": _graph(READER, "User.Read.All"),
    "Get-MgDomain": _graph(READER, "Domain.Read.All"),
    "Get-MgGroup": _graph(READER, "GroupMember.Read.All"),
    "Get-MgGroupTransitiveMemberAsUser": _graph(READER, "GroupMember.Read.All", "User.Read.All"),
    "Get-MgServicePrincipal": _graph(READER, "Application.Read.All"),
    "Get-MgServicePrincipalAppRoleAssignedTo": _graph(READER, "Application.Read.All"),
    "Get-MgServicePrincipalAppRoleAssignment": _graph(READER, "Application.Read.All"),
    "Get-MgSubscribedSku": _graph(READER, "Organization.Read.All"),
    "Get-MgUser": _graph(READER, "User.Read.All"),
    "Get-MgUserLicenseDetail": _graph(READER, "User.Read.All"),
    "Invoke-MgLicenseUser": _graph("License Administrator", "LicenseAssignment.ReadWrite.All"),
    "New-MgServicePrincipalAppRoleAssignment": _graph(
        "Privileged Role Administrator", "AppRoleAssignment.ReadWrite.All", "Application.Read.All"
    ),
    "Remove-MgServicePrincipalAppRoleAssignment": _graph(
        "Privileged Role Administrator", "AppRoleAssignment.ReadWrite.All"
    ),
    "Restore-MgDirectoryDeletedItem": _graph("User Administrator", "User.DeleteRestore.All"),
    "Revoke-MgUserSignInSession": _graph(_USER_ADMIN, "User.RevokeSessions.All"),
    "Set-MgUserLicense": _graph("License Administrator", "LicenseAssignment.ReadWrite.All"),
    "Update-MgApplication": _graph(_APP_ADMIN, "Application.ReadWrite.All"),
    "Update-MgServicePrincipal": _graph(_APP_ADMIN, "Application.ReadWrite.All"),
    "Update-MgUser": _graph(_USER_ADMIN, "User.ReadWrite.All"),
    **dict.fromkeys(
        (
            "Get-CASMailbox",
            "Get-ApplicationAccessPolicy",
            "Get-DynamicDistributionGroup",
            "Get-EXOMailbox",
            "Get-Mailbox",
            "Get-MailboxPermission",
            "Get-MailPublicFolder",
            "Get-MailUser",
            "Get-OrganizationConfig",
            "Get-Recipient",
            "Get-UnifiedGroup",
            "Test-ApplicationAccessPolicy",
            "Test-ServicePrincipalAuthorization",
        ),
        Needs(Shell.EXCHANGE, READER),
    ),
    **dict.fromkeys(
        (
            "Disable-InboxRule",
            "Get-DetailZapReport",
            "Get-InboxRule",
            "Get-MailboxRestoreRequest",
            "Get-MessageTraceDetailV2",
            "Get-MessageTraceV2",
            "New-MailboxRestoreRequest",
            "Undo-SoftDeletedMailbox",
        ),
        Needs(Shell.EXCHANGE, _EXCHANGE_ADMIN),
    ),
    "Get-QuarantineMessage": Needs(Shell.EXCHANGE, "Security Reader"),
    "Get-RecoverableItems": Needs(Shell.EXCHANGE, _IMPORT_EXPORT),
    **dict.fromkeys(
        ("New-ComplianceSearch", "Start-ComplianceSearch", "Get-ComplianceSearch"), Needs(Shell.COMPLIANCE, _SEARCH)
    ),
    "New-ComplianceSearchAction": Needs(Shell.COMPLIANCE, _PURGE),
    "Search-Mailbox": Needs(Shell.ON_PREMISES, _IMPORT_EXPORT),
}
"""Every cmdlet of a module that has to connect. What PowerShell itself has (`Format-List`, ...) is not in it."""
RESTORE_APP = _graph(_APP_ADMIN, "Application.ReadWrite.All")
"""Restore-MgDirectoryDeletedItem of a service principal; the table has what it needs for a user."""
PASSWORD_RESET = _graph(_USER_ADMIN, "User.Read.All", "User-PasswordProfile.ReadWrite.All", "User.RevokeSessions.All")
"""Update-MgUser of a password, which has a permission of its own."""

_CMDLET = re.compile(r"\b[A-Z][a-z]+-[A-Za-z0-9]+\b")
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#.*")


def cmdlets(command: str) -> list[str]:
    """The cmdlets of a command that need a connection, in the order of their names in it, each once."""
    return [name for name in dict.fromkeys(_CMDLET.findall(_STRING.sub("", command))) if name in CMDLETS]


@cache
def connected(command: str, cloud: Cloud, needs_instead: Needs | None = None) -> str:
    """A command template below the line that connects it to the tenant, and a line with the role.

    `needs_instead` stands in for the table. ValueError if the command needs no shell, or two of them.
    """
    needs = [needs_instead] if needs_instead else [CMDLETS[name] for name in cmdlets(command)]
    shells = {need.shell for need in needs}
    if len(shells) != 1:
        raise ValueError(f"{command} needs one shell, not {len(shells)}")
    roles = list(dict.fromkeys(need.role for need in needs))
    if len(roles) > 1 and READER in roles:
        roles.remove(READER)  # the other role may read as well
    scopes = dict.fromkeys(scope for need in needs for scope in need.scopes)
    asked = tuple(scope for scope in scopes if not _is_part(scope, scopes))
    return "\n".join([*_connect(shells.pop(), cloud, asked), f"# Role: {' and '.join(roles)}", command])


def _is_part(scope: str, scopes: Iterable[str]) -> bool:
    """Whether another permission includes this one."""
    return ".Read." in scope and scope.replace(".Read.", ".ReadWrite.") in scopes


def _connect(shell: Shell, cloud: Cloud, scopes: tuple[str, ...]) -> list[str]:
    if shell is Shell.GRAPH:
        environment = f" -Environment {cloud.environment}" if cloud.environment not in (None, "Global") else ""
        asked = ", ".join(f"'{scope}'" for scope in scopes)
        return [f"Connect-MgGraph -TenantId {{tenant_id}}{environment} -Scopes {asked} -NoWelcome"]
    if shell is Shell.ON_PREMISES:
        return ["Connect-ExchangeServer -Auto  # in the Exchange Management Shell of your own servers"]
    line = _exchange_line(shell, cloud)
    if not cloud.has_exchange_shell:
        line += "  # add the connection parameters that your cloud documents"
    else:
        line += f"  # {_NOTES[shell]}"
    return [
        line,
        "if ((Get-ConnectionInformation | Out-String) -notmatch {tenant_id}) {{ throw 'This is another tenant.' }}",
    ]


_NOTES = {
    Shell.EXCHANGE: "a partner adds: -DelegatedOrganization {tenant_id}",
    Shell.COMPLIANCE: "module 3.9.0 or later; a partner adds: -DelegatedOrganization {organization} and the sign-in address",
}


def _exchange_line(shell: Shell, cloud: Cloud) -> str:
    if shell is Shell.EXCHANGE:
        environment = cloud.exchange_environment
        return "Connect-ExchangeOnline -ShowBanner:$false" + (
            f" -ExchangeEnvironmentName {environment}" if environment else ""
        )
    line = "Connect-IPPSSession -EnableSearchOnlySession -ShowBanner:$false"
    if cloud.compliance:
        line += f" -ConnectionUri {cloud.compliance} -AzureADAuthorizationEndpointUri {cloud.authority}/organizations"
    return line
