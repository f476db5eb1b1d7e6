"""The questions: literally what is asked, only of the allowed paths, and nothing that a sender wrote leaves its place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder

from tests.factories import APP_ID, MAILBOX, MESSAGE_ID, PERMISSION
from triage.graph.questions import Question, Questions, relative_url

CLIENT = GraphServiceClient(request_adapter=GraphRequestAdapter(AnonymousAuthenticationProvider()))
ASK = Questions(CLIENT)

ADDRESSED = (
    f"mail eq '{MAILBOX}' or proxyAddresses/any(p:p eq 'smtp:{MAILBOX}') or proxyAddresses/any(p:p eq 'SMTP:{MAILBOX}')"
)
OF_MESSAGE = f"internetMessageId eq '{MESSAGE_ID}'"
USER = f"/users/{MAILBOX}"
GRAPH = "00000003-0000-0000-c000-000000000000"

# Each question: its path, and its query but for $select.
EXPECTED: dict[str, tuple[Question, str, dict[str, str]]] = {
    "organization": (ASK.organization(), "/organization", {}),
    "user": (ASK.user(MAILBOX), USER, {}),
    "alias": (ASK.alias(MAILBOX), "/users", {"$filter": ADDRESSED, "$top": "5"}),
    "deleted_user": (ASK.deleted_user(MAILBOX), "/directory/deletedItems/graph.user",
                     {"$filter": f"{ADDRESSED} or endsWith(userPrincipalName,'{MAILBOX}')", "$count": "true"}),
    "group": (ASK.group(MAILBOX), "/groups", {"$filter": ADDRESSED, "$top": "5"}),
    "contact": (ASK.contact(MAILBOX), "/contacts", {"$filter": ADDRESSED, "$top": "5"}),
    "domain_owner": (ASK.domain_owner("contoso.com"),
                     "/tenantRelationships/findTenantInformationByDomainName(domainName='contoso.com')", {}),
    "mailbox": (ASK.mailbox(MAILBOX), f"{USER}/mailFolders/inbox", {}),
    "folder": (ASK.folder(MAILBOX, "AAMk=="), f"{USER}/mailFolders/AAMk==", {}),
    "hidden_folders": (ASK.hidden_folders(MAILBOX), f"{USER}/mailFolders", {"$top": "100", "includeHiddenFolders": "true"}),
    "messages": (ASK.messages(MAILBOX, MESSAGE_ID), f"{USER}/messages", {"$filter": OF_MESSAGE, "$top": "50"}),
    "messages_in": (ASK.messages_in(MAILBOX, "recoverableitemsdeletions", MESSAGE_ID, "recoverable_items"),
                    f"{USER}/mailFolders/recoverableitemsdeletions/messages", {"$filter": OF_MESSAGE, "$top": "50"}),
    "mailbox_purpose": (ASK.mailbox_purpose(MAILBOX), f"{USER}/mailboxSettings", {}),
    "service_principal": (ASK.service_principal(APP_ID), f"/servicePrincipals(appId='{APP_ID}')", {}),
    "graph_service_principal": (ASK.graph_service_principal(names=True), f"/servicePrincipals(appId='{GRAPH}')", {}),
    "deleted_service_principal": (ASK.deleted_service_principal(APP_ID), "/directory/deletedItems/graph.servicePrincipal",
                                  {"$filter": f"appId eq '{APP_ID}'"}),
    "registration": (ASK.registration(APP_ID), f"/applications(appId='{APP_ID}')", {}),
    "grants": (ASK.grants("sp"), "/servicePrincipals/sp/appRoleAssignments", {"$top": "999"}),
    "delegated_grants": (ASK.delegated_grants("sp"), "/servicePrincipals/sp/oauth2PermissionGrants", {"$top": "999"}),
    "any_user": (ASK.any_user(), "/users", {"$top": "1"}),
    "any_group": (ASK.any_group(), "/groups", {"$top": "1"}),
    "any_contact": (ASK.any_contact(), "/contacts", {"$top": "1"}),
}  # fmt: skip


def parts(question: Question) -> tuple[str, dict[str, str]]:
    """The path, and the query by name, as Graph decodes them."""
    url = urlsplit(question.url)
    query = parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    assert all(len(values) == 1 for values in query.values())
    return unquote(url.path), {name: values[0] for name, values in query.items()}


def test_every_question_is_looked_at() -> None:
    named = {name for name, _ in inspect.getmembers(Questions, inspect.isfunction) if not name.startswith("_")}
    assert set(EXPECTED) == named


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_asked(name: str) -> None:
    question, path, query = EXPECTED[name]
    asked_path, asked = parts(question)
    select = asked.pop("$select", "")
    assert (asked_path, asked) == (path, query)
    assert question.url.startswith("/")
    assert bool(select) is (name != "domain_owner"), "$select wherever Graph takes it"
    assert str(question) == f"GET {question.url}"


# facts: section 2 of the notes on Graph, by their letters U, M, O, G, A.
ALLOWED = [
    r"/users(/[^/]+)?",
    r"/users/[^/]+/mailFolders(/[^/]+(/messages)?)?",
    r"/users/[^/]+/(messages|mailboxSettings)",
    r"/directory/deletedItems/graph\.(user|servicePrincipal)",
    r"/(organization|groups|contacts)",
    r"/tenantRelationships/findTenantInformationByDomainName\(domainName='[^/]+'\)",
    r"/(servicePrincipals|applications)\(appId='[^/]+'\)",
    r"/servicePrincipals/[^/]+/(appRoleAssignments|oauth2PermissionGrants)",
]


def is_allowed(question: Question) -> bool:
    path = urlsplit(question.url).path
    decoded = re.sub("%(28|29|3D|27|40|2C)", lambda code: chr(int(code[1], 16)), path, flags=re.IGNORECASE)
    return any(re.fullmatch(pattern, decoded) for pattern in ALLOWED)


@pytest.mark.parametrize("name", EXPECTED)
def test_only_these_paths(name: str) -> None:
    assert is_allowed(EXPECTED[name][0])


def test_another_path_would_be_seen() -> None:
    for path in ("/me", "/users/a/sendMail", "/users/a/messages/b/move", "/applications/x", "/users/a/b/c/d"):
        assert not is_allowed(Question("user", path, ""))


@pytest.mark.parametrize("name", EXPECTED)
def test_permissions_and_headers(name: str) -> None:
    question = EXPECTED[name][0]
    probes = {"any_user": "User.Read.All", "any_group": "GroupMember.Read.All", "any_contact": "OrgContact.Read.All"}
    assert question.permission == (PERMISSION | probes)[question.check]
    outlook = urlsplit(question.url).path.startswith("/users/") and name != "user"
    assert question.mailbox == (MAILBOX if outlook else None)
    if question.permission == "Mail.ReadBasic.All":
        assert question.headers == {"Prefer": 'IdType="ImmutableId"'}
    elif "endsWith" in unquote(question.url):
        assert question.headers == {"ConsistencyLevel": "eventual"}
    else:
        assert question.headers == {}


def test_no_message_is_read_beyond_its_place() -> None:
    """Never a subject, a body or a sender (contract, section 8: Mail.ReadBasic.All)."""
    for name in ("messages", "messages_in"):
        assert parts(EXPECTED[name][0])[1]["$select"].split(",") == ["id", "parentFolderId", "isRead"]


def test_what_a_licence_is_told_by_is_selected() -> None:
    selected = set(parts(ASK.user(MAILBOX))[1]["$select"].split(","))
    assert selected >= {
        *("id", "userPrincipalName", "mail", "proxyAddresses", "userType", "assignedLicenses", "assignedPlans"),
        *("provisionedPlans", "licenseAssignmentStates", "onPremisesSyncEnabled", "onPremisesProvisioningErrors"),
        "serviceProvisioningErrors",
    }
    app = set(parts(ASK.service_principal(APP_ID))[1]["$select"].split(","))
    assert app >= {"accountEnabled", "isDisabled", "disabledByMicrosoftStatus", "signInAudience"}


def test_graphs_own_permissions_are_read_only_where_they_are_wanted() -> None:
    assert parts(ASK.graph_service_principal(names=False))[1] == {"$select": "id"}
    assert parts(ASK.graph_service_principal(names=True))[1] == {"$select": "id,appRoles,oauth2PermissionScopes"}


def test_the_url_is_the_sdks_own() -> None:
    parameters = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=["id", "mail"])
    configuration = RequestConfiguration(query_parameters=parameters)
    information = CLIENT.users.by_user_id(MAILBOX).to_get_request_information(configuration)
    information.path_parameters["baseurl"] = "https://graph.microsoft.com/v1.0"
    whole = information.url
    assert information.http_method == Method.GET
    assert f"https://graph.microsoft.com/v1.0{relative_url(information)}" == whole.replace("%24", "$")


# A sender chooses the address and the message's id: nothing in them may become a path, a query or a filter.

HOSTILE = st.text(st.sampled_from("a'\"/?#&=%+<>$@.()\\ ;,ü€\n"), min_size=1, max_size=15)
OF_AN_ADDRESS: dict[str, Callable[[str], Question]] = {
    "alias": ASK.alias, "deleted_user": ASK.deleted_user, "group": ASK.group, "contact": ASK.contact,
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
    for question in (ASK.messages("u", text), ASK.messages_in("u", "inbox", text, "message")):
        assert literals(parts(question)[1]["$filter"]) == ("internetMessageId eq 'x'", [text])


@given(text=HOSTILE)
def test_an_address_or_a_folder_stays_one_part_of_the_path(text: str) -> None:
    asked: list[tuple[Any, list[str]]] = [
        (ASK.user(text), ["users", text]),
        (ASK.mailbox(text), ["users", text, "mailFolders", "inbox"]),
        (ASK.messages(text, "i"), ["users", text, "messages"]),
        (ASK.folder("u", text), ["users", "u", "mailFolders", text]),
        (ASK.grants(text), ["servicePrincipals", text, "appRoleAssignments"]),
    ]
    for question, expected in asked:
        url = urlsplit(question.url)
        assert [unquote(part) for part in url.path.split("/")[1:]] == expected
        assert url.fragment == ""
        assert set(parse_qs(url.query)) <= {"$select", "$filter", "$top"}
