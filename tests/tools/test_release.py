"""A release: its files are made from what is here, on a small compiled template and a repository in a folder."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from tests.tools.locks import deployed_environment, pins
from tools import release
from tools.package import LOCK, ROOT
from triage.settings import read_settings

MAIN = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
CHANGES = (
    "# Changelog\n\n## [Unreleased]\n\n## [{}] - 2026-12-01\n\n### Added\n\n- Everything.\n\n## [0.0.1]\n\n- Less.\n"
)


def compiled() -> dict[str, Any]:
    """As a Bicep compiler writes it, as far as parameters go."""
    return {"parameters": {name: {"type": kind} for name, kind in release.bicep_parameters(MAIN).items()}}


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project in a folder, ready to be released."""
    for name in ("infra", "dist/release"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "infra" / "main.bicep").write_text(MAIN)
    (tmp_path / "infra" / "azuredeploy.json").write_text(json.dumps(compiled()))
    (tmp_path / "CHANGELOG.md").write_text(CHANGES.format("1.2.0"))
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "dist" / "triage.zip").write_bytes(b"the package")
    (tmp_path / "dist" / "release" / "etd_triage-1.2.0-py3-none-any.whl").write_bytes(b"the wheel")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    monkeypatch.setattr(release, "FOLDER", tmp_path / "dist" / "release")
    monkeypatch.setattr(release, "OUTPUT", tmp_path / "dist" / "triage.zip")
    monkeypatch.setattr(release, "COMPILED", tmp_path / "infra" / "azuredeploy.json")
    return tmp_path


def test_the_files_of_a_release(project: Path) -> None:
    assert release.main(["collect", "--tag", "v1.2.0", "--repository", "contoso/triage"]) == 0
    folder = project / "dist" / "release"
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name not in ("SHA256SUMS", "notes.md")
    }
    assert sums.keys() == {
        "triage.zip", "requirements.lock", "azuredeploy.json", "createUiDefinition.json", "sbom.cdx.json",
        "etd_triage-1.2.0-py3-none-any.whl",
    }  # fmt: skip
    parameters = json.loads((folder / "azuredeploy.json").read_text())["parameters"]
    assert (
        parameters["packageUri"]["defaultValue"]
        == "https://github.com/contoso/triage/releases/download/v1.2.0/triage.zip"
    )
    assert parameters["runbookUrl"]["defaultValue"] == "https://github.com/contoso/triage/blob/v1.2.0/docs/runbook.md"
    notes = (folder / "notes.md").read_text()
    assert "- Everything." in notes and "- Less." not in notes
    assert release.button("contoso/triage", "v1.2.0") in notes


def test_the_button_leads_to_the_template_and_the_form() -> None:
    found = re.fullmatch(r"https://portal\.azure\.com/#blade/\w+/CustomDeploymentBlade/uri/(.*)/uiFormDefinitionUri/(.*)",
                         release.button("contoso/triage", "v1.2.0"))  # fmt: skip
    assert found
    raw = "https://raw.githubusercontent.com/contoso/triage/templates/v1.2.0"
    assert [unquote(one) for one in found.groups()] == [f"{raw}/azuredeploy.json", f"{raw}/createUiDefinition.json"]


def test_the_bill_of_materials_has_what_is_deployed() -> None:
    bill = release.bill_of_materials(LOCK.read_text(encoding="utf-8"), "1.2.0")
    assert {one["name"]: one["version"] for one in bill["components"]} == pins(LOCK, deployed_environment())
    assert all(
        one["hashes"] and one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in bill["components"]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tag": "v1.3.0"}, "the tag is v1.3.0, and pyproject.toml has version 1.2.0"),
        ({"changes": "## [Unreleased]\n\n- Everything.\n"}, "CHANGELOG.md has no section [1.2.0]"),
        ({"parameter": {"type": "int"}}, "is not that of main.bicep: tenantId"),
        ({"compiled": None}, "azuredeploy.json"),
    ],
)
def test_what_does_not_fit_is_not_released(
    project: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], words: str
) -> None:
    if "changes" in change:
        (project / "CHANGELOG.md").write_text(change["changes"])
    if "parameter" in change:
        template = compiled()
        template["parameters"]["tenantId"] = change["parameter"]
        (project / "infra" / "azuredeploy.json").write_text(json.dumps(template))
    if "compiled" in change:
        (project / "infra" / "azuredeploy.json").unlink()
    assert release.main(["collect", "--tag", change.get("tag", "v1.2.0"), "--repository", "contoso/triage"]) == 1
    assert words in capsys.readouterr().err
    assert not (project / "dist" / "release" / "SHA256SUMS").exists()


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_templates_are_kept_beside_each_other(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "t")
        monkeypatch.setenv(f"{name}_EMAIL", "t@example.com")
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--bare", "--quiet", str(remote))
    git(project, "init", "--quiet")
    git(project, "remote", "add", "origin", str(remote))
    release.collect("contoso/triage", "v1.2.0")
    assert release.main(["publish", "--tag", "v1.1.0"]) == 0
    assert release.main(["publish", "--tag", "v1.2.0"]) == 0
    assert release.main(["publish"]) == 0, "again, with the tag of this version"
    listed = git(remote, "ls-tree", "-r", "--name-only", release.BRANCH).split()
    assert listed == [
        f"{tag}/{name}" for tag in ("v1.1.0", "v1.2.0") for name in ("azuredeploy.json", "createUiDefinition.json")
    ]
    text = git(remote, "show", f"{release.BRANCH}:v1.2.0/azuredeploy.json")
    assert json.loads(text) == json.loads((project / "dist" / "release" / "azuredeploy.json").read_text())


FORM: dict[str, Any] = json.loads(release.FORM.read_text(encoding="utf-8"))["view"]


def test_the_form_asks_for_parameters_of_the_template() -> None:
    outputs = FORM["outputs"]
    assert outputs["kind"] == "Subscription"
    kinds = release.bicep_parameters(MAIN)
    required = {name for name in kinds if not re.search(rf"^param {name} \w+ =", MAIN, re.MULTILINE)}
    assert required <= outputs["parameters"].keys() <= kinds.keys()


def test_the_form_shows_what_its_outputs_read() -> None:
    shown = {(step["name"], one["name"]) for step in FORM["properties"]["steps"] for one in step["elements"]}
    read = set(re.findall(r"steps\('(\w+)'\)\.(\w+)", json.dumps(FORM)))
    assert read <= shown
    boxes = [
        one
        for step in FORM["properties"]["steps"]
        for one in step["elements"]
        if one["type"].endswith(("TextBox", "PasswordBox"))
    ]
    for box in boxes:
        re.compile(box["constraints"]["regex"])
        assert box["toolTip"].endswith(".")
    modes = next(one for step in FORM["properties"]["steps"] for one in step["elements"] if one["name"] == "etdMode")
    (allowed,) = re.findall(r"@allowed\(\[(.*)\]\)\nparam etdMode", MAIN)
    assert [one["value"] for one in modes["constraints"]["allowedValues"]] == re.findall(r"'(\w+)'", allowed)


TENANT, APP = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
WORKFLOW = "https://prod-1.westeurope.logic.azure.com/workflows/1?api-version=1&sp=%2Ftriggers&sig=a_b-c"


def given(**values: str) -> dict[str, Any]:
    """The form's outputs for what somebody chooses and types. What is not shown is null. Each value fits its box."""
    steps: dict[str, SimpleNamespace] = {}
    for step in FORM["properties"]["steps"]:
        names = steps[step["name"]] = SimpleNamespace()
        for one in step["elements"]:
            value = values.get(one["name"])
            if value is not None and "regex" in one.get("constraints", {}):
                assert re.search(one["constraints"]["regex"], value), one["name"]
            setattr(names, one["name"], value)
    known = {
        "steps": steps.__getitem__, "if_": lambda when, one, other: one if when else other, "empty": lambda one: not one,
        "equals": lambda one, other: one == other, "concat": lambda *parts: "".join(parts), "parse": json.loads,
        "coalesce": lambda one, other: other if one is None else one,
    }  # fmt: skip
    outputs: dict[str, str] = FORM["outputs"]["parameters"]
    return {
        name: eval(re.sub(r"\bif\(", "if_(", outputs[name][1:-1]), {"__builtins__": {}}, known)
        for name in ("etdApis", "notifications")
    }


FEED = {
    "tenantId": TENANT,
    "endpoint": "https://api.de.etd.cisco.com",
    "clientId": "c-1",
    "clientSecret": "p:a}'s",
    "apiKey": "k$1",
}


@pytest.mark.parametrize(
    "typed",
    [
        {"endpoint": "none", "channel": "none"},
        {**FEED, "channel": "none"},
        {**FEED, "expiresOn": "2027-11-20", "channel": "teams", "teamsUrl": WORKFLOW},
        {"endpoint": "none", "channel": "slack", "slackUrl": "https://hooks.slack.com/services/T0/B0/x"},
        {"endpoint": "none", "channel": "pagerduty", "routingKey": "0123456789abcdef0123456789abcdef"},
    ],
)
def test_the_service_takes_the_secrets_that_the_form_gives(typed: dict[str, str]) -> None:
    secrets = given(**{"tenantId": TENANT, **typed})
    settings = read_settings(
        {
            "TRIAGE_TENANTS": json.dumps([{"tenantId": TENANT, "etdAppId": APP}]),
            "ETD_APIS": secrets["etdApis"],
            "TRIAGE_NOTIFICATIONS": secrets["notifications"],
        },
        needs_storage=False,
    )
    read = [
        (
            one.endpoint,
            one.client_id,
            one.client_secret.get_secret_value(),
            one.api_key.get_secret_value(),
            str(one.expires_on or ""),
        )
        for one in settings.etd_apis
    ]
    wanted = [
        (*(FEED[name] for name in ("endpoint", "clientId", "clientSecret", "apiKey")), typed.get("expiresOn", ""))
    ]
    assert read == (wanted if "clientId" in typed else [])
    assert [one.kind.value for one in settings.notifications] == (
        [] if typed["channel"] == "none" else [typed["channel"]]
    )


def test_the_form_refuses_what_would_stop_the_start() -> None:
    boxes = {
        one["name"]: one["constraints"]["regex"]
        for step in FORM["properties"]["steps"]
        for one in step["elements"]
        if "regex" in one.get("constraints", {})
    }
    for name, text in (
        ("clientId", "a:b"), ("clientSecret", 'a"b'), ("apiKey", "a\\b"), ("apiKey", "a b"), ("expiresOn", "20/11/2027"),
        ("teamsUrl", "https://contoso.webhook.office.com/x?sig=1"), ("teamsUrl", WORKFLOW.partition("&sig")[0]), ("slackUrl", "http://a.example"),
    ):  # fmt: skip
        assert not re.search(boxes[name], text), name


def test_secrets_go_into_password_boxes_and_from_there_into_secure_parameters() -> None:
    secure = {name for name, kind in release.bicep_parameters(MAIN).items() if kind == "securestring"}
    assert secure == {"etdApis", "notifications"}
    boxes = {
        one["name"]
        for step in FORM["properties"]["steps"]
        for one in step["elements"]
        if one["type"].endswith("PasswordBox")
    }
    for name, output in FORM["outputs"]["parameters"].items():
        assert bool(boxes & set(re.findall(r"\.(\w+)", output))) is (name in secure), name
