"""Is it a permission of the ETD app? Which required one is not granted, and why."""

from __future__ import annotations

from triage.diagnosis.app_state import principal_of
from triage.diagnosis.app_steps import AUTHORIZE, CHECK_PERMISSIONS, GRANT_CONSENT, GRANT_MISSING, REAUTHORIZE
from triage.diagnosis.case import Case, Match, listed
from triage.diagnosis.causes import Cause, Confidence, Severity, Subject
from triage.diagnosis.grants import PermissionState, granted_roles, required_states
from triage.diagnosis.portals import API_PERMISSIONS
from triage.diagnosis.rule import rule
from triage.diagnosis.steps import RETRY, Registration, Step
from triage.graph.evidence import AppEvidence
from triage.graph.permissions import PERMISSIONS
from triage.settings import Mode


@rule(
    Cause.CONSENT_MISSING, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("permissions", "registration"),
    title="No administrator consented to a permission that the app requests",
    meaning="The app's registration requests a permission that remediation needs, but it takes effect only after an "
    "administrator consents.",
    recognized_by="The registration requests a required permission with type Application, and the app has no app role "
    "assignment for it on Microsoft Graph.",
    remedy=(CHECK_PERMISSIONS, GRANT_CONSENT, REAUTHORIZE, GRANT_MISSING, RETRY),
)  # fmt: skip
def consent_missing(case: Case) -> Match | None:
    return _missing(
        case,
        PermissionState.CONSENT_MISSING,
        "requested by the app's registration with type Application, but no administrator has consented.",
    )


@rule(
    Cause.PERMISSION_DELEGATED_ONLY, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    rests_on=("permissions", "delegated_grants", "registration"),
    title="A permission of the app has type Delegated instead of Application",
    meaning="A delegated permission works only while a person is signed in. Remediation runs without one, so it needs "
    "the permission with type Application.",
    recognized_by="A required permission is requested or granted with type Delegated, and not granted with type "
    "Application.",
    remedy=(
        Step(
            "Add the permission with type Application",
            "In the app's registration, open API permissions > Add a permission > Microsoft Graph > Application "
            "permissions, and choose the permission. Type Delegated works only for a signed-in person.",
            API_PERMISSIONS,
            registration=Registration.HERE,
        ),
        GRANT_CONSENT,
        REAUTHORIZE,
        GRANT_MISSING,
        CHECK_PERMISSIONS,
        RETRY,
    ),
)  # fmt: skip
def permission_delegated_only(case: Case) -> Match | None:
    return _missing(
        case,
        PermissionState.DELEGATED_ONLY,
        "there with type Delegated only; remediation needs type Application.",
    )


@rule(
    Cause.PERMISSION_MISSING, Subject.ETD_APP, Confidence.CONFIRMED, Severity.CRITICAL,
    title="A permission that remediation needs is not granted to the app",
    meaning="To remediate, the app needs Mail.ReadWrite (in Read mode Mail.Read) and Organization.Read.All with type "
    "Application.",
    recognized_by="Neither a required permission nor one that includes it is granted with type Application on Microsoft "
    "Graph, and nothing shows that it was requested. If only a permission for mail is missing, this is probable.",
    could_also_be=(Cause.ACCESS_POLICY_BLOCKED, "RBAC for Applications, which can grant a permission for mail in Exchange, "
                   "where Graph does not show it"),
    remedy=(CHECK_PERMISSIONS, GRANT_CONSENT, REAUTHORIZE, GRANT_MISSING, RETRY),
)  # fmt: skip
def permission_missing(case: Case) -> Match | None:
    text = "not granted to the Email Threat Defense app with type Application on Microsoft Graph."
    found = _missing(case, PermissionState.MISSING, text)
    if found is None or not all(name.startswith("Mail.") for name in _names(case, PermissionState.MISSING)):
        return found
    unseen = " Unless RBAC for Applications grants it in Exchange, which Graph does not show, that is the cause."
    return Match(found.summary + unseen, Confidence.PROBABLE, (Cause.ACCESS_POLICY_BLOCKED,))


@rule(
    Cause.APP_READ_MODE, Subject.ETD_APP, Confidence.CONFIRMED, Severity.HIGH,
    title="Email Threat Defense is in Read mode",
    meaning="In Read mode, Email Threat Defense shows what it finds and moves nothing.",
    recognized_by="The tenant's mode in TRIAGE_TENANTS is `read`, Mail.Read is granted, and Mail.ReadWrite is not.",
    remedy=(
        Step(
            "Decide whether Email Threat Defense should remediate messages",
            "In Read mode, Email Threat Defense shows what it finds and moves nothing.",
        ),
        AUTHORIZE,
        Step("Correct the setting", "Then set mode to read_write for this tenant in TRIAGE_TENANTS."),
    ),
)  # fmt: skip
def app_read_mode(case: Case) -> Match | None:
    app, tenant = case.evidence.app, case.evidence.tenant
    if app is None or tenant.mode is not Mode.READ or principal_of(case.evidence) is None:
        return None
    if not _has(app, "Mail.Read") or _has(app, "Mail.ReadWrite"):
        return None
    return Match("Email Threat Defense is in Read mode in this tenant: it has only Mail.Read and can't move messages.")


def _missing(case: Case, state: PermissionState, text: str) -> Match | None:
    """The required permissions that are all in one state of not being granted."""
    app, names = case.evidence.app, _names(case, state)
    if app is None or not names:
        return None
    sentence = f"{listed(names)} {'is' if len(names) == 1 else 'are'} {text}"
    if "Mail.ReadWrite" in names and _has(app, "Mail.Read"):
        sentence += " Only Mail.Read is granted."
    return Match(sentence)


def _names(case: Case, state: PermissionState) -> list[str]:
    """The required permissions in one state; none if the app is not in the tenant."""
    app = case.evidence.app
    if app is None or principal_of(case.evidence) is None:
        return []
    return [name for name, found in required_states(app, case.evidence.tenant.mode).items() if found is state]


def _has(app: AppEvidence, name: str) -> bool:
    return PERMISSIONS[name].role_id in granted_roles(app)
