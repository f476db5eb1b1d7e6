"""The steps of a finding about the person, which come first, and those of the remedy."""

from __future__ import annotations

from itertools import takewhile

from triage.diagnosis.person import FIRST_STEPS
from triage.diagnosis.remedy import Action

_ABOUT_PERSON = {step.title for steps in FIRST_STEPS.values() for step in steps}


def about_person(actions: list[Action]) -> list[Action]:
    """The first steps: what to do about the person who can open the message."""
    return [*takewhile(lambda action: action.title in _ABOUT_PERSON, actions)]


def remedy(actions: list[Action]) -> list[Action]:
    """The steps after those about the person."""
    return actions[len(about_person(actions)) :]
