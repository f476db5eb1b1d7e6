"""The properties that Graph does not have in a tenant's cloud: Graph says which, and then they are not asked for.

v1.0 of a national cloud lacks some properties. In `$select`, Graph answers one of them with 400 and its name:
https://learn.microsoft.com/graph/deployments. The clouds change, so the service goes by the answer, not by a table.
"""

from __future__ import annotations

import re
from dataclasses import replace

from triage.graph.questions import Question
from triage.graph.replies import Reply

_SELECT = re.compile(r"(?<=\$select=)[^&]*")
_UNKNOWN = re.compile(r"Could not find a property named '(\w+)'")


class Schema:
    """What one tenant's cloud lacks, by the list of properties in which it was found out."""

    def __init__(self) -> None:
        self._lacking: dict[str, frozenset[str]] = {}

    def fit(self, question: Question) -> Question:
        """The question without the properties that are known to be missing."""
        selected = _SELECT.search(question.url)
        lacking = self._lacking.get(selected[0]) if selected else None
        if selected is None or lacking is None:
            return question
        left = ",".join(name for name in selected[0].split(",") if name not in lacking)
        return replace(question, url=_SELECT.sub(left, question.url, count=1), lacks=lacking)

    def learn(self, question: Question, reply: Reply) -> bool:
        """Whether the reply says that a selected property is missing, so that the question is worth asking again."""
        if reply.status != 400:
            return False
        unknown, selected = _UNKNOWN.search(reply.message or ""), _SELECT.search(question.url)
        if unknown is None or selected is None or unknown[1] not in selected[0].split(","):
            return False
        self._lacking[selected[0]] = self._lacking.get(selected[0], frozenset()) | {unknown[1]}
        return True
