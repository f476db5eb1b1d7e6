"""One audit for people: the state of the app, what to fix, and the app's permissions."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from triage.amounts import amount
from triage.cli.client.answers import Json
from triage.cli.errors import ExitCode
from triage.cli.show.columns import Column, table, word
from triage.cli.show.layout import SEVERITY_STYLES, VERDICT_STYLES, facts, heading, part, parts, steps, unreadable
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

# From best to worst. A broken app needs action, so it outweighs one whose state is unknown.
_EXIT_CODES = {
    "healthy": ExitCode.OK,
    "not_applicable": ExitCode.OK,
    "degraded": ExitCode.PARTLY,
    "unknown": ExitCode.UNKNOWN,
    "broken": ExitCode.BROKEN,
}
_STATES = {
    "granted": "green", "included": "green", "valid": "green", "expiring": "yellow", "unknown": "yellow", "expired": "red",
    "missing": "red", "consent_missing": "red", "delegated_only": "red",
}  # fmt: skip


def _state(row: Json) -> str:
    return _STATES.get(str(row.get("state")), "")


def _left(days: int | None) -> str:
    """The whole days until a credential expires. `daysLeft` is rounded down: it is -1 on the first day after."""
    if days is None:
        return "does not expire"
    if days >= 0:
        return f"{amount(days, 'day')} left"
    return f"expired {amount(-days - 1, 'day')} ago" if days < -1 else "just expired"


_PERMISSIONS = (
    word("state", "state", 15, 0, _state),
    Column("name", "permission", 22, 40),
    word("need", "need", 10, 1),
    word("type", "type", 11, 2),
    Column("includedIn", "included in", 24, 36, 3),
    word("privilegeLevel", "privilege level", 15, 4),
)
_CREDENTIALS = (
    word("state", "state", 8, 0, _state),
    word("kind", "kind", 11, 2),
    Column("displayName", "name", 12, 36, 0, lambda row, _: plain(row.get("displayName") or row.get("keyId"))),
    Column("daysLeft", "days", 14, 20, 1, lambda row, _: plain(_left(row.get("daysLeft")))),
    Column("endDateTime", "ends", 10, 10, 3, lambda row, _: plain(short(row.get("endDateTime"))[:10])),
)


def exit_code(audits: list[Json]) -> ExitCode:
    """The code of the worst verdict. A verdict that this version does not know counts as unknown."""
    order = list(_EXIT_CODES.values())
    codes = [_EXIT_CODES.get(str(audit.get("verdict")), ExitCode.UNKNOWN) for audit in audits]
    return max(codes, key=order.index, default=ExitCode.OK)


def audit_story(audit: Json, width: int, name: str | None = None) -> Iterator[RenderableType]:
    """The parts of the text. `name` is what people call the tenant."""
    verdict = str(audit.get("verdict"))
    yield Text(harmless(verdict.replace("_", " ").upper()), VERDICT_STYLES.get(verdict, "bold")).append(
        harmless(f"  tenant {audit.get('tenantId')}{f' ({name})' if name else ''}"), "default"
    )
    principal = part(audit, "servicePrincipal")
    yield facts(
        [
            ("app", plain(_app(audit, principal))),
            ("sign-in", plain(_sign_in(principal)) if principal else None),
            ("mode", plain(audit.get("mode"))),
            ("audited", plain(f"{short(audit.get('auditedAt'))} UTC")),
            ("changes", plain(_drift(audit.get("drift")))),
        ]
    )
    for issue in parts(audit, "issues"):
        severity = str(issue.get("severity"))
        yield Text(f"\n{harmless(severity)}", SEVERITY_STYLES.get(severity, "")).append(
            f"  {harmless(str(issue.get('code')))}: {harmless(str(issue.get('summary')))}", "default"
        )
        yield steps(parts(issue, "actions"))
    if audit.get("permissions"):
        yield heading("Permissions on Microsoft Graph")
        yield table(_PERMISSIONS, audit["permissions"], width)
    if audit.get("credentials"):
        yield heading("Credentials")
        yield table(_CREDENTIALS, audit["credentials"], width)
    if audit.get("unreadable"):
        yield heading("Could not be read")
        for one in audit["unreadable"]:
            yield unreadable(str(one.get("question")), one)


def _app(audit: Json, principal: Json) -> str:
    identifier = audit.get("etdAppId")
    if not identifier:
        return "none in this tenant (no_auth)"
    name = principal.get("displayName")
    return f"{name} ({identifier})" if name else str(identifier)


def _sign_in(principal: Json) -> str:
    words = ["off" if principal.get("accountEnabled") is False or principal.get("isDisabled") else "on"]
    status = principal.get("disabledByMicrosoftStatus")
    if status and status != "NotDisabled":
        words.append(f"disabled by Microsoft: {status}")
    return ", ".join(words)


def _drift(drift: Json | None) -> str:
    if drift is None:
        return "unknown: without storage there is no earlier audit to compare with"
    changed = [f"{name} {', '.join(drift[name])}" for name in ("granted", "revoked", "changed") if drift.get(name)]
    if not changed:
        return "none since the last audit"
    by = [f"{short(one.get('at'))} {one.get('activity')}, {one.get('who') or 'unknown'}" for one in parts(drift, "by")]
    return "; ".join(changed) + (f" (by the audit log: {'; '.join(by)})" if by else "")
