"""The questions: what is asked, only of the allowed paths, and nothing that a sender wrote leaves its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient

from tests.factories import APP_ID, MAILBOX, MESSAGE_ID
from triage.graph.permissions import GRAPH_APP_ID, PERMISSIONS
from triage.graph.questions import PROBES, QUESTIONS, Kind, Question, applications, audit_log, directory, exchange, mail
from triage.graph.questions.question import question

SDK = GraphServiceClient(request_adapter=GraphRequestAdapter(AnonymousAuthenticationProvider()))
ADDRESSED = (
    f"mail eq '{MAILBOX}' or proxyAddresses/any(p:p eq 'smtp:{MAILBOX}') or proxyAddresses/any(p:p eq 'SMTP:{MAILBOX}')"
)
COPIES = {"$filter": f"internetMessageId eq '{MESSAGE_ID}'", "$top": "50"}
START, END = "2026-11-11T00:00:00Z", "2026-11-20T00:00:00Z"
NO_SELECT = ("domain_owner", "message_trace", "any_trace", "app_changes", "any_change")
TRACE = "ExchangeMessageTrace.Read.All"
CHANGES = " or ".join(f"activityDisplayName eq '{name}'" for name in (
    "Consent to application", "Add app role assignment to service principal",
    "Remove app role assignment from service principal", "Add delegated permission grant",
    "Remove delegated permission grant", "Add service principal", "Update service principal", "Remove service principal",
    "Restore service principal", "Hard delete service principal"))  # fmt: skip
USERS, APPLICATIONS, MAIL = "User.Read.All", "Application.Read.All", "Mail.ReadBasic.All"


def user(user: str) -> Any:
    return SDK.users.by_user_id(user)


def folder(user: str, folder: str) -> Any:
    return SDK.users.by_user_id(user).mail_folders.by_mail_folder_id(folder)


def service_principal(identifier: str) -> Any:
    return SDK.service_principals.by_service_principal_id(identifier)


class Row(NamedTuple):
    """A question, msgraph-sdk's request builder for it, its permission, and what it asks besides $select."""

    ask: Callable[..., Question]
    arguments: tuple[Any, ...]
    builder: Callable[..., Any]
    permission: str
    query: dict[str, str]

    @property
    def question(self) -> Question:
        return self.ask(*self.arguments)


def graph_service_principal(names: bool) -> Question:
    return applications.graph_service_principal(names=names)


def all_users() -> Question:
    return directory.users(999)


EXPECTED = [Row(*row) for row in (
    (directory.organization, (), lambda: SDK.organization, USERS, {}),
    (directory.user, (MAILBOX,), user, USERS, {}),
    (directory.alias, (MAILBOX,), lambda _: SDK.users, USERS, {"$filter": ADDRESSED, "$top": "5"}),
    (directory.untagged, (MAILBOX,), lambda _: SDK.users, USERS,
     {"$filter": f"userPrincipalName eq '{MAILBOX}' or {ADDRESSED}", "$top": "5"}),
    (directory.deleted_user, (MAILBOX,), lambda _: SDK.directory.deleted_items.graph_user, USERS,
     {"$filter": f"{ADDRESSED} or endsWith(userPrincipalName,'{MAILBOX}')", "$count": "true"}),
    (directory.group, (MAILBOX,), lambda _: SDK.groups, "GroupMember.Read.All", {"$filter": ADDRESSED, "$top": "5"}),
    (directory.contact, (MAILBOX,), lambda _: SDK.contacts, "OrgContact.Read.All", {"$filter": ADDRESSED, "$top": "5"}),
    (directory.domain_owner, ("contoso.com",),
     SDK.tenant_relationships.find_tenant_information_by_domain_name_with_domain_name,
     "CrossTenantInformation.ReadBasic.All", {}),
    (all_users, (), lambda: SDK.users, USERS, {"$top": "999"}),
    (directory.user_count, (), lambda: SDK.users, USERS, {"$top": "1", "$count": "true"}),
    (directory.any_user, (), lambda: SDK.users, USERS, {"$top": "1"}),
    (directory.subscribed_skus, (), lambda: SDK.subscribed_skus, "Organization.Read.All", {}),
    (directory.any_group, (), lambda: SDK.groups, "GroupMember.Read.All", {"$top": "1"}),
    (directory.any_contact, (), lambda: SDK.contacts, "OrgContact.Read.All", {"$top": "1"}),
    (mail.mailbox, (MAILBOX,), lambda one: folder(one, "inbox"), MAIL, {}),
    (mail.folder, (MAILBOX, "AAMk=="), folder, MAIL, {}),
    (mail.hidden_folders, (MAILBOX,), lambda one: user(one).mail_folders, MAIL,
     {"$top": "100", "includeHiddenFolders": "true"}),
    (mail.visible_folders, (MAILBOX, "AAMk=="), lambda one, name: folder(one, name).child_folders, MAIL,
     {"$top": "100"}),
    (mail.message, (MAILBOX, MESSAGE_ID), lambda one, _: user(one).messages, MAIL, COPIES),
    (mail.recoverable_items, (MAILBOX, MESSAGE_ID),
     lambda one, _: folder(one, "recoverableitemsdeletions").messages, MAIL, COPIES),
    (mail.snoozed, (MAILBOX, MESSAGE_ID), lambda one, _: folder(one, "scheduled").messages, MAIL, COPIES),
    (mail.hidden_folder, (MAILBOX, "AAMk==", MESSAGE_ID), lambda one, name, _: folder(one, name).messages, MAIL, COPIES),
    (mail.mailbox_purpose, (MAILBOX,), lambda one: user(one).mailbox_settings, "MailboxSettings.Read", {}),
    (mail.inbox_rules, (MAILBOX,), lambda one: folder(one, "inbox").message_rules, "MailboxSettings.Read", {}),
    (exchange.message_trace, (MESSAGE_ID, START, END), lambda *_: SDK.admin.exchange.tracing.message_traces, TRACE, {
        "$filter": f"messageId eq '{MESSAGE_ID}' and receivedDateTime ge 2026-11-11T00:00:00Z and "
        "receivedDateTime le 2026-11-20T00:00:00Z"}),
    (exchange.any_trace, (), lambda: SDK.admin.exchange.tracing.message_traces, TRACE, {"$top": "1"}),
    (applications.service_principal, (APP_ID,), SDK.service_principals_with_app_id, APPLICATIONS, {}),
    (applications.deleted_service_principal, (APP_ID,), lambda _: SDK.directory.deleted_items.graph_service_principal,
     APPLICATIONS, {"$filter": f"appId eq '{APP_ID}'"}),
    (graph_service_principal, (True,), lambda _: SDK.service_principals_with_app_id(GRAPH_APP_ID), APPLICATIONS, {}),
    (applications.permissions, ("sp",), lambda one: service_principal(one).app_role_assignments, APPLICATIONS,
     {"$top": "999"}),
    (applications.delegated_grants, ("sp",), lambda one: service_principal(one).oauth2_permission_grants,
     "Directory.Read.All", {"$top": "999"}),
    (applications.registration, (APP_ID,), SDK.applications_with_app_id, APPLICATIONS, {}),
    (applications.federated_credentials, ("registration",),
     lambda one: SDK.applications.by_application_id(one).federated_identity_credentials, APPLICATIONS, {}),
    (audit_log.app_changes, ("2026-11-20T10:00:00Z",), lambda _: SDK.audit_logs.directory_audits, "AuditLog.Read.All",
     {"$filter": f"activityDateTime ge 2026-11-20T10:00:00Z and ({CHANGES})", "$top": "200"}),
    (audit_log.any_change, (), lambda: SDK.audit_logs.directory_audits, "AuditLog.Read.All", {"$top": "1"}),
    (applications.app_elsewhere, (APP_ID,), SDK.service_principals_with_app_id, APPLICATIONS, {}),
)]  # fmt: skip
EACH = pytest.mark.parametrize("row", EXPECTED, ids=[row.ask.__name__ for row in EXPECTED])


def parts(asked: Question) -> tuple[str, dict[str, str]]:
    """The path, and the query by name, as Graph decodes them."""
    url = urlsplit(asked.url)
    query = parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    assert all(len(values) == 1 for values in query.values())
    return unquote(url.path), {name: values[0] for name, values in query.items()}


def test_every_question_is_expected() -> None:
    assert sorted(row.question.check for row in EXPECTED) == sorted(QUESTIONS)


@EACH
def test_what_is_asked(row: Row) -> None:
    """The path is compared with the SDK's (test_question_urls.py)."""
    asked = row.question
    query = parts(asked)[1]
    select = query.pop("$select", "")
    assert (asked.permission, query) == (row.permission, row.query)
    assert bool(select) is (asked.check not in NO_SELECT), "$select wherever Graph takes it"
    assert str(asked) == f"GET {asked.url}"


@EACH
def test_a_question_is_a_sentence_and_its_permission_is_known(row: Row) -> None:
    asked = row.question
    assert re.fullmatch(r"[A-Z].*\?", asked.text)
    assert asked.permission in PERMISSIONS
    opening = asked.text.split()[0]
    assert asked.kind is Kind.FACT or opening not in ("What", "Which"), "yes or no is no answer to this"


def test_every_permission_is_tried_once() -> None:
    """`probe` asks for a user and the app by itself; the other permissions need a question that says it is a probe."""
    tried = [QUESTIONS[ask.__name__].permission for ask, _ in PROBES]
    assert sorted([*tried, USERS, APPLICATIONS]) == sorted({one.permission for one in QUESTIONS.values()})


def test_a_check_has_one_question() -> None:
    def user() -> str:
        return "/users"

    with pytest.raises(ValueError, match="user is asked twice"):
        question("Who?", USERS)(user)


# Everything that the service may read.
ALLOWED = [
    r"/users(/[^/]+)?",
    r"/users/[^/]+/mailFolders(/[^/]+(/(messages|childFolders))?)?",
    r"/users/[^/]+/mailFolders/inbox/messageRules",
    r"/users/[^/]+/(messages|mailboxSettings)",
    r"/admin/exchange/tracing/messageTraces",
    r"/directory/deletedItems/graph\.(user|servicePrincipal)",
    r"/(organization|groups|contacts|subscribedSkus)",
    r"/tenantRelationships/findTenantInformationByDomainName\(domainName='[^/]+'\)",
    r"/(servicePrincipals|applications)\(appId='[^/]+'\)",
    r"/applications/[^/]+/federatedIdentityCredentials",
    r"/servicePrincipals/[^/]+/(appRoleAssignments|oauth2PermissionGrants)",
    r"/auditLogs/directoryAudits",
]


def is_allowed(asked: Question) -> bool:
    path = urlsplit(asked.url).path
    decoded = re.sub("%(28|29|3D|27|40|2C)", lambda code: chr(int(code[1], 16)), path, flags=re.IGNORECASE)
    return any(re.fullmatch(pattern, decoded) for pattern in ALLOWED)


@EACH
def test_only_these_paths(row: Row) -> None:
    assert is_allowed(row.question)


def test_another_path_would_be_seen() -> None:
    for path in ("/me", "/users/a/sendMail", "/users/a/messages/b/move", "/applications/x", "/users/a/b/c/d"):
        assert not is_allowed(Question("user", path, ""))


@EACH
def test_headers_and_workload(row: Row) -> None:
    asked = row.question
    outlook = urlsplit(asked.url).path.startswith("/users/") and asked.check != "user"
    assert asked.mailbox == (MAILBOX if outlook else None)
    if asked.permission == MAIL or asked.check == "inbox_rules":  # its folder ids are compared with those of messages
        assert asked.headers == {"Prefer": 'IdType="ImmutableId"'}
    elif "$count=true" in asked.url:
        assert asked.headers == {"ConsistencyLevel": "eventual"}
    else:
        assert asked.headers == {}


def test_only_the_place_of_a_message_is_read() -> None:
    """Never a subject, a body, or a sender."""
    for asked in (
        mail.message(MAILBOX, MESSAGE_ID),
        mail.recoverable_items(MAILBOX, MESSAGE_ID),
        mail.snoozed(MAILBOX, MESSAGE_ID),
        mail.hidden_folder(MAILBOX, "f", MESSAGE_ID),
    ):
        assert parts(asked)[1]["$select"].split(",") == ["id", "parentFolderId", "isRead"]


def test_what_the_rules_need_is_selected() -> None:
    selected = set(parts(directory.user(MAILBOX))[1]["$select"].split(","))
    assert set(parts(directory.users(999))[1]["$select"].split(",")) == selected
    assert selected >= {
        *("id", "userPrincipalName", "mail", "proxyAddresses", "userType", "assignedLicenses", "assignedPlans"),
        *("provisionedPlans", "licenseAssignmentStates", "onPremisesSyncEnabled", "onPremisesProvisioningErrors"),
        "serviceProvisioningErrors",
    }
    app = set(parts(applications.service_principal(APP_ID))[1]["$select"].split(","))
    assert app >= {"accountEnabled", "isDisabled", "disabledByMicrosoftStatus", "signInAudience"}


def test_graphs_own_permissions_are_read_only_when_needed() -> None:
    assert parts(applications.graph_service_principal(names=False))[1] == {"$select": "id"}
    names = {"$select": "id,appRoles,oauth2PermissionScopes"}
    assert parts(applications.graph_service_principal(names=True))[1] == names


# A sender chooses the address and the message's id: nothing in them may become a path, a query, or a filter.

HOSTILE = st.text(st.sampled_from("a'\"/?#&=%+<>$@.()\\ ;,ü€\n"), min_size=1, max_size=15)
OF_AN_ADDRESS: dict[str, Callable[[str], Question]] = {
    "alias": directory.alias, "deleted_user": directory.deleted_user, "group": directory.group,
    "contact": directory.contact,
}  # fmt: skip


def literals(filter_text: str) -> tuple[str, list[str]]:
    """A filter without its string literals, and the literals. OData doubles a quote in a literal."""
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(match[1].replace("''", "'"))
        return "'x'"

    return re.sub(r"'((?:[^']|'')*)'", take, filter_text), found


@given(text=HOSTILE, name=st.sampled_from(sorted(OF_AN_ADDRESS)))
def test_an_address_stays_in_its_literals(text: str, name: str) -> None:
    path, query = parts(OF_AN_ADDRESS[name](text))
    plain_path, plain = parts(OF_AN_ADDRESS[name]("x"))
    assert (path, set(query)) == (plain_path, set(plain))
    shape, found = literals(query["$filter"])
    assert shape == literals(plain["$filter"])[0]
    assert set(found) == {text, f"smtp:{text}", f"SMTP:{text}"}


@given(text=HOSTILE)
def test_a_message_id_stays_in_its_literal(text: str) -> None:
    for asked in (
        mail.message("u", text),
        mail.recoverable_items("u", text),
        mail.snoozed("u", text),
        mail.hidden_folder("u", "f", text),
    ):
        assert literals(parts(asked)[1]["$filter"]) == ("internetMessageId eq 'x'", [text])


@given(text=HOSTILE)
def test_an_address_or_a_folder_stays_one_segment_of_the_path(text: str) -> None:
    expected: list[tuple[Question, list[str]]] = [
        (directory.user(text), ["users", text]),
        (mail.mailbox(text), ["users", text, "mailFolders", "inbox"]),
        (mail.message(text, "i"), ["users", text, "messages"]),
        (mail.folder("u", text), ["users", "u", "mailFolders", text]),
        (applications.permissions(text), ["servicePrincipals", text, "appRoleAssignments"]),
    ]
    for asked, segments in expected:
        url = urlsplit(asked.url)
        assert [unquote(segment) for segment in url.path.split("/")[1:]] == segments
        assert url.fragment == ""
        assert set(parse_qs(url.query)) <= {"$select", "$filter", "$top"}
