"""Exchange's answers: mail folders, messages, mailbox settings of ``/users/{id or user principal name}``."""

from __future__ import annotations

from typing import Any

from sandbox.tenant import odata, permissions
from sandbox.tenant.call import Call
from sandbox.tenant.directory import context, one
from sandbox.tenant.errors import access_policy, item_not_found, mailbox_error
from sandbox.tenant.mailboxes import IMMUTABLE, WELL_KNOWN, Mailbox
from sandbox.tenant.matching import Collection, Entity
from sandbox.tenant.schema import MAIL_FOLDER, MESSAGE, MESSAGE_CONTENT
from sandbox.tenant.tenant import Tenant

Body = dict[str, Any]


def mailbox_key(tenant: Tenant, key: str) -> str:
    """What names the mailbox for the limits: the user's id, or the address as it was asked for."""
    found = tenant.user(key)
    return found["id"] if found else key.lower()


def open_mailbox(call: Call, key: str) -> Mailbox:
    """The mailbox, built; else the error that Exchange gives for this address, or for the caller."""
    found = call.tenant.user(key)
    if found is None:
        raise mailbox_error(call.tenant.mailbox_errors.get(key.lower(), call.tenant.unknown_user), key)
    mailbox = call.tenant.mailboxes[found["id"]]
    if mailbox.error:
        raise mailbox_error(mailbox.error, key)
    if mailbox.blocked:
        raise access_policy()
    mailbox.build()
    return mailbox


def _folder(mailbox: Mailbox, key: str) -> Entity:
    found = mailbox.find_folder(key)
    if found is None:
        raise item_not_found(f"Default folder {key}" if key.lower() in WELL_KNOWN else "")
    return found


def _folders(call: Call, found: list[Entity]) -> Body:
    hidden_too = call.query.options.get("includeHiddenFolders", "").lower() == "true"
    collection = Collection(MAIL_FOLDER)
    for folder in found:
        if hidden_too or not folder["isHidden"]:
            collection.add(folder)
    names = odata.selected(call.query, MAIL_FOLDER)
    items = odata.find(collection, call.query)
    items, about = odata.page(items, call.query, MAIL_FOLDER, call.base + call.path, call.tenant.page_size)
    value = [odata.shape(item, names, MAIL_FOLDER) for item in items]
    return {"@odata.context": context(call, MAIL_FOLDER)} | about | {"value": value}


def mail_folders(call: Call, key: str) -> Body:
    """The top level only: what lies directly below the root of the mailbox."""
    mailbox = open_mailbox(call, key)
    return _folders(call, mailbox.children.get(mailbox.well_known["msgfolderroot"], []))


def mail_folder(call: Call, key: str, folder: str) -> Body:
    return one(call, _folder(open_mailbox(call, key), folder), MAIL_FOLDER)


def child_folders(call: Call, key: str, folder: str) -> Body:
    mailbox = open_mailbox(call, key)
    return _folders(call, mailbox.children.get(_folder(mailbox, folder)["id"], []))


def _served(call: Call, item: Entity, names: tuple[str, ...]) -> Entity:
    served = odata.shape(item, names, MESSAGE)
    if call.wants_immutable_ids:
        served["id"] = item[IMMUTABLE]
    return served


def _message_properties(call: Call) -> tuple[str, ...]:
    """Mail.ReadBasic.All opens everything but what the message says; that is left out, even if it is selected."""
    names = odata.selected(call.query, MESSAGE)
    if call.roles & permissions.MAIL_CONTENT:
        return names
    return tuple(name for name in names if name not in MESSAGE_CONTENT)


def _messages(call: Call, collection: Collection) -> Body:
    names = _message_properties(call)
    found = odata.find(collection, call.query)
    items, about = odata.page(found, call.query, MESSAGE, call.base + call.path, call.tenant.page_size)
    value = [_served(call, item, names) for item in items]
    return {"@odata.context": context(call, MESSAGE)} | about | {"value": value}


def messages(call: Call, key: str) -> Body:
    """Every folder but Recoverable Items."""
    return _messages(call, open_mailbox(call, key).reachable)


def folder_messages(call: Call, key: str, folder: str) -> Body:
    mailbox = open_mailbox(call, key)
    collection = Collection(MESSAGE, indexed=("internetMessageId",))
    for message in mailbox.in_folder.get(_folder(mailbox, folder)["id"], []):
        collection.add(message)
    return _messages(call, collection)


def message(call: Call, key: str, message_id: str) -> Body:
    """By either form of its id, in any folder."""
    names = _message_properties(call)
    found = open_mailbox(call, key).by_any_id.get(message_id)
    if found is None:
        raise item_not_found()
    return {"@odata.context": context(call, MESSAGE, single=True)} | _served(call, found, names)


def mailbox_settings(call: Call, key: str) -> Body:
    mailbox = open_mailbox(call, key)
    return {
        "@odata.context": f"{call.base}/$metadata#users('{key}')/mailboxSettings",
        "archiveFolder": mailbox.well_known.get("archive"),
        "timeZone": "UTC",
        "userPurpose": mailbox.purpose,
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "all"},
    }


def user_purpose(call: Call, key: str) -> Body:
    """A property by its own path comes as ``{"value": …}``."""
    mailbox = open_mailbox(call, key)
    where = f"{call.base}/$metadata#users('{key}')/mailboxSettings/userPurpose"
    return {"@odata.context": where, "value": mailbox.purpose}
