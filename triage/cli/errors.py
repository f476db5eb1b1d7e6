"""How a command ends: its exit code, and after an error one text that says what to do."""

from __future__ import annotations

from enum import IntEnum

from triage.problems import TriageError


class ExitCode(IntEnum):
    """The exit codes of every command (docs/cli.md). From 4 on, there is no answer."""

    OK = 0
    PARTLY = 1  # an app is degraded, or parts of a file were refused
    BROKEN = 2  # an app is broken
    UNKNOWN = 3  # the result is unknown, or did not come in time
    FAILED = 4  # the command failed
    USAGE = 64  # EX_USAGE of sysexits.h, and not 2, the code of a broken app
    INTERRUPTED = 130  # 128 + SIGINT: Ctrl-C. Typer returns it
    NO_READER = 141  # 128 + SIGPIPE: the reader of the output ended


class CommandError(TriageError):
    """The command failed. The text says why and what to do."""


class UsageError(CommandError):
    """An option is missing or wrong. The text names the option."""
