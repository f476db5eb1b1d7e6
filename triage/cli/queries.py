"""The options of lists: filters, which come from the API's own table (api/filters.py), and how a list is shown."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from pydantic.alias_generators import to_snake

from triage.api.filters import AUDITS, EXPOSURES, INCIDENTS, MAILBOXES, NOTIFICATIONS, PARAMETERS, SUMMARY
from triage.cli.errors import UsageError
from triage.cli.options import OUTPUT, AsJson, Options, Web
from triage.cli.show import coverage, lists
from triage.cli.show.collection import Collection
from triage.cli.show.pages import Form, Listing
from triage.cli.times import instant
from triage.storage.query import FILTERS
from triage.storage.shards import BEGINNING
from triage.wire import epoch_ns

_FILTERS = "Filters"


def _listing(collection: Collection) -> Options:
    """How much of a collection is shown, and in which form."""
    names = collection.names

    def make(*, columns: str | None, **given: Any) -> Listing:
        return _form(**given, columns=_columns(columns, names))

    def complete(incomplete: str) -> list[str]:
        return _completed(incomplete, names)

    text = f"The columns to show, separated by commas: {', '.join(names)}."
    info = typer.Option("--columns", help=text, autocompletion=complete, rich_help_panel=OUTPUT)
    kind = inspect.Parameter.KEYWORD_ONLY
    option = inspect.Parameter("columns", kind, default=None, annotation=Annotated[str | None, info])
    others = list(Options.of(_form).options)[:-1]
    return Options((*others, option), make)


def _form(
    form: Annotated[
        Form, typer.Option("--format", help="The form of the list. CSV is as in the API.", rich_help_panel=OUTPUT)
    ] = Form.TABLE,
    as_json: AsJson = False,
    web: Web = False,
    top: Annotated[int, typer.Option("--top", min=1, help="The maximum number to show.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="Show all of them.")] = False,
    columns: tuple[str, ...] = (),
) -> Listing:
    return Listing(Form.JSON if as_json else form, None if everything else top, columns, web)


def _columns(text: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of columns, each once. UsageError if one is not known."""
    found = tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))
    for name in set(found) - set(known):
        close = get_close_matches(name, known, n=1)
        one = f"a known column (did you mean {close[0]}?)" if close else f"one of {', '.join(known)}"
        raise UsageError(f"--columns: {name} must be {one}.")
    return found


def _completed(incomplete: str, values: Iterable[str]) -> list[str]:
    """The values that the last of several can be."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{value}" for value in values if value.startswith(last)]


def _filters(*keys: str) -> Options:
    """The options of query parameters, by their keys in PARAMETERS; together they make the parameters of a request."""
    names = {_snake(key): key for key in keys}

    def make(**given: str | None) -> dict[str, str]:
        texts = {key: given[name] for name, key in names.items()}
        query = {PARAMETERS[key].name: _value(key, text) for key, text in texts.items() if text is not None}
        if {"since", "until"} <= query.keys() and epoch_ns(query["since"]) > epoch_ns(query["until"]):
            raise UsageError("--since must be before --until.")
        return query

    return Options(tuple(_filter(key) for key in keys), make)


def _filter(key: str) -> inspect.Parameter:
    """The option of a query parameter: `tenantId` is `--tenant-id`, or `--tenant` for short."""
    parameter = PARAMETERS[key]
    option = _option(key)
    short = [option.removesuffix("-id")] if option.endswith("-id") else []
    text = f"{parameter.description}."
    if parameter.values:
        text += f" One of {', '.join(parameter.values)}, or several, separated by commas."
    elif key in _TIMES:
        text += " A time, a day in UTC such as 2026-11-20, or how long ago: 90m, 24h, 7d."

    def complete(incomplete: str) -> list[str]:
        return _completed(incomplete, parameter.values)

    info = typer.Option(option, *short, help=text, autocompletion=complete, rich_help_panel=_FILTERS)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(_snake(key), kind, default=None, annotation=Annotated[str | None, info])


_TIMES = ("since", "until")
_OTHER_NAMES = {"scope": "about"}  # --scope is that of the sign-in
_PAGE = ("top", "table")  # what the options of a listing say


def _without_page(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if key not in _PAGE)


def _option(key: str) -> str:
    return f"--{_snake(key).replace('_', '-')}"


def _snake(key: str) -> str:
    return _OTHER_NAMES.get(key) or to_snake(PARAMETERS[key].name)


def _value(key: str, text: str) -> str:
    """The text as the API takes it; UsageError if it is wrong, before anything is sent."""
    try:
        if key in _TIMES:
            return instant(text, end=key == "until")
        if key == "incidentId" and BEGINNING.fullmatch(text):
            return text  # made whole by whoever asks
        return ",".join(PARAMETERS[key].kind.read(text))
    except ValueError as error:
        hint = " To see the IDs: audits --latest --columns tenantId,verdict." if key == "tenantId" else ""
        raise UsageError(f"{_option(key)} {error}.{hint}") from None


FindingFilters = Annotated[dict[str, str], _filters(*FILTERS)]
FindingQuery = Annotated[dict[str, str], _filters(*FILTERS, *_TIMES)]
SummaryQuery = Annotated[dict[str, str], _filters(*SUMMARY)]
IncidentQuery = Annotated[dict[str, str], _filters(*_without_page(INCIDENTS))]
ExposureQuery = Annotated[dict[str, str], _filters(*_without_page(EXPOSURES))]
AuditQuery = Annotated[dict[str, str], _filters(*_without_page(AUDITS))]
NotificationQuery = Annotated[dict[str, str], _filters(*_without_page(NOTIFICATIONS))]
FindingListing = Annotated[Listing, _listing(lists.FINDINGS)]
IncidentListing = Annotated[Listing, _listing(lists.INCIDENTS)]
ExposureListing = Annotated[Listing, _listing(lists.EXPOSURES)]
AuditListing = Annotated[Listing, _listing(lists.AUDITS)]
RejectedListing = Annotated[Listing, _listing(lists.REJECTED)]
NotificationListing = Annotated[Listing, _listing(lists.NOTIFICATIONS)]
MailboxQuery = Annotated[dict[str, str], _filters(*_without_page(MAILBOXES))]
MailboxListing = Annotated[Listing, _listing(coverage.MAILBOXES)]
