"""Errors on their way to the host and the log: without the words that they quote."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator
from contextlib import contextmanager

from triage.problems import TriageError
from triage.telemetry.instruments import Metric, count

_log = logging.getLogger(__name__)


class PlainError(TriageError):
    """An error whose text quotes nothing that came in, so that the host may log it."""


def safe_traceback(error: BaseException) -> str:
    """The type of an unexpected error and where it was raised. Its text is left out: it may quote a person's data."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(
        [type(error).__name__, *(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)]
    )


@contextmanager
def hide_error_text() -> Generator[None]:
    """Around a function that only the host calls: the host logs the text of every exception.

    An unexpected error is counted, logged without its text, and becomes a PlainError. A PlainError is neither: a try that
    goes back to the queue is no failure.
    """
    try:
        yield
    except PlainError:
        raise
    except Exception as error:
        count(Metric.ERRORS, error=type(error).__name__)
        _log.error("Unexpected error: %s", safe_traceback(error))
        raise PlainError(f"{type(error).__name__}. See the service's log for where it was raised.") from None
