"""The zip that is deployed: what is in it, and that the real worker runs the service from it, with nothing beside it.

The host of these tests has the package's own packages on its path, and links to what the sandbox needs beyond them:
what the package lacks, it lacks here too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

import httpx
import pytest
from azure.storage.queue import QueueClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.azurite import azurite
from sandbox.demo.failures import chosen
from sandbox.processes import child, started
from sandbox.tenant.world import World
from sandbox.tenant.world.samples import Sample
from tests.tools.locks import deployed_environment, pins
from tools import package
from tools.graph_modules import imported_by_triage

ROOT = package.ROOT
SANDBOX_NEEDS = ("azure-functions-runtime", "croniter", "pyyaml")
RUN = "import runpy, sys; sys.path[:0] = sys.argv[1].split(':'); del sys.argv[1]; runpy.run_module({!r}, run_name='__main__')"
QUICK = {
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.200",
}

runs_here = pytest.mark.skipif(
    sys.version_info[:2] != package.PYTHON or sys.platform != "linux",
    reason="compiled modules and binary wheels are for the function app's Python and system",
)


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new package, or the one that TRIAGE_PACKAGE names: the release workflow tests what it releases."""
    if given := os.environ.get("TRIAGE_PACKAGE"):
        return ROOT / given
    return package.build(tmp_path_factory.mktemp("dist") / "triage.zip")


@pytest.fixture(scope="module")
def unpacked(zipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wwwroot")
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def path(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the platform has on the path of the worker, and links to what the sandbox needs that is not deployed."""
    deployed = unpacked / package.SITE_PACKAGES
    links = tmp_path_factory.mktemp("links")
    (links / "sandbox").symlink_to(ROOT / "sandbox")
    for found in _distributions(SANDBOX_NEEDS):
        for file in found.files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (deployed / top).exists() and not (links / top).exists():
                (links / top).symlink_to(Path(str(found.locate_file(top))))
    return os.pathsep.join((str(unpacked), str(deployed), str(links)))


def _distributions(names: tuple[str, ...], seen: set[str] | None = None) -> Iterator[Distribution]:
    """The distributions with these names and all that they need."""
    seen = set() if seen is None else seen
    for name in names:
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # needed on another system only
        yield found
        needs = [need for need in found.requires or () if "extra ==" not in need]
        yield from _distributions(tuple(re.split(r"[^\w.-]", need)[0] for need in needs), seen)


@cache
def names(zipped: Path) -> set[str]:
    return set(zipfile.ZipFile(zipped).namelist())


def own(zipped: Path) -> set[str]:
    """The service's own files, without compiled modules."""
    return {name for name in names(zipped) if not name.startswith(".python_packages/") and "__pycache__" not in name}


def tracked(*arguments: str) -> set[str]:
    done = subprocess.run(["git", "ls-files", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def test_only_what_the_service_runs_on_is_in_it(zipped: Path) -> None:
    assert {name.split("/")[0] for name in names(zipped)} - {"__pycache__"} == {
        "function_app.py", "host.json", "triage", ".python_packages",
    }  # fmt: skip
    assert not [name for name in names(zipped) if name.startswith("triage/cli")]
    assert {"triage/wire.py", "triage/graph/session.py", "triage/api/examples.json"} <= names(zipped)


def test_funcignore_leaves_the_same_files(zipped: Path) -> None:
    """For those who deploy with Core Tools: what .funcignore keeps is what is in the package."""
    ignored = tracked("--cached", "--ignored", "--exclude-from=.funcignore")
    assert tracked() - ignored - {"requirements.txt"} == own(zipped) & tracked()


@runs_here
def test_every_module_is_compiled(zipped: Path) -> None:
    modules = {name for name in names(zipped) if name.endswith(".py")}
    for name in modules:
        folder, _, file = name.rpartition("/")
        compiled = f"{folder}/__pycache__/{file[:-3]}.cpython-313.pyc".lstrip("/")
        assert compiled in names(zipped), name


@runs_here
def test_the_same_sources_make_the_same_bytes(unpacked: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "another")]
    for folder in folders:
        for name in ("httpx", "anyio"):  # their sets come in another order in another process
            shutil.copytree(unpacked / package.SITE_PACKAGES / name, folder / name, ignore=_compiled)
        package._compile(folder)
    one, another = ({file.relative_to(folder): file.read_bytes() for file in _modules(folder)} for folder in folders)
    assert one == another
    assert len(one) > 50
    assert not [name for name, content in one.items() if str(tmp_path).encode() in content]


def _compiled(_: str, names: list[str]) -> list[str]:
    return ["__pycache__"] if "__pycache__" in names else []


def _modules(folder: Path) -> list[Path]:
    return list(folder.rglob("*.pyc"))


def test_it_is_small(zipped: Path) -> None:
    """The whole of msgraph-sdk has 16,741 modules and 169 MB; the service loads its transport and its errors."""
    graph = [name for name in names(zipped) if "/msgraph/" in name and name.endswith(".py")]
    assert 8 <= len(graph) < 20
    assert zipped.stat().st_size < 40e6


def test_binary_modules_are_the_platforms(zipped: Path) -> None:
    binaries = [name for name in names(zipped) if name.endswith((".so", ".pyd", ".dylib"))]
    assert binaries
    assert not [name for name in binaries if not re.search(r"\.(abi3|cpython-313-x86_64-linux-gnu)\.so$|\.libs/", name)]


def test_nothing_of_this_machine_is_in_it(zipped: Path) -> None:
    assert not [name for name in names(zipped) if name.endswith("/RECORD")], "it has the hashes of scripts"
    with zipfile.ZipFile(zipped) as archive:
        for name in archive.namelist():
            if not name.startswith(".python_packages/") or "/msgraph" in name:
                assert str(ROOT).encode() not in archive.read(name), name


def test_the_list_of_graph_modules_is_current() -> None:
    command = [sys.executable, "-m", "tools.graph_modules", "--print"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == package.GRAPH_MODULES.read_text(encoding="utf-8"), "run python -m tools.graph_modules"


def test_a_graph_module_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(package.PackageError, match=r"tools\.graph_modules"):
        package._trim(tmp_path)


def test_every_graph_module_that_triage_names_is_in_it(zipped: Path) -> None:
    for module in imported_by_triage():
        path = f"{package.SITE_PACKAGES}/{module.replace('.', '/')}"
        assert {f"{path}.py", f"{path}/__init__.py"} & names(zipped), module


def test_the_packages_are_those_of_the_lock(unpacked: Path) -> None:
    found = {canonicalize_name(one.name): one.version for one in deployed(unpacked)}
    assert found == pins(package.LOCK, deployed_environment())


def test_the_lock_lacks_nothing_that_a_package_needs(unpacked: Path) -> None:
    """pip takes the packages of the lock without looking at what they need."""
    locked = pins(package.LOCK, deployed_environment())
    for one in deployed(unpacked):
        for need in map(Requirement, one.requires or ()):
            if need.marker is None or need.marker.evaluate(deployed_environment() | {"extra": ""}):
                version = locked.get(canonicalize_name(need.name))
                assert version and need.specifier.contains(version, prereleases=True), f"{one.name} needs {need}"


def deployed(unpacked: Path) -> list[Distribution]:
    return list(distributions(path=[str(unpacked / package.SITE_PACKAGES)]))


def test_another_python_leaves_the_modules_uncompiled_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(package, "PYTHON", (3, 99))
    monkeypatch.setattr(package, "_site_packages", lambda: tmp_path / "packages")
    assert package.main(["--output", str(tmp_path / "triage.zip")]) == 0
    assert "Not compiled: only Python 3.99 can compile for the function app." in capsys.readouterr().out
    assert names(tmp_path / "triage.zip") == {path.as_posix() for path in package.own_files()}


@pytest.fixture
def locked_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project whose lock has one package, and that package on this machine. The test writes the lock."""
    with zipfile.ZipFile(tmp_path / "example_of_triage-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("example_of_triage.py", "")
        wheel.writestr(
            "example_of_triage-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: example-of-triage\nVersion: 1\n"
        )
        wheel.writestr(
            "example_of_triage-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("example_of_triage-1.dist-info/RECORD", "")
    (tmp_path / "triage" / "graph").mkdir(parents=True)
    monkeypatch.setattr(package, "ROOT", tmp_path)
    monkeypatch.setattr(package, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(package, "GRAPH_MODULES", tmp_path / "requirements.lock")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return Path(wheel.filename or "")


def test_a_package_is_taken_by_its_hash(locked_wheel: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(locked_wheel.read_bytes()).hexdigest()
    package.LOCK.write_text(f"example-of-triage==1 --hash=sha256:{digest}\n")
    package._install(tmp_path / "packages")
    assert (tmp_path / "packages" / "example_of_triage.py").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"example-of-triage==1 --hash=sha256:{'0' * 64}", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("example-of-triage==1", "Hashes are required"),
        (f"etd-triage-has-no-such-package==1 --hash=sha256:{'0' * 64}", "No matching distribution"),
    ],
)
def test_a_package_that_cannot_be_installed_is_an_error(
    locked_wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    package.LOCK.write_text(f"{line}\n")
    assert package.main(["--output", str(tmp_path / "triage.zip")]) == 1
    said = capsys.readouterr().err
    assert "pip could not install requirements.lock" in said and words in said
    assert not (tmp_path / "triage.zip").exists()
    assert not list((tmp_path / "dist").glob("packages-*"))


@runs_here
def test_every_cause_is_found_from_the_package(unpacked: Path, path: str) -> None:
    samples = chosen()
    with azurite() as storage, child("tenant", "--port", "0", environ={}) as tenant:
        settings = {
            "TriageStorage": storage.connection_string,
            "TRIAGE_TENANTS": json.dumps(World.load().triage_tenants()),
            "GRAPH_ENDPOINT": tenant.wait_for(r"^Graph listening at (http://\S+)")[1],
            **QUICK,
        }
        command = [sys.executable, "-I", "-S", "-c", RUN.format("sandbox"), path]
        command += ["host", "--app", str(unpacked), "--driver", "worker", "--port", "0"]
        with started(command, environ=settings) as host:
            address = host.wait_for(r"^Host listening at (http://\S+)$", 60)[1]
            with httpx.Client(base_url=address, timeout=30) as http:
                assert http.get("/api/health").json()["checks"]["storage"]["status"] == "ok"
                audits = http.post("/api/audits", json={}).raise_for_status().json()["value"]
                assert {audit["verdict"] for audit in audits} >= {"healthy", "broken"}
                findings = _triaged(http, storage.connection_string, samples)
    wrong = {
        sample.name: findings[sample.name]
        for sample in samples
        if findings[sample.name] != sample.expect.get("cause", findings[sample.name])
    }
    assert wrong == {}
    for line in host.output.splitlines():
        assert "ModuleNotFoundError" not in line and "ImportError" not in line, line


def _triaged(http: httpx.Client, connection_string: str, samples: list[Sample]) -> dict[str, str]:
    """The cause that each sample's finding names, by the sample's name."""
    answer = http.post("/api/failures", json=[sample.failure for sample in samples]).raise_for_status().json()
    ids = [one["findingId"] for one in answer["accepted"]]
    deadline = time.monotonic() + 120
    with QueueClient.from_connection_string(connection_string, "remediation-failures") as queue:
        while queue.get_queue_properties().approximate_message_count:
            assert time.monotonic() < deadline
            time.sleep(0.25)
    causes = {finding["id"]: finding["cause"] for finding in _findings(http)}
    assert set(ids) <= causes.keys()
    return {sample.name: causes[id] for sample, id in zip(samples, ids, strict=True)}


def _findings(http: httpx.Client) -> Iterator[dict[str, str]]:
    page = http.get("/api/findings", params={"top": 1000}).raise_for_status().json()
    yield from page["value"]
    while "nextLink" in page:
        page = http.get(page["nextLink"]).raise_for_status().json()
        yield from page["value"]


EVERYTHING = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
before = set(sys.path)
sys.path[:0] = [sys.argv[1], sys.argv[2]]
for file in sorted((root / "triage").rglob("*.py")):
    parts = file.relative_to(root).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
import function_app, azure.identity.aio, azure.data.tables.aio, azure.storage.queue.aio, httpx, msgraph
print(*sorted({getattr(module, "__file__", None) or "" for module in sys.modules.values()}), sep="\\n")
"""


@runs_here
def test_every_module_of_the_service_can_be_imported_from_it_alone(unpacked: Path) -> None:
    environ = {
        "TriageStorage": "UseDevelopmentStorage=true",
        "TRIAGE_TENANTS": json.dumps(World.load().triage_tenants()),
    }
    deployed = unpacked / package.SITE_PACKAGES
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", EVERYTHING, str(unpacked), str(deployed)],
        cwd=unpacked, env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    elsewhere = [file for file in done.stdout.split("\n") if "site-packages" in file and str(deployed) not in file]
    assert elsewhere == []
    assert f"{deployed}/msgraph/graph_service_client.py" in done.stdout
