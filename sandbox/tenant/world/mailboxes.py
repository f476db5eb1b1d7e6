"""A mailbox: its folders and its messages, built when it is first asked for.

Well-known folder names: the mailFolder resource page. A folder's display name follows the mailbox's language, so only
the well-known name or the id tells which folder it is. Folder ids are the same in both id formats. A message's
regular id changes when it moves; its immutable id does not ("Get immutable identifiers").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.schema import MESSAGE
from sandbox.tenant.world.ids import exchange_id, guid
from sandbox.tenant.world.times import timestamp

# well-known name -> (parent, hidden, English name)
WELL_KNOWN: dict[str, tuple[str, bool, str]] = {
    "msgfolderroot": ("root", False, "Top of Information Store"),
    "archive": ("msgfolderroot", False, "Archive"),
    "clutter": ("msgfolderroot", False, "Clutter"),
    "conversationhistory": ("msgfolderroot", False, "Conversation History"),
    "deleteditems": ("msgfolderroot", False, "Deleted Items"),
    "drafts": ("msgfolderroot", False, "Drafts"),
    "inbox": ("msgfolderroot", False, "Inbox"),
    "junkemail": ("msgfolderroot", False, "Junk Email"),
    "outbox": ("msgfolderroot", False, "Outbox"),
    "sentitems": ("msgfolderroot", False, "Sent Items"),
    "syncissues": ("msgfolderroot", True, "Sync Issues"),
    "conflicts": ("syncissues", True, "Conflicts"),
    "localfailures": ("syncissues", True, "Local Failures"),
    "serverfailures": ("syncissues", True, "Server Failures"),
    "scheduled": ("root", True, "Schedule"),
    "searchfolders": ("root", True, "Finder"),
    "recoverableitemsdeletions": ("recoverableitemsroot", True, "Deletions"),
}
# Folders for Exchange's own use: hidden, and without a well-known name.
INTERNAL = ("Conversation Action Settings", "ExternalContacts", "Files", "PersonMetadata", "Yammer Root")
LANGUAGES: dict[str, dict[str, str]] = {
    "de": {
        "archive": "Archiv",
        "conversationhistory": "Aufgezeichnete Unterhaltungen",
        "deleteditems": "Gelöschte Elemente",
        "drafts": "Entwürfe",
        "inbox": "Posteingang",
        "junkemail": "Junk-E-Mail",
        "outbox": "Postausgang",
        "sentitems": "Gesendete Elemente",
    },
    "fr": {
        "archive": "Archive",
        "deleteditems": "Éléments supprimés",
        "drafts": "Brouillons",
        "inbox": "Boîte de réception",
        "junkemail": "Courrier indésirable",
        "outbox": "Boîte d'envoi",
        "sentitems": "Éléments envoyés",
    },
    "ja": {
        "deleteditems": "削除済みアイテム",
        "inbox": "受信トレイ",
        "junkemail": "迷惑メール",
        "sentitems": "送信済みアイテム",
    },
}
IMMUTABLE = "@immutableId"  # kept in the message, but not a property: $select cannot name it


def default_message_id(address: str) -> str:
    return f"<{address.partition('@')[0]}@mail.example>"


@dataclass
class Mailbox:
    """What Exchange holds for a user. `error`: the code that it answers with; None if the mailbox works."""

    user_id: str
    address: str
    error: str | None = None
    blocked: bool = False  # by an application access policy
    purpose: str = "user"
    language: str = "en"
    without: tuple[str, ...] = ("clutter",)  # well-known folders that it does not have
    folder_settings: Mapping[str, Any] = field(default_factory=dict)
    message_specs: list[Any] = field(default_factory=list)
    rule_specs: list[Mapping[str, Any]] = field(default_factory=list)
    messages_include_hidden: bool = True
    now: datetime | None = None
    built: bool = False

    def build(self) -> None:
        """Make folders and messages from the data file's lines, once."""
        if self.built:
            return
        self.built = True
        self.folders: dict[str, Entity] = {}
        self.well_known: dict[str, str] = {}
        self.children: dict[str, list[Entity]] = {}
        self.messages = Collection(MESSAGE, indexed=("internetMessageId",))
        self.in_folder: dict[str, list[Entity]] = {}
        self.by_any_id: dict[str, Entity] = {}
        for name, (parent, hidden, title) in WELL_KNOWN.items():
            if name not in self.without:
                shown = LANGUAGES.get(self.language, {}).get(name, title)
                self.well_known[name] = self._folder(name, self._id(parent), shown, hidden)["id"]
        for title in INTERNAL:
            self._folder(title, self.well_known["msgfolderroot"], title, hidden=True)
        for name in self.folder_settings:
            self.folder(name)
        for number, spec in enumerate(self.message_specs):
            self._message(number, spec if isinstance(spec, Mapping) else {"in": spec})
        for folder in self.folders.values():
            found = self.in_folder.get(folder["id"], [])
            shown = [child for child in self.children.get(folder["id"], []) if not child["isHidden"]]
            folder["childFolderCount"] = len(shown)
            folder["totalItemCount"] = len(found)
            folder["unreadItemCount"] = sum(not message["isRead"] for message in found)
        self._reach()

    def _reach(self) -> None:
        """What `/messages` reaches: every folder but Recoverable Items, and hidden folders unless the data file says no."""
        self.reachable = Collection(MESSAGE, indexed=("internetMessageId",))
        away = self.well_known.get("recoverableitemsdeletions")
        for message in self.messages.items:
            folder = self.folders[message["parentFolderId"]]
            if folder["id"] != away and (self.messages_include_hidden or not folder["isHidden"]):
                self.reachable.add(message)

    def _id(self, name: str) -> str:
        return exchange_id("AAMkAGFj", self.user_id, "folder", name)

    def _folder(self, name: str, parent_id: str, title: str, hidden: bool) -> Entity:
        folder = {"id": self._id(name), "displayName": title, "parentFolderId": parent_id, "isHidden": hidden}
        self.folders[folder["id"]] = folder
        self.children.setdefault(parent_id, []).append(folder)
        return folder

    def folder(self, path: str) -> Entity:
        """`inbox/Invoices` (below a well-known folder) or `Invoices` (below the root). Made if it does not exist."""
        if path in self.well_known:
            return self.folders[self.well_known[path]]
        if self._id(path) in self.folders:
            return self.folders[self._id(path)]
        above, _, title = path.rpartition("/")
        parent = self.folder(above or "msgfolderroot")
        settings = self.folder_settings.get(path) or {}
        return self._folder(path, parent["id"], title, hidden=settings.get("hidden", False))

    def _message(self, number: int, spec: Mapping[str, Any]) -> None:
        assert self.now is not None
        folder = self.folder(spec["in"])
        message_id = spec.get("id") or default_message_id(self.address)
        received = timestamp(spec.get("received", "-26h"), self.now)
        sender = {"emailAddress": {"name": "Billing", "address": spec.get("from", "billing@sender.example")}}
        identity = (self.user_id, message_id, str(number))
        message = {
            "id": exchange_id("AAMkAGFj", *identity, folder["id"]),
            IMMUTABLE: exchange_id("AAkALgAA", *identity),
            "internetMessageId": message_id,
            "parentFolderId": folder["id"],
            "subject": spec.get("subject", "Your invoice is overdue"),
            "bodyPreview": "Please pay at once.",
            "body": {"contentType": "text", "content": "Please pay at once."},
            "isRead": bool(spec.get("read", False)),
            "isDraft": False,
            "hasAttachments": False,
            "importance": "normal",
            "sender": sender,
            "from": sender,
            "toRecipients": [{"emailAddress": {"address": self.address}}],
            "receivedDateTime": received,
            "sentDateTime": received,
            "createdDateTime": received,
            "lastModifiedDateTime": received,
            "changeKey": exchange_id("CQAA", *identity)[:24],
            "conversationId": exchange_id("AAQkAGFj", *identity),
            "webLink": f"https://outlook.office365.com/owa/?ItemID={guid(*identity)}",
        }
        self.messages.add(message)
        self.in_folder.setdefault(folder["id"], []).append(message)
        self.by_any_id[message["id"]] = self.by_any_id[message[IMMUTABLE]] = message

    def rules(self) -> list[Entity]:
        """The Inbox rules: `{name, to, enabled, error}`."""
        return [
            {
                "id": exchange_id("AQAAA", self.user_id, "rule", str(number)),
                "displayName": spec["name"],
                "sequence": number + 1,
                "isEnabled": spec.get("enabled", True),
                "hasError": spec.get("error", False),
                "isReadOnly": False,
                "conditions": {"subjectContains": ["invoice"]},
                "actions": {"moveToFolder": self.folder(spec["to"])["id"], "stopProcessingRules": True},
            }
            for number, spec in enumerate(self.rule_specs)
        ]

    def find_folder(self, name: str) -> Entity | None:
        """By id, or by well-known name in any case."""
        self.build()
        return self.folders.get(self.well_known.get(name.lower(), name))
