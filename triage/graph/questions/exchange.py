"""What Exchange's message trace is asked: where a message went that is not in the mailbox."""

from __future__ import annotations

from triage.graph.questions.question import Kind, ProbeWith, literal, question, segment

_PERMISSION = "ExchangeMessageTrace.Read.All"
_TRACES = "/admin/exchange/tracing/messageTraces"


@question("What does the message trace say about the message?", _PERMISSION, kind=Kind.FACT)
def message_trace(internet_message_id: str, start: str, end: str) -> str:
    """What happened to the message for each recipient. Without both times, Graph looks at the last 48 hours only."""
    received = f"receivedDateTime ge {start} and receivedDateTime le {end}"
    return f"{_TRACES}?$filter={segment(f'messageId eq {literal(internet_message_id)} and {received}')}"


@question("Can the message trace be read?", _PERMISSION, kind=Kind.FACT, probe_with=ProbeWith.PUBLIC_CLOUD)
def any_trace() -> str:
    """Any message of the last 48 hours."""
    return f"{_TRACES}?$top=1"
