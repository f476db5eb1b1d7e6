"""The service's responses, as JSON or as an error that says what to do."""

from __future__ import annotations

from typing import Any, cast

import httpx

from triage.cli.errors import CommandError
from triage.cli.show.terminal import harmless
from triage.retry_after import seconds_to_wait

Json = dict[str, Any]

_NEEDS_KEY = (
    "The service needs a function key (401). Give it with TRIAGE_KEY or --key; in the Azure portal, the key is under "
    "App keys of the function app. Or sign in with az login, and give --scope api://<client id>/.default."
)
_KEY_REJECTED = (
    "The service rejected the function key (401). Check TRIAGE_KEY or --key: in the Azure portal, the key is under "
    "App keys of the function app."
)
_SIGN_IN_REJECTED = (
    "The service rejected the sign-in (401). Check --scope or TRIAGE_SCOPE, and that az login used the right tenant."
)
_PLATFORM_REFUSES = (
    "The platform refused it (403), not the service: the function app is stopped, or its access restrictions do not "
    "allow this machine. After a sign-in: the app that you signed in with is not in signInAllowedApplications."
)


class RefusedError(CommandError):
    """The service refused the request. `errors` are the problem's: `[{"pointer", "detail"}]`."""

    def __init__(self, text: str, errors: list[dict[str, str]]) -> None:
        super().__init__(text)
        self.errors = errors


class NotFoundError(CommandError):
    """The resource does not exist, or not yet."""


class UnreachableError(CommandError):
    """The service does not answer now, but might later."""


def read_answer(answer: httpx.Response) -> Json:
    """The JSON of a successful response; a CommandError for any other."""
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
            raise CommandError(_unauthorized(answer.request.headers))
        case 403 if not is_problem(answer):
            raise CommandError(_PLATFORM_REFUSES)
        case 403:
            raise CommandError(f"This is not allowed (403). {detail(answer)}")
        case 404 if is_problem(answer):
            raise NotFoundError(detail(answer))
        case 409 | 502 if is_problem(answer):
            raise CommandError(detail(answer))
        case 400 | 413:
            problem: Json = answer.json() if is_problem(answer) else {}
            raise RefusedError(detail(answer), problem.get("errors") or [])
        case status if status >= 500:
            raise CommandError(f"The service failed ({status}). {detail(answer)}")
        case _:
            raise CommandError(_not_the_service(answer))


def retry_after(header: str | None, waited: float) -> float:
    """Seconds to wait: those in the header; without it, as long as all waits so far."""
    seconds = seconds_to_wait(header)
    return max(waited, 2.0) if seconds is None else max(seconds, 0.5)


def _unauthorized(headers: httpx.Headers) -> str:
    if "x-functions-key" in headers:
        return _KEY_REJECTED
    return _SIGN_IN_REJECTED if "authorization" in headers else _NEEDS_KEY


def is_problem(answer: httpx.Response) -> bool:
    """Whether the service itself explains an error. The platform does not."""
    return answer.headers.get("content-type", "").startswith("application/problem+json")


def detail(answer: httpx.Response) -> str:
    """The service's explanation, or the status if there is none."""
    if not is_problem(answer):
        return f"It gives no reason beyond {answer.status_code} {answer.reason_phrase}."
    try:
        return harmless(str(answer.json().get("detail") or answer.reason_phrase))
    except (ValueError, AttributeError):
        return answer.reason_phrase


def _not_the_service(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return "The service needs a sign-in. Run az login, and give --scope api://<client id>/.default."
    empty = " If it is correct, the app has no functions: deploy it again." if answer.status_code == 404 else ""
    return f"{answer.url.host} answered ({answer.status_code}), but is not the triage service. Check --url.{empty}"


def unreachable(url: httpx.URL, error: httpx.HTTPError) -> str:
    """Why there is no response."""
    host = url.netloc.decode()
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time. Try again, or check /api/health."
    return f"{host} cannot be reached ({harmless(str(error)) or type(error).__name__}). Check --url and the network."
