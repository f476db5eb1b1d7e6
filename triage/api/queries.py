"""Query parameters, read and checked; an unknown name or value is refused, since it would silently filter nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import azure.functions as func

from triage.addresses import guid, mailbox_address
from triage.api.responses import RequestError
from triage.audit.model import Verdict
from triage.diagnosis.causes import Cause, Confidence, Severity
from triage.intake.scenario import Scenario
from triage.problems import Problem
from triage.wire import epoch_ns

MAX_TOP = 1000
DEFAULT_TOP = 100


def _one_of(values: Iterable[str]) -> Callable[[str], str]:
    words = [str(value) for value in values]

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


def _top(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_TOP:
        raise ValueError(f"must be a whole number from 1 to {MAX_TOP}")
    return int(text)


def _instant(text: str) -> int:
    # A `+` that was not encoded arrives as a blank.
    return epoch_ns(text.replace(" ", "+") if "T" in text.upper() else text)


READERS: dict[str, Callable[[str], Any]] = {
    "tenantId": guid,
    "scenario": _one_of(Scenario),
    "cause": _one_of(Cause),
    "severity": _one_of(Severity),
    "confidence": _one_of(Confidence),
    "mailbox": mailbox_address,
    "exposed": _one_of(("true", "false", "null")),
    "verdict": _one_of(Verdict),
    "since": _instant,
    "until": _instant,
    "top": _top,
    "format": _one_of(("json", "csv", "ocsf")),
    "token": str,
}
# The function key may come as a parameter; the platform reads it.
_IGNORED = ("code", "clientid")


def read_query(request: func.HttpRequest, *names: str) -> dict[str, Any]:
    """The parameters of these names that were given, read; RequestError for any other, or where one is wrong."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in _given(request):
        if name in found:
            problems.append(Problem(name, "is given twice"))
        elif name not in names:
            problems.append(Problem(name, f"is no parameter here; there are {', '.join(names)}"))
        else:
            try:
                found[name] = READERS[name](text)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
    if problems:
        detail = "; ".join(f"{problem.pointer}: {problem.detail}" for problem in problems)
        raise RequestError(HTTPStatus.BAD_REQUEST, f"The query cannot be read. {detail}.", problems)
    return found


def _given(request: func.HttpRequest) -> list[tuple[str, str]]:
    """The parameters of a request, but for the function key. The host leaves out blank ones; the URL has them."""
    parameters = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    return [(name, text) for name, text in parameters if name.lower() not in _IGNORED]


def next_link(request: func.HttpRequest, token: str | None) -> str | None:
    """The URL of the next page. A function key is left out: links end up in logs."""
    if token is None:
        return None
    parameters = dict(_given(request)) | {"token": token}
    return urlunsplit(urlsplit(request.url)._replace(query=urlencode(parameters)))


def page(request: func.HttpRequest, rows: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    """A page of a collection; `nextLink` is there only where there is more."""
    link = next_link(request, token)
    return {"value": rows, "nextLink": link} if link else {"value": rows}
