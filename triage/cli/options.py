"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from triage.cli.errors import UsageProblem
from triage.cli.times import instant

_SERVICE = "Which service (without --url: the account of TriageStorage)"
_OUTPUT = "Output"


class Exposed(StrEnum):
    """The values of the filter `exposed`."""

    TRUE = "true"
    FALSE = "false"
    NULL = "null"


def _words(name: str, text: str) -> list[str]:
    """What completes the value of a filter: imported only when a shell asks."""
    from triage.diagnosis.causes import Cause, Confidence, Severity
    from triage.intake.scenario import Scenario

    kinds = {"cause": Cause, "confidence": Confidence, "severity": Severity, "scenario": Scenario}
    return [str(value) for value in kinds[name] if str(value).startswith(text)]


def _causes(incomplete: str) -> list[str]:
    return _words("cause", incomplete)


def _confidences(incomplete: str) -> list[str]:
    return _words("confidence", incomplete)


def _severities(incomplete: str) -> list[str]:
    return _words("severity", incomplete)


def _scenarios(incomplete: str) -> list[str]:
    return _words("scenario", incomplete)


Url = Annotated[
    str | None,
    typer.Option(
        envvar="TRIAGE_URL",
        help="The function app's address, such as https://my-triage.azurewebsites.net.",
        rich_help_panel=_SERVICE,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="TRIAGE_KEY",
        help="A function key. Better in the environment than here: other users of this machine see arguments.",
        rich_help_panel=_SERVICE,
    ),
]
Scope = Annotated[
    str | None,
    typer.Option(
        envvar="TRIAGE_SCOPE",
        help="Sign in instead (az login), and ask for this scope: api://<client id>/.default.",
        rich_help_panel=_SERVICE,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="JSON on standard output, as the API has it.", rich_help_panel=_OUTPUT)
]
Debug = Annotated[bool, typer.Option("--debug", help="Logs and tracebacks on standard error.", rich_help_panel=_OUTPUT)]
Requests = Annotated[
    bool, typer.Option("--requests", help="Show what Graph was asked for each check.", rich_help_panel=_OUTPUT)
]

_FILTERS = "Filters"
TenantFilter = Annotated[
    str | None, typer.Option("--tenant-id", "--tenant", help="Of this tenant.", rich_help_panel=_FILTERS)
]
ScenarioFilter = Annotated[
    str | None,
    typer.Option("--scenario", help="Of this scenario.", autocompletion=_scenarios, rich_help_panel=_FILTERS),
]
CauseFilter = Annotated[
    str | None, typer.Option("--cause", help="With this cause.", autocompletion=_causes, rich_help_panel=_FILTERS)
]
SeverityFilter = Annotated[
    str | None,
    typer.Option("--severity", help="Of this severity.", autocompletion=_severities, rich_help_panel=_FILTERS),
]
ConfidenceFilter = Annotated[
    str | None,
    typer.Option("--confidence", help="Known this well.", autocompletion=_confidences, rich_help_panel=_FILTERS),
]
MailboxFilter = Annotated[str | None, typer.Option("--mailbox", help="In this mailbox.", rich_help_panel=_FILTERS)]
ExposedFilter = Annotated[
    Exposed | None,
    typer.Option("--exposed", help="The message can still be opened; null: not known.", rich_help_panel=_FILTERS),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="Occurred then or later: a time, a day, or how long ago: 90m, 24h, 7d.",
        rich_help_panel=_FILTERS,
    ),
]
Until = Annotated[
    str | None, typer.Option("--until", help="Occurred then or earlier, likewise.", rich_help_panel=_FILTERS)
]


def parameters(since: str | None, until: str | None, pairs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """The filters that were given, as the API's parameters; UsageProblem for a time that is none."""
    found = {name: value for name, value in pairs if value is not None}
    for name, text in (("since", since), ("until", until)):
        if text is not None:
            try:
                found[name] = instant(text, end=name == "until")
            except ValueError as error:
                raise UsageProblem(f"--{name} {error}.") from None
    return found
