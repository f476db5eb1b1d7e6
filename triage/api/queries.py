"""The query of a request, read and checked; a page of a collection and the link to the next one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import azure.functions as func

from triage.api.access import Caller
from triage.api.filters import PARAMETERS
from triage.api.problem_types import ProblemType
from triage.api.responses import RequestError
from triage.problems import Problem

# The function key can be a parameter. The platform reads it.
_IGNORED = ("code", "clientid")


def read_query(request: func.HttpRequest, caller: Caller, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """The given parameters by name, each as its reader returns it. With `top`, there can also be a `token`.

    `tenantId` has the tenants that the caller may see, also if the request names none; it is left out if those are all.
    RequestError (400) if a value is wrong, or if there is any other parameter: ignored, it would filter nothing
    and nobody would notice. AccessError (403) if it names another tenant than the caller's.
    """
    readers: dict[str, Callable[[str], Any]] = {PARAMETERS[key].name: PARAMETERS[key].kind.read for key in names}
    if "top" in names:
        readers["token"] = _token
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in _given(request):
        if name in found:
            problems.append(Problem(name, "is given twice"))
        elif name not in readers:
            problems.append(Problem(name, f"is unknown; {_known(readers)}"))
        else:
            try:
                found[name] = readers[name](text)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
    if problems:
        detail = "; ".join(f"{problem.pointer}: {problem.detail}" for problem in problems)
        raise RequestError(ProblemType.INVALID_QUERY, f"The query cannot be read. {detail}.", problems)
    tenants = caller.chosen(found.get("tenantId"))
    return found if tenants is None else found | {"tenantId": tenants}


def _token(text: str) -> str:
    """The token of a page: part of a key of a table, which has no control characters and fewer than a thousand others."""
    if not re.fullmatch(r"[^\x00-\x1f\x7f-\x9f]{1,1000}", text):
        raise ValueError("is not the token of a page")
    return text


def _known(readers: dict[str, Callable[[str], Any]]) -> str:
    return f"the parameters are {', '.join(readers)}" if readers else "there are no parameters here"


def _given(request: func.HttpRequest) -> list[tuple[str, str]]:
    """The parameters of a request without the function key. The host leaves out blank ones, but the URL has them."""
    parameters = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    return [(name, text) for name, text in parameters if name.lower() not in _IGNORED]


def next_link(request: func.HttpRequest, token: str | None) -> str | None:
    """The URL of the next page, without the function key, because links end up in logs. None without a token."""
    if token is None:
        return None
    parameters = dict(_given(request)) | {"token": token}
    return urlunsplit(urlsplit(request.url)._replace(query=urlencode(parameters)))


def page(request: func.HttpRequest, rows: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    """A page of a collection, with `nextLink` if there is more."""
    return linked(request, {"value": rows}, token)


def linked(request: func.HttpRequest, answer: dict[str, Any], token: str | None) -> dict[str, Any]:
    """An answer, with `nextLink` if there is more."""
    link = next_link(request, token)
    return {**answer, "nextLink": link} if link else answer
