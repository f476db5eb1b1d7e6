"""A remediation failure as the service stores it, and the id of its finding, which is the same for a duplicate."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from triage.addresses import guid, mailbox_address
from triage.wire import Instant, Wire, epoch_ns


def _text(value: object) -> object:
    """Text without surrounding blanks; None if nothing is left. A value that is not text is left to pydantic to refuse."""
    return (value.strip() or None) if isinstance(value, str) else value


def _internet_message_id(value: str) -> str:
    """The id in angle brackets, as Graph has it: without them a filter finds nothing."""
    return value if value.startswith("<") else f"<{value}>"


Text = Annotated[str | None, BeforeValidator(_text)]
Mailbox = Annotated[str, AfterValidator(mailbox_address)]


class RemediationFailure(Wire):
    """One failure of one message in one mailbox, normalized. The fields are described in docs/api.md."""

    id: Text = None
    source: Text = None
    tenant_id: Annotated[Annotated[str, AfterValidator(guid)] | None, BeforeValidator(_text)] = None
    message_id: Text = None
    internet_message_id: Annotated[
        Annotated[str, AfterValidator(_internet_message_id)] | None, BeforeValidator(_text)
    ] = None
    mailbox: Mailbox
    error: Text = None
    error_code: Text = None
    action: Text = None
    folder: Text = None
    initiator: Text = None
    verdict: Text = None
    subject: Text = None
    occurred_at: Annotated[Instant | None, BeforeValidator(_text)] = None
    raw: dict[str, Any] = Field(default_factory=dict)

    @property
    def target_folder(self) -> str | None:
        """Where the remediation was to move the message: `trash`, `junk`, … or a word that matches no folder."""
        word = (self.folder or self.action or "").lower()
        return "junk" if word == "junkemail" else word or None

    def finding_id(self, tenant_id: str | None, part: str | None = None) -> str:
        """The id of the finding: the same for the same failure, however it arrives (docs/api.md, Deduplication).

        `tenant_id` is the configured tenant, so that the id is known before Graph is asked. `part` distinguishes
        failures of one mailbox that came with the same sender's id.
        """
        if self.id:
            parts = ("id", self.source, self.id, part, tenant_id, self.mailbox)
        else:
            instant = epoch_ns(self.occurred_at) if self.occurred_at else None
            message = self.message_id or self.internet_message_id
            parts = ("message", tenant_id, message, self.mailbox, instant)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
