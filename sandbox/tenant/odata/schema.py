"""The entity types that the tenant serves: their properties, the default ones, and the ones that can be filtered.

An entity is a dict in Graph's JSON shape that holds only what is set; any other property is served as its empty value
here (`None` or `[]`). Property names follow Graph's v1.0 metadata; a test compares them with the models of
msgraph-sdk. Filterable properties follow the resource pages of Microsoft Graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class EntityType:
    name: str  # as errors name it: microsoft.graph.user
    collection: str  # as @odata.context names it: users
    properties: dict[str, Any]  # every property -> its empty value
    default: tuple[str, ...]  # served without $select
    filterable: frozenset[str] = frozenset()
    ends_with: frozenset[str] = frozenset()
    outlook: bool = False
    page: tuple[int, int] = (100, 999)  # page size without $top, largest $top
    case_sensitive: frozenset[str] = frozenset()

    def without(self, names: Iterable[str]) -> EntityType:
        """This type in a cloud whose v1.0 schema lacks some of the properties."""
        lacking = frozenset(names)
        properties = {name: empty for name, empty in self.properties.items() if name not in lacking}
        return replace(self, properties=properties, default=tuple(name for name in self.default if name in properties))


def _type(
    name: str, collection: str, scalars: str, lists: str = "", default: str | None = None, **more: Any
) -> EntityType:
    properties: dict[str, Any] = dict.fromkeys(["id", *scalars.split()])
    properties.update({key: [] for key in lists.split()})
    wanted = tuple(properties) if default is None else ("id", *default.split())
    for key in ("filterable", "ends_with", "case_sensitive"):
        if key in more:
            more[key] = frozenset(more[key].split())
    return EntityType(f"microsoft.graph.{name}", collection, properties, wanted, **more)


USER = _type(
    "user",
    "users",
    "deletedDateTime accountEnabled createdDateTime creationType displayName externalUserState givenName"
    " isResourceAccount jobTitle mail mailNickname mobilePhone officeLocation onPremisesDistinguishedName"
    " onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId onPremisesLastSyncDateTime"
    " onPremisesSyncEnabled onPremisesUserPrincipalName preferredLanguage showInAddressList surname usageLocation"
    " userPrincipalName userType",
    "assignedLicenses assignedPlans businessPhones identities licenseAssignmentStates onPremisesProvisioningErrors"
    " otherMails provisionedPlans proxyAddresses serviceProvisioningErrors",
    default="businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname"
    " userPrincipalName",
    filterable="id accountEnabled assignedLicenses createdDateTime creationType deletedDateTime displayName givenName"
    " jobTitle mail mailNickname onPremisesImmutableId onPremisesSyncEnabled otherMails proxyAddresses surname"
    " usageLocation userPrincipalName userType externalUserState",
    ends_with="mail userPrincipalName",
)
# All that a caller with only User.ReadBasic.All sees.
BASIC_USER = frozenset({"id", "displayName", "givenName", "surname", "mail", "userPrincipalName"})

GROUP = _type(
    "group",
    "groups",
    "deletedDateTime createdDateTime description displayName mail mailEnabled mailNickname onPremisesSyncEnabled"
    " securityEnabled visibility",
    "groupTypes proxyAddresses",
    filterable="id createdDateTime displayName groupTypes mail mailEnabled mailNickname onPremisesSyncEnabled"
    " proxyAddresses securityEnabled",
    ends_with="mail",
)
CONTACT = _type(
    "orgContact",
    "contacts",
    "deletedDateTime companyName displayName givenName mail mailNickname onPremisesSyncEnabled surname",
    "proxyAddresses",
    filterable="id displayName givenName mail mailNickname proxyAddresses surname",
    ends_with="mail",
)
SERVICE_PRINCIPAL = _type(
    "servicePrincipal",
    "servicePrincipals",
    "deletedDateTime accountEnabled appDisplayName appId appOwnerOrganizationId appRoleAssignmentRequired"
    " disabledByMicrosoftStatus displayName isDisabled servicePrincipalType signInAudience verifiedPublisher",
    "appRoles keyCredentials oauth2PermissionScopes passwordCredentials servicePrincipalNames tags",
    filterable="id accountEnabled appId appOwnerOrganizationId displayName servicePrincipalNames"
    " servicePrincipalType tags",
)
APPLICATION = _type(
    "application",
    "applications",
    "deletedDateTime appId createdDateTime disabledByMicrosoftStatus displayName isDisabled publisherDomain"
    " signInAudience",
    "identifierUris keyCredentials passwordCredentials requiredResourceAccess",
    filterable="id appId createdDateTime displayName identifierUris publisherDomain signInAudience",
)
DIRECTORY_AUDIT = _type(
    "directoryAudit",
    "auditLogs/directoryAudits",
    "activityDateTime activityDisplayName category correlationId initiatedBy loggedByService operationType result"
    " resultReason",
    "additionalDetails targetResources",
    filterable="activityDateTime activityDisplayName correlationId loggedByService",
)
FEDERATED_CREDENTIAL = _type(
    "federatedIdentityCredential",
    "federatedIdentityCredentials",
    "name issuer subject description",
    "audiences",
    filterable="id name subject",
)
APP_ROLE_ASSIGNMENT = _type(
    "appRoleAssignment",
    "appRoleAssignments",
    "deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName"
    " resourceId",
    filterable="resourceId",
)
PERMISSION_GRANT = _type(
    "oAuth2PermissionGrant", "oauth2PermissionGrants", "clientId consentType principalId resourceId scope"
)
ORGANIZATION = _type(
    "organization",
    "organization",
    "deletedDateTime countryLetterCode createdDateTime displayName onPremisesLastSyncDateTime onPremisesSyncEnabled"
    " tenantType",
    "assignedPlans provisionedPlans verifiedDomains",
)
DOMAIN = _type(
    "domain",
    "domains",
    "authenticationType isAdminManaged isDefault isInitial isRoot isVerified",
    "supportedServices",
)
SUBSCRIBED_SKU = _type(
    "subscribedSku",
    "subscribedSkus",
    "accountId accountName appliesTo capabilityStatus consumedUnits prepaidUnits skuId skuPartNumber",
    "servicePlans subscriptionIds",
)
LICENSE_DETAILS = _type("licenseDetails", "licenseDetails", "skuId skuPartNumber", "servicePlans")
# Two values, not entities: they have no id.
TENANT_INFORMATION = EntityType(
    "microsoft.graph.tenantInformation",
    "tenantInformation",
    properties=dict.fromkeys(["tenantId", "defaultDomainName", "displayName", "federationBrandName"]),
    default=("tenantId", "defaultDomainName", "displayName", "federationBrandName"),
)
MAILBOX_SETTINGS = EntityType(
    "microsoft.graph.mailboxSettings",
    "mailboxSettings",
    properties=dict.fromkeys(["archiveFolder", "timeZone", "userPurpose", "automaticRepliesSetting"]),
    default=("archiveFolder", "timeZone", "userPurpose", "automaticRepliesSetting"),
)
MAIL_FOLDER = _type(
    "mailFolder",
    "mailFolders",
    "displayName parentFolderId childFolderCount unreadItemCount totalItemCount isHidden",
    filterable="displayName totalItemCount unreadItemCount childFolderCount",
    outlook=True,
    page=(10, 999),
)
MESSAGE = _type(
    "message",
    "messages",
    "createdDateTime lastModifiedDateTime changeKey receivedDateTime sentDateTime hasAttachments internetMessageId"
    " subject bodyPreview importance parentFolderId conversationId isRead isDraft webLink body sender from",
    "categories toRecipients",
    filterable="createdDateTime lastModifiedDateTime receivedDateTime sentDateTime hasAttachments internetMessageId"
    " subject importance parentFolderId conversationId isRead isDraft from sender",
    outlook=True,
    page=(10, 1000),
    # Two message ids that differ in case are two messages (RFC 5322: ids are compared character by character).
    case_sensitive="internetMessageId",
)
MESSAGE_RULE = _type(
    "messageRule", "messageRules", "actions conditions displayName exceptions hasError isEnabled isReadOnly sequence",
    outlook=True,
)  # fmt: skip
MESSAGE_TRACE = _type(
    "exchangeMessageTrace",
    "admin/exchange/tracing/messageTraces",
    "fromIP messageId receivedDateTime recipientAddress senderAddress size status subject toIP",
    filterable="id fromIP messageId receivedDateTime recipientAddress senderAddress status subject toIP",
    page=(1000, 5000),
    case_sensitive="messageId",
)
# Mail.ReadBasic.All gives everything but what the message says.
MESSAGE_CONTENT = frozenset({"body", "bodyPreview"})
