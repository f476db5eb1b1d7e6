"""A question to Graph: one GET, and all that the service knows about it, above the function that makes its URL.

URLs are made the way msgraph-sdk's request builders make them (tests/graph/test_question_urls.py compares them).
Building one with the SDK takes half a millisecond, which is half of what a failure costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import wraps
from typing import ParamSpec
from urllib.parse import quote

from triage.graph.questions import absence

P = ParamSpec("P")


DIRECTORY = "directory"
# Paths below these have limits of their own.
_OTHER_WORKLOADS = ("admin", "security")


class Kind(StrEnum):
    """What the answer of a question means.

    yes_no: remediation needs the answer "yes". fact: no answer is wrong in itself, so only what was found counts.
    """

    YES_NO = "yes_no"
    FACT = "fact"


class ProbeWith(StrEnum):
    """What a question needs to be asked as a probe of its permission (probes.py)."""

    NOTHING = "nothing"
    PUBLIC_CLOUD = "public_cloud"  # nothing, and it is asked in the public cloud only
    USER = "user"
    DOMAIN = "domain"
    SERVICE_PRINCIPAL = "service_principal"


@dataclass(frozen=True, slots=True)
class Question:
    """One GET. `check` is its id in a finding, and `text` its sentence there.

    `url` is relative to `/v1.0`. `permission` is the least application permission that answers it (source: the
    Microsoft Graph permissions reference). `mailbox` is set for Outlook's workload, which Graph limits per mailbox.
    `absent` are the codes of a 404 that mean that there is none. `lacks` are properties that it would select, and that
    the tenant's cloud does not have.
    """

    check: str
    url: str
    permission: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    mailbox: str | None = None
    text: str = ""
    kind: Kind = Kind.YES_NO
    absent: frozenset[str] = absence.DIRECTORY
    lacks: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"GET {self.url}"

    @property
    def workload(self) -> str:
        """What Graph limits together: a mailbox, Exchange's own services (`admin`), or else the tenant's directory."""
        if self.mailbox is not None:
            return self.mailbox
        return next((name for name in _OTHER_WORKLOADS if self.url.startswith(f"/{name}/")), DIRECTORY)


QUESTIONS: dict[str, Question] = {}
"""Every question by its check, without a URL."""

PROBES: list[tuple[Callable[..., Question], ProbeWith]] = []
"""The questions that show whether the triage identity has their permission, and what each is asked with."""


def question(  # noqa: PLR0913 - a question is a record
    text: str,
    permission: str,
    *,
    kind: Kind = Kind.YES_NO,
    headers: dict[str, str] | None = None,
    outlook: bool = False,
    absent: frozenset[str] | None = None,
    probe_with: ProbeWith | None = None,
) -> Callable[[Callable[P, str]], Callable[P, Question]]:
    """Makes a function that returns a URL a question; the function's name is the id of its check.

    `outlook`: Outlook's workload answers it, and the first argument, given by position, is the mailbox.
    `absent`: the codes of a 404 that mean that there is none, if they are not the usual ones of the workload.
    `probe_with`: the question is also the probe of its permission, with this as its only argument.
    ValueError if there is a question with this id already.
    """

    def register(url: Callable[P, str]) -> Callable[P, Question]:
        check = url.__name__
        if check in QUESTIONS:
            raise ValueError(f"{check} is asked twice")
        codes = absent or (absence.MAILBOX if outlook else absence.DIRECTORY)
        template = QUESTIONS[check] = Question(check, "", permission, headers or {}, None, text, kind, codes)

        @wraps(url)
        def ask(*args: P.args, **kwargs: P.kwargs) -> Question:
            return replace(template, url=url(*args, **kwargs), mailbox=str(args[0]) if outlook else None)

        if probe_with is not None:
            PROBES.append((ask, probe_with))
        return ask

    return register


def segment(text: str) -> str:
    """Text as one segment of a path, or as one value of a query: everything with a meaning there is escaped."""
    return quote(text, safe="")


def literal(text: str) -> str:
    """A string literal in OData, where quotes are doubled."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
