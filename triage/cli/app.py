"""The commands with their examples, and how a run ends: an exit code, and after an error one text."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from triage.cli.commands.audit import audit
from triage.cli.commands.audits import audits
from triage.cli.commands.check import check
from triage.cli.commands.coverage import coverage
from triage.cli.commands.doctor import doctor
from triage.cli.commands.exposures import exposures
from triage.cli.commands.feeds import feeds, poll
from triage.cli.commands.finding import finding
from triage.cli.commands.findings import findings
from triage.cli.commands.incident_steps import acknowledge, reopen, resolve, suppress
from triage.cli.commands.incidents import incidents
from triage.cli.commands.notifications import notifications
from triage.cli.commands.rebuild import rebuild
from triage.cli.commands.recheck import recheck
from triage.cli.commands.rejected import rejected
from triage.cli.commands.retriage import retriage
from triage.cli.commands.submit import submit
from triage.cli.commands.summary import summary
from triage.cli.commands.watch import watch
from triage.cli.errors import CommandError, ExitCode, UsageError
from triage.cli.options import before_command, with_options
from triage.cli.show.terminal import say, tolerate_encodings

_INSTALLED = "etd-triage"
# bin/triage sets TRIAGE_PROGRAM to its own name.
PROGRAM = _INSTALLED if Path(sys.argv[0]).stem == _INSTALLED else os.environ.get("TRIAGE_PROGRAM") or "python -m triage"
# Shells complete a command by its name: etd-triage, or bin/triage.
_NAME = _INSTALLED if PROGRAM == _INSTALLED else "triage"
_COMPLETE = f"_{_NAME.replace('-', '_').upper()}_COMPLETE"

_log = logging.getLogger(__name__)

app = typer.Typer(
    help="Explains why Cisco Secure Email Threat Defense could not remediate a message in Microsoft 365, whether the "
    "message can still be opened, and what to do.",
    epilog="Exit codes: 0 done; 1, 2, 3 depend on the command; 4 the command failed; 64 wrong options.",
    callback=before_command,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

_EXAMPLES: dict[Callable[..., ExitCode], tuple[str, ...]] = {
    check: (
        'check --mailbox adele@contoso.com --error "The Requested User is Invalid"',
        'check --mailbox adele@contoso.com --error-code ErrorItemNotFound --internet-message-id "<a1@mail.example>"',
        "check --mailbox adele@contoso.com --error x --tenant GUID --etd-app-id GUID",
    ),
    audit: ("audit", "audit --tenant GUID --json", "audit --tenant GUID --etd-app-id GUID --mode read"),
    submit: (
        "submit failures.csv --dry-run",
        "submit failures.csv --zone Europe/Berlin --url https://my-triage.azurewebsites.net",
        "submit - --json < failures.ndjson",
    ),
    findings: (
        "findings --exposed true --since 24h",
        "findings --mailbox adele@contoso.com --all",
        "findings --severity critical --since 2026-11-20 --until 2026-11-21 --json",
        "findings --cause consent_missing --all --format csv --columns mailbox,subject,exposed,isRead",
    ),
    finding: ("finding 0b1f6c0e", "finding 0b1f6c0e --requests", "finding 0b1f6c0e --web"),
    exposures: ("exposures", "exposures --is-read true", "exposures --all --format csv"),
    incidents: ("incidents --state open,acknowledged", "incidents 8d3c5a27", "incidents --severity critical --web"),
    acknowledge: ('acknowledge 8d3c5a27 --note "I grant the consent"',),
    resolve: ("resolve 8d3c5a27 --reason fixed", 'resolve 8d3c5a27 --reason accepted --note "A known gap"'),
    reopen: ("reopen 8d3c5a27",),
    suppress: ('suppress 8d3c5a27 --reason "Migration" --until 7d',),
    recheck: ("recheck 8d3c5a27", "recheck --cause consent_missing --exposed true"),
    summary: ("summary", "summary --since 7d --json"),
    watch: ("watch", "watch --exposed true", "watch --json --last 0 >> findings.ndjson"),
    retriage: ("retriage 0b1f6c0e",),
    audits: ("audits --latest", "audits --tenant GUID --since 7d", "audits 5f0c2d1e"),
    coverage: (
        "coverage",
        "coverage start --tenant GUID",
        "coverage mailboxes --tenant GUID --changed new",
        "coverage 5f0c2d1e --cause mailbox_unlicensed --all --format csv",
        "coverage --direct --tenant GUID --etd-app-id GUID",
    ),
    feeds: ("feeds", "feeds --json"),
    poll: ("poll --once", "poll --once --tenant GUID"),
    rejected: ("rejected", "rejected --all --json"),
    notifications: ("notifications", "notifications --test soc"),
    doctor: ("doctor", "doctor --url https://my-triage.azurewebsites.net --json"),
    rebuild: ("rebuild", "rebuild --index"),
}


def _epilog(examples: tuple[str, ...]) -> str:
    """Typer joins lines but keeps paragraphs."""
    return "\n\n".join(["Examples:", *(f"{PROGRAM} {example}" for example in examples)])


for _command, _examples in _EXAMPLES.items():
    app.command(epilog=_epilog(_examples))(with_options(_command))
app.command("replay", hidden=True)(with_options(retriage))  # its name in version 1


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code. Any error is one text on standard error."""
    tolerate_encodings()
    # The SDKs' logs and the tracebacks below are hidden, unless --debug lowers the level.
    logging.basicConfig(level=logging.CRITICAL + 1, stream=sys.stderr)
    completing = _COMPLETE in os.environ or any("-completion" in argument for argument in arguments)
    command = typer.main.get_command(app)
    try:
        name = _NAME if completing else PROGRAM
        code = command.main(arguments, name, complete_var=_COMPLETE, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _usage(error.format_message().replace("Value error, ", "") or "Give a command.", arguments)
    except UsageError as error:
        return _usage(str(error), arguments)
    except CommandError as error:
        _log.exception("The command failed")
        say(str(error))
        return ExitCode.FAILED
    except (BrokenPipeError, SystemExit) as error:
        if not isinstance(error, BrokenPipeError) and not isinstance(error.__context__, BrokenPipeError):
            raise
        # The reader of the output (head, less) ended. The interpreter's last flush must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.NO_READER
    except Exception as error:
        _log.exception("The command failed")
        say(f"Unexpected error: {type(error).__name__}: {error}. Use --debug to see where.")
        return ExitCode.FAILED
    return int(code or ExitCode.OK)


def _usage(problem: str, arguments: list[str]) -> int:
    say(problem)
    names = {command.__name__ for command in _EXAMPLES}
    command = next((argument for argument in arguments if argument in names), None)
    of = f"{command} --help for its options" if command else "--help to list the commands"
    say(f"Run {PROGRAM} {of}.")
    return ExitCode.USAGE
