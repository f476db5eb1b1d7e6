"""`check`, by the real program, against the simulated tenant alone."""

from __future__ import annotations

import pytest

from sandbox.tenant.world import World
from tests.cli.program import InProcess, triage
from triage.finding import Finding

DORA = ("check", "--mailbox", "dora@contoso.com", "--error", "The Requested User is Invalid")
MONA = ("check", "--mailbox", "mona@contoso.com", "--error", "Resource is Not Found")


def test_the_story_of_a_failure(graph: dict[str, str]) -> None:
    told = triage(*MONA, "--internet-message-id", "mona@mail.example", "--folder", "quarantine", settings=graph)
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0].startswith("The message in mona@contoso.com is no longer in the Inbox")
    assert "can be opened  YES: in another folder ('Invoices'), not read yet" in told.out
    assert "cause          message_moved (confirmed), severity high" in told.out
    assert "1. Tell the person not to open it" in lines
    assert "   Get-InboxRule -Mailbox 'mona@contoso.com'" in lines
    assert "   yes      Does the mailbox answer?" in told.out
    assert "GET /" not in told.out


def test_what_graph_was_asked(graph: dict[str, str], in_process: InProcess) -> None:
    told = in_process(*DORA, "--requests", settings=graph)
    assert "   user: GET /users/dora%40contoso.com?" in told.out
    assert "-> 404 Request_ResourceNotFound" in told.out


def test_json_is_the_finding_of_the_api_and_nothing_else(graph: dict[str, str]) -> None:
    told = triage(*DORA, "--json", settings=graph)
    assert told.code == 0
    assert told.err == ""
    finding = Finding.model_validate(told.json)
    assert (finding.cause, finding.failure.mailbox) == ("user_deleted", "dora@contoso.com")
    assert told.json == finding.wire()


def test_without_a_deployment_and_with_the_tenant_from_the_command_line(graph: dict[str, str], world: World) -> None:
    contoso = world.tenants["contoso"]
    only = {"GRAPH_ENDPOINT": graph["GRAPH_ENDPOINT"]}
    tenant = ("--tenant", contoso.id.upper(), "--etd-app-id", contoso.etd_app_id)
    assert triage(*DORA, *tenant, "--json", settings=only).json["cause"] == "user_deleted"


def test_what_cannot_be_known_is_said(graph: dict[str, str], in_process: InProcess) -> None:
    told = in_process("check", "--mailbox", "sid@signed-out.example", "--error", "Unknown Reason", settings=graph)
    assert told.code == 3
    assert "What could not be known" in told.out
    assert "AZURE_CLIENT_SECRET" in told.err
    lacking = in_process(
        "check", "--mailbox", "mel@no-mail.example", "--error", "x", "--message-id", "1", settings=graph
    )
    assert lacking.code == 3
    assert "mailbox: forbidden: the triage identity lacks Mail.ReadBasic.All" in lacking.out
    assert "Grant Mail.ReadBasic.All to the triage identity" in lacking.out


GUID = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("check", "--mailbox", "a@b.c"), 64, "Give --error or --error-code"),
        (("check", "--error", "x"), 64, "Missing option '--mailbox'"),
        (("check", "--mailbox", "nobody", "--error", "x"), 64, "--mailbox must be one mailbox address"),
        ((*DORA, "--tenant", "contoso"), 64, "--tenant-id must be a GUID"),
        ((*DORA, "--tenant", GUID), 64, f"--tenant {GUID} is none of TRIAGE_TENANTS"),
        ((*DORA, "--etd-app-id", GUID), 64, "--etd-app-id needs --tenant"),
        ((*DORA, "--tenant", GUID, "--etd-app-id", "x"), 64, "--etd-app-id must be a GUID"),
        ((*DORA, "--tenant", GUID, "--mode", "write"), 64, "Invalid value for '--mode'"),
        (("audit", "--tenant", "contoso"), 64, "--tenant must be a GUID"),
    ],
)
def test_options_that_are_wrong(
    graph: dict[str, str], in_process: InProcess, arguments: tuple[str, ...], code: int, said: str
) -> None:
    told = in_process(*arguments, settings=graph)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert "--help" in told.err


def test_settings_that_are_missing() -> None:
    told = triage(*DORA)
    assert (told.code, told.out) == (4, "")
    assert "TRIAGE_TENANTS is missing" in told.err
    assert "--etd-app-id" in told.err
