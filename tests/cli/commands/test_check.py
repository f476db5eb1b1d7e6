"""`check`, by the real program, against the simulated tenant alone."""

from __future__ import annotations

import pytest

from sandbox.tenant.world import World
from tests.cli.program import InProcess, triage
from triage.finding import Finding

DORA = ("check", "--mailbox", "dora@contoso.com", "--error", "The Requested User is Invalid")
MONA = ("check", "--mailbox", "mona@contoso.com", "--error", "Resource is Not Found")


def test_a_failure_is_explained(graph: dict[str, str]) -> None:
    result = triage(*MONA, "--internet-message-id", "mona@mail.example", "--folder", "quarantine", settings=graph)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith("The message in mona@contoso.com is not in the Inbox")
    assert "can be opened  YES: in another folder ('Invoices'), not read" in result.out
    assert "cause          message_moved (confirmed), severity high" in result.out
    assert "1. Warn the person" in lines
    assert "   Get-InboxRule -Mailbox 'mona@contoso.com' -IncludeHidden |" in lines
    assert any(line.startswith("       Format-List Name, Enabled, ") for line in lines)
    assert "   yes      Does the mailbox answer?" in result.out
    assert "GET /" not in result.out


def test_the_graph_requests(graph: dict[str, str], in_process: InProcess) -> None:
    result = in_process(*DORA, "--requests", settings=graph)
    assert "   user: GET /users/dora%40contoso.com?" in result.out
    assert "-> 404 Request_ResourceNotFound" in result.out


def test_the_json_is_a_finding_and_nothing_else(graph: dict[str, str], in_process: InProcess) -> None:
    result = in_process(*DORA, "--json", settings=graph)
    assert result.code == 0
    assert result.err == ""
    finding = Finding.model_validate(result.json)
    assert (finding.cause, finding.failure.mailbox) == ("user_deleted", "dora@contoso.com")
    assert result.json == finding.wire()


def test_the_tenant_from_the_command_line(graph: dict[str, str], world: World, in_process: InProcess) -> None:
    contoso = world.tenants["contoso"]
    only = {"GRAPH_ENDPOINT": graph["GRAPH_ENDPOINT"]}
    tenant = ("--tenant", contoso.id.upper(), "--etd-app-id", contoso.etd_app_id)
    assert in_process(*DORA, *tenant, "--json", settings=only).json["cause"] == "user_deleted"


def test_what_could_not_be_determined(graph: dict[str, str], in_process: InProcess) -> None:
    result = in_process("check", "--mailbox", "sid@signed-out.example", "--error", "Unknown Reason", settings=graph)
    assert result.code == 3
    assert "Could not be determined" in result.out
    assert "AZURE_CLIENT_SECRET" in result.err
    forbidden = in_process(
        "check", "--mailbox", "mel@no-mail.example", "--error", "x", "--message-id", "1", settings=graph
    )
    assert forbidden.code == 3
    assert "mailbox: forbidden: the triage identity does not have Mail.ReadBasic.All" in forbidden.out
    assert "Grant Mail.ReadBasic.All to the triage identity" in forbidden.out


GUID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "--mailbox", "a@b.c"), 64, "Give --error or --error-code"),
        (("check", "--error", "x"), 64, "Missing option '--mailbox'"),
        (("check", "--mailbox", "nobody", "--error", "x"), 64, "--mailbox must be one mailbox address"),
        ((*DORA, "--tenant", "contoso"), 64, "--tenant must be a GUID"),
        ((*DORA, "--tenant", GUID), 64, f"--tenant {GUID} is not in TRIAGE_TENANTS"),
        ((*DORA, "--etd-app-id", GUID), 64, "--etd-app-id needs --tenant"),
        ((*DORA, "--tenant", GUID, "--etd-app-id", "x"), 64, "--etd-app-id must be a GUID"),
        ((*DORA, "--tenant", GUID, "--mode", "write"), 64, "Invalid value for '--mode'"),
        (("audit", "--tenant", "contoso"), 64, "--tenant must be a GUID"),
    ],
)
def test_wrong_options(
    graph: dict[str, str], in_process: InProcess, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = in_process(*arguments, settings=graph)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert "--help" in result.err


def test_missing_settings() -> None:
    result = triage(*DORA)
    assert (result.code, result.out) == (4, "")
    assert "TRIAGE_TENANTS is missing" in result.err
    assert "--etd-app-id" in result.err
