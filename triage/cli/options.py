"""The options of several commands, each once, and how a command takes them.

A parameter of a command can stand for several options: its annotation is `Annotated[T, Options(...)]`, and
`with_options` replaces it with them. Those of lists are in queries.py.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer

from triage import __version__
from triage.cli import profiles
from triage.cli.client.graph import GraphTarget, graph_target
from triage.cli.client.service import Target
from triage.cli.errors import ExitCode
from triage.settings import Mode

_SERVICE = "Service (without --url: the storage account in TriageStorage)"
_TENANT = "Tenant"
OUTPUT = "Output"

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, as in the API.", rich_help_panel=OUTPUT)
]
Requests = Annotated[
    bool, typer.Option("--requests", help="Show the Graph request of each check.", rich_help_panel=OUTPUT)
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Print logs and tracebacks on standard error.", rich_help_panel=OUTPUT)
]
Web = Annotated[
    bool, typer.Option("--web", help="Open the page of the dashboard that shows it instead.", rich_help_panel=OUTPUT)
]


@dataclass(frozen=True, slots=True)
class Options:
    """Marks a parameter of a command that several options make. `make` takes their values by name."""

    options: tuple[inspect.Parameter, ...]
    make: Callable[..., Any]

    @classmethod
    def of(cls, make: Callable[..., Any]) -> Options:
        """The options that are the parameters of a function."""
        return cls(tuple(inspect.signature(make, eval_str=True).parameters.values()), make)


def with_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """The command as Typer reads it: each option of each `Options` is a parameter of its own, and so is --debug."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    shared = {
        parameter.name: mark
        for parameter in own
        for mark in getattr(parameter.annotation, "__metadata__", ())
        if isinstance(mark, Options)
    }

    @functools.wraps(command)
    def run(*, debug: bool, **given: Any) -> ExitCode:
        show_logs(debug)
        for name, mark in shared.items():
            given[name] = mark.make(**{option.name: given.pop(option.name) for option in mark.options})
        return command(**given)

    options = [option for one in own for option in (shared[one.name].options if one.name in shared else (one,))]
    options.append(inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Debug))
    keywords = [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
    cast("Any", run).__signature__ = inspect.Signature(keywords)
    return run


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"etd-triage {__version__}")
        raise typer.Exit


def before_command(
    debug: Debug = False,
    profile: Annotated[
        str | None,
        typer.Option(
            envvar="TRIAGE_PROFILE",
            help="A profile of your profiles.toml, which has the URL and the settings.",
            autocompletion=profiles.names,
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What holds for every command."""
    show_logs(debug)
    if profile:
        profiles.use(profile)


def show_logs(debug: Debug = False) -> None:
    """Shows logs and tracebacks on standard error if `debug` is set. They are hidden otherwise."""
    if debug:
        logging.getLogger().setLevel(logging.INFO)


def _target(
    url: Annotated[
        str | None,
        typer.Option(
            envvar="TRIAGE_URL",
            help="The function app's URL, such as https://my-triage.azurewebsites.net.",
            rich_help_panel=_SERVICE,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            envvar="TRIAGE_KEY",
            help="A function key. Prefer TRIAGE_KEY: other users of this machine can see arguments.",
            rich_help_panel=_SERVICE,
        ),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            envvar="TRIAGE_SCOPE",
            help="Sign in (az login) instead of using a key, with this scope: api://<client id>/.default.",
            rich_help_panel=_SERVICE,
        ),
    ] = None,
) -> Target:
    return Target(url, key, scope)


def tenant_option(text: str) -> Any:
    """An option that names a tenant."""
    return typer.Option("--tenant", "--tenant-id", help=text, rich_help_panel=_TENANT)


def _graph_target(
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant",
            "--tenant-id",
            help="The tenant's ID: one of TRIAGE_TENANTS, or any with --etd-app-id.",
            rich_help_panel=_TENANT,
        ),
    ] = None,
    etd_app_id: Annotated[
        str | None,
        typer.Option(
            help="The client ID of Email Threat Defense's app in the tenant, instead of TRIAGE_TENANTS.",
            rich_help_panel=_TENANT,
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="How the app was authorized (with --etd-app-id).", rich_help_panel=_TENANT)
    ] = Mode.READ_WRITE,
) -> GraphTarget:
    return graph_target(tenant, etd_app_id, mode)


ServiceOptions = Annotated[Target, Options.of(_target)]
GraphOptions = Annotated[GraphTarget, Options.of(_graph_target)]
