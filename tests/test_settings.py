"""Settings: what is missing or wrong is named, and what is not given is as the contract says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.settings import Mode, Settings, SettingsError, binding_expression, read_settings

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
    assert (found.easyauth, found.credential_warning_days, found.max_dequeue_count) == (False, 30, 5)
    assert not found.graph_is_simulated
    tenant = found.tenants[0]
    assert (tenant.mode, tenant.domains, tenant.expected_permissions) == (Mode.READ_WRITE, (), ())
    assert tenant.app_id == APP_ID


def test_empty_is_not_given() -> None:
    found = settings(TRIAGE_QUEUE="", GRAPH_ENDPOINT="", TRIAGE_AUTH="", CREDENTIAL_WARNING_DAYS="")
    assert found == settings()


def test_everything_given() -> None:
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
        CREDENTIAL_WARNING_DAYS="60",
        AzureFunctionsJobHost__extensions__queues__maxDequeueCount="3",
    )
    assert (found.queue, found.graph_endpoint, found.easyauth) == ("other", "https://graph.microsoft.us", True)
    assert (found.credential_warning_days, found.max_dequeue_count) == (60, 3)
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


def test_what_is_missing_is_named() -> None:
    refused("^TriageStorage is missing", TriageStorage="")
    refused("^TRIAGE_TENANTS is missing", TRIAGE_TENANTS="")
    with pytest.raises(SettingsError, match="TriageStorage"):
        read_settings({})


@pytest.mark.parametrize(("text", "match"), [
    ("nonsense", "TRIAGE_TENANTS is not JSON"),
    ("[]", "at least one tenant"),
    ("{}", "must be a JSON array"),
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
    "CREDENTIAL_WARNING_DAYS", "AzureFunctionsJobHost__extensions__queues__maxDequeueCount",
])  # fmt: skip
@pytest.mark.parametrize("text", ["-1", "1.5", "x", "²", "٣", " 3"])
def test_what_is_no_count(name: str, text: str) -> None:
    refused(f"^{name} must be a whole number", **{name: text})


def test_another_kind_of_access() -> None:
    refused("^TRIAGE_AUTH must be keys or easyauth, not 'none'", TRIAGE_AUTH="none")
    assert not settings(TRIAGE_AUTH="keys").easyauth


def test_tenants_by_id_and_by_domain() -> None:
    one = settings()
    assert one.tenant(TENANT_ID) is one.tenants[0]
    assert one.tenant(OTHER_TENANT_ID) is None
    assert one.tenant(None) is None
    assert one.tenant_of_domain("any.example") is one.tenants[0], "the only one"
    two = settings({**TENANT, "domains": ["contoso.com"]}, {**OTHER, "domains": ["fabrikam.example"]})
    assert two.tenant_of_domain("fabrikam.example") is two.tenants[1]
    assert two.tenant_of_domain("mail.contoso.com") is None


def test_a_binding_names_the_setting_only_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAGE_QUEUE", raising=False)
    assert binding_expression("TRIAGE_QUEUE", "x") == "x"
    monkeypatch.setenv("TRIAGE_QUEUE", "")
    assert binding_expression("TRIAGE_QUEUE", "x") == "x"
    monkeypatch.setenv("TRIAGE_QUEUE", "other")
    assert binding_expression("TRIAGE_QUEUE", "x") == "%TRIAGE_QUEUE%"


def test_without_an_argument_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TriageStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("TRIAGE_TENANTS", json.dumps([OTHER]))
    assert read_settings().tenants[0].tenant_id == OTHER_TENANT_ID


def test_the_client_id_of_the_identity_that_asks_graph() -> None:
    assert settings().graph_client_id is None
    assert settings(TRIAGE_GRAPH_CLIENT_ID=APP_ID.upper()).graph_client_id == APP_ID
    refused("^TRIAGE_GRAPH_CLIENT_ID must be", TRIAGE_GRAPH_CLIENT_ID="x")
