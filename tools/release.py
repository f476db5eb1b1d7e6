"""Makes a release: `python -m tools.release check|template|collect|publish`, as .github/workflows/release.yml runs it.

It needs no package but what it is given: the package (tools.package), the wheel, and infra/azuredeploy.json, which a Bicep
compiler made of infra/main.bicep. What it writes goes to dist/release.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any
from urllib.parse import quote

from tools.package import LOCK, OUTPUT, ROOT

FOLDER = ROOT / "dist" / "release"
COMPILED = ROOT / "infra" / "azuredeploy.json"
FORM = ROOT / "infra" / "createUiDefinition.json"
BRANCH = "templates"
"""Where the portal reads templates and forms: it can't read a release's files, whose host allows no other page."""


class ReleaseError(RuntimeError):
    """The release can't be made; the text says why."""


def version() -> str:
    """The version in pyproject.toml."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def check(tag: str) -> None:
    """ReleaseError if the tag is not that of this version, or the changelog has no section for it."""
    if tag != f"v{version()}":
        raise ReleaseError(f"the tag is {tag}, and pyproject.toml has version {version()}")
    notes(version())


def notes(of: str) -> str:
    """The changelog's section of a version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## \[{re.escape(of)}\].*?\n(.*?)(?=^## \[|\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no section [{of}]: rename [Unreleased], and start a new one")
    return found[1].strip()


def bicep_parameters(text: str) -> dict[str, str]:
    """The parameters of a Bicep file, and the type of each as a compiler writes it: a secret is a `securestring`."""
    found = re.findall(r"^(@secure\(\)\n)?param (\w+) (\w+)", text, re.MULTILINE)
    return {name: f"secure{kind}" if secure else kind for secure, name, kind in found}


def compare(compiled: dict[str, Any], bicep: str) -> None:
    """ReleaseError unless the compiled template has the parameters of the Bicep file, each with its type."""
    wanted = bicep_parameters(bicep)
    found = {name: str(one["type"]).lower() for name, one in compiled["parameters"].items()}
    if found != wanted:
        names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise ReleaseError(f"{COMPILED.name} is not that of main.bicep: {', '.join(names)}. Compile it again")


def template(compiled: dict[str, Any], repository: str, tag: str) -> dict[str, Any]:
    """The compiled template with the release's own package, and the runbook of its tag, as defaults."""
    parameters = {name: dict(one) for name, one in compiled["parameters"].items()}
    parameters["packageUri"]["defaultValue"] = f"https://github.com/{repository}/releases/download/{tag}/triage.zip"
    parameters["runbookUrl"]["defaultValue"] = f"https://github.com/{repository}/blob/{tag}/docs/runbook.md"
    return compiled | {"parameters": parameters}


def button(repository: str, tag: str) -> str:
    """The address that opens the portal with the template and the form of a release."""
    raw = f"https://raw.githubusercontent.com/{repository}/{BRANCH}/{tag}"
    template_url, form_url = (quote(f"{raw}/{file.name}", safe="") for file in (COMPILED, FORM))
    blade = "https://portal.azure.com/#blade/Microsoft_Azure_CreateUIDef/CustomDeploymentBlade"
    return f"{blade}/uri/{template_url}/uiFormDefinitionUri/{form_url}"


def components(lock: str) -> list[dict[str, Any]]:
    """The deployed packages with the hashes of their files, in the form of CycloneDX."""
    found: list[dict[str, Any]] = []
    for line in lock.replace("\\\n", " ").splitlines():
        if pinned := re.match(r"([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==([^\s;]+)", line):
            name, release = pinned[1].lower(), pinned[2]
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
            found.append({
                "type": "library", "name": name, "version": release, "purl": f"pkg:pypi/{name}@{release}",
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
            })  # fmt: skip
    return found


def bill_of_materials(lock: str, of: str) -> dict[str, Any]:
    """What is deployed, as a software bill of materials (CycloneDX 1.6)."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "etd-remediation-triage", "version": of}},
        "components": components(lock),
    }


def collect(repository: str, tag: str) -> None:
    """Puts every file of the release into dist/release, with their SHA-256 and the notes."""
    check(tag)
    compiled = json.loads(COMPILED.read_text(encoding="utf-8"))
    compare(compiled, (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in (OUTPUT, LOCK, FORM):
        shutil.copyfile(path, FOLDER / path.name)
    _write(COMPILED.name, json.dumps(template(compiled, repository, tag), indent=2) + "\n")
    bom = bill_of_materials(LOCK.read_text(encoding="utf-8"), version())
    _write("sbom.cdx.json", json.dumps(bom, indent=2) + "\n")
    files = sorted(path for path in FOLDER.iterdir() if path.name not in ("SHA256SUMS", "notes.md"))
    _write("SHA256SUMS", "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files))
    _write("notes.md", f"[Deploy to Azure]({button(repository, tag)})\n\n{notes(version())}\n")


def publish(tag: str, remote: str) -> None:
    """Adds the template and the form of a tag to the branch `templates` of a remote, and leaves the rest as it is."""
    _git("fetch", "--depth", "1", remote, f"+refs/heads/{BRANCH}:refs/heads/{BRANCH}", check=False)
    parent = _git("rev-parse", "--verify", "--quiet", f"refs/heads/{BRANCH}", check=False)
    blobs = [
        f"100644 blob {_git('hash-object', '-w', str(FOLDER / one.name))}\t{one.name}\n" for one in (COMPILED, FORM)
    ]
    tree = _git("mktree", text="".join(blobs))
    others = _git("ls-tree", parent).splitlines() if parent else []
    kept = [f"{line}\n" for line in others if line.partition("\t")[2] != tag]
    whole = _git("mktree", text="".join([*kept, f"040000 tree {tree}\t{tag}\n"]))
    commit = _git("commit-tree", whole, "-m", f"Add the template of {tag}", *(["-p", parent] if parent else []))
    _git("push", remote, f"{commit}:refs/heads/{BRANCH}")


def _git(*arguments: str, text: str | None = None, check: bool = True) -> str:
    command = [shutil.which("git") or "git", *arguments]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)  # noqa: S603
    if check and done.returncode:
        raise ReleaseError(f"git {arguments[0]} failed:\n{done.stderr}")
    return done.stdout.strip()


def _write(name: str, text: str) -> None:
    (FOLDER / name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Runs one step. What is wrong is one text on standard error."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("step", choices=["check", "template", "collect", "publish"])
    parser.add_argument("--tag", help="such as v1.2.0")
    parser.add_argument("--repository", help="owner/name on GitHub")
    parser.add_argument("--remote", default="origin")
    given = parser.parse_args(arguments)
    tag = given.tag or f"v{version()}"
    try:
        if given.step == "check":
            check(tag)
        elif given.step == "template":
            compiled = json.loads(COMPILED.read_text(encoding="utf-8"))
            compare(compiled, (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8"))
        elif given.step == "publish":
            publish(tag, given.remote)
        elif given.repository:
            collect(given.repository, tag)
        else:
            parser.error("collect needs --repository")
    except (ReleaseError, OSError) as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
