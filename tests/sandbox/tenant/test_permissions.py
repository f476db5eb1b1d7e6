"""The caller's app roles decide what it may read; the bearer token and the tenant header decide who it is."""

from __future__ import annotations

import pytest

from tests.sandbox.tenant.client import ETD, Client, running

DENIED = ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
ACCESS = ("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
USER = "/users/ines@contoso.com"


async def allow(client: Client, *roles: str) -> None:
    answer = await client.control("PUT", "state", {"tenants": {"contoso": {"triageRoles": list(roles)}}})
    assert answer.status == 204, answer.text


async def principal(client: Client) -> str:
    return client.world.tenants["contoso"].service_principals.lookup("appId", ETD)[0]["id"]


@pytest.mark.parametrize(
    ("path", "enough", "refusal"),
    [
        ("/users", ["User.ReadBasic.All", "User.Read.All", "Directory.Read.All"], DENIED),
        (USER, ["User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All"], DENIED),
        (f"{USER}/licenseDetails", ["LicenseAssignment.Read.All", "User.Read.All"], DENIED),
        ("/directory/deletedItems/graph.user", ["User.Read.All", "Directory.Read.All"], DENIED),
        ("/directory/deletedItems/graph.servicePrincipal", ["Application.Read.All", "Directory.Read.All"], DENIED),
        ("/directory/deletedItems/graph.application", ["Application.Read.All"], DENIED),
        ("/organization", ["User.Read.All", "Organization.Read.All", "Directory.Read.All"], DENIED),
        ("/domains", ["Domain.Read.All", "Directory.Read.All"], DENIED),
        ("/domains/contoso.com", ["Domain.Read.All"], DENIED),
        ("/subscribedSkus", ["LicenseAssignment.Read.All", "Organization.Read.All"], DENIED),
        (
            "/tenantRelationships/findTenantInformationByDomainName(domainName='fabrikam.com')",
            ["CrossTenantInformation.ReadBasic.All"],
            DENIED,
        ),
        ("/applications", ["Application.Read.All", "Directory.Read.All"], DENIED),
        ("/servicePrincipals", ["Application.Read.All", "Directory.Read.All"], DENIED),
        (f"/servicePrincipals(appId='{ETD}')", ["Application.Read.All", "Application.ReadWrite.All"], DENIED),
        ("/servicePrincipals/{sp}", ["Application.Read.All"], DENIED),
        ("/servicePrincipals/{sp}/appRoleAssignments", ["Application.Read.All", "Directory.Read.All"], DENIED),
        ("/servicePrincipals/{sp}/oauth2PermissionGrants", ["Directory.Read.All"], DENIED),
        ("/groups", ["Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All"], DENIED),
        ("/contacts", ["OrgContact.Read.All", "Directory.Read.All"], DENIED),
        (f"{USER}/messages", ["Mail.ReadBasic.All", "Mail.ReadBasic", "Mail.Read", "Mail.ReadWrite"], ACCESS),
        (f"{USER}/mailFolders", ["Mail.ReadBasic.All"], ACCESS),
        (f"{USER}/mailFolders/inbox", ["Mail.ReadBasic.All"], ACCESS),
        (f"{USER}/mailFolders/inbox/childFolders", ["Mail.ReadBasic.All"], ACCESS),
        (f"{USER}/mailFolders/inbox/messages", ["Mail.ReadBasic.All"], ACCESS),
        (f"{USER}/mailboxSettings", ["MailboxSettings.Read", "MailboxSettings.ReadWrite"], ACCESS),
        (f"{USER}/mailboxSettings/userPurpose", ["MailboxSettings.Read"], ACCESS),
    ],
)
async def test_one_role_opens_a_path_and_nothing_else_does(
    path: str, enough: list[str], refusal: tuple[str, str]
) -> None:
    async with running() as client:
        path = path.replace("{sp}", await principal(client))
        for role in enough:
            await allow(client, role)
            assert (await client.get(path)).status == 200, role
        lacking = {"Mail.Send", "AuditLog.Read.All"}
        if "Directory.Read.All" not in enough and refusal == ACCESS:
            lacking |= {"Directory.ReadWrite.All", "User.ReadWrite.All"}
        await allow(client, *lacking)
        answer = await client.get(path)
        assert answer.status == 403
        assert (answer.code, answer.message) == refusal


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/servicePrincipals/{sp}/oauth2PermissionGrants", "Application.Read.All"),
        ("/directory/deletedItems/graph.user", "User.ReadBasic.All"),
        ("/domains", "User.Read.All"),
        ("/groups", "User.Read.All"),
        ("/tenantRelationships/findTenantInformationByDomainName(domainName='fabrikam.com')", "Directory.Read.All"),
        (f"{USER}/mailboxSettings", "Mail.ReadWrite"),
        (f"{USER}/messages", "MailboxSettings.Read"),
    ],
)
async def test_a_role_that_looks_sufficient_but_is_not(path: str, role: str) -> None:
    async with running() as client:
        path = path.replace("{sp}", await principal(client))
        await allow(client, role)
        assert (await client.get(path)).status == 403


async def test_a_forbidden_answer_does_not_say_whether_the_object_exists() -> None:
    async with running(tenant="humongous") as client:
        for who in ("hal@humongousinsurance.com", "ghost@humongousinsurance.com"):
            assert (await client.get(f"/users/{who}")).status == 403
            assert (await client.get(f"/users/{who}/messages")).status == 403


async def test_basic_profiles_have_no_licenses() -> None:
    fields = "mail,userType,onPremisesSyncEnabled,assignedPlans,assignedLicenses,proxyAddresses"
    async with running(tenant="basicusers") as client:
        body = (await client.get("/users/ben@basic-users.example", select=fields)).body
        assert body["mail"] == "ben@basic-users.example"
        assert (body["userType"], body["onPremisesSyncEnabled"]) == (None, None)
        assert not {"assignedPlans", "assignedLicenses", "proxyAddresses"} & set(body)
        refused = await client.get("/users", filter="proxyAddresses/any(p:p eq 'smtp:ben@basic-users.example')")
        assert (refused.status, refused.code) == (403, "Authorization_RequestDenied")
        named = await client.get("/users", filter="mail eq 'ben@basic-users.example'", select="assignedPlans")
        assert set(named.body["value"][0]) == {"id"}


@pytest.mark.parametrize(
    ("headers", "tenant"),
    [
        ({"Authorization": None}, "contoso"),
        ({"Authorization": "Bearer"}, "contoso"),
        ({"Authorization": "Basic local-simulator"}, "contoso"),
        ({"Authorization": "Bearer another-token"}, "contoso"),
        ({"X-Tenant-Id": None}, "contoso"),
        ({}, "00000000-1111-2222-3333-444444444444"),
        ({}, "signedout"),
    ],
)
async def test_an_unknown_caller_gets_401(headers: dict[str, str | None], tenant: str) -> None:
    async with running(tenant=tenant) as client:
        for answer in (await client.get("/users", headers), await client.batch(headers=headers)):
            assert (answer.status, answer.code) == (401, "InvalidAuthenticationToken")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await client.stats())["unauthorized"] == 2


async def test_the_header_takes_only_a_tenant_id_and_shows_only_that_tenants_people() -> None:
    async with running() as client:
        assert (await client.get("/users", {"X-Tenant-Id": "contoso"})).status == 401
        assert (await client.get("/users/fred@fabrikam.com")).status == 404
        client.tenant = "fabrikam"
        assert (await client.get("/users/fred@fabrikam.com")).status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (USER, 403, "Authorization_RequestDenied"),
        (f"{USER}/messages", 403, "ErrorAccessDenied"),
        (f"{USER}/messages/x/move", 405, "Request_BadRequest"),
        ("/nothing", 405, "Request_BadRequest"),
    ],
)
async def test_every_write_is_refused_and_counted(method: str, path: str, status: int, code: str) -> None:
    async with running() as client:
        await allow(client, "Mail.ReadWrite", "User.ReadWrite.All", "Directory.ReadWrite.All")
        answer = await client.send(method, f"{client.served.url}/v1.0{path}", json={"destinationId": "inbox"})
        assert (answer.status, answer.code) == (status, code)
        batched = await client.batch({"id": "1", "method": method, "url": path})
        assert batched.body["responses"][0]["status"] == status
        assert (await client.stats())["writesRefused"] == 2


async def test_a_token_of_another_tenant_reads_that_tenant() -> None:
    async with running() as client:
        fabrikam = client.world.tenants["fabrikam"].id
        await client.control("PUT", "state", {"tenants": {"contoso": {"tokenOf": "fabrikam"}}})
        assert (await client.get("/organization")).column("id") == [fabrikam]
