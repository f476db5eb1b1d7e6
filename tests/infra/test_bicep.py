"""What is deployed agrees with the code, and with what Azure has. No Bicep compiler can be had here: these tests stand
in for a part of one, and for a part of a deployment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.bicep import (
    FILES,
    INFRA,
    ROOT,
    code,
    decorators,
    every_resource,
    functions_used,
    modules,
    names_declared,
    names_used,
    parameters,
    parsed,
    plain,
    resource,
    variable,
)
from tools import azd, package
from triage.api.routes import ROUTES
from triage.settings import TABLE, default_of, read_settings

MAIN = INFRA / "main.bicep"
# test_azure_types.py holds their properties against Azure's published types.
KNOWN = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": "2023-07-01",
    "Microsoft.KeyVault/vaults/secrets": "2023-07-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
    "Microsoft.Network/natGateways": "2024-05-01",
    "Microsoft.Network/privateDnsZones": "2020-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2020-06-01",
    "Microsoft.Network/privateEndpoints": "2024-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2024-05-01",
    "Microsoft.Network/publicIPAddresses": "2024-05-01",
    "Microsoft.Network/virtualNetworks": "2024-05-01",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.Resources/resourceGroups": "2024-11-01",
    "Microsoft.Storage/storageAccounts": "2025-01-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-01-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-01-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2025-01-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2025-01-01",
    "Microsoft.Storage/storageAccounts/tableServices": "2025-01-01",
    "Microsoft.Storage/storageAccounts/tableServices/tables": "2025-01-01",
    "Microsoft.Web/serverfarms": "2024-11-01",
    "Microsoft.Web/sites": "2024-11-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-11-01",
    "Microsoft.Web/sites/config": "2024-11-01",
    # Bicep's types lack the properties of `onedeploy`; this version is the one that the Functions docs use.
    "Microsoft.Web/sites/extensions": "2022-09-01",
}
# https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
FUNCTIONS = {
    "cidrSubnet", "empty", "environment", "fail", "format", "guid", "items", "loadTextContent", "replace", "string", "subscription",
    "subscriptionResourceId", "tenant", "toLower", "toObject", "union", "uniqueString",
}  # fmt: skip
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
by_file = pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)


@by_file
def test_it_is_bicep(file: Path) -> None:
    assert parsed(file)


def test_every_type_and_version_exists() -> None:
    assert {one.type: one.version for one in every_resource()} == KNOWN
    assert len({(one.type, one.version) for one in every_resource()}) == len(KNOWN)


@by_file
def test_every_name_is_declared(file: Path) -> None:
    assert names_used(file) <= names_declared(file)
    assert functions_used(file) <= FUNCTIONS


@by_file
def test_every_declared_name_is_used(file: Path) -> None:
    outputs = set(parsed(file).get("outputs", {}))
    leaves = {one.name for one in every_resource() if one.file == file.name} | set(modules(file))
    declared = names_declared(file) - outputs - leaves
    used = re.findall(r"\w+", re.sub(r"(?m)^(param|var) \w+", "", code(file)))
    assert declared <= set(used)


@by_file
def test_modules_are_given_what_they_declare_and_have_what_is_read_of_them(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for name, (path, given, condition) in modules(file).items():
        declared = parameters(path)
        assert given.keys() <= declared.keys(), name
        required = {one for one, parameter in declared.items() if parameter.get("default") is None}
        assert required <= given.keys(), name
        read = set(re.findall(rf"\b{name}!?\.outputs\.(\w+)", text))
        assert read <= parsed(path).get("outputs", {}).keys(), name
        # What is read of a module that may not be there is read with care.
        assert condition is None or not re.search(rf"(?<!\? )\b{name}!\.outputs|\b{name}\.outputs", text), name


def test_every_file_is_a_module_of_another() -> None:
    assert {path for file in FILES for path, _, _ in modules(file).values()} == set(FILES) - {MAIN}


@by_file
def test_every_parameter_is_described(file: Path) -> None:
    for name, parameter in parameters(file).items():
        assert decorators(parameter).get("description", "").endswith("."), name


def test_what_is_not_asked_for_has_a_default_that_is_allowed() -> None:
    asked = {name for name, parameter in parameters(MAIN).items() if parameter["default"] is None}
    assert asked == {"environmentName", "location", "etdAppId"}
    for name, parameter in parameters(MAIN).items():
        limits, default = decorators(parameter), parameter.get("default")
        assert default is None or default in limits.get("allowed", [default]), name
        if isinstance(default, int) and not isinstance(default, bool):
            assert limits.get("min_value", default) <= default <= limits.get("max_value", default), name


def test_the_parameters_file_names_parameters() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert given.keys() <= parameters(MAIN).keys()
    assert {"environmentName", "location", "etdAppId"} <= given.keys()
    # No defaults here: azd leaves out a parameter whose variable is not set, and then the template's default holds.
    assert all(re.fullmatch(r"\$\{[A-Z_]+\}", one["value"]) for one in given.values())


@by_file
def test_there_is_no_secret(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"listKeys|AccountKey|connectionString\s*:|password", code(file), re.IGNORECASE)
    assert not re.search(r"SharedAccessSignature|InstrumentationKey=", text)


def test_a_secret_that_is_given_goes_to_the_vault_and_nowhere_else() -> None:
    secure = {name for name, parameter in parameters(MAIN).items() if "secure" in decorators(parameter)}
    assert secure == {"etdApis", "notifications"}
    for file in FILES:
        assert {name for name, one in parameters(file).items() if "secure" in decorators(one)} == (
            secure if file.name in ("main.bicep", "vault.bicep") else set()
        )
    for name, (_, given, _) in modules(MAIN).items():
        assert set(re.findall(r"\w+", json.dumps(given))) & secure == (secure if name == "vault" else set())
    known = {setting.name for settings in TABLE.values() for setting in settings}
    written = [one for one in every_resource() if one.type == "Microsoft.KeyVault/vaults/secrets"]
    assert {one.config["properties"]["value"] for one in written} == secure
    for one in written:
        assert one.config["name"].replace("-", "_") in known & SECRET
        assert one.condition is not None
    names = variable("main.bicep", "givenSecrets")
    assert set(re.findall(r"\b[A-Z]+_[A-Z]+\b", json.dumps(names))) == {
        one.config["name"].replace("-", "_") for one in written
    }


# The settings


def app_settings() -> dict[str, Any]:
    """The application settings as the template writes them; a value that is worked out is an object."""
    union = resource("function.bicep", "appSettings").config["properties"]["function"]["parameters"]
    _, function, _ = modules(MAIN)["function"]
    platform = next(one for one in union.values() if isinstance(one, dict) and "AZURE_CLIENT_ID" in one)
    assert {"settings", "secrets", "signInSettings"} == {one for one in union.values() if isinstance(one, str)}
    further, settings = function["settings"]["function"]["parameters"].values()
    assert further == "furtherSettings", "the service's own come last, so they stay as they are"
    return {**plain(settings), **platform}


TENANT, APP = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
TENANTS = json.dumps([{"tenantId": TENANT, "etdAppId": APP}])
ENDPOINTS = {
    "TriageStorage__queueServiceUri": "https://st.queue.core.windows.net/",
    "TriageStorage__tableServiceUri": "https://st.table.core.windows.net/",
    "TriageStorage__credential": "managedidentity",
    "TriageStorage__clientId": "33333333-3333-3333-3333-333333333333",
    "TRIAGE_TENANTS": TENANTS,
}
# In the key vault, if anywhere: secretSettings names them.
SECRET = {"TRIAGE_NOTIFICATIONS", "ETD_APIS", "AZURE_CLIENT_SECRET"}
# Left to their defaults, with reason.
NOT_SET = {
    *SECRET,
    "TriageStorage",  # a connection string has a key in it
    "AzureFunctionsJobHost__extensions__queues__maxDequeueCount",  # host.json has it
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",  # five traces a second do
    "OTEL_METRIC_EXPORT_INTERVAL",  # a minute will do
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",  # the code refuses it: the worker would send addresses
    "WEBSITE_AUTH_ENABLED",
    "WEBSITE_HOSTNAME",  # App Service sets these
    "AZURE_TENANT_ID",  # the managed identity needs no secret
}


def test_every_setting_is_set_or_left_out_with_reason() -> None:
    """The other settings of the service have defaults that fit, and furtherSettings (TRIAGE_SETTINGS of azd) changes them."""
    known = {setting.name for settings in TABLE.values() for setting in settings}
    left_out = known - app_settings().keys()
    assert left_out >= NOT_SET
    assert left_out - NOT_SET <= {setting.name for setting in TABLE["Service"]}
    platform = {name for name in app_settings() if name.startswith("AzureWebJobsStorage__")}
    assert app_settings().keys() - known == platform


def test_nothing_that_flex_consumption_refuses_is_set() -> None:
    """https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations"""
    refused = {
        "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_PROCESS_COUNT",
        "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTSHARE", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD", "WEBSITE_NODE_DEFAULT_VERSION",
    }  # fmt: skip
    assert not refused & app_settings().keys()


def test_the_code_accepts_the_settings_of_the_template() -> None:
    set_by_parameters = app_settings().keys() & {setting.name for setting in TABLE["Service"]}
    given = {name: _default(app_settings()[name]) for name in set_by_parameters - {"TRIAGE_TENANTS", "GRAPH_ENDPOINT"}}
    assert given == {name: "" if default_of(name) is None else str(default_of(name)) for name in given}
    settings = read_settings({**ENDPOINTS, **given})
    assert settings == read_settings(ENDPOINTS)
    assert app_settings()["TriageStorage__credential"] == ENDPOINTS["TriageStorage__credential"]
    assert settings.storage.managed_identity


@pytest.mark.parametrize("mode", decorators(parameters(MAIN)["etdMode"])["allowed"])
def test_the_tenant_that_azd_asks_for_is_one_that_the_code_takes(mode: str) -> None:
    fields = plain(variable("main.bicep", "onlyTenant"))
    tenant = dict(zip(fields, (TENANT, APP, mode), strict=True))
    (read,) = read_settings({**ENDPOINTS, "TRIAGE_TENANTS": json.dumps([tenant])}).tenants
    assert (read.tenant_id, read.app_id, read.mode.value) == (TENANT, APP, mode)


def _default(value: Any) -> str:
    """What a setting is when nothing is said: the default of the parameter that it comes from."""
    if isinstance(value, dict):
        (value,) = value["function"]["parameters"].values()
    default = parameters(MAIN)[value]["default"]
    return str(default)


def test_both_accounts_are_reached_with_the_identity() -> None:
    settings = app_settings()
    for connection in ("AzureWebJobsStorage", "TriageStorage"):
        assert settings[f"{connection}__credential"] == "managedidentity"
        assert settings[f"{connection}__clientId"] == settings["AZURE_CLIENT_ID"] == "identityClientId"
    authentication = settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert authentication == "ClientId=${identityClientId};Authorization=AAD"


def test_graph_is_that_of_the_cloud() -> None:
    """Roots: facts of Graph's national cloud deployments, https://learn.microsoft.com/graph/deployments."""
    roots = plain(variable("main.bicep", "graphEndpoints"))
    assert roots["AzureCloud"] == default_of("GRAPH_ENDPOINT")
    for root in roots.values():
        assert read_settings({**ENDPOINTS, "GRAPH_ENDPOINT": root}).graph_endpoint == root


# Storage, identity, function app


def test_queues_are_those_of_the_triggers() -> None:
    assert parameters(MAIN)["queueName"]["default"] == default_of("TRIAGE_QUEUE")
    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    triggers = re.findall(r'queue_trigger\("message", f?"?([^,"]*)"?, "TriageStorage"\)', app)
    read = [name.replace("{QUEUE}", "${queueName}") for name in triggers if name != "QUEUE"]
    assert variable("main.bicep", "queueNames") == ["queueName", *read]
    limits = decorators(parameters(MAIN)["queueName"])
    assert limits["max_length"] + max(len(name.removeprefix("${queueName}")) for name in read) == 63


def test_every_table_of_the_code_is_made() -> None:
    named: set[str] = set()
    for path in (ROOT / "triage" / "storage").glob("*.py"):
        named |= set(re.findall(r'^TABLE = "(\w+)"$', path.read_text(encoding="utf-8"), re.MULTILINE))
    made = set(variable("main.bicep", "tableNames"))
    assert {"findings", "audits", "rejected"} <= named <= made
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,62}", name) for name in made)


def test_storage_takes_identities_only() -> None:
    properties = resource("storage.bicep", "account").config["properties"]
    assert properties["allowSharedKeyAccess"] is False
    assert properties["allowBlobPublicAccess"] is False
    assert properties["defaultToOAuthAuthentication"] is True
    assert properties["supportsHttpsTrafficOnly"] is True
    assert properties["minimumTlsVersion"] == "TLS1_2"
    assert resource("storage.bicep", "deployments").config["properties"] == {"publicAccess": "None"}


def test_the_identity_has_few_roles_each_on_one_resource() -> None:
    roles = {**plain(variable("storage.bicep", "roles")),
             "keyVaultSecretsUser": variable("vault.bicep", "keyVaultSecretsUser"),
             "monitoringMetricsPublisher": variable("monitoring.bicep", "monitoringMetricsPublisher")}  # fmt: skip
    assert roles == ROLES
    assignments = [one for one in every_resource() if one.type == "Microsoft.Authorization/roleAssignments"]
    assert {(one.file, one.config["scope"]) for one in assignments} == {
        ("storage.bicep", "account"), ("monitoring.bicep", "insights"), ("vault.bicep", "vault"),
    }  # fmt: skip
    for one in assignments:
        assert one.config["properties"]["principalId"] == "identityPrincipalId"
        assert one.config["properties"]["principalType"] == "ServicePrincipal"


def test_telemetry_takes_identities_only() -> None:
    assert resource("monitoring.bicep", "insights").config["properties"]["DisableLocalAuth"] is True
    workspace = resource("monitoring.bicep", "workspace").config["properties"]
    assert workspace["features"] == {"disableLocalAuth": True}


def test_the_function_app() -> None:
    app = resource("function.bicep", "app").config
    properties = app["properties"]
    assert app["kind"] == "functionapp,linux"
    assert properties["httpsOnly"] is True
    assert properties["siteConfig"]["minTlsVersion"] == properties["siteConfig"]["scmMinTlsVersion"] == "1.2"
    # The plan refuses these (error 51021), which no schema shows.
    refused = {"ftpsState", "linuxFxVersion", "use32BitWorkerProcess", "netFrameworkVersion", "preWarmedInstanceCount",
               "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled", "alwaysOn"}  # fmt: skip
    assert not refused & properties["siteConfig"].keys()
    assert app["identity"]["type"] == "UserAssigned"
    configuration = properties["functionAppConfig"]
    assert configuration["runtime"] == {"name": "python", "version": "runtimeVersion"}
    assert configuration["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"
    assert resource("function.bicep", "plan").config["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    for name, protocol in (("ftpPublishing", "ftp"), ("scmPublishing", "scm")):
        policy = resource("function.bicep", name).config
        assert (policy["name"], policy["properties"]) == (protocol, {"allow": False})
    assert parameters(MAIN)["httpConcurrency"]["default"] >= 10, "the dashboard's requests at once"
    http = configuration["scaleAndConcurrency"]["triggers"]["http"]
    assert http == {"perInstanceConcurrency": "httpConcurrency"}


def test_the_python_is_the_packages() -> None:
    assert variable("main.bicep", "runtimeVersion") == ".".join(map(str, package.PYTHON))


def test_easy_auth_and_the_role_check_come_from_one_parameter() -> None:
    sign_in = resource("function.bicep", "signIn")
    operands = sign_in.condition["operator"]["operands"]
    assert set(operands.values()) == {"authMode", "easyauth"}
    assert app_settings()["TRIAGE_AUTH"] == "authMode"
    _, given, _ = modules(MAIN)["function"]
    assert given["authMode"] == "authMode"
    properties = sign_in.config["properties"]
    assert properties["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/health"],
    }
    assert resource("function.bicep", "appSettings").config["dependsOn"] == ["signIn"], "the app trusts what is on"
    scripts = (INFRA / "scripts" / "sign-in-app.sh").read_text(encoding="utf-8")
    assert f"AZURE_CLI={variable('function.bicep', 'azureCli')}\n" in scripts, "who may ask for a token is let in"
    registration = properties["identityProviders"]["azureActiveDirectory"]["registration"]
    assert registration["clientSecretSettingName"] == "signInIdentitySetting"
    assert decorators(parameters(MAIN)["authMode"])["allowed"] == ["keys", "easyauth"]


def test_easy_auth_is_turned_off_again_after_the_app_no_longer_trusts_it() -> None:
    _, given, condition = modules(INFRA / "app" / "function.bicep")["signInOff"]
    assert condition and set(given) == {"name"}
    assert resource("sign-in-off.bicep", "signIn").config["properties"] == {"platform": {"enabled": False}}
    off = parsed(INFRA / "app" / "function.bicep")["modules"]["signInOff"]["config"]
    assert "appSettings" in json.dumps(off)


def test_secret_settings_are_read_from_the_vault_as_the_identity() -> None:
    app = resource("function.bicep", "app").config["properties"]
    assert app["keyVaultReferenceIdentity"] == "identityId"
    assert resource("vault.bicep", "vault").config["properties"]["enableRbacAuthorization"] is True
    known = {setting.name for settings in TABLE.values() for setting in settings}
    assert NOT_SET & SECRET == SECRET and known >= SECRET


def test_private_networking_covers_every_service_that_is_used() -> None:
    services = variable("network.bicep", "services")
    endpoints = {
        name.split("__")[1].removesuffix("ServiceUri") for name in app_settings() if name.endswith("ServiceUri")
    }
    assert set(services) == endpoints
    zones = parsed(INFRA / "app" / "network.bicep")["outputs"]["privateDnsZoneIds"]["value"]
    assert set(plain(zones)) == set(services)


def test_everything_is_tagged() -> None:
    untaggable = re.compile(r"/(config|extensions|queues|tables|containers|\w+Services|roleAssignments|privateDnsZoneGroups|"
                            r"basicPublishingCredentialsPolicies)$")  # fmt: skip
    for one in every_resource():
        if not one.existing and not untaggable.search(one.type):
            assert "tags" in one.config, (one.file, one.name)


# azd


def azure_yaml() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))


def test_a_readers_key_is_set_on_each_function_that_reads() -> None:
    """docs/deploy.md finds them by their names."""
    assert "contains(name, '/get_')" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    for route in ROUTES:
        assert route.name.startswith("get_") or route.method != "GET" or route.anonymous, route.name
        assert not route.name.startswith("get_") or route.method == "GET", route.name


def test_a_sender_may_write_to_the_intake_queue_alone() -> None:
    """docs/deploy.md assigns the role. On the account, it would reach the poison queue and the host's own queues too."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (scope,) = re.findall(r'--role "Storage Queue Data Message Sender" --scope "\$(\w+)"', page)
    assert f"output {scope} string = storage.outputs.intakeQueueId\n" in MAIN.read_text(encoding="utf-8")
    storage = (INFRA / "app" / "storage.bicep").read_text(encoding="utf-8")
    assert "output intakeQueueId string = queue[0].id\n" in storage


def test_azd_uploads_the_package_that_is_tested() -> None:
    ((name, service),) = azure_yaml()["services"].items()
    assert (ROOT / service["project"] / service["dist"]).resolve() == azd.FOLDER
    assert (service["host"], service["language"], service["remoteBuild"]) == ("function", "python", False)
    tags = resource("function.bicep", "app").config["tags"]
    assert {"'azd-service-name'": name} in tags["function"]["parameters"].values()


def test_azd_runs_hooks_that_are_there_on_each_system() -> None:
    settings = azure_yaml()
    every = {**settings["hooks"], **settings["services"]["triage"]["hooks"]}
    assert set(every) == {"preprovision", "postprovision", "predown", "prepackage"}
    named = set()
    for name, hook in every.items():
        assert hook.keys() == {"posix", "windows"}, name
        commands = [
            re.fullmatch(r"python3? -m tools\.azd (\w+)(; exit \$LASTEXITCODE)?", one["run"]) for one in hook.values()
        ]
        assert all(commands), name
        (command,) = {found[1] for found in commands if found}
        named.add(command)
        assert hook["posix"].get("continueOnError") is hook["windows"].get("continueOnError"), name
    assert named == azd.COMMANDS.keys()
    assert (ROOT / azd.PERMISSIONS).stat().st_mode & 0o111


def test_azd_is_new_enough_for_what_is_used() -> None:
    """azd's CHANGELOG: remoteBuild for Flex Consumption is 1.23.5, JSON arrays as parameters 1.23.4."""
    assert azure_yaml()["requiredVersions"] == {"azd": ">= 1.23.5"}
    assert "1.23.5" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_the_scripts_find_what_they_need_among_the_outputs() -> None:
    outputs = parsed(MAIN)["outputs"].keys()
    text = "".join(path.read_text(encoding="utf-8") for path in (INFRA / "scripts").glob("*.sh"))
    values = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"].values()
    kept = {one["value"].strip("${}") for one in values}
    assert set(re.findall(r"\bTRIAGE_[A-Z_]+", text)) <= outputs | kept


def test_every_parameter_is_in_the_docs_with_azds_variable() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = page.split("\n## Parameters\n", 1)[1].split("\n## ", 1)[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| ?`?(\w*)`? ?\|", table, re.MULTILINE))
    given = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    assert documented.keys() == parameters(MAIN).keys()
    assert {name: variable for name, variable in documented.items() if variable} == {
        name: one["value"].strip("${}") for name, one in given.items()
    }
    # azd uploads the package, and keeps its variables in a file in clear text.
    assert parameters(MAIN).keys() - given.keys() == {"packageUri", "etdApis", "notifications"}
