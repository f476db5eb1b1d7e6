"""Which cause hides which: the order in which a scenario's causes are considered. Every cause has exactly one rule."""

from __future__ import annotations

from triage.diagnosis import (
    address,
    consent,
    etd_app,
    licensing,
    mailbox,
    message,
    other_tenant,
    out_of_reach,
    undetermined,
)
from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.rule import RULES
from triage.intake.scenario import Scenario

MODULES = (etd_app, consent, address, licensing, mailbox, message, other_tenant, out_of_reach, undetermined)
"""The modules with rules; importing one registers its rules."""

if missing := set(Cause) - RULES.keys():
    raise TypeError(f"causes without a rule: {', '.join(sorted(missing))}")


def causes_of(*subjects: Subject, last_resort: bool = False) -> tuple[Cause, ...]:
    """The causes of some subjects in their order: those given as a last resort only, or the others."""
    rules = (RULES[cause] for cause in Cause)
    return tuple(rule.cause for rule in rules if rule.subject in subjects and rule.last_resort is last_resort)


OF_MAILBOX = causes_of(Subject.ADDRESS, Subject.MAILBOX)
"""The causes that hold for every message in a mailbox."""
_APP = causes_of(Subject.ETD_APP)
_PERSON = causes_of(Subject.ADDRESS, Subject.MAILBOX, Subject.MESSAGE)
_REST = causes_of(Subject.MESSAGE, last_resort=True)
_HEALTHY = causes_of(Subject.ETD_APP, last_resort=True)
_APP_FIRST = (*_APP, *_PERSON, *_HEALTHY, *_REST)
# The text says nothing, so what the evidence says about the message tells more than an app that is in order.
_ANYTHING = (*_APP, *_PERSON, *_REST, *_HEALTHY)
# The text is Graph's own answer about a person, so the app could ask Graph: the person comes first.
_PERSON_FIRST = (*_PERSON, *_APP, *_REST)

# Without an app in the tenant (`no_auth`) no cause below this one explains a failure: nothing could be remediated.
LAST_WITHOUT_APP = _PERSON[-1]


def precedence(scenario: Scenario) -> tuple[Cause, ...]:
    """The causes of a scenario, each before those that it hides."""
    match scenario:
        case Scenario.UNKNOWN_REASON:
            return _APP_FIRST
        case Scenario.UNCLASSIFIED:
            return _ANYTHING
        case _:
            return _PERSON_FIRST
