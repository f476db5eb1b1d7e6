"""Microsoft Graph's permissions: their ids and privilege levels.

Source: https://github.com/microsoftgraph/microsoft-graph-devx-content, permissions/new/provisioningInfo.json and
permissions.json. What Email Threat Defense needs of them is in diagnosis/grants.py.
"""

from __future__ import annotations

from typing import NamedTuple

# Microsoft Graph's own application id, the same in every tenant.
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

# From this privilege level on, an app with the permission can take over the tenant, or much of what is in it.
TAKES_OVER = 4


class Use(NamedTuple):
    """What the service uses a permission for, and what a finding is like without it. docs/permissions.md shows both."""

    answers: str
    without: str


# What the service asks for itself, in the sets that infra/scripts/graph-permissions.sh grants. `make docs` writes both.
OWN = {
    "core": {
        "User.Read.All": Use(
            "Users, deleted users, licenses and plans; the tenant's domains",
            "Everything about a person is `undetermined`",
        ),
        "Application.Read.All": Use(
            "ETD's app: whether it is disabled or deleted, its grants, and when its credentials expire",
            "Everything about the app is `undetermined`, and audits are `unknown`",
        ),
        "Mail.ReadBasic.All": Use(
            "Whether the mailbox answers, and which folder the message is in. Basic means no body, no "
            "preview, no attachments",
            "The mailbox and the message are `undetermined`, and `exposed` is never known",
        ),
    },
    "domains": {
        "CrossTenantInformation.ReadBasic.All": Use(
            "Which tenant owns a domain that isn't verified here",
            "Such a domain is `undetermined`",
        ),
    },
    "recipients": {
        "GroupMember.Read.All": Use(
            "Whether the address belongs to a group",
            "An address that no user has is `undetermined`",
        ),
        "OrgContact.Read.All": Use(
            "Whether the address belongs to a mail contact",
            "An address that no user has is `undetermined`",
        ),
    },
    "licenses": {
        "Organization.Read.All": Use(
            "Whether a license that could not be assigned, or was removed, includes Exchange Online. "
            "`LicenseAssignment.Read.All` is enough too",
            "`license_assignment_failed` is only `possible`, and so is `license_lapsed` if the plan is Deleted",
        ),
    },
    "delegated": {
        "Directory.Read.All": Use(
            "The app's delegated permissions",
            "`permission_missing` instead of `permission_delegated_only`, unless the app's registration shows it",
        ),
    },
    "mailbox-kind": {
        "MailboxSettings.Read": Use(
            "Whether a mailbox is shared, a room, or equipment; which Inbox rules move messages to the "
            "folder of the message",
            "Nothing essential: the finding names neither the mailbox type nor the rule",
        ),
    },
    "evidence": {
        "ExchangeMessageTrace.Read.All": Use(
            "Where a message went that is nowhere in the mailbox: Microsoft's quarantine, or a "
            "delivery that failed. Public cloud only",
            "`message_gone` instead of `message_quarantined` or `message_not_delivered`",
        ),
        "AuditLog.Read.All": Use(
            "Who changed the app, and when",
            "Nothing essential: an audit says what changed (`drift`), but not by whom (`drift.by` is null)",
        ),
    },
}
SETS = {name: tuple(uses) for name, uses in OWN.items()}


class Permission(NamedTuple):
    """One permission: the id of its app role (Application), that of its scope (Delegated), its privilege level."""

    role_id: str | None
    scope_id: str | None
    level: int | None = None


PERMISSIONS = {
    "Mail.ReadWrite": Permission("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "024d486e-b451-40bb-833d-3e66d98c5c73", 3),
    "Mail.Read": Permission("810c84a8-4a9e-49e6-bf7d-12d183f40d01", "570282fd-fa5c-430d-a7fd-fc8dc98a9dca", 3),
    "Organization.Read.All": Permission(
        "498476ce-e0fe-48b0-b801-37ba7e2685c6", "4908d5b9-3fb2-4b1e-9336-1888b7937185", 3
    ),
    "User.Read.All": Permission("df021288-bdef-4463-88db-98f22de89214", "a154be20-db9c-4678-8ab7-66f6cc099a59", 3),
    "User.Read": Permission(None, "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    "Domain.Read.All": Permission("dbb9058a-0e50-45d7-ae91-66909b5d4664", "2f9ee017-59c1-4f1d-9472-bd5529a7b311", 3),
    "Group.Read.All": Permission("5b567255-7703-4780-807c-7be8301ae99b", "5f8c59db-677d-491f-a6b8-5f174b11ec1d", 3),
    "GroupMember.Read.All": Permission(
        "98830695-27a2-44f7-8c18-0c3ebc9698f6", "bc024368-1153-4739-b217-4326f2e966d0", 3
    ),
    "Mail.ReadBasic.All": Permission("693c5e45-0940-467d-9b8a-1022fb9d42ef", None, 3),
    "Application.Read.All": Permission(
        "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "c79f8feb-a9db-4090-85f9-90d820caa0eb", 3
    ),
    "Directory.Read.All": Permission("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "06da0dbc-49e2-44d2-8312-53f166ab848a", 3),
    "AuditLog.Read.All": Permission("b0afded3-3588-46d8-8b3d-9842eff778da", "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20", 3),
    "MailboxSettings.Read": Permission(
        "40f97065-369a-49f4-947c-6a255697ae91", "87f447af-9fa4-4c32-9dfa-4a57a73d18ce", 3
    ),
    "CrossTenantInformation.ReadBasic.All": Permission(
        "cac88765-0581-4025-9725-5ebc13f729ee", "81594d25-e88e-49cf-ac8c-fecbff49f994", 3
    ),
    "OrgContact.Read.All": Permission(
        "e1a88a34-94c4-4418-be12-c87b00e26bea", "08432d1b-5911-483c-86df-7980af5cdee0", 3
    ),
    "ExchangeMessageTrace.Read.All": Permission("89b20d8a-76e2-4057-867b-9961f800b9a4", None, 3),
    "Mail.Send": Permission("b633e1c5-b582-4048-a93e-9f11b44c7e96", "e383f46e-2787-4529-855e-0e479a3ffac0", 3),
    "GroupMember.ReadWrite.All": Permission(
        "dbaae8cf-10b5-4b86-a4a1-f871c94c6695", "f81125ac-d3b7-4573-a3b2-7099cc39df9e", 4
    ),
    "MailboxSettings.ReadWrite": Permission(
        "6931bccd-447a-43d1-b442-00a195474933", "818c620a-27a9-40bd-a6a5-d96f7d610b4b", 3
    ),
    "Application.ReadWrite.OwnedBy": Permission("18a4783c-866b-4cc7-a460-3d5e5662c884", None, 3),
    "MailboxItem.ImportExport.All": Permission("76577085-e73d-4f1d-b26a-85fb33892327", None, 3),
    "MailboxFolder.ReadWrite.All": Permission("fef87b92-8391-4589-9da7-eb93dab7dc8a", None, 3),
    # Level 4 (TAKES_OVER).
    "RoleManagement.ReadWrite.Directory": Permission(
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8", "d01b97e9-cbc0-49fe-810a-750afd5527a3", 4
    ),
    "AppRoleAssignment.ReadWrite.All": Permission(
        "06b708a9-e830-4db3-a914-8e69da51d44f", "84bccea3-f856-4a8a-967b-dbe0a3d53a64", 4
    ),
    "Application.ReadWrite.All": Permission(
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "bdfbf15f-ee85-4955-8675-146e8e5296b5", 4
    ),
    "Directory.ReadWrite.All": Permission(
        "19dbc75e-c2e2-444c-a770-ec69d8559fc7", "c5366453-9fb0-48a5-a156-24f0c49a4b84", 4
    ),
    "User.ReadWrite.All": Permission("741f803b-c850-494e-b5df-cde7c675a1ca", "204e0828-b5ca-4ad8-b9f3-f32a958e7cc4", 4),
    "Group.ReadWrite.All": Permission(
        "62a82d76-70ea-41e2-9197-370581804d09", "4e46008b-f24c-477d-8fff-7bb4ec7aafe0", 4
    ),
    "Domain.ReadWrite.All": Permission(
        "7e05723c-0bb0-42da-be95-ae9f08a6e53c", "0b5d694c-a244-4bde-86e6-eb5cd07730fe", 4
    ),
    "Organization.ReadWrite.All": Permission(
        "292d869f-3427-49a8-9dab-8c70152b74e9", "46ca0847-7e6b-426e-9775-ea810a948356", 4
    ),
    "UserAuthenticationMethod.ReadWrite.All": Permission(
        "50483e42-d915-4231-9639-7fdb7fd190e5", "b7887744-6746-4312-813d-72daeaee7e2d", 4
    ),
    "Policy.ReadWrite.ConditionalAccess": Permission(
        "01c0a623-fc9b-48e9-b794-0756f8e8f067", "ad902697-1014-4ef5-81ef-2b4301988e8c", 4
    ),
    "Files.ReadWrite.All": Permission(
        "75359482-378d-4052-8f01-80520e7db3cd", "863451e7-0667-486c-a5d6-d135439485f0", 4
    ),
    "Sites.FullControl.All": Permission(
        "a82116e5-55eb-4c41-a434-62fe8a61c773", "5a54b8b3-347c-476d-8f8e-42d5c7424d29", 4
    ),
}

_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
# The application permissions that include another one: each allows whatever the other one allows. Nothing includes
# Mail.ReadWrite; no other permission of Graph can move or delete messages.
INCLUDED_IN: dict[str, tuple[str, ...]] = {
    "Mail.Read": ("Mail.ReadWrite",),
    "Mail.ReadBasic.All": ("Mail.Read", "Mail.ReadWrite"),
    "MailboxSettings.Read": ("MailboxSettings.ReadWrite",),
    "Organization.Read.All": ("Organization.ReadWrite.All", *_DIRECTORY),
    "User.Read.All": ("User.ReadWrite.All", *_DIRECTORY),
    "Group.Read.All": ("Group.ReadWrite.All", *_DIRECTORY),
    "GroupMember.Read.All": ("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
    "Domain.Read.All": ("Domain.ReadWrite.All", *_DIRECTORY),
    "Application.Read.All": ("Application.ReadWrite.All", *_DIRECTORY),
    "OrgContact.Read.All": _DIRECTORY,
    "Directory.Read.All": ("Directory.ReadWrite.All",),
}
