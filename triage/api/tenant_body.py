"""A body that names a tenant, or means all of them: `{"tenantId": "<guid>"}`, or nothing."""

from __future__ import annotations

from typing import Any, cast

from triage.addresses import guid
from triage.api.access import Caller
from triage.api.problem_types import ProblemType
from triage.api.responses import RequestError
from triage.intake.json_text import IntakeError, parse_json
from triage.operations.services import Services
from triage.problems import Problem
from triage.settings import Tenant


def meant(body: bytes, services: Services, caller: Caller) -> tuple[Tenant, ...]:
    """The configured tenants that a request means: the one that its body names, or all that the caller may change.

    AccessError (403) if it names another tenant than the caller's, RequestError (404) if the tenant is not configured,
    and RequestError (400) if the body cannot be read.
    """
    wanted = caller.chosen(_named(body))
    tenants = tuple(tenant for tenant in services.settings.tenants if wanted is None or tenant.tenant_id in wanted)
    if wanted is not None and not tenants:
        problem = Problem("/tenantId", "is not a tenant in TRIAGE_TENANTS")
        raise RequestError(ProblemType.UNKNOWN_TENANT, "There is no such tenant.", [problem])
    return tenants


def _named(body: bytes) -> tuple[str, ...] | None:
    """The tenant that the body names; None if it is empty."""
    try:
        value: object = parse_json(body) if body.strip() else {}
    except IntakeError as error:
        raise RequestError(ProblemType.INVALID_BODY, f"The body cannot be read. {error}.", error.problems) from None
    if not isinstance(value, dict):
        detail = 'The body must be {"tenantId": "<guid>"}, or empty for all tenants.'
        raise RequestError(ProblemType.INVALID_BODY, detail)
    tenant_id = cast("dict[str, Any]", value).get("tenantId")
    if tenant_id is None:
        return None
    try:
        return (guid(tenant_id if isinstance(tenant_id, str) else ""),)
    except ValueError as error:
        problem = Problem("/tenantId", str(error))
        detail = f"The body cannot be read. /tenantId: {error}."
        raise RequestError(ProblemType.INVALID_BODY, detail, [problem]) from None
