"""The tree of the errors that the service raises, and what they say is wrong.

    TriageError
      + SettingsError              a setting is missing or wrong: the service does not start (settings)
      + InputError                 input can't be read; the error says where it is wrong
        + IntakeError              a body or a queue message can't be read as failures (intake/json_text.py)
        + RequestError             an HTTP request gets 400, 404 or 413 (api/responses.py)
        + OtherTenantError         a failure is not of the sender's tenants (operations/accept.py)
      + StateError                 the state of an incident does not allow an action (incidents/actions.py)
      + AccessError                the caller is not signed in, or may not do this: 401, 403 (api/access.py)
      + EtdError                   Email Threat Defense did not answer, and why (etd/errors.py)
      + BudgetSpentError           today's requests to Email Threat Defense are spent (feeds/budget.py)
      + PlainError                 its text quotes no input, so the host may log it (telemetry/errors.py)
        + TriageIncompleteError    evidence is missing for now: the queue message is tried again
                                   (operations/messages.py)
      + CommandError               a command of the CLI can't do its work (cli/errors.py)
        + UsageError               an option is missing or wrong
        + FileError                a file of failures can't be read (cli/files/record.py)
        + RefusedError             the service refuses the request (cli/client/answers.py)
        + NotFoundError            the service has no such thing (cli/client/answers.py)
        + UnreachableError         the service can't be reached (cli/client/answers.py)

`Unread` (graph/evidence.py) is not an error: it says that a decision needs an answer that could not be read, and
`diagnose` turns it into a finding. Errors of the storage account are azure.core's AzureError everywhere.
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
    """Input that can't be read. `problems` says what is wrong, and where."""

    def __init__(self, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.problems = list(problems)
