"""The ETD businesses in ETD_APIS: what is wrong is said with the tenant's ID, and without its secrets."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tests.factories import APP_ID, OTHER_TENANT_ID, TENANT_ID
from triage.settings import THREATS, Settings, SettingsError, read_settings

HIDDEN = "hidden-0815"
API = {
    "tenantId": TENANT_ID,
    "endpoint": "https://api.us.etd.cisco.com",
    "clientId": "client",
    "clientSecret": HIDDEN,
    "apiKey": f"{HIDDEN}-key",
}


def settings(*apis: dict[str, Any], text: str | None = None, **environ: str) -> Settings:
    tenants = [{"tenantId": TENANT_ID, "etdAppId": APP_ID}]
    return read_settings({
        "TriageStorage": "UseDevelopmentStorage=true", "TRIAGE_TENANTS": json.dumps(tenants),
        "ETD_APIS": json.dumps(apis) if text is None else text, **environ,
    })  # fmt: skip


def problem(*apis: dict[str, Any], text: str | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(*apis, text=text)
    said = str(caught.value)
    assert said.startswith("ETD_APIS ")
    assert HIDDEN not in said
    return said


def test_an_empty_setting_means_no_feed() -> None:
    for text in ("", "  ", "[]"):
        assert settings(text=text).etd_apis == ()


def test_a_business_has_defaults_and_hides_its_secrets() -> None:
    found = settings(API)
    (one,) = found.etd_apis
    assert (one.verdicts, one.requests_per_day, one.requests_per_second) == (THREATS, 3000, 1.5)
    assert (one.client_secret.get_secret_value(), one.api_key.get_secret_value()) == (HIDDEN, f"{HIDDEN}-key")
    assert (one.expires_on, one.on_loopback) == (None, False)
    assert found.etd_api(TENANT_ID) is one
    assert found.etd_api(OTHER_TENANT_ID) is None
    assert HIDDEN not in f"{found!r}{one}{one.wire()}{found.model_dump_json()}"


def test_everything_can_be_set() -> None:
    more = {"tenantId": TENANT_ID.upper(), "endpoint": "http://127.0.0.1:8000/", "expiresOn": "2027-07-01",
            "verdicts": ["phishing", "spam"], "requestsPerDay": 500, "requestsPerSecond": 5}  # fmt: skip
    (one,) = settings({**API, **more}).etd_apis
    assert (one.tenant_id, one.endpoint, one.on_loopback) == (TENANT_ID, "http://127.0.0.1:8000", True)
    assert (one.expires_on, one.verdicts) == (date(2027, 7, 1), ("phishing", "spam"))
    assert (one.requests_per_day, one.requests_per_second) == (500, 5)


@pytest.mark.parametrize(("change", "words"), [
    ({"endpoint": "http://api.us.etd.cisco.com"}, "endpoint: must be an https address"),
    ({"endpoint": HIDDEN}, "endpoint: must be an https address"),
    ({"endpoint": f"https://api.us.etd.cisco.com/{HIDDEN}"}, "endpoint: must be only the host, such as https://api.us"),
    ({"endpoint": f"https://x:{HIDDEN}@api.us.etd.cisco.com"}, "endpoint: must be only the host"),
    ({"clientId": ""}, "clientId: must be the value without spaces"),
    ({"clientId": "a:b"}, "clientId: must not contain a colon"),
    ({"clientSecret": f"{HIDDEN}\n"}, "clientSecret: must be the value without spaces or line breaks"),
    ({"clientSecret": ""}, "clientSecret: must be the value"),
    ({"apiKey": f"{HIDDEN}ü"}, "apiKey: must be the value"),
    ({"apiKey": f"a {HIDDEN}"}, "apiKey: must be the value"),
    ({"apiKey": None}, "apiKey: Input should be"),
    ({"expiresOn": HIDDEN}, "expiresOn: "),
    ({"verdicts": [HIDDEN]}, "verdicts/0: Input should be 'malicious'"),
    ({"verdicts": []}, "verdicts: "),
    ({"requestsPerDay": 0}, "requestsPerDay: "),
    ({"requestsPerSecond": 0}, "requestsPerSecond: "),
    ({"password": HIDDEN}, "password: Extra inputs"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_the_tenant(change: dict[str, Any], words: str) -> None:
    said = problem({**API, **change})
    assert said.startswith(f"ETD_APIS at /0 (tenant {TENANT_ID}): ")
    assert words in said


def test_what_is_no_list_of_businesses() -> None:
    assert "is not JSON" in problem(text="[{")
    assert 'must be a JSON array of objects, such as [{"tenantId":' in problem(text="{}")
    assert "at /0: " in problem(text="[1]")
    assert "at /0: tenantId: must be a GUID" in problem({**API, "tenantId": HIDDEN})
    assert f"at /0 (tenant {TENANT_ID}): apiKey: is missing" in problem({k: API[k] for k in API if k != "apiKey"})
    assert "could not resolve" in problem(text="@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)")


def test_a_tenant_has_one_business_and_is_triaged() -> None:
    assert f"at /1: the tenant {TENANT_ID} is listed twice: it can have one ETD business" in problem(API, API)
    said = problem(API, {**API, "tenantId": OTHER_TENANT_ID})
    assert f"at /1: the tenant {OTHER_TENANT_ID} is not in TRIAGE_TENANTS: add it there" in said


def test_tenants_that_cannot_be_read_are_named_first() -> None:
    with pytest.raises(SettingsError, match=r"^TRIAGE_TENANTS is not JSON"):
        settings(API, TRIAGE_TENANTS="x")


def test_two_looks() -> None:
    assert settings().etd_looks == (12, 15)
    assert settings(ETD_LOOKS=" 0, 1440").etd_looks == (0, 1440)
    for text in ("12", "12,15,60", "12,", "1.5,2", "-1,2", "12;15", "1,1441"):
        with pytest.raises(SettingsError, match=r"^ETD_LOOKS must be two whole numbers of minutes up to 1440"):
            settings(ETD_LOOKS=text)


def test_the_coverage_scan_can_be_off() -> None:
    assert settings().coverage_schedule == "0 0 2 * * *"
    assert settings(COVERAGE_SCHEDULE=" OFF ").coverage_schedule == "off"
    assert settings(COVERAGE_SCHEDULE="0 0 3 * * *").coverage_schedule == "0 0 3 * * *"
