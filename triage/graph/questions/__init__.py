"""Every question that triage asks Graph v1.0, by the workload that answers it.

A new question is a function in the module of its workload. `$select` everywhere: it costs less, and reads no more than
is needed.
"""

from triage.graph.questions import applications, audit_log, directory, exchange, mail
from triage.graph.questions.question import PROBES, QUESTIONS, Kind, ProbeWith, Question

__all__ = [
    "PROBES",
    "QUESTIONS",
    "Kind",
    "ProbeWith",
    "Question",
    "applications",
    "audit_log",
    "directory",
    "exchange",
    "mail",
]
