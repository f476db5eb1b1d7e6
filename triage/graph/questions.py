"""Every question that triage puts to Graph v1.0, built by msgraph-sdk's request builders.

Each has the id of its check, the least application permission that answers it (Graph's permissions reference), and
the workload that its limits belong to. `$select` everywhere: it costs less, and reads no more than is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec
from urllib.parse import quote

from triage.graph.permissions import GRAPH_APP_ID

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_service_client import GraphServiceClient

USER_FIELDS = (
    "id", "userPrincipalName", "mail", "proxyAddresses", "userType", "accountEnabled", "assignedLicenses",
    "assignedPlans", "provisionedPlans", "licenseAssignmentStates", "onPremisesSyncEnabled",
    "onPremisesProvisioningErrors", "serviceProvisioningErrors",
)  # fmt: skip
DELETED_USER_FIELDS = ("id", "userPrincipalName", "mail", "proxyAddresses", "deletedDateTime")
APP_FIELDS = (
    "id", "appId", "displayName", "accountEnabled", "isDisabled", "disabledByMicrosoftStatus", "signInAudience",
    "appOwnerOrganizationId",
)  # fmt: skip
REGISTRATION_FIELDS = (
    "id", "appId", "signInAudience", "isDisabled", "requiredResourceAccess", "passwordCredentials", "keyCredentials",
)  # fmt: skip
FOLDER_FIELDS = ("id", "displayName", "parentFolderId", "isHidden")
MESSAGE_FIELDS = ("id", "parentFolderId", "isRead")

# The header and $count that Graph's advanced queries on directory objects need (endsWith is one).
ADVANCED = {"ConsistencyLevel": "eventual"}
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@dataclass(frozen=True, slots=True)
class Question:
    """One GET: `url` is relative to `/v1.0`. `mailbox` is set for Outlook's workload, which is limited for each."""

    check: str
    url: str
    permission: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    mailbox: str | None = None

    def __str__(self) -> str:
        return f"GET {self.url}"


P = ParamSpec("P")
# What stands for a value while the SDK builds a URL. Its quote is doubled where it is in a literal, as a value's must be.
_STAND_IN = re.compile("stand-in%27(?P<literal>%27)?(?P<place>[0-9])")


def _built_once(build: Callable[Concatenate[Questions, P], Question]) -> Callable[Concatenate[Questions, P], Question]:
    """Has the SDK build a question's URL once, with stand-ins, and puts the values in their places each time.

    The SDK takes half a millisecond for a URL: half of what a failure would cost.
    """

    @wraps(build)
    def ask(questions: Questions, *args: P.args, **kwargs: P.kwargs) -> Question:
        values = [str(value) for value in args]

        def encoded(found: re.Match[str]) -> str:
            value = values[int(found["place"])]
            return quote(_doubled(value) if found["literal"] else value, safe="")

        made = questions.templates.get(build.__name__)
        if made is None:
            stand_ins: Any = [f"stand-in'{place}" for place in range(len(values))]
            made = questions.templates[build.__name__] = build(questions, *stand_ins, **kwargs)
        url = _STAND_IN.sub(encoded, made.url)
        return replace(made, url=url, mailbox=values[0] if made.mailbox else None)

    return ask


class Questions:
    """The questions, on the SDK's client for one tenant. Its modules are loaded at the first of them."""

    def __init__(self, client: GraphServiceClient) -> None:
        self._client = client
        self.templates: dict[str, Question] = {}

    def organization(self) -> Question:
        """The tenant's id and verified domains."""
        return _question("organization", "User.Read.All", self._client.organization, select=("id", "verifiedDomains"))

    @_built_once
    def user(self, address: str) -> Question:
        """The user with this id or UPN. Graph does not look among the other addresses here."""
        return _question("user", "User.Read.All", self._client.users.by_user_id(address), select=USER_FIELDS)

    @_built_once
    def alias(self, address: str) -> Question:
        """Users that have the address as their mail or among their proxy addresses."""
        return _question(
            "alias", "User.Read.All", self._client.users, select=USER_FIELDS, filter=_addressed(address), top=5
        )

    @_built_once
    def deleted_user(self, address: str) -> Question:
        """Deleted users that had the address. Entra prefixes a deleted user's UPN with its object id."""
        text = f"{_addressed(address)} or endsWith(userPrincipalName,{_literal(address)})"
        builder = self._client.directory.deleted_items.graph_user
        return _question(
            "deleted_user", "User.Read.All", builder, ADVANCED, select=DELETED_USER_FIELDS, filter=text, count=True
        )

    @_built_once
    def group(self, address: str) -> Question:
        """Groups with this address."""
        select = ("id", "mail", "groupTypes")
        builder = self._client.groups
        return _question("group", "GroupMember.Read.All", builder, select=select, filter=_addressed(address), top=5)

    @_built_once
    def contact(self, address: str) -> Question:
        """Organizational contacts with this address."""
        builder, select = self._client.contacts, ("id", "mail")
        return _question("contact", "OrgContact.Read.All", builder, select=select, filter=_addressed(address), top=5)

    @_built_once
    def domain_owner(self, domain: str) -> Question:
        """The tenant that has verified this domain, whichever it is."""
        relationships = self._client.tenant_relationships
        builder = relationships.find_tenant_information_by_domain_name_with_domain_name(domain)
        return _question("domain_owner", "CrossTenantInformation.ReadBasic.All", builder)

    @_built_once
    def mailbox(self, user: str) -> Question:
        """The Inbox: whether Exchange Online has a mailbox that answers."""
        return self._folder("mailbox", user, "inbox")

    @_built_once
    def folder(self, user: str, folder: str) -> Question:
        """A folder by id or well-known name."""
        return self._folder("folder", user, folder)

    @_built_once
    def hidden_folders(self, user: str) -> Question:
        """All top-level folders, hidden ones among them."""
        builder = self._client.users.by_user_id(user).mail_folders
        return _mail(
            "hidden_folders",
            user,
            builder,
            select=(*FOLDER_FIELDS, "totalItemCount"),
            top=100,
            include_hidden_folders="true",
        )

    @_built_once
    def messages(self, user: str, internet_message_id: str) -> Question:
        """The copies of a message, in all folders but Recoverable Items."""
        builder = self._client.users.by_user_id(user).messages
        text = f"internetMessageId eq {_literal(internet_message_id)}"
        return _mail("message", user, builder, select=MESSAGE_FIELDS, filter=text, top=50)

    def messages_in(self, user: str, folder: str, internet_message_id: str, check: str) -> Question:
        """The copies of a message in one folder, by id or well-known name."""
        return replace(self._messages_in(user, folder, internet_message_id), check=check)

    @_built_once
    def _messages_in(self, user: str, folder: str, internet_message_id: str) -> Question:
        builder = self._client.users.by_user_id(user).mail_folders.by_mail_folder_id(folder).messages
        text = f"internetMessageId eq {_literal(internet_message_id)}"
        return _mail("message", user, builder, select=MESSAGE_FIELDS, filter=text, top=50)

    @_built_once
    def mailbox_purpose(self, user: str) -> Question:
        """What the mailbox is for: user, linked, shared, room, equipment, others."""
        builder = self._client.users.by_user_id(user).mailbox_settings
        return _question("mailbox_purpose", "MailboxSettings.Read", builder, {}, user, select=("userPurpose",))

    def service_principal(self, app_id: str) -> Question:
        """Email Threat Defense's app in the tenant."""
        builder = self._client.service_principals_with_app_id(app_id)
        return _question("service_principal", "Application.Read.All", builder, select=APP_FIELDS)

    def graph_service_principal(self, *, names: bool) -> Question:
        """Microsoft Graph's own service principal; with `names`, all of its permissions (some hundred kilobytes)."""
        builder = self._client.service_principals_with_app_id(GRAPH_APP_ID)
        select = ("id", "appRoles", "oauth2PermissionScopes") if names else ("id",)
        return _question("graph_service_principal", "Application.Read.All", builder, select=select)

    def deleted_service_principal(self, app_id: str) -> Question:
        """The app's service principal among the deleted items."""
        builder = self._client.directory.deleted_items.graph_service_principal
        select = ("id", "appId", "displayName", "deletedDateTime")
        text = f"appId eq {_literal(app_id)}"
        return _question("deleted_service_principal", "Application.Read.All", builder, select=select, filter=text)

    def registration(self, app_id: str) -> Question:
        """The app's registration, which is in the tenant that owns the app alone."""
        builder = self._client.applications_with_app_id(app_id)
        return _question("registration", "Application.Read.All", builder, select=REGISTRATION_FIELDS)

    def grants(self, service_principal_id: str) -> Question:
        """The application permissions that were granted to the app, on every resource."""
        builder = self._client.service_principals.by_service_principal_id(service_principal_id).app_role_assignments
        return _question(
            "permissions", "Application.Read.All", builder, select=("id", "appRoleId", "resourceId"), top=999
        )

    def delegated_grants(self, service_principal_id: str) -> Question:
        """The delegated permissions that were granted to the app, on every resource."""
        builder = self._client.service_principals.by_service_principal_id(service_principal_id).oauth2_permission_grants
        return _question(
            "delegated_grants", "Directory.Read.All", builder, select=("id", "resourceId", "scope"), top=999
        )

    def any_user(self) -> Question:
        """Some user: what the triage identity may see is tried on it."""
        return _question("any_user", "User.Read.All", self._client.users, select=("id", "assignedPlans"), top=1)

    def any_group(self) -> Question:
        """Some group."""
        return _question("any_group", "GroupMember.Read.All", self._client.groups, select=("id",), top=1)

    def any_contact(self) -> Question:
        """Some organizational contact."""
        return _question("any_contact", "OrgContact.Read.All", self._client.contacts, select=("id",), top=1)

    def _folder(self, check: str, user: str, folder: str) -> Question:
        builder = self._client.users.by_user_id(user).mail_folders.by_mail_folder_id(folder)
        return _mail(check, user, builder, select=FOLDER_FIELDS)


def _mail(check: str, user: str, builder: Any, **query: Any) -> Question:
    return _question(check, "Mail.ReadBasic.All", builder, IMMUTABLE, user, **query)


def _question(
    check: str, permission: str, builder: Any, headers: dict[str, str] | None = None, mailbox: str | None = None,
    /, **query: Any,
) -> Question:  # fmt: skip
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    configuration: RequestConfiguration[Any] = RequestConfiguration()
    if query:
        if "select" in query:
            query["select"] = list(query["select"])
        parameters = next(getattr(builder, name) for name in dir(builder) if name.endswith("GetQueryParameters"))
        configuration.query_parameters = parameters(**query)
    return Question(
        check, relative_url(builder.to_get_request_information(configuration)), permission, headers or {}, mailbox
    )


def relative_url(information: RequestInformation) -> str:
    """The URL that the SDK would ask, from after `/v1.0` on, as a `/$batch` item wants it."""
    information.path_parameters["baseurl"] = ""
    return information.url.replace("%24", "$")


def _literal(text: str) -> str:
    """A string literal in OData: quotes are doubled."""
    return f"'{_doubled(text)}'"


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _addressed(address: str) -> str:
    """A filter for what has the address. Both spellings of the prefix: its case matters in some directories."""
    proxies = (f"proxyAddresses/any(p:p eq {_literal(prefix + address)})" for prefix in ("smtp:", "SMTP:"))
    return " or ".join((f"mail eq {_literal(address)}", *proxies))
