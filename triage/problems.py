"""What is wrong with what came in, and the errors that the service raises.

    TriageError
      + SettingsError              a setting is missing or wrong: the service does not start (settings)
      + InputError                 something that came in can't be read; it says where
        + IntakeError              a body or a queue message holds no failures (intake/json_text.py)
        + RequestError             an HTTP request can't be answered: 400, 404, 413 (api/responses.py)
      + AccessError                the caller is not signed in, or has no role for this: 401, 403 (api/access.py)
      + PlainError                 its text quotes nothing that came in: the host may log it (telemetry/errors.py)
        + TriageIncompleteError    evidence is missing for a passing reason: the queue message is tried again
                                   (operations/deliveries.py)
      + CommandError               a command of the CLI can't do its work (cli/errors.py and below it)

`Unread` (graph/evidence.py) is no error: it says that a decision needs an answer that could not be read, and
`diagnose` turns it into a finding. What Azure's SDKs raise for storage is azure.core's AzureError, everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place. `pointer` is a JSON pointer (RFC 6901), or the name of a query parameter."""

    pointer: str
    detail: str

    def wire(self) -> dict[str, str]:
        """As a member of `errors` in an RFC 9457 problem."""
        return asdict(self)


class TriageError(Exception):
    """An error that the service raises itself."""


class InputError(TriageError):
    """Something that came in can't be read. `problems` says what is wrong, and where."""

    def __init__(self, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.problems = list(problems)
