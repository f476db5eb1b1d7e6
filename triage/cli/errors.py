"""How a command ends: its exit code, and for a failure one text that says what to do."""

from __future__ import annotations

from enum import IntEnum

from triage.problems import TriageError


class ExitCode(IntEnum):
    """Exit codes of every command (docs/cli.md). 1, 2 and 3 are answers; from 4 on there is none."""

    OK = 0
    PARTLY = 1  # an app is degraded; some of a file was refused
    BROKEN = 2  # an app is broken
    UNKNOWN = 3  # it could not be determined, or not in time
    FAILED = 4  # the command could not do its work
    USAGE = 64  # EX_USAGE: not 2, the code of a broken app
    INTERRUPTED = 130  # 128 + SIGINT
    NO_READER = 141  # 128 + SIGPIPE: whoever read the output has gone


class CommandError(TriageError):
    """The command cannot do its work; the text says why and what to do."""


class UsageProblem(CommandError):
    """The command was not given what it needs; the text names the option."""
