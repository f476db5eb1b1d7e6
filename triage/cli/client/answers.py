"""What the service answered, as JSON or as an error that says what to do."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from triage.cli.errors import CommandError
from triage.cli.show.terminal import harmless

Json = dict[str, Any]


class RefusedError(CommandError):
    """The service refused what it was sent. `errors` are the problem's: `[{"pointer", "detail"}]`."""

    def __init__(self, text: str, errors: list[dict[str, str]]) -> None:
        super().__init__(text)
        self.errors = errors


class NotFoundError(CommandError):
    """There is no such thing, or not yet."""


class UnreachableError(CommandError):
    """The service does not answer now; it may later."""


def read_answer(answer: httpx.Response) -> Json:
    """The JSON of a good answer; else a CommandError."""
    if answer.is_success:
        try:
            value: Any = answer.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise CommandError(_not_the_service(answer))
        return cast("Json", value)
    match answer.status_code:
        case 401:
            raise CommandError(
                "The service does not know who asks (401). Give a function key (--key or TRIAGE_KEY; in the Azure "
                "portal: the function app, App keys), or, where people sign in, --scope api://<client id>/.default."
            )
        case 403:
            raise CommandError(f"This is not allowed (403). {detail(answer)}")
        case 404 if _is_problem(answer):
            raise NotFoundError(detail(answer))
        case 400 | 413:
            problem: Json = answer.json() if _is_problem(answer) else {}
            raise RefusedError(detail(answer), problem.get("errors") or [])
        case status if status >= 500:
            raise CommandError(f"The service failed ({status}). {detail(answer)}")
        case _:
            raise CommandError(_not_the_service(answer))


def retry_after(text: str | None, waited: float) -> float:
    """Seconds to wait: those the service names (a number, or a date), else twice as long as so far."""
    if text and text.isascii() and text.strip().isdigit():
        return max(float(text), 0.5)
    try:
        moment = parsedate_to_datetime(text or "")
        return max(moment.timestamp() - time.time(), 0.5)
    except (ValueError, TypeError):
        return max(waited, 2.0)


def _is_problem(answer: httpx.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("application/problem+json")


def detail(answer: httpx.Response) -> str:
    """The service's own words, where it has some."""
    if not _is_problem(answer):
        return f"It says nothing more than {answer.status_code} {answer.reason_phrase}."
    try:
        return harmless(str(answer.json().get("detail") or answer.reason_phrase))
    except (ValueError, AttributeError):
        return answer.reason_phrase


def _not_the_service(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return "The service wants people to sign in. Give --scope api://<client id>/.default and sign in with az login."
    return f"What answers at {answer.url.host} ({answer.status_code}) is not the triage service. Check --url."


def unreachable(url: httpx.URL, error: httpx.HTTPError) -> str:
    """Why there is no answer at all."""
    host = url.netloc.decode()
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time. Try again; /api/health tells how the service is."
    return f"{host} cannot be reached ({harmless(str(error)) or type(error).__name__}). Check --url and the network."
