"""When no cause can be given: why something could not be known, and how to make it known."""

from __future__ import annotations

from typing import NamedTuple

from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import TRIAGE_AGAIN, Step
from triage.graph.evidence import Lack, Reason


class Unknown(NamedTuple):
    """Why something could not be known, within a sentence, and what to do. `{permission}` is the missing one."""

    why: str
    step: Step


_GRANT = Step(
    "Grant {permission} to the triage identity",
    "The service can't read what it needs to find the cause. Grant its identity this permission with type Application on Microsoft "
    f"Graph. {TRIAGE_AGAIN}",
    command="""$me = Get-MgServicePrincipal -Filter {identity:displayName eq}
$me | Format-Table DisplayName, AppId, Id
$graph = Get-MgServicePrincipal -Filter "appId eq '00000003-0000-0000-c000-000000000000'"
New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $me.Id -PrincipalId $me.Id -ResourceId $graph.Id `
    -AppRoleId ($graph.AppRoles | Where-Object Value -eq {permission}).Id""",
)
_LATER = Step("Triage again later", f"Graph could not answer at the time. {TRIAGE_AGAIN}")

FORBIDDEN = Unknown("the triage identity does not have {permission}", _GRANT)
FORBIDDEN_WITHOUT_NAME = Unknown("a read was forbidden", _LATER)
_UNKNOWN = {
    Reason.UNAUTHENTICATED: Unknown(
        "the triage identity could not sign in to the tenant",
        Step(
            "Check the sign-in of the triage identity",
            "It got no token for this tenant, or a token for another tenant. In Azure, check the managed identity or the "
            "app that AZURE_CLIENT_ID names, and its consent in this tenant.",
        ),
    ),
    Reason.UNSUPPORTED: Unknown(
        "Graph does not support one of the service's questions here",
        Step(
            "Decide from the other checks",
            "Microsoft Graph refuses a question of the service in this cloud or tenant, and will refuse it again. The "
            "check shows what it said. The other checks are still right.",
        ),
    ),
    Reason.TOO_MANY: Unknown(
        "the service has a limit",
        Step(
            "Check it manually",
            "There is more to read than the service reads for one failure, so another triage can't find out more. The "
            "check names the limit.",
        ),
    ),
    Reason.TENANT_NOT_CONFIGURED: Unknown(
        "its tenant is not in TRIAGE_TENANTS",
        Step(
            "Add the tenant",
            "Add the tenant with its Email Threat Defense app to TRIAGE_TENANTS, or correct the tenantId that the sender "
            f"sends. {TRIAGE_AGAIN}",
        ),
    ),
    Reason.NO_AUTH: Unknown(
        "Email Threat Defense has no app in the tenant (no_auth), and nothing else explains the failure",
        Step(
            "Remediate manually",
            "In this tenant, Email Threat Defense runs without Microsoft 365 authentication: it sees messages and can't "
            "move them. To let it remediate, authorize it in Configuration > Mail flow configuration, "
            "and set the mode.",
        ),
    ),
    Reason.POISON: Unknown(
        "every try to triage it failed",
        Step("Find out why triage failed", f"The function's log has the error of each try. {TRIAGE_AGAIN}"),
    ),
    Reason.THROTTLED: Unknown("Graph throttled the triage", _LATER),
    Reason.TIMEOUT: Unknown("Graph did not answer in time", _LATER),
    Reason.UNAVAILABLE: Unknown("Graph could not be reached, or its answer could not be understood", _LATER),
}


NOT_A_MESSAGE_ID = "internet_message_id"
"""The check of a lack: the failure's internetMessageId is none, so a search for it that finds nothing says nothing."""
_NO_MESSAGE_ID = Unknown(
    "the internetMessageId of the failure is not a message ID, so a search that finds nothing proves nothing",
    Step(
        "Send the Message-ID of the message",
        "It has the form <name@host>. Send the failure again with it, or search for the message by its subject and sender.",
    ),
)


def why(lack: Lack) -> str:
    """Why something could not be known, within a sentence: the words of its reason, and what Graph said about it."""
    words = unknown(lack).why.format(permission=lack.permission)
    return f"{words} ({lack.detail.rstrip('.')})" if lack.detail else words


def unknown(lack: Lack) -> Unknown:
    """Why something could not be known, and what to do about it."""
    if lack.check == NOT_A_MESSAGE_ID:
        return _NO_MESSAGE_ID
    if lack.reason is Reason.FORBIDDEN:
        return FORBIDDEN if lack.permission else FORBIDDEN_WITHOUT_NAME
    return _UNKNOWN[lack.reason]


@rule(
    Cause.UNDETERMINED, Subject.NONE, Confidence.UNDETERMINED, Severity.MEDIUM,
    title="The cause could not be determined",
    meaning="Needed evidence could not be read, so no cause is given: it would be a guess. The `reasons` of the "
    "finding name each thing that could not be read, and why.",
    recognized_by="A rule needed an answer that could not be read, and no cause above it was found.",
    remedy=tuple(dict.fromkeys(one.step for one in (FORBIDDEN, *_UNKNOWN.values(), _NO_MESSAGE_ID))),
)  # fmt: skip
def undetermined(_: Case) -> None:
    """Not looked for: `diagnose` gives it when it can't give another cause."""
