"""The remedy of a diagnosis: its steps, filled in for one failure or one app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from string import Formatter

from triage.diagnosis.case import Case
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.clouds import Cloud
from triage.diagnosis.diagnose import Diagnosis
from triage.diagnosis.person import first_steps
from triage.diagnosis.place import Location, Place
from triage.diagnosis.rule import RULES
from triage.diagnosis.shell import connected
from triage.diagnosis.steps import Registration, Step
from triage.diagnosis.undetermined import unknown
from triage.diagnosis.values import UNKNOWN, Argument, Value, app_values, case_values, cloud_for, tenant_values
from triage.graph.evidence import AppEvidence, Lack, State
from triage.settings import Tenant
from triage.wire import Url, Wire

_IF = {
    None: "",
    Registration.HERE: "If the app is registered in this tenant: ",
    Registration.ELSEWHERE: "If the app is Cisco's own: ",
}
NOT_CHECKED = Place(Location.NOT_CHECKED)


class Action(Wire):
    """One step of a remedy, filled in."""

    title: str
    """What to do, in a few words."""
    detail: str
    """How, and why."""
    url: Url | None = None
    """Where to do it."""
    command: str | None = None
    """A command that does it."""


def actions(
    diagnosis: Diagnosis, case: Case | None, place: Place = NOT_CHECKED, *, exposed: bool | None = None
) -> list[Action]:
    """The steps of the remedy, in order: first about the person, where the message at this place is exposed.

    Without a case (an unknown tenant) only what could not be known has steps.
    """
    if case is None:
        return _once(lack_action(lack, None) for lack in diagnosis.lacks)
    cloud, values = cloud_for(case.evidence.tenant), case_values(case)
    found = [fill(step, values, cloud) for step in first_steps(case, place, exposed=exposed)]
    if diagnosis.cause is Cause.UNDETERMINED:
        return _once([*found, *(lack_action(lack, case.evidence.tenant) for lack in diagnosis.lacks)])
    steps = _for_registration(RULES[diagnosis.cause].remedy, case.evidence.app)
    return _once([*found, *(fill(step, values, cloud) for step in steps)])


def app_actions(
    cause: Cause, tenant: Tenant, app: AppEvidence, now: datetime, permissions: tuple[str, ...] | None = None
) -> list[Action]:
    """The remedy of a cause, without the steps that are about a mailbox or a message.

    `permissions` are those to grant, if they are not the missing ones that remediation needs.
    """
    rule = RULES[cause]
    about_app = [step for step in rule.remedy if (step.about or rule.subject) is Subject.ETD_APP]
    return app_steps(about_app, tenant, app, now, permissions)


def app_steps(
    steps: Iterable[Step], tenant: Tenant, app: AppEvidence, now: datetime, permissions: tuple[str, ...] | None = None
) -> list[Action]:
    """These steps, filled in for one app."""
    values = app_values(tenant, app, now)
    if permissions is not None:
        values["permissions"] = permissions
    return _once(fill(step, values, cloud_for(tenant)) for step in _for_registration(steps, app))


def lack_action(lack: Lack, tenant: Tenant | None = None) -> Action:
    """How to make known what could not be known."""
    values = tenant_values(tenant) | {"permission": lack.permission or ""}
    return fill(unknown(lack).step, values, cloud_for(tenant))


def fill(step: Step, values: Mapping[str, Value], cloud: Cloud) -> Action:
    """A step with its placeholders filled in: as they are in sentences and links, as arguments in the command.

    What is not known shows as `<what it is>`, and the text says to put it in. A link that needs it is left out, and so is
    a command that does nothing because one of its lists is empty.
    """
    gaps = {name: f"<{words}>" for name, words in UNKNOWN.items() if not values.get(name)}
    known = {**values, **gaps}
    template = connected(step.command, cloud, step.needs) if step.command else ""
    if any(known[name] == () for name in placeholders(template)):
        template = ""
    detail = step.detail.format_map(known).rstrip()
    missing = sorted(gaps[name] for name in placeholders(template) & gaps.keys())
    if missing:
        detail += f" Before you run the command, replace {' and '.join(missing)} in it."
    linked = step.url is not None and all(values.get(name) for name in placeholders(step.url))
    return Action(
        title=step.title.format_map(known),
        detail=detail,
        url=step.url.format_map(values) if step.url and linked else None,
        command=template.format_map({name: Argument(value) for name, value in known.items()}) or None,
    )


@cache
def placeholders(template: str | None) -> frozenset[str]:
    """The names of the placeholders in a template. There are few templates, and each is used for many findings."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template or "") if name)


def _for_registration(steps: Iterable[Step], app: AppEvidence | None) -> list[Step]:
    """The steps that help with this app. Where its registration is may not be known: then each says which app it is for."""
    place = _registration(app)
    if place is None:
        return [replace(step, detail=f"{_IF[step.registration]}{step.detail}") for step in steps]
    return [step for step in steps if step.registration in (None, place)]


def _registration(app: AppEvidence | None) -> Registration | None:
    if app is None or app.registration.state not in (State.READ, State.ABSENT):
        return None
    return Registration.HERE if app.registration.state is State.READ else Registration.ELSEWHERE


def _once(found: Iterable[Action]) -> list[Action]:
    """The actions, none of them twice: an action is the same if its title is, or what it runs."""
    kept: list[Action] = []
    for action in found:
        if not any(one.title == action.title or (one.command and one.command == action.command) for one in kept):
            kept.append(action)
    return kept
