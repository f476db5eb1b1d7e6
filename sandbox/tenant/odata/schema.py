"""The entity types that the tenant serves: their properties, the default ones, and the ones that can be filtered.

An entity is a dict in Graph's JSON shape that holds only what is set; any other property is served as its empty value
here (`None` or `[]`). Property names follow Graph's v1.0 metadata; a test compares them with the models of
msgraph-sdk. Filterable properties follow the resource pages of Microsoft Graph.

A type that only one module of `serve` uses is there, above its handler.
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


def entity_type(
    name: str, collection: str, scalars: str, lists: str = "", default: str | None = None, **more: Any
) -> EntityType:
    properties: dict[str, Any] = dict.fromkeys(["id", *scalars.split()])
    properties.update({key: [] for key in lists.split()})
    wanted = tuple(properties) if default is None else ("id", *default.split())
    for key in ("filterable", "ends_with", "case_sensitive"):
        if key in more:
            more[key] = frozenset(more[key].split())
    return EntityType(f"microsoft.graph.{name}", collection, properties, wanted, **more)


USER = entity_type(
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

GROUP = entity_type(
    "group",
    "groups",
    "deletedDateTime createdDateTime description displayName mail mailEnabled mailNickname onPremisesSyncEnabled"
    " securityEnabled visibility",
    "groupTypes proxyAddresses",
    filterable="id createdDateTime displayName groupTypes mail mailEnabled mailNickname onPremisesSyncEnabled"
    " proxyAddresses securityEnabled",
    ends_with="mail",
)
CONTACT = entity_type(
    "orgContact",
    "contacts",
    "deletedDateTime companyName displayName givenName mail mailNickname onPremisesSyncEnabled surname",
    "proxyAddresses",
    filterable="id displayName givenName mail mailNickname proxyAddresses surname",
    ends_with="mail",
)
SERVICE_PRINCIPAL = entity_type(
    "servicePrincipal",
    "servicePrincipals",
    "deletedDateTime accountEnabled appDisplayName appId appOwnerOrganizationId appRoleAssignmentRequired"
    " disabledByMicrosoftStatus displayName isDisabled servicePrincipalType signInAudience verifiedPublisher",
    "appRoles keyCredentials oauth2PermissionScopes passwordCredentials servicePrincipalNames tags",
    filterable="id accountEnabled appId appOwnerOrganizationId displayName servicePrincipalNames"
    " servicePrincipalType tags",
)
APPLICATION = entity_type(
    "application",
    "applications",
    "deletedDateTime appId createdDateTime disabledByMicrosoftStatus displayName isDisabled publisherDomain"
    " signInAudience",
    "identifierUris keyCredentials passwordCredentials requiredResourceAccess",
    filterable="id appId createdDateTime displayName identifierUris publisherDomain signInAudience",
)
DIRECTORY_AUDIT = entity_type(
    "directoryAudit",
    "auditLogs/directoryAudits",
    "activityDateTime activityDisplayName category correlationId initiatedBy loggedByService operationType result"
    " resultReason",
    "additionalDetails targetResources",
    filterable="activityDateTime activityDisplayName correlationId loggedByService",
)
FEDERATED_CREDENTIAL = entity_type(
    "federatedIdentityCredential",
    "federatedIdentityCredentials",
    "name issuer subject description",
    "audiences",
    filterable="id name subject",
)
APP_ROLE_ASSIGNMENT = entity_type(
    "appRoleAssignment",
    "appRoleAssignments",
    "deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName"
    " resourceId",
    filterable="resourceId",
)
PERMISSION_GRANT = entity_type(
    "oAuth2PermissionGrant", "oauth2PermissionGrants", "clientId consentType principalId resourceId scope"
)
ORGANIZATION = entity_type(
    "organization",
    "organization",
    "deletedDateTime countryLetterCode createdDateTime displayName onPremisesLastSyncDateTime onPremisesSyncEnabled"
    " tenantType",
    "assignedPlans provisionedPlans verifiedDomains",
)
DOMAIN = entity_type(
    "domain",
    "domains",
    "authenticationType isAdminManaged isDefault isInitial isRoot isVerified",
    "supportedServices",
)
SUBSCRIBED_SKU = entity_type(
    "subscribedSku",
    "subscribedSkus",
    "accountId accountName appliesTo capabilityStatus consumedUnits prepaidUnits skuId skuPartNumber",
    "servicePlans subscriptionIds",
)
MAIL_FOLDER = entity_type(
    "mailFolder",
    "mailFolders",
    "displayName parentFolderId childFolderCount unreadItemCount totalItemCount isHidden",
    filterable="displayName totalItemCount unreadItemCount childFolderCount",
    outlook=True,
    page=(10, 999),
)
MESSAGE = entity_type(
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
# Mail.ReadBasic.All gives everything but what the message says.
MESSAGE_CONTENT = frozenset({"body", "bodyPreview"})
