"""What azd runs (the hooks in azure.yaml): `python -m tools.azd prepare|package|grant|remove`.

It needs Python 3.11 or newer and nothing installed, and works on Linux, macOS and Windows. azd gives the variables of its
environment: the values that `azd env set` stored, and the outputs of infra/main.bicep.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from tools import package

FOLDER = package.ROOT / "dist" / "app"
"""What azd uploads: `dist` in azure.yaml."""
PERMISSIONS = "infra/scripts/graph-permissions.sh"


class HookError(RuntimeError):
    """A hook can't do its work; the text says what to do."""


def prepare() -> None:
    """Before azd creates resources: refuses what can't work, and does what a template can't.

    Network subnets are delegated to Microsoft.App, and Azure registers only the providers of the template's own resources.
    """
    if os.environ.get("TRIAGE_AUTH") == "easyauth" and not os.environ.get("TRIAGE_SIGN_IN_CLIENT_ID"):
        raise HookError(
            "TRIAGE_AUTH is easyauth, but TRIAGE_SIGN_IN_CLIENT_ID is not set. Deploy with keys first, then run "
            "infra/scripts/sign-in-app.sh and set both (docs/deploy.md, Sign-in)."
        )
    if os.environ.get("TRIAGE_PRIVATE_NETWORKING", "").lower() == "true":
        subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", "")
        of = ["--subscription", subscription] if subscription else []
        _run("az", "provider", "register", "--namespace", "Microsoft.App", "--wait", *of)
    if not os.environ.get("TRIAGE_RUNBOOK_URL") and (address := runbook_address(_remote())):
        _run("azd", "env", "set", "TRIAGE_RUNBOOK_URL", address)


def runbook_address(remote: str) -> str | None:
    """Where people can read the runbook of a repository on GitHub, by the address that it was cloned from."""
    found = re.fullmatch(
        r"(?:https://|ssh://git@|git@)(?:[^@/]+@)?github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?", remote
    )
    return f"https://github.com/{found[1]}/blob/HEAD/docs/runbook.md" if found else None


def make_package() -> None:
    """Builds the package, or takes the one of a release that TRIAGE_PACKAGE names, and unpacks it for azd."""
    given = os.environ.get("TRIAGE_PACKAGE")
    zipped = Path(given) if given else package.build()
    if not zipfile.is_zipfile(zipped):
        raise HookError(f"TRIAGE_PACKAGE is {zipped}, which is not a zip file. Unset it, or download triage.zip again.")
    unpack(zipped)
    package.describe(zipped)


def unpack(zipped: Path, folder: Path = FOLDER) -> None:
    """Unpacks a package into a folder that azd zips again.

    Without a .funcignore in it, azd would leave out every __pycache__ (azd, createDeployableZip).
    """
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    (folder / ".funcignore").touch()


def grant() -> None:
    """Grants the service's identity its permissions on Microsoft Graph."""
    _in_tenant_of_deployment()
    _script("grant", "--sets", os.environ.get("TRIAGE_GRAPH_SETS") or "core")


def remove() -> None:
    """Removes them, before the identity is deleted."""
    _in_tenant_of_deployment()
    _script("remove")


def _in_tenant_of_deployment() -> None:
    deployed = os.environ.get("AZURE_TENANT_ID")
    signed_in = _run("az", "account", "show", "--query", "tenantId", "--output", "tsv").strip()
    if deployed and deployed != signed_in:
        raise HookError(
            f"the Azure CLI is signed in to tenant {signed_in}, and the deployment is in {deployed}. "
            f"Run: az login --tenant {deployed}, and then: azd hooks run postprovision"
        )


def _script(*arguments: str) -> None:
    done = subprocess.run([_bash(), PERMISSIONS, *arguments], cwd=package.ROOT, check=False)  # noqa: S603
    if done.returncode:
        raise HookError(
            f"{PERMISSIONS} {arguments[0]} failed (see above). After it is fixed: azd hooks run postprovision"
        )


def _bash() -> str:
    """bash, or on Windows the one that comes with Git: the one of WSL has no Azure CLI of Windows."""
    git = shutil.which("git") if sys.platform == "win32" else None
    found = str(Path(git).parents[1] / "bin" / "bash.exe") if git else shutil.which("bash")
    if not found or not Path(found).exists():
        raise HookError("bash is missing. On Windows, install Git (https://gitforwindows.org).")
    return found


def _remote() -> str:
    """The address that the project was cloned from, or an empty text."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "config", "--get", "remote.origin.url"]
    done = subprocess.run(command, cwd=package.ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def _run(program: str, *arguments: str) -> str:
    """The output of az or azd. HookError if it is not installed, or fails."""
    path = shutil.which(program)
    if path is None:
        raise HookError(f"{program} is missing. Install it (https://aka.ms/azure-cli), or use Azure Cloud Shell.")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        signed_out = " Run: az login" if "az login" in done.stderr else ""
        raise HookError(f"{program} {' '.join(arguments)} failed:{signed_out}\n{done.stderr.strip()}")
    return done.stdout


COMMANDS: dict[str, Callable[[], None]] = {
    "prepare": prepare,
    "package": make_package,
    "grant": grant,
    "remove": remove,
}


def main(arguments: list[str]) -> int:
    """Runs a hook. What is wrong is one text on standard error."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m tools.azd {'|'.join(COMMANDS)}\n")
        return 2
    if sys.version_info < package.OLDEST:
        sys.stderr.write(
            f"Python {'.'.join(map(str, package.OLDEST))} or newer is needed. Use Azure Cloud Shell, or install one.\n"
        )
        return 1
    try:
        COMMANDS[arguments[0]]()
    except (HookError, package.PackageError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
