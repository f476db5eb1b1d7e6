"""words.ts: what the service calls a cause, and how it says why something is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping

from triage.diagnosis.causes import Cause
from triage.diagnosis.precedence import RULES
from triage.diagnosis.undetermined import FORBIDDEN, unknown
from triage.graph.evidence import Lack, Reason

_HEADER = """\
// Generated from the service's rules: make page. Do not edit.

import type { Cause, Reason } from "./wire";
"""


def module() -> str:
    """The source of words.ts."""
    causes = {cause: RULES[cause].title for cause in Cause}
    reasons = {reason: unknown(Lack(check="", reason=reason)).why for reason in Reason}
    permission = f"export const PERMISSION_MISSING = {json.dumps(FORBIDDEN.why)};\n"
    return "\n".join(
        (
            _HEADER,
            _record("CAUSES", "Cause", causes, "The title of each cause, in the order of precedence."),
            _record("REASONS", "Reason", reasons, "Why something is not known, within a sentence."),
            f"/** The same, if `{{permission}}` is what the triage identity does not have. */\n{permission}",
        )
    )


def _record(name: str, key: str, values: Mapping[str, str], comment: str) -> str:
    lines = "".join(f"  {value}: {json.dumps(text, ensure_ascii=False)},\n" for value, text in values.items())
    return f"/** {comment} */\nexport const {name}: Record<{key}, string> = {{\n{lines}}};\n"
