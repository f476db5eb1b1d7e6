"""Every command of every remedy: it connects to the right tenant, holds together, and shows before it deletes."""

from __future__ import annotations

import re
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.diagnosis.powershell import parse
from tests.factories import (
    APP_ID,
    MAILBOX,
    MESSAGE_ID,
    NOBODY,
    OTHER_TENANT_ID,
    TENANT_ID,
    answer,
    make_app,
    make_case,
    make_tenant,
    make_user,
    organization,
    principal,
    registration,
)
from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause
from triage.diagnosis.clouds import CLOUDS, GLOBAL, cloud_of
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.remedy import Action, actions, app_actions, fill, lack_action, placeholders
from triage.diagnosis.rule import RULES
from triage.diagnosis.shell import CMDLETS, Shell, cmdlets, connected
from triage.diagnosis.steps import Step
from triage.graph.evidence import Lack, Reason
from triage.graph.models.applications import ServicePrincipal
from triage.graph.models.directory import Recipient, TenantInformation, User, VerifiedDomain
from triage.intake.scenario import Scenario

CAUSES = [cause for cause in Cause if cause is not Cause.UNDETERMINED]
SUBJECT = "Your invoice"
CONNECTS = {
    Shell.GRAPH: f"Connect-MgGraph -TenantId '{TENANT_ID}' ",
    Shell.EXCHANGE: "Connect-ExchangeOnline ",
    Shell.COMPLIANCE: "Connect-IPPSSession ",
    Shell.ON_PREMISES: "Connect-ExchangeServer ",
}
# What changes or removes something that exists, and the cmdlet that shows it first.
DESTRUCTIVE = re.compile(r"\b(Remove|Disable|Clear|Search-Mailbox.*-DeleteContent|New-ComplianceSearchAction)\b")


def given(cause: Cause) -> Diagnosis:
    return Diagnosis(cause, RULES[cause].confidence, RULES[cause].severity, "")


def known_case(**changes: Any) -> Case:
    """A failure of which everything is known that a step may need."""
    failure = {"subject": SUBJECT, "occurred_at": "2026-11-19T08:00:00Z", **changes.pop("failure", {})}
    evidence: dict[str, Any] = {
        "app": make_app(deleted_service_principal=ServicePrincipal(id="deleted-app"), permissions=[]),
        "deleted_user": User(id="deleted-user"),
        "group": Recipient(id="group"),
        "domain_owner": TenantInformation(tenant_id=OTHER_TENANT_ID),
    }
    return make_case(Scenario.UNKNOWN_REASON, failure=failure, **{**evidence, **changes})


def all_commands(case: Case) -> list[tuple[str, str]]:
    """The title and the command of every step of every remedy, for this case."""
    found = [action for cause in CAUSES for action in actions(given(cause), case)]
    return [(action.title, action.command) for action in found if action.command]


def registrations() -> list[Any]:
    return [registration(), None, Reason.FORBIDDEN]


EVERY = [
    pytest.param(command, id=title)
    for title, command in dict.fromkeys(
        pair
        for place in registrations()
        for pair in all_commands(known_case(app=make_app(registration=place, permissions=[])))
    )
]


@pytest.mark.parametrize("command", EVERY)
def test_a_command_connects_first_and_names_the_role(command: str) -> None:
    first, *rest = command.split("\n")
    names = cmdlets(command)
    assert names, "no cmdlet of a known module"
    assert first.startswith(CONNECTS[CMDLETS[names[0]].shell])
    assert sum(line.startswith("# Role: ") for line in rest) == 1
    assert sum(line.startswith("Connect-") for line in command.split("\n")) == 1


@pytest.mark.parametrize("command", EVERY)
def test_a_command_holds_together_and_has_no_gap(command: str) -> None:
    parsed = parse(command)
    assert not re.search(r"\{[a-z_]+\}|\.\.\.|…", command)
    assert command == command.strip()
    # Pasted into a console, a question would take the next line for its answer.
    assert "Read-Host" not in parsed.code


@pytest.mark.parametrize("command", EVERY)
def test_every_cmdlet_is_in_the_table(command: str) -> None:
    """A name that is spelled wrong would not be one of a module, and not one of PowerShell's own either."""
    own = {"Where", "Select", "Format", "Sort", "ForEach", "Measure", "Start", "Get", "Write", "Out", "Connect", "New"}
    for name in re.findall(r"(?<![-\w])[A-Z][a-z]+-[A-Z][A-Za-z0-9]+", parse(command).code):
        assert name in CMDLETS or name.split("-")[0] in own, name


@pytest.mark.parametrize("cause", CAUSES)
def test_no_step_is_given_twice(cause: Cause) -> None:
    found = actions(given(cause), known_case())
    assert len({action.title for action in found}) == len(found)
    run = [action.command for action in found if action.command]
    assert len(set(run)) == len(run)


@pytest.mark.parametrize("cause", CAUSES)
def test_nothing_is_deleted_before_it_was_shown(cause: Cause) -> None:
    shown = ""
    for action in actions(given(cause), known_case()):
        for line in parse(action.command or "").code.split("\n"):
            if DESTRUCTIVE.search(line):
                assert re.search(r"\bGet-|-EstimateResultOnly", shown), line
            shown += line


def test_a_value_that_is_not_known_shows_and_is_asked_for() -> None:
    step = Step("Restore", "It was deleted.", command="Get-MgGroup -GroupId {group_id}")
    action = fill(step, {"tenant_id": TENANT_ID, "group_id": ""}, GLOBAL)
    assert action.command is not None
    assert action.command.endswith("Get-MgGroup -GroupId '<object ID of the group>'")
    assert action.detail.endswith("Before you run the command, replace <object ID of the group> in it.")
    full = fill(step, {"tenant_id": TENANT_ID, "group_id": "g"}, GLOBAL)
    assert full.detail == "It was deleted."


def test_a_link_with_a_gap_is_left_out() -> None:
    step = Step("Open", "", "{entra}#app/{sp_id}")
    assert fill(step, {"entra": "https://entra.example/", "sp_id": ""}, GLOBAL).url is None
    assert fill(step, {"entra": "", "sp_id": "o"}, GLOBAL).url is None
    assert fill(step, {"entra": "https://entra.example/", "sp_id": "o"}, GLOBAL).url == "https://entra.example/#app/o"


def test_the_permissions_of_several_cmdlets_are_asked_for_once() -> None:
    lines = connected("Get-MgApplication; Update-MgApplication; Get-MgUser", GLOBAL).split("\n")
    assert lines[0].endswith(" -Scopes 'Application.ReadWrite.All', 'User.Read.All' -NoWelcome")
    assert lines[1] == "# Role: Cloud Application Administrator"


def test_a_command_runs_in_one_shell() -> None:
    with pytest.raises(ValueError, match="one shell, not 2"):
        connected("Get-MgUser; Get-Mailbox", GLOBAL)
    with pytest.raises(ValueError, match="one shell, not 0"):
        connected("'Get-Mailbox'  # Get-Mailbox", GLOBAL)


@pytest.mark.parametrize(("endpoint", "graph", "exchange", "compliance"), [
    ("https://graph.microsoft.com", "", "", ""),
    ("https://graph.microsoft.us", " -Environment USGov", " -ExchangeEnvironmentName O365USGovGCCHigh",
     " -ConnectionUri https://ps.compliance.protection.office365.us/powershell-liveid/"
     " -AzureADAuthorizationEndpointUri https://login.microsoftonline.us/organizations"),
    ("https://dod-graph.microsoft.us", " -Environment USGovDoD", " -ExchangeEnvironmentName O365USGovDoD",
     " -ConnectionUri https://l5.ps.compliance.protection.office365.us/powershell-liveid/"
     " -AzureADAuthorizationEndpointUri https://login.microsoftonline.us/organizations"),
    ("https://microsoftgraph.chinacloudapi.cn", " -Environment China", " -ExchangeEnvironmentName O365China",
     " -ConnectionUri https://ps.compliance.protection.partner.outlook.cn/powershell-liveid"
     " -AzureADAuthorizationEndpointUri https://login.chinacloudapi.cn/organizations"),
])  # fmt: skip
def test_each_cloud_has_its_connect_line(endpoint: str, graph: str, exchange: str, compliance: str) -> None:
    cloud = CLOUDS[endpoint]
    assert connected("Get-MgUser", cloud).startswith(f"Connect-MgGraph -TenantId {{tenant_id}}{graph} -Scopes ")
    assert connected("Get-Mailbox", cloud).startswith(f"Connect-ExchangeOnline -ShowBanner:$false{exchange}  # ")
    line = f"Connect-IPPSSession -EnableSearchOnlySession -ShowBanner:$false{compliance}  # "
    assert connected("Get-ComplianceSearch", cloud).startswith(line)


def test_where_exchange_powershell_is_not_known_the_command_says_so() -> None:
    line = connected("Get-Mailbox", CLOUDS["https://graph.svc.sovcloud.fr"]).split("\n")[0]
    assert (
        line == "Connect-ExchangeOnline -ShowBanner:$false  # add the connection parameters that your cloud documents"
    )


@pytest.mark.parametrize(("endpoint", "authority", "environment"), [
    ("https://graph.microsoft.us", "https://login.microsoftonline.us", "USGov"),
    ("https://dod-graph.microsoft.us", "https://login.microsoftonline.us", "USGovDoD"),
    ("http://127.0.0.1:8086", "https://login.microsoftonline.com", "Global"),  # a simulated tenant
    ("https://graph.example", "https://login.chinacloudapi.cn", "China"),
    ("https://graph.example", "https://login.example", None),
])  # fmt: skip
def test_the_cloud_is_that_of_the_graph_root_or_else_of_the_sign_in(
    endpoint: str, authority: str, environment: str | None
) -> None:
    assert cloud_of(make_tenant().at(authority, endpoint)).environment == environment


def links(case: Case) -> dict[str, str]:
    return {action.title: action.url for cause in CAUSES for action in actions(given(cause), case) if action.url}


def test_links_open_the_tenant_that_is_meant() -> None:
    named = organization("contoso.com").model_copy(
        update={"verified_domains": [VerifiedDomain(name="contoso.onmicrosoft.com", is_initial=True)]}
    )
    for title, url in links(known_case(organization=named)).items():
        meant = OTHER_TENANT_ID if title == "Consent in the other tenant" else TENANT_ID
        assert meant in url or "delegatedOrg=contoso.onmicrosoft.com#" in url, (title, url)


def test_links_are_in_the_tenants_cloud_and_are_left_out_where_no_portal_is_known() -> None:
    high = make_tenant().at("https://login.microsoftonline.us", "https://graph.microsoft.us")
    hosts = {url.split("/")[2] for url in links(known_case(tenant=high)).values()}
    assert hosts == {
        "entra.microsoft.us", "portal.office365.us", "admin.exchange.office365.us", "login.microsoftonline.us",
        "security.microsoft.us",
    }  # fmt: skip
    bleu = make_tenant().at("https://login.sovcloud-identity.fr", "https://graph.svc.sovcloud.fr")
    assert {url.split("/")[2] for url in links(known_case(tenant=bleu)).values()} == {"login.sovcloud-identity.fr"}


def test_what_the_finding_knows_is_filled_in() -> None:
    commands = " ".join(command for _, command in all_commands(known_case()))
    for value in (MAILBOX, MESSAGE_ID, APP_ID, "deleted-user", "deleted-app", "group"):
        assert f"'{value}'" in commands, value


def test_the_triage_identitys_grant_names_the_tenant() -> None:
    lack = Lack(check="mailbox", reason=Reason.FORBIDDEN, permission="Mail.ReadBasic.All")
    assert (lack_action(lack, make_tenant()).command or "").startswith(f"Connect-MgGraph -TenantId '{TENANT_ID}' ")
    assert (lack_action(lack).command or "").startswith("Connect-MgGraph -TenantId '<tenant ID>' ")


# What a sender may write: quotes of every kind, dollars, backticks, semicolons, braces, line ends, terminal controls.
HOSTILE = st.text(st.sampled_from("'‘’‚‛\"“$`();{}|&\n\r\x1b\x03\u2028 @<>#a"), max_size=12)
PLAIN = "value"


def shape(action: Action) -> tuple[str, int]:
    parsed = parse(action.command or "")
    return parsed.code, len(parsed.strings)


@hypothesis.given(value=HOSTILE, cause=st.sampled_from(CAUSES))
def test_no_value_leaves_its_quotes(value: str, cause: Cause) -> None:
    names = [placeholders(text) for step in RULES[cause].remedy for text in (step.detail, step.url, step.command)]
    every = set[str]().union(*names) | {"tenant_id", "organization"}

    def filled(text: str) -> list[Action]:
        values = {name: (text, text) if name == "permissions" else text or PLAIN for name in every}
        return [fill(step, values, GLOBAL) for step in RULES[cause].remedy]

    for hostile, plain in zip(filled(value), filled(PLAIN), strict=True):
        assert shape(hostile) == shape(plain)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", hostile.command or "")


@hypothesis.given(hostile=HOSTILE, local=st.text(st.sampled_from("o'‘’‚‛`${}&|#%a"), max_size=8).map("x{}".format))
@hypothesis.settings(max_examples=25)
def test_hostile_mail_stays_in_its_quotes_in_every_command(hostile: str, local: str) -> None:
    failure = {"mailbox": f"{local}@contoso.com", "subject": f"x{hostile}", "internet_message_id": f"<x{hostile}@y>"}
    attacked, plain = known_case(failure=failure, **NOBODY), known_case(failure={"subject": PLAIN}, **NOBODY)
    for cause in CAUSES:
        pairs = zip(actions(given(cause), attacked), actions(given(cause), plain), strict=True)
        assert all(shape(bad) == shape(good) for bad, good in pairs)


def test_a_mailbox_with_a_quote_in_a_filter_is_quoted_twice() -> None:
    case = make_case(failure={"mailbox": "o'neil@contoso.com"}, **NOBODY)
    found = [action.command or "" for action in actions(given(Cause.USER_NOT_FOUND), case)]
    assert "mail eq 'o''neil@contoso.com'" in parse(found[0]).strings
    assert "-Filter ('mail eq ''o''''neil@contoso.com''' + ' or ' + " in found[0]


@pytest.mark.parametrize(("subject", "phrase"), [
    ("Your invoice", '"Your invoice"'),
    ('A "quoted" word', '"A quoted word"'),
    ("“Curly” and „low‟", '"Curly and low"'),
    ("All of them*", '"All of them"'),
    ("x\" OR From:ceo@contoso.com OR \"y", '"x OR From:ceo@contoso.com OR y"'),
    ("O'Neil’s mail", '"O\'Neil’s mail"'),
])  # fmt: skip
def test_a_subject_in_a_keyword_query_is_one_phrase(subject: str, phrase: str) -> None:
    step = Step("Search", "", command="New-ComplianceSearch -ContentMatchQuery {subject:kql}")
    found = parse(fill(step, {"tenant_id": TENANT_ID, "subject": subject}, GLOBAL).command or "")
    assert found.strings[-1] == phrase


def test_an_audits_commands_connect_too() -> None:
    app = make_app(service_principal=principal(), registration=registration())
    for cause in CAUSES:
        for action in app_actions(cause, make_tenant(), app, known_case().evidence.now, ("Mail.ReadWrite",)):
            if action.command:
                parse(action.command)
                assert action.command.startswith("Connect-")


def test_the_user_is_named_by_upn() -> None:
    person = make_user(user_principal_name="adele.vance@contoso.com")
    case = known_case(user=None, alias=answer("alias", person), deleted_user=None)
    commands = [action.command or "" for action in actions(given(Cause.MAILBOX_UNLICENSED), case)]
    assert any("-UserId 'adele.vance@contoso.com'" in command for command in commands)
