"""The message of a storm: the numbers of all that became one message, and the worst of them, each with its page."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from triage.amounts import amount
from triage.diagnosis.causes import Severity
from triage.notifications.compose import REASONS, Writer, title_of
from triage.notifications.notice import Fact, Item, Json, Notice, severity_rank
from triage.notifications.pending import Pending, channel_key
from triage.notifications.rules import Message
from triage.wire import from_epoch_ns

SHOWN = 10
"""How many of them are shown."""


def storm(writer: Writer, messages: Sequence[Message], worst: Sequence[tuple[Pending, Json]], now: int) -> Notice:
    """The message of a storm. `worst` has some of its rows with what they are about, the worst first."""
    rows = [message.lead for message in messages]
    of_these = hashlib.sha256("\n".join(sorted(row.id for row in rows)).encode()).hexdigest()[:16]
    by_event = Counter(REASONS[row.event] for row in rows)
    by_severity = Counter(row.severity for row in rows if row.severity and not row.closes)
    tenants = sorted({row.tenant_id for row in rows if row.tenant_id})
    tenant_id = tenants[0] if len(tenants) == 1 else None
    severity = max(by_severity, key=severity_rank, default=None)
    shown = [(row, writer.shown(row, document)) for row, document in worst[:SHOWN]]
    data = {
        "messages": len(rows),
        "byEvent": dict(Counter(row.event.value for row in rows)),
        "bySeverity": dict(by_severity),
        "tenantIds": tenants,
        "subjectIds": [row.subject_id for row in rows[:100]],
        "incidents": [
            {
                "id": row.subject_id,
                "tenantId": row.tenant_id,
                "title": title_of(document),
                "severity": row.severity,
                "url": writer.url(row, document),
            }
            for row, document in shown
            if row.of_incident
        ],
    }
    return Notice(
        id=f"storm:{of_these}",
        event=None,
        type="notification.storm",
        tenant_id=tenant_id,
        tenant=amount(len(tenants), "tenant") if len(tenants) > 1 else writer.tenant(tenant_id),
        subject_id=f"storm:{channel_key(writer.channel.name)}",
        at=from_epoch_ns(now),
        severity=Severity(severity) if severity else None,
        reason="Many at once",
        title=f"{amount(len(rows), 'notification')} within minutes",
        facts=[
            *(Fact(reason, f"{number:,}") for reason, number in by_event.most_common()),
            *(
                Fact(f"Severity {name}", f"{by_severity[name]:,}")
                for name in sorted(by_severity, key=severity_rank, reverse=True)
            ),
        ],
        items=[_item(writer, row, document, several=len(tenants) > 1) for row, document in shown],
        step="Start at the top, with the worst" if shown else None,
        url=f"{writer.settings.service_url}/api/dashboard",
        link="Open the dashboard",
        alert=f"storm:{channel_key(writer.channel.name)}",
        data=data,
    )


def _item(writer: Writer, row: Pending, document: Json, *, several: bool) -> Item:
    tenant = writer.tenant(row.tenant_id) if several else None
    return Item(f"{tenant}: {title_of(document)}" if tenant else title_of(document), writer.url(row, document))
