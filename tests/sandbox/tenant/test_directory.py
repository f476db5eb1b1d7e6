"""The simulated tenant's directory: keys, properties, filters, paging, apps, error envelopes."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

import pytest

from tests.sandbox.tenant.client import ETD, EVENTUAL, running

GRAPH = "00000003-0000-0000-c000-000000000000"
DEFAULT_USER = {
    *("id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation"),
    *("preferredLanguage", "surname", "userPrincipalName"),
}


async def test_a_user_is_found_by_id_or_upn_in_any_case_and_by_no_other_address() -> None:
    async with running() as client:
        by_upn = await client.get("/users/A.Brown@CONTOSO.com", select="id,mail")
        assert by_upn.status == 200
        assert by_upn.body["mail"] == "alistair.brown@contoso.com"
        by_id = await client.get(f"/users/{by_upn.body['id'].upper()}", select="mail")
        assert by_id.body["mail"] == "alistair.brown@contoso.com"
        assert (await client.get("/users('a.brown@contoso.com')", select="id")).body["id"] == by_upn.body["id"]
        for other in ("alistair.brown@contoso.com", "al@contoso.com"):
            answer = await client.get(f"/users/{other}")
            assert (answer.status, answer.code) == (404, "Request_ResourceNotFound")
            assert answer.message == (
                f"Resource '{other}' does not exist or one of its queried reference-property objects are not present."
            )


async def test_odd_characters_in_a_upn() -> None:
    async with running() as client:
        names = ["o'brien@contoso.com", "mia+news@contoso.com"]
        names += ["gwen_adventure-works.com#EXT#@contoso.com", "joerg@xn--mnchen-3ya.example"]
        for name in names:
            answer = await client.get(f"/users/{quote(name, safe='')}", select="userPrincipalName")
            assert answer.status == 200, name
            assert answer.body["userPrincipalName"] == name
        keyed = await client.get("/users('o''brien@contoso.com')")
        assert keyed.body["displayName"] == "Siobhan O'Brien"


async def test_only_default_properties_come_without_select() -> None:
    async with running() as client:
        one = await client.get("/users/ines@contoso.com")
        assert set(one.body) - {"@odata.context"} == DEFAULT_USER
        many = await client.get("/users", top="1")
        assert set(many.body["value"][0]) == DEFAULT_USER


async def test_select_gives_the_id_and_what_was_selected() -> None:
    async with running() as client:
        answer = await client.get("/users/ines@contoso.com", select="mail,onPremisesSyncEnabled,otherMails")
        assert set(answer.body) == {"@odata.context", "id", "mail", "onPremisesSyncEnabled", "otherMails"}
        assert answer.body["onPremisesSyncEnabled"] is None
        assert answer.body["otherMails"] == []
        assert answer.body["@odata.context"].endswith(
            "/v1.0/$metadata#users(mail,onPremisesSyncEnabled,otherMails)/$entity"
        )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/users", "user"),
        ("/users/ines@contoso.com", "user"),
        ("/organization", "organization"),
        ("/users/ines@contoso.com/mailFolders/inbox", "mailFolder"),
        ("/users/ines@contoso.com/messages", "message"),
        (f"/servicePrincipals(appId='{ETD}')", "servicePrincipal"),
    ],
)
async def test_an_unknown_property_is_a_bad_request(path: str, kind: str) -> None:
    async with running() as client:
        answer = await client.get(path, select="id,wellKnownName")
        assert (answer.status, answer.code) == (400, "BadRequest")
        assert answer.message == (
            "Parsing OData Select and Expand failed: Could not find a property named 'wellKnownName' "
            f"on type 'microsoft.graph.{kind}'."
        )


async def test_the_error_envelope() -> None:
    async with running() as client:
        answer = await client.get("/users/ghost@contoso.com", {"client-request-id": "my-own-id"})
        error = answer.body["error"]
        assert set(error) == {"code", "message", "innerError"}
        assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
        assert error["innerError"]["client-request-id"] == answer.headers["client-request-id"] == "my-own-id"
        assert error["innerError"]["request-id"] == answer.headers["request-id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["request-id"])
        datetime.fromisoformat(error["innerError"]["date"])


async def test_users_by_any_address() -> None:
    async with running() as client:
        for address in ("alistair.brown@contoso.com", "AL@contoso.com"):
            text = f"mail eq '{address}' or proxyAddresses/any(p:p eq 'smtp:{address}')"
            answer = await client.get("/users", filter=text, select="userPrincipalName")
            assert answer.column("userPrincipalName") == ["a.brown@contoso.com"]
        answer = await client.get("/users", filter="otherMails/any(o:o eq 'alistair.private@mail.example')")
        assert answer.column("userPrincipalName") == ["a.brown@contoso.com"]
        answer = await client.get("/users", filter="mail eq 'o''brien@contoso.com'", select="displayName")
        assert answer.column("displayName") == ["Siobhan O'Brien"]


@pytest.mark.parametrize(
    "text", ["endsWith(mail,'@adventure-works.com')", "userType ne 'Member'", "not (userType eq 'Member')"]
)
async def test_advanced_queries_need_the_header_and_count(text: str) -> None:
    async with running() as client:
        for headers, options in (({}, {}), ({}, {"count": "true"}), (EVENTUAL, {}), (EVENTUAL, {"count": "false"})):
            answer = await client.get("/users", headers, filter=text, **options)
            assert (answer.status, answer.code) == (400, "Request_UnsupportedQuery")
        answer = await client.get("/users", EVENTUAL, filter=text, count="true", select="mail")
        assert answer.status == 200
        assert "gwen@adventure-works.com" in answer.column("mail")
        assert answer.body["@odata.count"] == len(answer.body["value"])


async def test_search_needs_the_header() -> None:
    async with running() as client:
        answer = await client.get("/users", search='"displayName:ines"')
        assert (answer.status, answer.code) == (400, "Request_UnsupportedQuery")
        assert "ConsistencyLevel: eventual" in answer.message


async def test_a_count_needs_the_header() -> None:
    async with running() as client:
        plain = await client.get("/groups", count="true")
        counted = await client.get("/groups", EVENTUAL, count="true")
        assert "@odata.count" not in plain.body
        groups = client.world.tenants[client.tenant].spec["groups"]
        assert counted.body["@odata.count"] == len(counted.body["value"]) == len(groups)


async def test_paging_reaches_every_user_once() -> None:
    async with running(tenant="fabrikam") as client:
        answer = await client.get("/users", select="id")
        seen = answer.column("id")
        assert len(seen) == 3
        link = answer.body["@odata.nextLink"]
        assert link.startswith(f"{client.served.url}/v1.0/users?")
        assert "$skiptoken=" in link
        last = await client.follow(link)
        assert "@odata.nextLink" not in last.body
        assert set(last.body["value"][0]) == {"id"}, "the link keeps $select"
        seen += last.column("id")
        assert len(seen) == len(set(seen)) == 4


async def test_top_is_a_page_size_and_has_a_largest_value() -> None:
    async with running() as client:
        answer = await client.get("/users", top="7", select="id")
        assert len(answer.body["value"]) == 7
        assert "$top=7" in answer.body["@odata.nextLink"]
        for wrong in ("0", "1000"):
            refused = await client.get("/users", top=wrong)
            assert (refused.status, refused.code) == (400, "Request_UnsupportedQuery")
            assert refused.message == f"Invalid page size specified: '{wrong}'. Must be between 1 and 999 inclusive."
        assert (await client.get("/users", top="ten")).status == 400


async def test_a_page_token_belongs_to_its_query() -> None:
    async with running(tenant="fabrikam") as client:
        link = (await client.get("/users", select="id")).body["@odata.nextLink"]
        token = link.split("$skiptoken=")[1].split("&")[0]
        for path in (f"/users?$filter=mail%20eq%20'a'&$skiptoken={token}", "/users?$skiptoken=nonsense"):
            answer = await client.get(path)
            assert (answer.status, answer.code) == (400, "Directory_ExpiredPageToken")
        assert (await client.get("/users", skip="1")).status == 400


async def test_an_option_twice_or_unknown_is_refused() -> None:
    async with running() as client:
        for query in ("$select=id&$select=mail", "$selct=id", "$expand=manager"):
            assert (await client.get(f"/users?{query}")).status == 400
        assert (await client.get("/users?$select=id&debug=1")).status == 200


async def test_a_deleted_user_has_its_id_before_the_upn_and_is_not_among_users() -> None:
    async with running() as client:
        path = "/directory/deletedItems/graph.user"
        by_mail = await client.get(
            path, filter="mail eq 'dora@contoso.com'", select="id,userPrincipalName,deletedDateTime"
        )
        (dora,) = by_mail.body["value"]
        assert dora["userPrincipalName"] == dora["id"].replace("-", "") + "dora@contoso.com"
        age = client.world.now - datetime.fromisoformat(dora["deletedDateTime"])
        assert 2.9 < age.total_seconds() / 86400 < 3.1
        assert (await client.get(path, filter="userPrincipalName eq 'dora@contoso.com'")).body["value"] == []
        ends = await client.get(path, EVENTUAL, filter="endsWith(userPrincipalName,'derek@contoso.com')", count="true")
        assert ends.column("mail") == [None]
        assert (await client.get("/users/dora@contoso.com")).status == 404
        assert (await client.get(f"/users/{dora['id']}")).status == 404
        same = await client.get("/directory/deletedItems/microsoft.graph.user", select="id")
        assert dora["id"] in same.column("id")


async def test_a_person_deleted_and_hired_again_is_in_both_lists() -> None:
    async with running() as client:
        live = await client.get("/users/rehired@contoso.com", select="id")
        gone = await client.get("/directory/deletedItems/graph.user", filter="mail eq 'rehired@contoso.com'")
        assert live.status == 200
        assert gone.column("id") != [live.body["id"]]
        assert len(gone.body["value"]) == 1


async def test_licenses_become_plans() -> None:
    fields = "assignedLicenses,assignedPlans,provisionedPlans,licenseAssignmentStates"
    exchange = "efb87545-963c-4e0d-99df-69c6916d9eb0"

    def plan(body: dict, plan_id: str = exchange) -> str | None:
        found = [each["capabilityStatus"] for each in body["assignedPlans"] if each["servicePlanId"] == plan_id]
        assert len(found) <= 1
        return found[0] if found else None

    async with running() as client:

        async def read(name: str) -> dict:
            return (await client.get(f"/users/{name}@contoso.com", select=fields)).body

        usual = await read("ines")
        assert plan(usual) == "Enabled"
        assert {"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": "exchange"} in usual[
            "provisionedPlans"
        ]
        assert usual["licenseAssignmentStates"][0]["error"] == "None"
        disabled = await read("paula")
        assert disabled["assignedLicenses"][0]["disabledPlans"] == [exchange]
        assert exchange not in [each["servicePlanId"] for each in disabled["assignedPlans"]]
        assert plan(await read("pablo")) == "Deleted"
        assert plan(await read("susan")) == "Suspended"
        both = await read("patty")
        assert len(both["assignedLicenses"]) == 2
        assert plan(both) == "Enabled"
        failed = await read("lena")
        assert (failed["assignedLicenses"], failed["assignedPlans"]) == ([], [])
        assert failed["licenseAssignmentStates"][0]["error"] == "CountViolation"
        foundation = await read("ugo")
        assert plan(foundation, "113feb6c-3fe4-4440-bddc-54d774bf0318") == "Enabled"
        assert plan(foundation) is None
        assert (await read("nina"))["provisionedPlans"][0]["provisioningStatus"] == "PendingProvisioning"


async def test_license_details_and_products() -> None:
    async with running() as client:
        details = await client.get("/users/paula@contoso.com/licenseDetails")
        (license,) = details.body["value"]
        assert license["skuPartNumber"] == "SPE_E3"
        states = {plan["servicePlanName"]: plan["provisioningStatus"] for plan in license["servicePlans"]}
        assert states["EXCHANGE_S_ENTERPRISE"] == "Disabled"
        assert states["TEAMS1"] == "Success"
        skus = (await client.get("/subscribedSkus", select="skuPartNumber,consumedUnits,prepaidUnits")).body["value"]
        (e3,) = [sku for sku in skus if sku["skuPartNumber"] == "SPE_E3"]
        assert e3["consumedUnits"] == e3["prepaidUnits"]["enabled"] == 25


async def test_groups_and_contacts_by_proxy_address() -> None:
    async with running() as client:
        groups = await client.get(
            "/groups", filter="proxyAddresses/any(p:p eq 'smtp:sales-team@contoso.com')", select="mail,groupTypes"
        )
        assert [(each["mail"], each["groupTypes"]) for each in groups.body["value"]] == [
            ("sales@contoso.com", ["Unified"])
        ]
        contacts = await client.get(
            "/contacts", filter="mail eq 'x' or proxyAddresses/any(p:p eq 'smtp:carl.supplier@contoso.com')"
        )
        assert contacts.column("mail") == ["carl@supplier.example"]


async def test_organization_and_domains() -> None:
    async with running() as client:
        (organization,) = (await client.get("/organization", select="id,verifiedDomains")).body["value"]
        assert organization["id"] == client.world.tenants["contoso"].id
        names = {each["name"]: (each["isDefault"], each["isInitial"]) for each in organization["verifiedDomains"]}
        assert names == {
            "contoso.com": (True, False),
            "contoso.onmicrosoft.com": (False, True),
            "xn--mnchen-3ya.example": (False, False),
        }
        domain = await client.get("/domains/Contoso-New.example", select="id,isVerified")
        assert domain.body["isVerified"] is False
        assert len((await client.get("/domains")).body["value"]) == 4
        assert (await client.get("/domains/nowhere.example")).code == "Request_ResourceNotFound"


async def test_the_owner_of_a_domain() -> None:
    async with running() as client:

        async def ask(domain: str):
            return await client.get(f"/tenantRelationships/findTenantInformationByDomainName(domainName='{domain}')")

        fabrikam = await ask("FABRIKAM.com")
        assert fabrikam.body["tenantId"] == client.world.tenants["fabrikam"].id
        assert fabrikam.body["defaultDomainName"] == "fabrikam.com"
        assert (await ask("northwindtraders.com")).body["displayName"] == "Northwind Traders"
        assert (await ask("contoso.com")).body["tenantId"] == client.world.tenants["contoso"].id
        assert (await ask("nowhere.example")).status == 404
        assert (await ask("contoso-new.example")).status == 404


async def test_an_app_and_its_grants() -> None:
    async with running() as client:
        graph = (await client.get(f"/servicePrincipals(appId='{GRAPH}')", select="id,appRoles")).body
        names = {role["id"]: role["value"] for role in graph["appRoles"]}
        app = (await client.get(f"/servicePrincipals(appId='{ETD}')", select="id,appOwnerOrganizationId")).body
        assert (await client.get(f"/servicePrincipals/{app['id']}", select="appId")).body["appId"] == ETD
        assert (await client.get("/servicePrincipals", filter=f"appId eq '{ETD}'")).column("id") == [app["id"]]
        path = f"/servicePrincipals/{app['id']}/appRoleAssignments"
        granted = (await client.get(path)).body["value"]
        assert {names[each["appRoleId"]] for each in granted} >= {"Mail.ReadWrite", "Organization.Read.All"}
        assert {each["resourceId"] for each in granted} == {graph["id"]}
        narrowed = await client.get(path, filter=f"resourceId eq {graph['id']}")
        assert len(narrowed.body["value"]) == len(granted)
        assert (await client.get(path, filter=f"resourceId eq {app['id']}")).body["value"] == []
        assert (await client.get(path, filter="principalType eq 'User'")).status == 400
        (grant,) = (await client.get(f"/servicePrincipals/{app['id']}/oauth2PermissionGrants")).body["value"]
        assert grant["scope"] == "User.Read"
        assert app["appOwnerOrganizationId"] != client.world.tenants["contoso"].id
        assert (await client.get(f"/applications(appId='{ETD}')")).status == 404, "the registration is the publisher's"


async def test_assignments_come_in_pages() -> None:
    async with running(tenant="fabrikam") as client:
        app = (await client.get(f"/servicePrincipals(appId='{ETD}')")).body
        first = await client.get(f"/servicePrincipals/{app['id']}/appRoleAssignments", top="999")
        second = await client.follow(first.body["@odata.nextLink"])
        assert len(set(first.column("appRoleId") + second.column("appRoleId"))) == 6


async def test_a_grant_on_exchange_is_not_one_on_graph() -> None:
    async with running(tenant="vanarsdel") as client:
        graph = (await client.get(f"/servicePrincipals(appId='{GRAPH}')")).body
        app = (await client.get(f"/servicePrincipals(appId='{ETD}')")).body
        rows = (await client.get(f"/servicePrincipals/{app['id']}/appRoleAssignments")).body["value"]
        role = "e2a3a72e-5f79-4c64-b1b1-878b674786c9"
        assert [row["resourceId"] == graph["id"] for row in rows if row["appRoleId"] == role] == [False]


async def test_a_missing_and_a_deleted_app() -> None:
    path = "/directory/deletedItems/graph.servicePrincipal"
    async with running(tenant="adatum") as client:
        assert (await client.get(f"/servicePrincipals(appId='{ETD}')")).code == "Request_ResourceNotFound"
        assert (await client.get(path, filter=f"appId eq '{ETD}'")).body["value"] == []
        client.tenant = "proseware"
        assert (await client.get(f"/servicePrincipals(appId='{ETD}')")).status == 404
        (gone,) = (await client.get(path, filter=f"appId eq '{ETD}'", select="appId,deletedDateTime")).body["value"]
        assert gone["deletedDateTime"] is not None
        apps = await client.get("/directory/deletedItems/microsoft.graph.application", filter=f"appId eq '{ETD}'")
        assert apps.body["value"] == []


async def test_an_app_registration() -> None:
    async with running(tenant="lucernepublishing") as client:
        app = (await client.get(f"/applications(appId='{ETD}')")).body
        (access,) = app["requiredResourceAccess"]
        assert access["resourceAppId"] == GRAPH
        declared = {(each["id"], each["type"]) for each in access["resourceAccess"]}
        assert ("024d486e-b451-40bb-833d-3e66d98c5c73", "Scope") in declared
        assert ("e2a3a72e-5f79-4c64-b1b1-878b674786c9", "Role") not in declared
        principal = (await client.get(f"/servicePrincipals(appId='{ETD}')")).body
        assert principal["appOwnerOrganizationId"] == client.world.tenants["lucernepublishing"].id
        client.tenant = "thephonecompany"
        app = (await client.get(f"/applications(appId='{ETD}')", select="passwordCredentials,keyCredentials")).body
        ends = [each["endDateTime"] for each in app["passwordCredentials"] + app["keyCredentials"]]
        assert len(ends) == 3
        assert all(datetime.fromisoformat(end) < client.world.now for end in ends)
        client.tenant = "southridge"
        listed = await client.get("/applications", select="appId,signInAudience")
        assert listed.column("signInAudience") == ["AzureADMyOrg"]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/users/ines@contoso.com/calendar", "/me", "/servicePrincipals(id='x')", "/users//messages", "/"],
)
async def test_paths_that_do_not_exist(path: str) -> None:
    async with running() as client:
        answer = await client.get(path)
        assert (answer.status, answer.code) == (400, "BadRequest")
        assert answer.message.startswith("Resource not found for the segment")
        assert (await client.stats())["unknownPaths"] == 1


async def test_another_version_is_refused() -> None:
    async with running() as client:
        answer = await client.send("GET", f"{client.served.url}/beta/users")
        assert (answer.status, answer.code) == (400, "BadRequest")
