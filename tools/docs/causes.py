"""The causes: a table in the order of precedence, and a section with an anchor for each, from the rules."""

from __future__ import annotations

import re
import textwrap
from itertools import groupby

from triage.diagnosis.causes import Cause, Subject
from triage.diagnosis.clouds import GLOBAL
from triage.diagnosis.person import FIRST_STEPS
from triage.diagnosis.precedence import RULES
from triage.diagnosis.remedy import Action, fill, placeholders
from triage.diagnosis.rule import Rule
from triage.diagnosis.steps import Step
from triage.diagnosis.values import Value

_SUBJECTS = {
    Subject.ETD_APP: "The Email Threat Defense app",
    Subject.ADDRESS: "The address",
    Subject.MAILBOX: "The mailbox: it does not answer",
    Subject.MESSAGE: "The message: the mailbox answers",
    Subject.NONE: "No cause",
}
_WIDTH = 140
_PORTALS = {
    "authority": GLOBAL.authority,
    "entra": f"{GLOBAL.entra}/<tenant_id>/",
    "admin": GLOBAL.admin or "",
    "exchange": GLOBAL.exchange or "",
    "defender": GLOBAL.defender or "",
    "user_page": "users",
}


def part() -> str:
    """The table and the sections, as Markdown."""
    rules = [RULES[cause] for cause in Cause]
    table = ["| cause | what it says | confidence | severity | what to do |", "|---|---|---|---|---|"]
    sections: list[str] = []
    for subject, group in groupby(rules, key=lambda rule: rule.subject):
        table.append(f"| **{_SUBJECTS[subject]}** | | | | |")
        sections.append(f"## {_SUBJECTS[subject]}")
        for rule in group:
            table.append(_row(rule))
            sections.append(_section(rule))
    return "\n\n".join(["\n".join(table), _person(), *sections])


def _person() -> str:
    """The steps that come before those of the cause. One that is there in several situations is shown in the first."""
    parts = [
        "## While the message can be opened",
        "Where `exposed` is true, the first steps are about the person, whatever the cause.",
    ]
    shown: set[Step] = set()
    for when, steps in FIRST_STEPS.items():
        parts.append(f"**{when}.**")
        parts += [
            f"{number}. **{step.title}.** See above." if step in shown else _step(number, step)
            for number, step in enumerate(steps, 1)
        ]
        shown.update(steps)
    return "\n\n".join(parts)


def _row(rule: Rule) -> str:
    todo = "; ".join(_text(_fill(step).title) for step in rule.remedy)
    return f"| [`{rule.cause}`](#{rule.cause}) | {rule.title} | {rule.confidence} | {rule.severity} | {todo} |"


def _section(rule: Rule) -> str:
    parts = [
        f"### `{rule.cause}`",
        f"**{rule.title}.** Confidence: {rule.confidence}. Severity: {rule.severity}.",
        _wrapped(rule.meaning),
        _wrapped(f"**How it is recognized.** {rule.recognized_by}"),
    ]
    if rule.could_also_be:
        others = (f"[`{one}`](#{one})" if isinstance(one, Cause) else one for one in rule.could_also_be)
        parts.append(_wrapped(f"**What else it could be.** {', '.join(others)}."))
    parts.append("**How to fix it.**")
    parts += [_step(number, step) for number, step in enumerate(rule.remedy, 1)]
    return "\n\n".join(parts)


def _step(number: int, step: Step) -> str:
    action = _fill(step)
    text = f"{number}. **{_text(action.title)}.** {_text(action.detail)}"
    if action.url:
        text += f" `{action.url}`" if placeholders(step.url) else f" [Open]({action.url})"
    lines = [_wrapped(text, "   ")]
    if action.command:
        lines += ["", textwrap.indent(f"```powershell\n{action.command}\n```", "   ")]
    return "\n".join(lines)


def _fill(step: Step) -> Action:
    names = set[str]().union(*(placeholders(text) for text in (step.title, step.detail, step.url, step.command)))
    names -= _PORTALS.keys()
    texts: dict[str, Value] = {name: f"<{name}>" for name in (*names, "tenant_id", "organization")}
    return fill(step, {**texts, **_PORTALS, "permissions": ("<permission>",)}, GLOBAL)


def _text(text: str) -> str:
    """Words for people: a placeholder in angle brackets would be read as HTML."""
    return re.sub(r"(\S*<\w+>\S*?)(?=[\s.,:]|$)", r"`\1`", text)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
