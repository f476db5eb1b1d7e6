"""The scripts that give the service its permissions, run as they are, with a stand-in for the Azure CLI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.fake_az import fake_az
from triage.graph.evidence import Reason
from triage.graph.permissions import GRAPH_APP_ID, PERMISSIONS, SETS
from triage.graph.questions import QUESTIONS

SCRIPTS = Path(__file__).parent.parent.parent / "infra" / "scripts"
TENANT = "11111111-1111-1111-1111-111111111111"
IDENTITY = "22222222-2222-2222-2222-222222222222"
GRAPH = "33333333-3333-3333-3333-333333333333"
ME = "55555555-5555-5555-5555-555555555555"
APP = "66666666-6666-6666-6666-666666666666"

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="the scripts are for bash")


class Tenant:
    """A tenant that the stand-in acts on, and the scripts run in it."""

    def __init__(self, folder: Path, program: str) -> None:
        self.path = folder / "state.json"
        self.bin = folder / "bin"
        self.bin.mkdir()
        az = self.bin / "az"
        az.write_text(program)
        az.chmod(0o755)
        roles = [{"value": name, "id": permission.role_id} for name, permission in PERMISSIONS.items()]
        self.write(
            tenant=TENANT,
            signed_in=True,
            user="admin@contoso.com",
            me=ME,
            forbidden="",
            endpoints={
                "microsoftGraphResourceId": "https://graph.microsoft.com/",
                "activeDirectory": "https://login.microsoftonline.com",
            },
            applications={},
            servicePrincipals={
                GRAPH: {"id": GRAPH, "appId": GRAPH_APP_ID, "appRoles": roles, "children": {}},
                IDENTITY: {"id": IDENTITY, "appId": "identity", "children": {}},
            },
            calls=[],
            changes=[],
        )

    def write(self, **values: Any) -> None:
        state = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.path.write_text(json.dumps(state | values))

    @property
    def state(self) -> dict[str, Any]:
        return json.loads(self.path.read_text())

    def changes(self) -> list[list[Any]]:
        """What was changed since this was last asked."""
        found = self.state["changes"]
        self.write(changes=[])
        return found

    def granted(self, principal: str = IDENTITY) -> set[str]:
        names = {permission.role_id: name for name, permission in PERMISSIONS.items()}
        rows = self.state["servicePrincipals"][principal]["children"].get("appRoleAssignments", [])
        assert all(row["principalId"] == principal and row["resourceId"] == GRAPH for row in rows)
        return {names[row["appRoleId"]] for row in rows}

    def run(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        usual = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "ENTRA_WAIT_SECONDS": "0",
            "HOME": str(self.bin),
        }
        return subprocess.run(
            ["bash", str(SCRIPTS / script), *arguments],
            env=usual | {"FAKE_AZ_STATE": str(self.path)} | environ,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def permissions(self, *arguments: str, **environ: str) -> str:
        done = self.run("graph-permissions.sh", *arguments, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def az() -> Iterator[str]:
    with fake_az() as program:
        yield program


@pytest.fixture
def tenant(tmp_path: Path, az: str) -> Tenant:
    return Tenant(tmp_path, az)


def state_of(output: str, permission: str) -> str:
    (line,) = [line for line in output.splitlines() if f" {permission} " in line and not line.startswith("Gr")]
    return line.split(permission)[1].strip()


def test_show_shows_and_changes_nothing(tenant: Tenant) -> None:
    output = tenant.permissions("show", "--identity", IDENTITY)
    for names in SETS.values():
        for name in names:
            assert state_of(output, name) == "not granted"
    assert tenant.changes() == []


def test_grant_gives_the_core_set_and_only_once(tenant: Tenant) -> None:
    output = tenant.permissions("grant", "--identity", IDENTITY)
    assert tenant.granted() == set(SETS["core"])
    assert output.index("not granted") < output.index("Granted User.Read.All")
    assert len(tenant.changes()) == 3

    output = tenant.permissions("grant", "--identity", IDENTITY)
    assert tenant.changes() == []
    assert "Nothing to grant." in output
    assert state_of(output, "User.Read.All") == "granted"
    assert state_of(output, "Directory.Read.All") == "not granted"


@pytest.mark.parametrize("name", [name for name in SETS if name != "core"])
def test_each_set_by_name(tenant: Tenant, name: str) -> None:
    tenant.permissions("grant", "--sets", name, "--identity", IDENTITY)
    assert tenant.granted() == set(SETS[name])


def test_what_is_there_already_is_not_granted_again(tenant: Tenant) -> None:
    tenant.permissions("grant", "--sets", "core", "--identity", IDENTITY)
    tenant.changes()
    tenant.permissions("grant", "--sets", "core,domains", "--identity", IDENTITY)
    (change,) = tenant.changes()
    assert change[2]["appRoleId"] == PERMISSIONS["CrossTenantInformation.ReadBasic.All"].role_id


def test_azd_names_the_identity(tenant: Tenant) -> None:
    tenant.permissions("grant", TRIAGE_IDENTITY_PRINCIPAL_ID=IDENTITY)
    assert tenant.granted() == set(SETS["core"])


def test_remove_takes_everything_back_but_what_others_granted(tenant: Tenant) -> None:
    tenant.permissions("grant", "--sets", "all", "--identity", IDENTITY)
    state = tenant.state
    other = {"id": "other", "principalId": IDENTITY, "resourceId": GRAPH, "appRoleId": PERMISSIONS["Mail.Send"].role_id}
    state["servicePrincipals"][IDENTITY]["children"]["appRoleAssignments"].append(other)
    tenant.write(**state)
    tenant.changes()

    output = tenant.permissions("remove", "--identity", IDENTITY)
    assert tenant.granted() == {"Mail.Send"}
    assert state_of(output, "Mail.Send") == "granted by someone else: not changed"
    assert [method for method, _, _ in tenant.changes()] == ["DELETE"] * sum(map(len, SETS.values()))

    assert "Nothing to remove." in tenant.permissions("remove", "--identity", IDENTITY)
    assert tenant.changes() == []


def test_remove_of_one_set(tenant: Tenant) -> None:
    tenant.permissions("grant", "--sets", "core,recipients,delegated", "--identity", IDENTITY)
    tenant.permissions("remove", "--sets", "delegated", "--identity", IDENTITY)
    assert tenant.granted() == {*SETS["core"], *SETS["recipients"]}


def test_grants_on_another_resource_do_not_count(tenant: Tenant) -> None:
    state = tenant.state
    row = {
        "id": "x",
        "principalId": IDENTITY,
        "resourceId": "exchange",
        "appRoleId": PERMISSIONS["User.Read.All"].role_id,
    }
    state["servicePrincipals"][IDENTITY]["children"]["appRoleAssignments"] = [row]
    tenant.write(**state)
    assert state_of(tenant.permissions("show", "--identity", IDENTITY), "User.Read.All") == "not granted"


def test_a_permission_that_the_cloud_lacks_is_named_and_skipped(tenant: Tenant) -> None:
    state = tenant.state
    graph = state["servicePrincipals"][GRAPH]
    graph["appRoles"] = [role for role in graph["appRoles"] if not role["value"].startswith("CrossTenant")]
    endpoints = {
        "microsoftGraphResourceId": "https://microsoftgraph.chinacloudapi.cn",
        "activeDirectory": "https://login.chinacloudapi.cn",
    }
    tenant.write(**state | {"endpoints": endpoints})
    output = tenant.permissions("grant", "--sets", "all", "--identity", IDENTITY)
    assert state_of(output, "CrossTenantInformation.ReadBasic.All") == "not in this cloud"
    assert tenant.granted() == {name for names in SETS.values() for name in names if not name.startswith("CrossTenant")}


def test_who_may_not_grant_is_told_whom_to_ask_and_what(tenant: Tenant) -> None:
    tenant.write(forbidden="POST .*/appRoleAssignments")
    done = tenant.run("graph-permissions.sh", "grant", "--sets", "core,domains", "--identity", IDENTITY)
    assert done.returncode == 1
    assert "User.Read.All could not be granted. Ask a Privileged Role Administrator" in done.stderr
    assert f"grant --sets core,domains --identity {IDENTITY}" in done.stderr
    assert tenant.granted() == set()


def test_who_may_not_remove_gets_an_error(tenant: Tenant) -> None:
    tenant.permissions("grant", "--identity", IDENTITY)
    tenant.write(forbidden="DELETE")
    done = tenant.run("graph-permissions.sh", "remove", "--identity", IDENTITY)
    assert done.returncode == 1
    assert "could not be removed" in done.stderr


@pytest.mark.parametrize("script", ["graph-permissions.sh", "sign-in-app.sh"])
def test_nobody_signed_in(tenant: Tenant, script: str) -> None:
    tenant.write(signed_in=False)
    environ = {"TRIAGE_IDENTITY_PRINCIPAL_ID": IDENTITY, "TRIAGE_API": "https://x.example/api"}
    done = tenant.run(script, *(["show"] if script.startswith("graph") else []), **environ)
    assert done.returncode == 1
    assert "az login" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "show|grant|remove"),
        (["erase"], 2, "show|grant|remove"),
        (["grant", "--sets"], 2, "show|grant|remove"),
        (["grant", "--what", "x"], 2, "show|grant|remove"),
        (["grant", "--sets", "core,mail", "--identity", IDENTITY], 1, "there is no set 'mail'"),
        (["grant"], 1, "give --identity or --app"),
        (["grant", "--identity", IDENTITY, "--app", IDENTITY], 1, "not both"),
        (["grant", "--identity", "x' or 1 eq 1"], 1, "is not an id"),
        (["app"], 1, "give --identity"),
        (["remove-app"], 1, "give --app"),
        (["app", "--identity", IDENTITY, "--app", "x' or 1 eq 1"], 1, "is not an id"),
    ],
)
def test_invalid_arguments_change_nothing(tenant: Tenant, arguments: list[str], code: int, words: str) -> None:
    done = tenant.run("graph-permissions.sh", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert tenant.changes() == []


def test_an_identity_that_is_not_there(tenant: Tenant) -> None:
    done = tenant.run("graph-permissions.sh", "grant", "--identity", TENANT)
    assert done.returncode == 1
    assert "found nothing" in done.stderr
    assert "has no service principal" in tenant.permissions("remove", "--identity", TENANT)
    assert tenant.changes() == []


def client_id(output: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("Client id: ")]
    return line.removeprefix("Client id: ")


def test_an_app_for_further_tenants(tenant: Tenant) -> None:
    output = tenant.permissions("app", "--identity", IDENTITY, "--sets", "core,domains")
    (app,) = tenant.state["applications"].values()
    assert app["signInAudience"] == "AzureADMultipleOrgs"
    assert client_id(output) == app["appId"]
    (access,) = app["requiredResourceAccess"]
    assert access["resourceAppId"] == GRAPH_APP_ID
    assert {(one["id"], one["type"]) for one in access["resourceAccess"]} == {
        (PERMISSIONS[name].role_id, "Role") for name in SETS["core"] + SETS["domains"]
    }
    (trust,) = app["children"]["federatedIdentityCredentials"]
    assert trust["issuer"] == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert (trust["subject"], trust["audiences"]) == (IDENTITY, ["api://AzureADTokenExchange"])
    assert app["passwordCredentials"] == app["keyCredentials"] == []

    again = tenant.permissions("app", "--sets", "core,domains", TRIAGE_IDENTITY_PRINCIPAL_ID=IDENTITY,
                               TRIAGE_GRAPH_CLIENT_ID=app["appId"])  # fmt: skip
    assert client_id(again) == app["appId"]
    assert again.startswith('Registration "ETD remediation triage": client id ')
    after = tenant.state
    assert list(after["applications"].values()) == [app]
    assert len([one for one in after["servicePrincipals"].values() if one["appId"] == app["appId"]]) == 1


@pytest.mark.parametrize(
    ("authority", "audience"),
    [
        ("https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        ("https://login.chinacloudapi.cn/", "api://AzureADTokenExchangeChina"),
    ],
)
def test_the_audience_of_a_national_cloud(tenant: Tenant, authority: str, audience: str) -> None:
    tenant.write(endpoints={"microsoftGraphResourceId": "https://graph.microsoft.us", "activeDirectory": authority})
    tenant.permissions("app", "--identity", IDENTITY)
    (app,) = tenant.state["applications"].values()
    (trust,) = app["children"]["federatedIdentityCredentials"]
    assert trust["audiences"] == [audience]
    assert trust["issuer"] == f"{authority.rstrip('/')}/{TENANT}/v2.0"


SIGN_IN = {"TRIAGE_IDENTITY_PRINCIPAL_ID": IDENTITY, "TRIAGE_API": "https://func-triage.example/api"}
OURS = {
    "graph-permissions.sh": f"etd-remediation-triage/graph/{IDENTITY}",
    "sign-in-app.sh": f"etd-remediation-triage/sign-in/{IDENTITY}",
}
STORED = {"graph-permissions.sh": "TRIAGE_GRAPH_CLIENT_ID", "sign-in-app.sh": "TRIAGE_SIGN_IN_CLIENT_ID"}
BOTH = pytest.mark.parametrize("script", OURS)


def ensure(tenant: Tenant, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["app"] if script.startswith("graph") else []
    return tenant.run(script, *command, *arguments, **SIGN_IN | environ)


def registration(tenant: Tenant, **values: Any) -> None:
    """A registration that is in the tenant already, with nothing about it that is anyone's in particular."""
    app = {"id": "object", "appId": APP, "displayName": "Something", "createdDateTime": "2025-03-04T05:06:07Z"}
    bare = {"tags": [], "passwordCredentials": [], "keyCredentials": [], "children": {}}
    tenant.write(applications={"object": app | bare | values})


MALLORY = {"id": "77777777-7777-7777-7777-777777777777", "userPrincipalName": "mallory@contoso.com"}


@pytest.mark.parametrize(("script", "tagged"), list(zip(OURS, [False, True], strict=True)))
def test_a_registration_that_is_only_similar_is_not_used(tenant: Tenant, script: str, tagged: bool) -> None:
    name = "ETD remediation triage"
    tags = [OURS[script]] if tagged else []
    registration(tenant, displayName=name, tags=tags, children={"owners": [MALLORY]})
    done = ensure(tenant, script, "--name", name)
    assert done.returncode == 1
    assert f'"{name}": client id {APP}, created 2025-03-04T05:06:07Z, owners: mallory@contoso.com' in done.stderr
    assert "--app <client id>" in done.stderr and "--name <another name>" in done.stderr
    assert tenant.changes() == []


@BOTH
def test_other_registrations_do_not_matter(tenant: Tenant, script: str) -> None:
    registration(tenant, children={"owners": [MALLORY]})
    done = ensure(tenant, script)
    assert done.returncode == 0, done.stderr
    assert client_id(done.stdout) != APP


@BOTH
def test_a_stored_client_id_is_used_only_where_the_script_created_it(tenant: Tenant, script: str) -> None:
    registration(tenant)
    done = ensure(tenant, script, **{STORED[script]: APP})
    assert done.returncode == 1
    assert f"did not create that registration for this identity. To use it: --app {APP}" in done.stderr
    assert tenant.changes() == []


@BOTH
def test_a_registration_that_is_named_is_used_and_then_known(tenant: Tenant, script: str) -> None:
    registration(tenant, tags=["finance"], children={"owners": [{"id": ME, "userPrincipalName": "admin@contoso.com"}]})
    done = ensure(tenant, script, "--app", APP)
    assert done.returncode == 0, done.stderr
    assert "created 2025-03-04T05:06:07Z, owners: admin@contoso.com" in done.stdout
    assert client_id(done.stdout) == APP
    assert tenant.state["applications"]["object"]["tags"] == ["finance", OURS[script]]
    again = ensure(tenant, script, **{STORED[script]: APP})
    assert (again.returncode, client_id(again.stdout)) == (0, APP), again.stderr
    assert tenant.state["applications"]["object"]["tags"] == ["finance", OURS[script]]


def test_a_client_id_of_no_registration(tenant: Tenant) -> None:
    done = ensure(tenant, "graph-permissions.sh", "--app", APP)
    assert done.returncode == 1
    assert f"has no registration with client id {APP}" in done.stderr
    assert tenant.changes() == []


CREDENTIAL = {"keyId": "of-mallory"}
TRUST = {"name": "github", "issuer": "https://token.actions.githubusercontent.com", "subject": IDENTITY}
FOREIGN_TRUST = {"name": "other", "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "subject": GRAPH}


@pytest.mark.parametrize(
    ("app", "principal", "words"),
    [
        ({"passwordCredentials": [CREDENTIAL]}, {}, "client secret of-mallory"),
        ({"keyCredentials": [CREDENTIAL]}, {}, "certificate of-mallory"),
        ({"children": {"owners": [MALLORY]}}, {}, f"owner {MALLORY['id']} mallory@contoso.com"),
        ({"children": {"federatedIdentityCredentials": [TRUST]}}, {}, "federated credential github"),
        ({"children": {"federatedIdentityCredentials": [FOREIGN_TRUST]}}, {}, "federated credential other"),
        ({}, {"passwordCredentials": [CREDENTIAL]}, "client secret of-mallory"),
        ({}, {"children": {"owners": [{"id": "8"}]}}, "owner 8"),
    ],
)
def test_an_app_that_others_can_sign_in_as_is_not_used(
    tenant: Tenant, app: dict[str, Any], principal: dict[str, Any], words: str
) -> None:
    registration(tenant, **app)
    bare = {"id": "principal", "appId": APP, "passwordCredentials": [], "keyCredentials": [], "children": {}}
    tenant.write(servicePrincipals=tenant.state["servicePrincipals"] | {"principal": bare | principal})
    done = ensure(tenant, "graph-permissions.sh", "--app", APP)
    assert done.returncode == 1
    assert "others can sign in as this app" in done.stderr and words in done.stderr
    assert tenant.changes() == []


def test_an_app_that_the_script_created_is_not_used_once_others_can_sign_in_as_it(tenant: Tenant) -> None:
    registration(tenant, tags=[OURS["sign-in-app.sh"]], passwordCredentials=[CREDENTIAL])
    done = ensure(tenant, "sign-in-app.sh", TRIAGE_SIGN_IN_CLIENT_ID=APP)
    assert done.returncode == 1
    assert "others can sign in as this app" in done.stderr and "client secret of-mallory" in done.stderr
    assert tenant.changes() == []


@pytest.mark.parametrize(
    "unread", ["applications/object/owners", "federatedIdentityCredentials", "applications/object$"]
)
def test_an_app_that_cannot_be_looked_at_is_not_used(tenant: Tenant, unread: str) -> None:
    registration(tenant)
    tenant.write(forbidden=f"GET .*{unread}")
    assert ensure(tenant, "graph-permissions.sh", "--app", APP).returncode != 0
    assert tenant.changes() == []


@BOTH
def test_nothing_is_created_if_the_registrations_cannot_be_read(tenant: Tenant, script: str) -> None:
    tenant.write(forbidden="GET .*/applications$")
    assert ensure(tenant, script).returncode != 0
    assert tenant.changes() == []


def test_a_service_principal_may_own_what_it_created(tenant: Tenant) -> None:
    deployer = {"id": "deployer", "appId": "deployer-app", "children": {}}
    tenant.write(
        me="", user="deployer-app", servicePrincipals=tenant.state["servicePrincipals"] | {"deployer": deployer}
    )
    registration(tenant, children={"owners": [{"id": "deployer", "displayName": "Deployer"}]})
    assert ensure(tenant, "graph-permissions.sh", "--app", APP).returncode == 0
    registration(tenant, children={"owners": [{"id": "deployer"}, MALLORY]})
    assert ensure(tenant, "graph-permissions.sh", "--app", APP).returncode == 1


def test_grant_to_the_app_in_a_further_tenant(tenant: Tenant) -> None:
    app = "44444444-4444-4444-4444-444444444444"
    assert "has no service principal of app" in tenant.permissions("show", "--app", app)
    tenant.permissions("grant", TRIAGE_GRAPH_CLIENT_ID=app, TRIAGE_IDENTITY_PRINCIPAL_ID=IDENTITY)
    (principal,) = [one["id"] for one in tenant.state["servicePrincipals"].values() if one["appId"] == app]
    assert tenant.granted(principal) == set(SETS["core"])
    assert tenant.granted() == set()
    tenant.changes()
    assert "Nothing to grant." in tenant.permissions("grant", "--app", app)
    assert tenant.changes() == []


def test_the_app_can_be_deleted(tenant: Tenant) -> None:
    app = client_id(tenant.permissions("app", "--identity", IDENTITY))
    assert "deleted" in tenant.permissions("remove-app", "--app", app)
    assert tenant.state["applications"] == {}
    assert "nothing to delete" in tenant.permissions("remove-app", "--app", app)


def test_the_app_that_callers_sign_in_to(tenant: Tenant) -> None:
    first = tenant.run("sign-in-app.sh", **SIGN_IN)
    again = tenant.run("sign-in-app.sh", **SIGN_IN, TRIAGE_SIGN_IN_CLIENT_ID=client_id(first.stdout))
    assert (first.returncode, again.returncode) == (0, 0), again.stderr
    (app,) = tenant.state["applications"].values()
    assert {role["value"] for role in app["appRoles"]} == {"Triage.Read", "Triage.Write"}
    assert app["web"]["redirectUris"] == ["https://func-triage.example/.auth/login/aad/callback"]
    assert app["identifierUris"] == [f"api://{app['appId']}"]
    assert app["signInAudience"] == "AzureADMyOrg"
    assert len(app["children"]["federatedIdentityCredentials"]) == 1
    (principal,) = [one for one in tenant.state["servicePrincipals"].values() if one["appId"] == app["appId"]]
    assert principal["appRoleAssignmentRequired"] is True
    assert client_id(first.stdout) == client_id(again.stdout) == app["appId"]
    # A browser: an ID token from the sign-in page, and consent for everyone, because nobody can give his own.
    assert app["web"]["implicitGrantSettings"] == {"enableIdTokenIssuance": True}
    (grant,) = principal["children"]["oauth2PermissionGrants"]
    assert (grant["consentType"], grant["resourceId"]) == ("AllPrincipals", GRAPH)
    assert grant["scope"].split() == ["openid", "profile", "email"]
    # The Azure CLI gets a token for a person without a question.
    (scope,) = app["api"]["oauth2PermissionScopes"]
    (cli,) = app["api"]["preAuthorizedApplications"]
    assert (cli["appId"], cli["delegatedPermissionIds"]) == ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", [scope["id"]])
    assert app["api"]["requestedAccessTokenVersion"] == 2


def test_roles_that_others_added_to_the_app_stay(tenant: Tenant) -> None:
    done = tenant.run("sign-in-app.sh", **SIGN_IN)
    (app,) = tenant.state["applications"].values()
    own = app["appRoles"]
    added = [
        {"id": str(uuid.uuid4()), "value": f"Triage.{what}.{uuid.uuid4()}", "displayName": 'A "tenant", and \\ more',
         "description": "two\nlines", "isEnabled": True, "allowedMemberTypes": ["User"]}
        for what in ("Read", "Write")
    ]  # fmt: skip
    app["appRoles"] = [added[0], *own, added[1]]
    app["appRoles"][1] = {**own[0], "description": "what an earlier version said"}
    tenant.write(applications={app["id"]: app})
    for choice in ({"TRIAGE_SIGN_IN_CLIENT_ID": client_id(done.stdout)}, {}):
        again = tenant.run("sign-in-app.sh", *(["--app", app["appId"]] if not choice else []), **SIGN_IN, **choice)
        assert again.returncode == 0, again.stderr
        assert tenant.state["applications"][app["id"]]["appRoles"] == [*added, *own]


def test_consent_that_the_caller_may_not_give_is_left_to_an_administrator(tenant: Tenant) -> None:
    tenant.write(forbidden="POST .*oauth2PermissionGrants")
    done = tenant.run("sign-in-app.sh", **SIGN_IN)
    assert done.returncode == 0
    (app,) = tenant.state["applications"].values()
    address = f"https://login.microsoftonline.com/{TENANT}/adminconsent?client_id={app['appId']}"
    assert f"an administrator opens\n  {address}\n" in done.stdout


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TRIAGE_API": "https://x.example/api"},
        {"TRIAGE_API": "http://x.example/api", "TRIAGE_IDENTITY_PRINCIPAL_ID": IDENTITY},
        {"TRIAGE_API": "https://x.example/api", "TRIAGE_IDENTITY_PRINCIPAL_ID": "x"},
    ],
)
def test_the_sign_in_app_needs_a_valid_api_address_and_identity(tenant: Tenant, environ: dict[str, str]) -> None:
    done = tenant.run("sign-in-app.sh", **environ)
    assert done.returncode == 1
    assert tenant.changes() == []


def test_the_sets_have_the_permissions_of_all_questions() -> None:
    asked = {question.permission for question in QUESTIONS.values()}
    assert asked == {name for names in SETS.values() for name in names}


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_bash_can_read_it(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.name)
def test_no_script_makes_a_secret(script: Path) -> None:
    assert not re.search(
        r'addPassword|addKey|(password|key)Credentials\\?"|credential reset', script.read_text(encoding="utf-8")
    )


def test_the_runbook_has_each_reason_of_an_undetermined_finding() -> None:
    page = (SCRIPTS.parent.parent / "docs" / "runbook.md").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^## undetermined\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    named = {
        reason
        for cell in re.findall(r"^\| (`[^|]*) \|", entry, re.MULTILINE)
        for reason in re.findall(r"`(\w+)`", cell)
    }
    assert named == {reason.value for reason in Reason}
