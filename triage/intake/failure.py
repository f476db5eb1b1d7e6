"""A remediation failure as the service stores it, and the id of its finding, which is the same for a duplicate."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from triage.addresses import guid, mailbox_address
from triage.intake.message_id import is_message_id, repaired
from triage.wire import Guid, Instant, Wire, epoch_ns


def _text(value: object) -> object:
    """Text without surrounding blanks; None if nothing is left. A value that is not text is left to pydantic to refuse."""
    return (value.strip() or None) if isinstance(value, str) else value


_DAY = 24 * 60 * 60 * 1_000_000_000

POLLER = "etd-poller"
"""The source of failures that a poller of ETD's API found: they have no error, because ETD gives none."""

Text = Annotated[str | None, BeforeValidator(_text)]
Mailbox = Annotated[str, AfterValidator(mailbox_address)]


class RemediationFailure(Wire):
    """One failure of one message in one mailbox, normalized. The fields are described in docs/api.md."""

    id: Text = None
    """The sender's ID of the failure."""
    source: Text = None
    """Where it comes from: the source of a CloudEvent, or `etd-poller`."""
    tenant_id: Annotated[Annotated[Guid, AfterValidator(guid)] | None, BeforeValidator(_text)] = None
    """The tenant that the sender named."""
    message_id: Text = None
    """Email Threat Defense's ID of the message."""
    internet_message_id: Text = None
    """The `Message-ID` of the message."""
    mailbox: Mailbox
    """The address of the mailbox."""
    error: Text = None
    """What Email Threat Defense said."""
    error_code: Text = None
    """The error code of Microsoft Graph."""
    action: Text = None
    """What the remediation was to do, such as `move`."""
    folder: Text = None
    """Where to: `trash`, `junk`, `quarantine`, `inbox` or `delete`."""
    initiator: Text = None
    """Who asked for it: `automatic`, `manual` or `api`."""
    verdict: Text = None
    """Email Threat Defense's verdict on the message, such as `phishing`."""
    subject: Text = None
    """The subject of the message."""
    direction: Text = None
    """The message was `incoming`, `outgoing`, `internal` or `mixed`."""
    occurred_at: Annotated[Instant | None, BeforeValidator(_text)] = None
    """When the remediation failed; null: the time of arrival counts."""
    raw: dict[str, Any] = Field(default_factory=dict)
    """What else was sent, and what was sent where a field was corrected."""

    @model_validator(mode="before")
    @classmethod
    def _repair_message_id(cls, fields: Any) -> Any:
        """The internetMessageId as Graph has it; as it was given in `raw` if that is not the same."""
        if not isinstance(fields, dict):
            return fields
        values = cast("dict[str, Any]", fields)
        name = "internetMessageId" if "internetMessageId" in values else "internet_message_id"
        given = values.get(name)
        if not isinstance(given, str) or (fixed := repaired(given)) == given.strip():
            return values
        return {**values, name: fixed, "raw": {**values.get("raw", {}), "internetMessageId": given}}

    @property
    def names_message(self) -> bool:
        """Whether a search for the internetMessageId that finds nothing says something."""
        return is_message_id(self.internet_message_id or "")

    def in_time(self, received_at: str, keep_days: int) -> RemediationFailure:
        """The failure with a time that can be right: one long before its arrival, or after it, is that of its arrival.

        What was given is in `raw`. `keep_days`: how long findings are kept; 0 keeps them.
        """
        if self.occurred_at is None:
            return self
        occurred, arrived = epoch_ns(self.occurred_at), epoch_ns(received_at)
        if occurred <= arrived + _DAY and (not keep_days or occurred >= arrived - keep_days * _DAY):
            return self
        return self.model_copy(update={"occurred_at": received_at, "raw": {**self.raw, "occurredAt": self.occurred_at}})

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
