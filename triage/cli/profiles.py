"""Named profiles: which deployment, storage account or tenants a command means, in a file of the person's own.

The file is TOML, a table for each profile with the variables that the command line reads (docs/cli.md). A variable of the
environment comes before the profile, and an option before both.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import cast

import typer

from triage.cli.errors import UsageError
from triage.settings import TABLE

FILE = "profiles.toml"
_OWN = {"TRIAGE_URL", "TRIAGE_KEY", "TRIAGE_SCOPE", "AZURE_CLIENT_CERTIFICATE_PATH"}
_READ = _OWN | {setting.name for settings in TABLE.values() for setting in settings}
_SECRETS = {"TRIAGE_KEY", "TriageStorage", "AZURE_CLIENT_SECRET", "TRIAGE_NOTIFICATIONS"}


def path() -> Path:
    """The file: TRIAGE_PROFILES, or profiles.toml in the folder that the system has for settings of programs."""
    return Path(os.environ.get("TRIAGE_PROFILES") or Path(typer.get_app_dir("etd-triage")) / FILE)


def names() -> list[str]:
    """The names of all profiles; none if there is no file, or if it can't be read."""
    try:
        return sorted(_profiles())
    except UsageError:
        return []


def use(name: str) -> None:
    """Puts the variables of a profile into the environment, unless they are set. UsageError if it can't be used."""
    profiles = _profiles()
    if name not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise UsageError(f"--profile: {path()} has no profile {name!r}. It has: {known}.")
    profile = profiles[name]
    for variable, value in profile.items():
        if variable not in _READ:
            raise UsageError(f"{path()}, profile {name}: {variable} is not a variable that the command line reads.")
        if not isinstance(value, str):
            raise UsageError(f"{path()}, profile {name}: {variable} must be a text in quotes.")
    _refuse_shared(profile)
    for variable, value in profile.items():
        os.environ.setdefault(variable, str(value))


def _profiles() -> dict[str, dict[str, object]]:
    try:
        read = tomllib.loads(path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path()} can't be read: {error}.") from None
    return {name: cast("dict[str, object]", table) for name, table in read.items() if isinstance(table, dict)}


def _refuse_shared(profile: dict[str, object]) -> None:
    """UsageError if the profile has a secret, and others on this machine can read the file."""
    if _SECRETS & profile.keys() and sys.platform != "win32" and path().stat().st_mode & 0o077:
        raise UsageError(f"{path()} has a secret, and others can read it. Run: chmod 600 {path()}")
