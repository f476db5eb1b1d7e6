"""Names and ids that Microsoft fixes: permissions, products (SKUs), service plans, well-known apps.

Separate from the service's own tables on purpose: the sandbox is independent evidence, so a wrong id on either side
makes a test fail.

Sources: permission ids from the Microsoft Graph permissions reference; product and plan ids from Microsoft's table
"Product names and service plan identifiers for licensing".
"""

from __future__ import annotations

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"

# permission name -> (application role id, delegated scope id)
PERMISSIONS: dict[str, tuple[str | None, str | None]] = {
    "Application.Read.All": ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "c79f8feb-a9db-4090-85f9-90d820caa0eb"),
    "Application.ReadWrite.All": ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "bdfbf15f-ee85-4955-8675-146e8e5296b5"),
    "AppRoleAssignment.ReadWrite.All": ("06b708a9-e830-4db3-a914-8e69da51d44f", "84bccea3-f856-4a8a-967b-dbe0a3d53a64"),
    "AuditLog.Read.All": ("b0afded3-3588-46d8-8b3d-9842eff778da", "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20"),
    "CrossTenantInformation.ReadBasic.All": (
        "cac88765-0581-4025-9725-5ebc13f729ee",
        "81594d25-e88e-49cf-ac8c-fecbff49f994",
    ),
    "Directory.Read.All": ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "06da0dbc-49e2-44d2-8312-53f166ab848a"),
    "Directory.ReadWrite.All": ("19dbc75e-c2e2-444c-a770-ec69d8559fc7", "c5366453-9fb0-48a5-a156-24f0c49a4b84"),
    "ExchangeMessageTrace.Read.All": ("89b20d8a-76e2-4057-867b-9961f800b9a4", None),
    "Domain.Read.All": ("dbb9058a-0e50-45d7-ae91-66909b5d4664", "2f9ee017-59c1-4f1d-9472-bd5529a7b311"),
    "Domain.ReadWrite.All": ("7e05723c-0bb0-42da-be95-ae9f08a6e53c", "0b5d694c-a244-4bde-86e6-eb5cd07730fe"),
    "Group.Read.All": ("5b567255-7703-4780-807c-7be8301ae99b", "5f8c59db-677d-491f-a6b8-5f174b11ec1d"),
    "Group.ReadBasic.All": ("07d67222-3a10-4d3b-9ddc-b8aa43198a00", "ba1917bc-a64b-4c71-b66d-229d4a520e66"),
    "Group.ReadWrite.All": ("62a82d76-70ea-41e2-9197-370581804d09", "4e46008b-f24c-477d-8fff-7bb4ec7aafe0"),
    "GroupMember.Read.All": ("98830695-27a2-44f7-8c18-0c3ebc9698f6", "bc024368-1153-4739-b217-4326f2e966d0"),
    "LicenseAssignment.Read.All": ("e2f98668-2877-4f38-a2f4-8202e0717aa1", "f395577a-0960-456b-979f-7228de0c5996"),
    "Mail.Read": ("810c84a8-4a9e-49e6-bf7d-12d183f40d01", "570282fd-fa5c-430d-a7fd-fc8dc98a9dca"),
    "Mail.ReadBasic": ("6be147d2-ea4f-4b5a-a3fa-3eab6f3c140a", "a4b8392a-d8d1-4954-a029-8e668a39a170"),
    "Mail.ReadBasic.All": ("693c5e45-0940-467d-9b8a-1022fb9d42ef", None),
    "Mail.ReadWrite": ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "024d486e-b451-40bb-833d-3e66d98c5c73"),
    "Mail.Send": ("b633e1c5-b582-4048-a93e-9f11b44c7e96", "e383f46e-2787-4529-855e-0e479a3ffac0"),
    "MailboxSettings.Read": ("40f97065-369a-49f4-947c-6a255697ae91", "87f447af-9fa4-4c32-9dfa-4a57a73d18ce"),
    "MailboxSettings.ReadWrite": ("6931bccd-447a-43d1-b442-00a195474933", "818c620a-27a9-40bd-a6a5-d96f7d610b4b"),
    "Organization.Read.All": ("498476ce-e0fe-48b0-b801-37ba7e2685c6", "4908d5b9-3fb2-4b1e-9336-1888b7937185"),
    "Organization.ReadWrite.All": ("292d869f-3427-49a8-9dab-8c70152b74e9", "46ca0847-7e6b-426e-9775-ea810a948356"),
    "OrgContact.Read.All": ("e1a88a34-94c4-4418-be12-c87b00e26bea", "08432d1b-5911-483c-86df-7980af5cdee0"),
    "RoleManagement.ReadWrite.Directory": (
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
        "d01b97e9-cbc0-49fe-810a-750afd5527a3",
    ),
    "User.Read": (None, "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    "User.Read.All": ("df021288-bdef-4463-88db-98f22de89214", "a154be20-db9c-4678-8ab7-66f6cc099a59"),
    "User.ReadBasic.All": ("97235f07-e226-4f63-ace3-39588e11d3a1", "b340eb25-3456-403f-be2f-af7a0d370277"),
    "User.ReadWrite.All": ("741f803b-c850-494e-b5df-cde7c675a1ca", "204e0828-b5ca-4ad8-b9f3-f32a958e7cc4"),
}

# The roles that the service's documentation asks an administrator to grant to the triage identity.
TRIAGE_ROLES = (
    "User.Read.All",
    "Application.Read.All",
    "Mail.ReadBasic.All",
    "CrossTenantInformation.ReadBasic.All",
    "GroupMember.Read.All",
    "OrgContact.Read.All",
    "Organization.Read.All",
    "Directory.Read.All",
    "MailboxSettings.Read",
    "ExchangeMessageTrace.Read.All",
    "AuditLog.Read.All",
)

# plan name -> (id, name of the service that provisions it)
PLANS: dict[str, tuple[str, str]] = {
    "EXCHANGE_S_STANDARD": ("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "exchange"),
    "EXCHANGE_S_ENTERPRISE": ("efb87545-963c-4e0d-99df-69c6916d9eb0", "exchange"),
    "EXCHANGE_S_DESKLESS": ("4a82b400-a79f-41a4-b4e2-e94f5787b113", "exchange"),
    "EXCHANGE_S_FOUNDATION": ("113feb6c-3fe4-4440-bddc-54d774bf0318", "exchange"),
    "EXCHANGE_S_ARCHIVE": ("da040e0a-b393-4bea-bb76-928b3fa1cf5a", "exchange"),
    "EXCHANGE_S_ARCHIVE_ADDON": ("176a09a6-7ec5-4039-ac02-b2791c6ba793", "exchange"),
    "EXCHANGE_ANALYTICS": ("34c0d7a0-a70f-4668-9238-47f9fc208882", "exchange"),
    "AAD_PREMIUM": ("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AADPremiumService"),
    "INTUNE_A": ("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "SCO"),
    "OFFICESUBSCRIPTION": ("43de0ff5-c92c-492b-9116-175376d08c38", "MicrosoftOffice"),
    "SHAREPOINTENTERPRISE": ("5dbe027f-2339-4123-9542-606e4d348a72", "SharePoint"),
    "SHAREPOINTSTANDARD": ("c7699d2e-19aa-44de-8edf-1736da088ca1", "SharePoint"),
    "SHAREPOINTDESKLESS": ("902b47e5-dcb2-4fdc-858b-c63a90a2bdb9", "SharePoint"),
    "TEAMS1": ("57ff2da0-773e-42df-b2af-ffb7a2317929", "TeamspaceAPI"),
    "FLOW_P2_VIRAL": ("50e68c76-46c6-4674-81f9-75456511b170", "ProcessSimple"),
    "BI_AZURE_P2": ("70d33638-9c74-4d01-bfd3-562de28bd4ba", "PowerBI"),
    "EXCHANGE_NEXT": (
        "e0c4a17e-0000-4000-8000-000000000001",
        "exchange",
    ),  # made up: a plan that is not in the table yet
    "VISIOONLINE": ("2bdbaf8f-738f-4ac7-9234-3c3ee2ce7d0f", "SharePoint"),
}

# product name -> (sku id, the plans in it that matter here; the real products have more)
SKUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "SPE_E3": (
        "05e9a617-0261-4cee-bb44-138d3ef5d965",
        ("EXCHANGE_S_ENTERPRISE", "SHAREPOINTENTERPRISE", "TEAMS1", "OFFICESUBSCRIPTION", "AAD_PREMIUM", "INTUNE_A"),
    ),
    "SPE_E5": (
        "06ebc4ee-1bb5-47dd-8120-11324bc54e06",
        ("EXCHANGE_S_ENTERPRISE", "EXCHANGE_ANALYTICS", "SHAREPOINTENTERPRISE", "TEAMS1", "OFFICESUBSCRIPTION"),
    ),
    "ENTERPRISEPACK": (
        "6fd2c87f-b296-42f0-b197-1e91e994b900",
        ("EXCHANGE_S_ENTERPRISE", "SHAREPOINTENTERPRISE", "TEAMS1", "OFFICESUBSCRIPTION"),
    ),
    "SPE_F1": (
        "66b55226-6b4f-492c-910c-a3b7a3c9d993",
        ("EXCHANGE_S_DESKLESS", "SHAREPOINTDESKLESS", "TEAMS1", "AAD_PREMIUM", "INTUNE_A"),
    ),
    "EXCHANGESTANDARD": ("4b9405b0-7788-4568-add1-99614e613b69", ("EXCHANGE_S_STANDARD",)),
    "EXCHANGEDESKLESS": ("80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82", ("EXCHANGE_S_DESKLESS",)),
    "EXCHANGEARCHIVE": ("90b5e015-709a-4b8b-b08e-3200f994494c", ("EXCHANGE_S_ARCHIVE",)),
    "O365_BUSINESS_ESSENTIALS": (
        "3b555118-da6a-4418-894f-7df1e2096870",
        ("EXCHANGE_S_STANDARD", "SHAREPOINTSTANDARD", "TEAMS1"),
    ),
    "AAD_PREMIUM": ("078d2b04-f1bd-4111-bbd4-b4b1b354cef4", ("AAD_PREMIUM", "EXCHANGE_S_FOUNDATION")),
    "FLOW_FREE": ("f30db892-07e9-47e9-837c-80727f46fd3d", ("FLOW_P2_VIRAL", "EXCHANGE_S_FOUNDATION")),
    "POWER_BI_PRO": ("f8a1db68-be16-40ed-86d5-cb42ce701560", ("BI_AZURE_P2", "EXCHANGE_S_FOUNDATION")),
    "M365_NEXT": ("e0c4a17e-0000-4000-8000-000000000002", ("EXCHANGE_NEXT", "TEAMS1")),  # made up, likewise
    "VISIOCLIENT": ("c5928f49-12ba-48f7-ada3-0d743a3601d5", ("VISIOONLINE", "EXCHANGE_S_FOUNDATION")),
}


def app_role_id(permission: str) -> str:
    """The id of a permission of type Application; KeyError for a name that has none."""
    role = PERMISSIONS[permission][0]
    if role is None:
        raise KeyError(f"{permission} has no application role")
    return role


def scope_id(permission: str) -> str:
    """The id of a permission of type Delegated; KeyError for a name that has none."""
    scope = PERMISSIONS[permission][1]
    if scope is None:
        raise KeyError(f"{permission} has no delegated scope")
    return scope
