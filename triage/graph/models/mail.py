"""Graph's answers about a mailbox and its messages."""

from __future__ import annotations

from typing import Any

from triage.graph.models.resource import Resource


class MailFolder(Resource):
    """`mailFolder`."""

    display_name: str | None = None
    parent_folder_id: str | None = None
    is_hidden: bool | None = None
    total_item_count: int | None = None

    @property
    def holds_items(self) -> bool:
        """Whether something may be in the folder itself; what lies in folders below it is not counted."""
        return self.total_item_count != 0


class MailboxSettings(Resource):
    """`mailboxSettings`, as far as it says what the mailbox is for. Graph gives a string, or an object with one."""

    user_purpose: str | dict[str, Any] | None = None

    @property
    def purpose(self) -> str | None:
        """What the mailbox is for: user, linked, shared, room, equipment, or others."""
        purpose = self.user_purpose
        return purpose.get("value") if isinstance(purpose, dict) else purpose


class Message(Resource):
    """`message`: where it is, and whether it was read. Never its subject or body."""

    parent_folder_id: str | None = None
    is_read: bool | None = None


class MessageRuleActions(Resource):
    """`messageRuleActions`, as far as they say where a message goes."""

    move_to_folder: str | None = None


class MessageRule(Resource):
    """`messageRule`: a rule of the Inbox. Graph does not show when it was made, nor what it did."""

    display_name: str | None = None
    is_enabled: bool | None = None
    has_error: bool | None = None
    actions: MessageRuleActions | None = None

    def moves_to(self, folder_id: str) -> bool:
        """Whether it moves messages to this folder now."""
        works = self.is_enabled is True and not self.has_error
        return works and self.actions is not None and self.actions.move_to_folder == folder_id


class MessageTrace(Resource):
    """`exchangeMessageTrace`: what the transport did with a message for one recipient, not where it is today."""

    recipient_address: str | None = None
    status: str | None = None
