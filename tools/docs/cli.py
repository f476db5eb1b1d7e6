"""docs/cli.md: the commands and their options, from the command line itself."""

from __future__ import annotations

from typing import Any

import typer

from triage.cli.app import app

_ALL: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMANDS = {name: command for name, command in _ALL.items() if not command.hidden}


def commands() -> str:
    """A row for each command."""
    rows = ["| command | what it does | needs |", "|---|---|---|"]
    for name, command in COMMANDS.items():
        given = [one for one in command.params if not one.opts[0].startswith("-")]
        arguments = [one.metavar if one.required else f"[{one.metavar}]" for one in given]
        rows.append(f"| `{' '.join([name, *arguments])}` | {' '.join(command.help.split())} | {_needs(command)} |")
    return "\n".join(rows)


def _needs(command: Any) -> str:
    options = {parameter.name for parameter in command.params}
    if "url" in options:
        return "a deployment or storage" + ("; Graph with `--direct`" if "direct" in options else "")
    return "Graph" if "etd_app_id" in options else "storage"


def options() -> str:
    """A row for each option, with the commands that have it. Values of filters are in docs/api.md."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, command in COMMANDS.items():
        for one in command.params:
            if one.opts[0].startswith("-") and one.name != "help":
                names = ", ".join(f"`{option}`" for option in one.opts)
                found.setdefault((names, _meaning(one)), []).append(name)
    rows = ["| option | meaning | commands |", "|---|---|---|"]
    rows += [f"| {names} | {text} | {_commands(having)} |" for (names, text), having in found.items()]
    return "\n".join(rows)


def _meaning(option: Any) -> str:
    """The help without long lists of values, which `--help` has."""
    text = option.help.partition(" One of ")[0]
    return f"{text.partition(':')[0]}." if option.name == "columns" else str(text)


def _commands(having: list[str]) -> str:
    if len(having) == len(COMMANDS):
        return "all"
    if having == [name for name, command in COMMANDS.items() if "a deployment" in _needs(command)]:
        return "all that use a deployment"
    return ", ".join(f"`{name}`" for name in having)
