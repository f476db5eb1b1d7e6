"""The URL of every question is the one that msgraph-sdk's own request builder makes for the same values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient

from triage.graph.permissions import GRAPH_APP_ID
from triage.graph.questions import QUESTIONS, Question, applications, directory, mail

SDK = GraphServiceClient(request_adapter=GraphRequestAdapter(AnonymousAuthenticationProvider()))
VALUES = st.one_of(
    st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable() and not _has_surrogates(text)),
    st.text(st.sampled_from("a'\"/?#&=%+<>$@.()\\ ;,ü€~_-\n"), min_size=1, max_size=15),
    st.sampled_from(["o'brien@contoso.com", "'", "''", "%27", "$select", "../me"]),
)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def in_folder(user: str, folder: str) -> Any:
    return SDK.users.by_user_id(user).mail_folders.by_mail_folder_id(folder)


def of_app(service_principal_id: str) -> Any:
    return SDK.service_principals.by_service_principal_id(service_principal_id)


# The SDK's request builder for the arguments of each question.
BUILDERS: dict[Callable[..., Question], Callable[..., Any]] = {
    directory.organization: lambda: SDK.organization,
    directory.user: SDK.users.by_user_id,
    directory.alias: lambda _: SDK.users,
    directory.deleted_user: lambda _: SDK.directory.deleted_items.graph_user,
    directory.group: lambda _: SDK.groups,
    directory.contact: lambda _: SDK.contacts,
    directory.domain_owner:
        SDK.tenant_relationships.find_tenant_information_by_domain_name_with_domain_name,
    directory.any_user: lambda: SDK.users,
    directory.any_group: lambda: SDK.groups,
    directory.any_contact: lambda: SDK.contacts,
    mail.mailbox: lambda user: in_folder(user, "inbox"),
    mail.folder: in_folder,
    mail.hidden_folders: lambda user: SDK.users.by_user_id(user).mail_folders,
    mail.message: lambda user, _: SDK.users.by_user_id(user).messages,
    mail.recoverable_items: lambda user, _: in_folder(user, "recoverableitemsdeletions").messages,
    mail.hidden_folder: lambda user, folder, _: in_folder(user, folder).messages,
    mail.mailbox_purpose: lambda user: SDK.users.by_user_id(user).mailbox_settings,
    applications.service_principal: SDK.service_principals_with_app_id,
    applications.deleted_service_principal: lambda _: SDK.directory.deleted_items.graph_service_principal,
    applications.graph_service_principal: lambda **_: SDK.service_principals_with_app_id(GRAPH_APP_ID),
    applications.permissions: lambda identifier: of_app(identifier).app_role_assignments,
    applications.delegated_grants: lambda identifier: of_app(identifier).oauth2_permission_grants,
    applications.registration: SDK.applications_with_app_id,
}  # fmt: skip


def sdk_url(builder: Any, url: str) -> str:
    """The URL that the SDK makes with the query of a URL. TypeError if the builder does not know one of its names."""
    configuration: RequestConfiguration[Any] = RequestConfiguration()
    values = {name: value_of(name, text) for name, text in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    if values:
        parameters = next(getattr(builder, name) for name in dir(builder) if name.endswith("GetQueryParameters"))
        configuration.query_parameters = parameters(**{NAMES.get(name, name[1:]): values[name] for name in values})
    information = builder.to_get_request_information(configuration)
    information.path_parameters["baseurl"] = ""
    # Graph takes `%24` for the dollar of a parameter's name as well; a plain one is easier to read in a finding.
    return re.sub("(?<=[?&])%24", "$", information.url)


NAMES = {"includeHiddenFolders": "include_hidden_folders"}


def value_of(name: str, text: str) -> Any:
    if name == "$select":
        return text.split(",")
    return int(text) if name == "$top" else (text == "true" if name == "$count" else text)


def test_every_question_has_its_builder() -> None:
    assert {ask.__name__ for ask in BUILDERS} == set(QUESTIONS)


@pytest.mark.parametrize("ask", BUILDERS, ids=lambda ask: ask.__name__)
@given(data=st.data())
def test_the_url_is_the_one_that_the_sdk_makes(ask: Callable[..., Question], data: st.DataObject) -> None:
    parameters = inspect.signature(ask).parameters.values()
    values = [data.draw(VALUES) for one in parameters if one.kind is not one.KEYWORD_ONLY]
    flags = {one.name: data.draw(st.booleans()) for one in parameters if one.kind is one.KEYWORD_ONLY}
    url = ask(*values, **flags).url
    assert url == sdk_url(BUILDERS[ask](*values, **flags), url)
