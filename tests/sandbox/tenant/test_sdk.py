"""The simulated tenant against msgraph-sdk: the SDK's models know what it serves, and it answers what the SDK requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import make_dataclass
from importlib import import_module
from typing import Any

import pytest
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from sandbox.tenant.odata import schema
from sandbox.tenant.odata.schema import EntityType
from sandbox.tenant.serve import directory, exchange, message_trace
from sandbox.tenant.world import World
from tests.sandbox.tenant.client import ETD, running

# The SDK warns of its own generated configuration classes each time one of its builders is first used.
pytestmark = pytest.mark.filterwarnings("ignore:This class is deprecated:DeprecationWarning")
GRAPH = "00000003-0000-0000-c000-000000000000"
INES = "ines@contoso.com"


class FixedToken(AuthenticationProvider):
    def __init__(self, tenant_id: str):
        self.tenant_id = tenant_id

    async def authenticate_request(self, request: RequestInformation, _: dict[str, Any] | None = None) -> None:
        request.headers.try_add("Authorization", "Bearer local-simulator")
        request.headers.try_add("X-Tenant-Id", self.tenant_id)


@asynccontextmanager
async def sdk(tenant: str = "contoso") -> AsyncIterator[tuple[GraphServiceClient, World]]:
    async with running(tenant=tenant) as client:
        adapter = GraphRequestAdapter(FixedToken(client.world.tenants[tenant].id))
        graph = GraphServiceClient(request_adapter=adapter)
        adapter.base_url = f"{client.served.url}/v1.0"
        try:
            yield graph, client.world
        finally:
            await adapter._http_client.aclose()


class QueryParameters:
    """Names as the SDK's URL templates have them."""

    def get_query_parameter(self, original: str) -> str:
        return original if original == "includeHiddenFolders" else f"%24{original}"


def options(entity: EntityType | None = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
    """A request configuration. With an entity type, it selects every property."""
    if entity is not None:
        query["select"] = list(entity.properties)

    parameters = make_dataclass("Parameters", list(query), bases=(QueryParameters,))(**query)
    configuration = RequestConfiguration(query_parameters=parameters)
    for name, value in (headers or {}).items():
        configuration.headers.add(name, value)
    return configuration


def unknown(model: Any, path: str = "") -> list[str]:
    """The served properties that the model, or a model inside it, does not know."""
    if isinstance(model, list):
        return [name for item in model for name in unknown(item, path)]
    if not hasattr(model, "additional_data"):
        return []
    found = [f"{path}/{name}" for name in model.additional_data if not (path == "" and name == "@odata.context")]
    for name, value in vars(model).items():
        if name not in ("additional_data", "backing_store"):
            found += unknown(value, f"{path}/{name}")
    return found


Ask = Callable[[GraphServiceClient, World], Awaitable[Any]]


def principal(world: World) -> str:
    return world.tenants["contoso"].service_principals.lookup("appId", ETD)[0]["id"]


EVERYTHING: dict[str, Ask] = {
    "users": lambda graph, _: graph.users.get(options(schema.USER, top=999)),
    "user": lambda graph, _: graph.users.by_user_id(INES).get(options(schema.USER)),
    "user in trouble": lambda graph, _: graph.users.by_user_id("perla@contoso.com").get(options(schema.USER)),
    "user with service errors": lambda graph, _: graph.users.by_user_id("perry@contoso.com").get(options(schema.USER)),
    "deleted users": lambda graph, _: graph.directory.deleted_items.graph_user.get(options(schema.USER)),
    "license details": lambda graph, _: graph.users.by_user_id(INES).license_details.get(),
    "organization": lambda graph, _: graph.organization.get(options(schema.ORGANIZATION)),
    "domains": lambda graph, _: graph.domains.get(options(schema.DOMAIN)),
    "products": lambda graph, _: graph.subscribed_skus.get(options(schema.SUBSCRIBED_SKU)),
    "tenant information": lambda graph, _: (
        graph.tenant_relationships.find_tenant_information_by_domain_name_with_domain_name("fabrikam.com").get()
    ),
    "groups": lambda graph, _: graph.groups.get(options(schema.GROUP)),
    "contacts": lambda graph, _: graph.contacts.get(options(schema.CONTACT)),
    "service principals": lambda graph, _: graph.service_principals.get(options(schema.SERVICE_PRINCIPAL)),
    "app role assignments": lambda graph, world: graph.service_principals.by_service_principal_id(
        principal(world)
    ).app_role_assignments.get(options(schema.APP_ROLE_ASSIGNMENT)),
    "permission grants": lambda graph, world: graph.service_principals.by_service_principal_id(
        principal(world)
    ).oauth2_permission_grants.get(options(schema.PERMISSION_GRANT)),
    "mail folders": lambda graph, _: graph.users.by_user_id(INES).mail_folders.get(
        options(schema.MAIL_FOLDER, includeHiddenFolders="true")
    ),
    "messages": lambda graph, _: graph.users.by_user_id(INES).messages.get(options(schema.MESSAGE)),
    "mailbox settings": lambda graph, _: graph.users.by_user_id(INES).mailbox_settings.get(),
}


@pytest.mark.parametrize("name", EVERYTHING)
async def test_the_sdks_models_know_every_served_property(name: str) -> None:
    async with sdk() as (graph, world):
        model = await EVERYTHING[name](graph, world)
        assert model is not None
        assert getattr(model, "value", True), "an empty list would prove nothing"
        assert unknown(model) == []


TYPES = [
    value
    for module in (schema, directory, exchange, message_trace)
    for name, value in vars(module).items()
    if isinstance(value, EntityType) and (module is schema or name not in vars(schema))
]


@pytest.mark.parametrize("entity", TYPES, ids=lambda entity: entity.name)
def test_the_sdks_model_has_every_property_of_a_type(entity: EntityType) -> None:
    kind = entity.name.removeprefix("microsoft.graph.")
    module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
    model = getattr(import_module(f"msgraph.generated.models.{module}"), kind[0].upper() + kind[1:])()
    known = set(model.get_field_deserializers())
    assert set(entity.properties) <= known
    assert set(entity.default) <= set(entity.properties)
    assert entity.filterable | entity.ends_with | entity.case_sensitive <= set(entity.properties)


async def test_the_sdks_models_know_registrations_and_deleted_apps() -> None:
    async with sdk("thephonecompany") as (graph, _):
        application = await graph.applications_with_app_id(ETD).get(options(schema.APPLICATION))
        assert application.password_credentials and application.key_credentials
        assert unknown(application) == []
        assert unknown(await graph.applications.get(options(schema.APPLICATION))) == []
    async with sdk("proseware") as (graph, _):
        deleted = await graph.directory.deleted_items.graph_service_principal.get(
            options(schema.SERVICE_PRINCIPAL, filter=f"appId eq '{ETD}'")
        )
        assert len(deleted.value) == 1
        assert unknown(deleted) == []


def test_an_unknown_property_is_reported() -> None:
    """The check above can fail: a property that no model knows is reported, at any depth."""
    from kiota_serialization_json.json_parse_node import JsonParseNode
    from msgraph.generated.models.user import User

    body = {"id": "1", "nonsense": 1, "assignedPlans": [{"service": "exchange", "more": 2}], "@odata.context": "x"}
    user = JsonParseNode(body).get_object_value(User)
    assert sorted(unknown(user)) == ["/assigned_plans/more", "/nonsense"]


EVENTUAL = {"ConsistencyLevel": "eventual"}
MESSAGE_ID = "internetMessageId eq '<ines@mail.example>'"
ADDRESS = "mail eq 'al@contoso.com' or proxyAddresses/any(p:p eq 'smtp:al@contoso.com')"

# The request forms of the service: what the SDK's builders make of them is understood, and finds what it should.
FORMS: dict[str, tuple[Ask, Callable[[Any], object]]] = {
    "a user by UPN": (
        lambda graph, _: graph.users.by_user_id("o'brien@contoso.com").get(options(select=["id", "mail"])),
        lambda model: model.mail == "o'brien@contoso.com",
    ),
    "a guest by UPN": (
        lambda graph, _: graph.users.by_user_id("gwen_adventure-works.com#EXT#@contoso.com").get(),
        lambda model: model.mail == "gwen@adventure-works.com",
    ),
    "users by any address": (
        lambda graph, _: graph.users.get(options(filter=ADDRESS, select=["id", "userPrincipalName"])),
        lambda model: [user.user_principal_name for user in model.value] == ["a.brown@contoso.com"],
    ),
    "users by the end of the address": (
        lambda graph, _: graph.users.get(
            options(filter="endsWith(mail,'@adventure-works.com')", count="true", headers=EVENTUAL)
        ),
        lambda model: model.odata_count == len(model.value) == 2,
    ),
    "a deleted user": (
        lambda graph, _: graph.directory.deleted_items.graph_user.get(
            options(
                filter="mail eq 'dora@contoso.com' or endsWith(userPrincipalName,'dora@contoso.com')",
                count="true",
                headers=EVENTUAL,
            )
        ),
        lambda model: len(model.value) == 1,
    ),
    "the mailbox probe": (
        lambda graph, _: (
            graph.users.by_user_id(INES)
            .mail_folders.by_mail_folder_id("inbox")
            .get(options(select=["id", "displayName", "totalItemCount"]))
        ),
        lambda model: model.total_item_count == 1,
    ),
    "messages by internet message id": (
        lambda graph, _: graph.users.by_user_id(INES).messages.get(
            options(filter=MESSAGE_ID, top=10, select=["id"], headers={"Prefer": 'IdType="ImmutableId"'})
        ),
        lambda model: len(model.value) == 1,
    ),
    "recoverable items": (
        lambda graph, _: (
            graph.users.by_user_id("rita@contoso.com")
            .mail_folders.by_mail_folder_id("recoverableitemsdeletions")
            .messages.get(options(filter="internetMessageId eq '<rita@mail.example>'"))
        ),
        lambda model: len(model.value) == 1,
    ),
    "child folders": (
        lambda graph, _: (
            graph.users.by_user_id("mona@contoso.com")
            .mail_folders.by_mail_folder_id("inbox")
            .child_folders.get(options(includeHiddenFolders="true"))
        ),
        lambda model: [folder.display_name for folder in model.value] == ["Invoices"],
    ),
    "the purpose of a mailbox": (
        lambda graph, _: graph.users.by_user_id("finance@contoso.com").mailbox_settings.get(),
        lambda model: model.user_purpose.value == "shared",
    ),
    "a domain": (
        lambda graph, _: graph.domains.by_domain_id("contoso.com").get(options(select=["id", "isVerified"])),
        lambda model: model.is_verified is True,
    ),
    "a group": (
        lambda graph, _: graph.groups.get(options(filter="proxyAddresses/any(p:p eq 'smtp:sales@contoso.com')")),
        lambda model: model.value[0].group_types == ["Unified"],
    ),
    "a contact": (
        lambda graph, _: graph.contacts.get(options(filter="mail eq 'carl@supplier.example'")),
        lambda model: len(model.value) == 1,
    ),
    "a service principal by app id": (
        lambda graph, _: graph.service_principals_with_app_id(ETD).get(options(select=["id", "accountEnabled"])),
        lambda model: model.account_enabled is True,
    ),
    "the permissions of Microsoft Graph": (
        lambda graph, _: graph.service_principals_with_app_id(GRAPH).get(
            options(select=["id", "appRoles", "oauth2PermissionScopes"])
        ),
        lambda model: {role.value for role in model.app_roles} >= {"Mail.ReadWrite", "Organization.Read.All"},
    ),
    "grants": (
        lambda graph, world: graph.service_principals.by_service_principal_id(
            principal(world)
        ).app_role_assignments.get(options(top=999)),
        lambda model: len(model.value) == 6,
    ),
    "a deleted service principal": (
        lambda graph, _: graph.directory.deleted_items.graph_service_principal.get(options(filter=f"appId eq '{ETD}'")),
        lambda model: model.value == [],
    ),
    "a deleted application": (
        lambda graph, _: graph.directory.deleted_items.graph_application.get(options(filter=f"appId eq '{ETD}'")),
        lambda model: model.value == [],
    ),
}


@pytest.mark.parametrize("name", FORMS)
async def test_the_tenant_answers_the_requests_that_the_sdk_builds(name: str) -> None:
    ask, holds = FORMS[name]
    async with sdk() as (graph, world):
        assert holds(await ask(graph, world))


async def test_the_sdk_reads_the_errors() -> None:
    async with sdk() as (graph, _):
        with pytest.raises(ODataError) as caught:
            await graph.users.by_user_id("uma@contoso.com").mail_folders.by_mail_folder_id("inbox").get()
        error = caught.value
        assert error.response_status_code == 404
        assert error.error.code == "MailboxNotEnabledForRESTAPI"
        assert error.error.inner_error.request_id
        assert error.error.inner_error.client_request_id
        assert error.error.inner_error.date is not None
        with pytest.raises(ODataError) as caught:
            await graph.applications_with_app_id(ETD).get()
        assert caught.value.error.code == "Request_ResourceNotFound"


async def test_the_sdk_follows_next_links() -> None:
    async with sdk("fabrikam") as (graph, _):
        first = await graph.users.get(options(select=["id"]))
        second = await graph.users.with_url(first.odata_next_link).get()
        assert len({user.id for user in first.value + second.value}) == 4
