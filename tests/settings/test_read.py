"""The settings: each has its default, a missing or wrong one is named, and each stands in the sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.settings import (
    TABLE,
    Mode,
    Settings,
    SettingsError,
    binding_expression,
    default_of,
    read_settings,
    read_telemetry_settings,
    require_sign_in,
)

TENANT = {"tenantId": TENANT_ID, "etdAppId": APP_ID}
OTHER = {"tenantId": OTHER_TENANT_ID, "etdAppId": APP_ID}


def settings(*tenants: dict[str, Any], **environ: str) -> Settings:
    text = json.dumps(tenants or [TENANT])
    return read_settings({"TriageStorage": "UseDevelopmentStorage=true", "TRIAGE_TENANTS": text, **environ})


def refused(match: str, *tenants: dict[str, Any], **environ: str) -> None:
    with pytest.raises(SettingsError, match=match):
        settings(*tenants, **environ)


def test_defaults() -> None:
    found = settings()
    assert found.queue == "remediation-failures"
    assert found.graph_endpoint == "https://graph.microsoft.com"
    assert (found.audit_schedule, found.retention_schedule) == ("0 0 */6 * * *", "0 30 3 * * *")
    assert (found.easyauth, found.credential_warning_days, found.retention_days) == (False, 30, 400)
    assert found.max_dequeue_count == 5, "as host.json says"
    assert found.retry_seconds == (30, 120, 600, 1800, 7200)
    assert (found.identity.client_id, found.identity.authority) == (None, "https://login.microsoftonline.com")
    assert not found.graph_is_simulated
    tenant = found.tenants[0]
    assert (tenant.mode, tenant.domains, tenant.expected_permissions) == (Mode.READ_WRITE, (), ())
    assert tenant.app_id == APP_ID


DEFAULTS = {
    "TriageStorage": None,
    "TRIAGE_QUEUE": "remediation-failures",
    "AUDIT_SCHEDULE": "0 0 */6 * * *",
    "COVERAGE_SCHEDULE": "0 0 2 * * *",
    "ETD_APIS": "",
    "ETD_POLL_SCHEDULE": "0 */10 * * * *",
    "ETD_LOOKS": "12,15",
    "FOLLOW_UP_DAYS": 14,
    "FOLLOW_UP_MINUTES": "15,60,240,720,1440",
    "RETRY_SECONDS": "30,120,600,1800,7200",
    "TRIAGE_NOTIFICATIONS": "",
    "TRIAGE_BASE_URL": None,
    "GRAPH_ENDPOINT": "https://graph.microsoft.com",
    "TRIAGE_AUTH": "keys",
    "TRIAGE_SIGN_IN_CONFIRMED": False,
    "CREDENTIAL_WARNING_DAYS": 30,
    "RETENTION_DAYS": 400,
}


def test_the_names_of_settings_and_their_defaults() -> None:
    assert {name: default_of(name) for name in DEFAULTS} == DEFAULTS
    set_to_them = {name: str(default) for name, default in DEFAULTS.items() if default not in (None, "", False)}
    assert settings(**set_to_them) == settings()


def test_an_empty_setting_counts_as_missing() -> None:
    found = settings(TRIAGE_QUEUE="", GRAPH_ENDPOINT="", TRIAGE_AUTH="", CREDENTIAL_WARNING_DAYS="",
                     TRIAGE_GRAPH_CLIENT_ID="", AZURE_AUTHORITY_HOST="")  # fmt: skip
    assert found == settings()


def test_every_setting_can_be_set() -> None:
    tenant = {
        "tenantId": TENANT_ID.upper(),
        "etdAppId": APP_ID,
        "mode": "read",
        "domains": ["Contoso.com", "bücher.example"],
        "expectedPermissions": ["Mail.Send"],
    }
    found = settings(
        tenant,
        TRIAGE_QUEUE="other",
        GRAPH_ENDPOINT="https://graph.microsoft.us/",
        TRIAGE_AUTH="easyauth",
        TRIAGE_SIGN_IN_CONFIRMED="true",
        CREDENTIAL_WARNING_DAYS="60",
        RETRY_SECONDS="1, 60",
        RETENTION_DAYS="0",
        AzureFunctionsJobHost__extensions__queues__maxDequeueCount="3",
    )
    assert (found.queue, found.graph_endpoint, found.easyauth) == ("other", "https://graph.microsoft.us", True)
    assert found.sign_in_confirmed and not found.sign_in_enabled
    assert (found.credential_warning_days, found.retention_days, found.max_dequeue_count) == (60, 0, 3)
    assert found.retry_seconds == (1, 60)
    one = found.tenants[0]
    assert (one.tenant_id, one.mode, one.expected_permissions) == (TENANT_ID, "read", ("Mail.Send",))
    assert one.domains == ("contoso.com", "xn--bcher-kva.example")


def test_storage_by_identity() -> None:
    uris = {
        "TriageStorage__queueServiceUri": "https://q.example",
        "TriageStorage__tableServiceUri": "https://t.example",
    }
    found = settings(TriageStorage="", **uris).storage
    assert (found.connection_string, found.queue_uri, found.table_uri) == (None, *uris.values())
    assert (found.managed_identity, found.client_id) == (False, None)
    found = settings(
        TriageStorage="", **uris, TriageStorage__credential="managedIdentity", TriageStorage__clientId="c"
    ).storage
    assert (found.managed_identity, found.client_id) == (True, "c")
    assert settings(**uris).storage.connection_string == "UseDevelopmentStorage=true"
    refused("TriageStorage__tableServiceUri is missing", TriageStorage="",
            TriageStorage__queueServiceUri="https://q.example")  # fmt: skip
    refused("TriageStorage__queueServiceUri is missing", TriageStorage="",
            TriageStorage__tableServiceUri="https://t.example")  # fmt: skip


def test_a_missing_setting_is_named() -> None:
    refused("^TriageStorage is missing", TriageStorage="")
    refused(r'^TRIAGE_TENANTS is missing\. Example: \[\{"tenantId":', TRIAGE_TENANTS="")
    with pytest.raises(SettingsError, match="TriageStorage"):
        read_settings({})


@pytest.mark.parametrize(("text", "match"), [
    ("nonsense", "TRIAGE_TENANTS is not JSON"),
    ("[]", "must be a JSON array with at least one entry"),
    ("{}", "must be a JSON array with at least one entry"),
    ("[1]", "at /0"),
    ("[{}]", "at /0/tenantId"),
])  # fmt: skip
def test_tenants_that_cannot_be_read(text: str, match: str) -> None:
    refused(match, TRIAGE_TENANTS=text)


@pytest.mark.parametrize(("tenant", "match"), [
    ({"tenantId": "x", "etdAppId": APP_ID}, "at /1/tenantId: must be a GUID"),
    ({"tenantId": OTHER_TENANT_ID, "etdAppId": "x"}, "at /1/etdAppId: must be a GUID"),
    ({"tenantId": OTHER_TENANT_ID}, "at /1: etdAppId is missing"),
    ({**OTHER, "mode": "write"}, "at /1/mode"),
    ({**OTHER, "domains": ["nonsense"]}, "at /1/domains/0: 'nonsense' is not a domain name"),
    ({**OTHER, "domain": "contoso.com"}, "at /1/domain: Extra inputs"),
    ({**OTHER, "authority": "login.microsoftonline.us"}, "at /1/authority: Extra inputs"),
    ({**OTHER, "tenantId": TENANT_ID}, f"at /1: {TENANT_ID} is listed twice"),
    ({**OTHER, "domains": ["CONTOSO.com"]}, "at /1: contoso.com is listed twice"),
])  # fmt: skip
def test_a_tenant_that_is_wrong(tenant: dict[str, Any], match: str) -> None:
    refused(match, {**TENANT, "domains": ["contoso.com"]}, tenant)


def test_no_auth_needs_no_app_and_asks_about_none() -> None:
    bare, named = settings({"tenantId": TENANT_ID, "mode": "no_auth"}), settings({**TENANT, "mode": "no_auth"})
    assert bare.tenants[0].app_id is named.tenants[0].app_id is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:1/", "http://[::1]:8000", "HTTP://localhost:1"]
)
def test_loopback_may_be_http_and_is_a_simulator(url: str) -> None:
    found = settings(GRAPH_ENDPOINT=url)
    assert found.graph_is_simulated
    assert found.graph_endpoint == url.lower().rstrip("/")
    assert not settings(GRAPH_ENDPOINT=url.lower().replace("http", "https")).graph_is_simulated


@pytest.mark.parametrize("url", [
    "http://graph.microsoft.com", "http://127.0.0.1.example", "http://localhost.example", "http://127.0.0.1@graph.example",
    "http://10.0.0.1", "ftp://localhost", "graph.microsoft.com", "https://", "https:graph", "http://", "https://[",
    "http://[::2]",
])  # fmt: skip
def test_any_other_endpoint_is_refused(url: str) -> None:
    refused("^GRAPH_ENDPOINT must be https", GRAPH_ENDPOINT=url)


@pytest.mark.parametrize("name", [
    "CREDENTIAL_WARNING_DAYS", "RETENTION_DAYS", "AzureFunctionsJobHost__extensions__queues__maxDequeueCount",
])  # fmt: skip
@pytest.mark.parametrize("text", ["-1", "1.5", "x", "²", "٣", " 3"])
def test_a_number_that_is_wrong(name: str, text: str) -> None:
    refused(f"^{name} must be a whole number", **{name: text})


@pytest.mark.parametrize("text", ["0", "30,", "30,x", "-1", "1.5", "30;60", "604801"])
def test_delays_that_are_wrong(text: str) -> None:
    refused("^RETRY_SECONDS must be whole numbers from 1 to 604800 with commas between them", RETRY_SECONDS=text)


def test_an_unknown_kind_of_access() -> None:
    refused("^TRIAGE_AUTH must be keys or easyauth, not 'none'", TRIAGE_AUTH="none")
    assert not settings(TRIAGE_AUTH="keys").easyauth


@pytest.mark.parametrize("name", ["WEBSITE_AUTH_ENABLED", "TRIAGE_SIGN_IN_CONFIRMED"])
def test_easyauth_needs_the_platforms_sign_in(name: str) -> None:
    for value in ("True", "true"):
        require_sign_in(settings(TRIAGE_AUTH="easyauth", **{name: value}))
    for value in ("", "False", "enabled"):
        require_sign_in(settings(TRIAGE_AUTH="keys", **{name: value}))
        with pytest.raises(
            SettingsError, match=r"^TRIAGE_AUTH is easyauth, but .* set TRIAGE_SIGN_IN_CONFIRMED to true"
        ):
            require_sign_in(settings(TRIAGE_AUTH="easyauth", **{name: value}))


def test_tenants_by_id_and_by_domain() -> None:
    one = settings()
    assert one.tenant(TENANT_ID) is one.tenants[0]
    assert one.tenant(OTHER_TENANT_ID) is None
    assert one.tenant(None) is None
    assert one.tenant_of_domain("any.example") is one.tenants[0], "the only one"
    two = settings({**TENANT, "domains": ["contoso.com"]}, {**OTHER, "domains": ["fabrikam.example"]})
    assert two.tenant_of_domain("fabrikam.example") is two.tenants[1]
    assert two.tenant_of_domain("mail.contoso.com") is None


def test_a_binding_names_the_setting_only_if_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAGE_QUEUE", raising=False)
    assert binding_expression("TRIAGE_QUEUE") == "remediation-failures"
    monkeypatch.setenv("TRIAGE_QUEUE", "")
    assert binding_expression("TRIAGE_QUEUE") == "remediation-failures"
    monkeypatch.setenv("TRIAGE_QUEUE", "other")
    assert binding_expression("TRIAGE_QUEUE") == "%TRIAGE_QUEUE%"


def test_without_an_argument_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TriageStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps([OTHER]))
    assert read_settings().tenants[0].tenant_id == OTHER_TENANT_ID


def test_the_client_id_of_the_app_that_reads_further_tenants() -> None:
    assert settings().graph_client_id is None
    assert settings(TRIAGE_GRAPH_CLIENT_ID=APP_ID.upper()).graph_client_id == APP_ID
    refused("^TRIAGE_GRAPH_CLIENT_ID must be", TRIAGE_GRAPH_CLIENT_ID="x")


@pytest.mark.parametrize("text", ["login.microsoftonline.us", "https://login.microsoftonline.us/"])
def test_every_tenant_signs_in_at_the_authority_of_the_cloud(text: str) -> None:
    found = settings(TENANT, OTHER, AZURE_AUTHORITY_HOST=text)
    authority = "https://login.microsoftonline.us"
    assert [found.identity.authority, *(tenant.authority for tenant in found.tenants)] == [authority] * 3


@pytest.mark.parametrize("text", ["http://login.microsoftonline.com", "https://", "https://["])
def test_an_authority_that_is_wrong(text: str) -> None:
    refused("^AZURE_AUTHORITY_HOST must be a host name or an https URL", AZURE_AUTHORITY_HOST=text)


def test_telemetry_is_read_only_with_a_connection_string() -> None:
    name = "APPLICATIONINSIGHTS_CONNECTION_STRING"
    assert read_telemetry_settings({name: "", "OTEL_TRACES_SAMPLER": "always_on"}) is None
    found = read_telemetry_settings({name: "x", "PYTHON_ENABLE_OPENTELEMETRY": " True ", "OTEL_TRACES_SAMPLER_ARG": ""})
    assert found is not None
    assert (found.worker_traces, found.worker_configures) == (True, False)
    assert (found.sampler, found.sampler_argument) == ("microsoft.rate_limited", None)
    with pytest.raises(SettingsError, match=r"^OTEL_TRACES_SAMPLER must be"):
        read_telemetry_settings({name: "x", "OTEL_TRACES_SAMPLER": "always_on"})


def test_the_sample_has_every_setting_that_a_developer_may_set() -> None:
    """On a laptop the storage account is a connection string, and nothing goes to Application Insights."""
    text = (Path(__file__).parents[2] / "local.settings.sample.json").read_text(encoding="utf-8")
    sample = json.loads(text)["Values"].keys() - {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
    own = {setting.name for group in ("Service", "Storage account") for setting in TABLE[group]}
    own -= {"WEBSITE_AUTH_ENABLED", "WEBSITE_HOSTNAME"}  # only App Service may set them
    assert sample == {name for name in own if "__" not in name}
    required = ("TriageStorage", "TRIAGE_TENANTS")
    values = json.loads(text)["Values"]
    assert read_settings(values) == read_settings({name: values[name] for name in required}), (
        "the rest are the defaults"
    )
