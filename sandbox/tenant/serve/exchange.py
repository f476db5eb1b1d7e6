"""Exchange's answers: mail folders, messages and mailbox settings below `/users/{id or user principal name}`."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.tenant.errors import access_policy, bad_request, item_not_found, mailbox_error
from sandbox.tenant.odata.matching import Collection, Entity
from sandbox.tenant.odata.query import shape
from sandbox.tenant.odata.schema import MAIL_FOLDER, MESSAGE, MESSAGE_CONTENT, EntityType, entity_type
from sandbox.tenant.serve import permissions
from sandbox.tenant.serve.bodies import context, many, one, selected
from sandbox.tenant.serve.call import Call
from sandbox.tenant.serve.paths import Body, PathTable
from sandbox.tenant.world.mailboxes import IMMUTABLE, WELL_KNOWN, Mailbox
from sandbox.tenant.world.tenant import Tenant

paths = PathTable("outlook")


def mailbox_key(tenant: Tenant, key: str) -> str:
    """The mailbox's name in the limits: the user's id, or the address as the request gave it."""
    found = tenant.user(key)
    return found["id"] if found else key.lower()


def open_mailbox(call: Call, key: str) -> Mailbox:
    """The mailbox, built; otherwise the error that Exchange gives for this address or this caller."""
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
    return many(call, Collection.of(MAIL_FOLDER, [folder for folder in found if hidden_too or not folder["isHidden"]]))


@paths.get("/users/{}/mailFolders", permissions.MAIL)
def mail_folders(call: Call, key: str) -> Body:
    """The top level only: the folders directly below the root of the mailbox."""
    mailbox = open_mailbox(call, key)
    return _folders(call, mailbox.children.get(mailbox.well_known["msgfolderroot"], []))


MESSAGE_RULE = entity_type(
    "messageRule", "messageRules", "actions conditions displayName exceptions hasError isEnabled isReadOnly sequence",
    outlook=True,
)  # fmt: skip


@paths.get("/users/{}/mailFolders/{}/messageRules", permissions.INBOX_RULES)
def message_rules(call: Call, key: str, folder: str) -> Body:
    """Only the Inbox has rules."""
    mailbox = open_mailbox(call, key)
    if _folder(mailbox, folder)["id"] != mailbox.well_known["inbox"]:
        raise bad_request("Rules are of the Inbox.")
    return many(call, Collection.of(MESSAGE_RULE, mailbox.rules()))


@paths.get("/users/{}/mailFolders/{}", permissions.MAIL)
def mail_folder(call: Call, key: str, folder: str) -> Body:
    return one(call, _folder(open_mailbox(call, key), folder), MAIL_FOLDER)


@paths.get("/users/{}/mailFolders/{}/childFolders", permissions.MAIL)
def child_folders(call: Call, key: str, folder: str) -> Body:
    mailbox = open_mailbox(call, key)
    return _folders(call, mailbox.children.get(_folder(mailbox, folder)["id"], []))


def _serve_message(call: Call, item: Entity, names: Iterable[str]) -> Entity:
    """Mail.ReadBasic.All opens everything but what the message says; that is left out, even if it is selected."""
    if not call.roles & permissions.MAIL_CONTENT:
        names = [name for name in names if name not in MESSAGE_CONTENT]
    served = shape(item, names, MESSAGE)
    if call.wants_immutable_ids:
        served["id"] = item[IMMUTABLE]
    return served


def _messages(call: Call, collection: Collection) -> Body:
    return many(call, collection, serve=lambda item, names: _serve_message(call, item, names))


@paths.get("/users/{}/messages", permissions.MAIL)
def messages(call: Call, key: str) -> Body:
    """The messages of every folder but Recoverable Items."""
    return _messages(call, open_mailbox(call, key).reachable)


@paths.get("/users/{}/mailFolders/{}/messages", permissions.MAIL)
def folder_messages(call: Call, key: str, folder: str) -> Body:
    mailbox = open_mailbox(call, key)
    found = mailbox.in_folder.get(_folder(mailbox, folder)["id"], [])
    return _messages(call, Collection.of(MESSAGE, found, indexed=("internetMessageId",)))


@paths.get("/users/{}/messages/{}", permissions.MAIL)
def message(call: Call, key: str, message_id: str) -> Body:
    """A message by either form of its id, in any folder."""
    names = selected(call, MESSAGE)
    found = open_mailbox(call, key).by_any_id.get(message_id)
    if found is None:
        raise item_not_found()
    return {"@odata.context": context(call, MESSAGE, single=True)} | _serve_message(call, found, names)


# A value, not an entity: it has no id.
MAILBOX_SETTINGS = EntityType(
    "microsoft.graph.mailboxSettings",
    "mailboxSettings",
    properties=dict.fromkeys(["archiveFolder", "timeZone", "userPurpose", "automaticRepliesSetting"]),
    default=("archiveFolder", "timeZone", "userPurpose", "automaticRepliesSetting"),
)


@paths.get("/users/{}/mailboxSettings", permissions.MAILBOX_SETTINGS)
def mailbox_settings(call: Call, key: str) -> Body:
    mailbox = open_mailbox(call, key)
    settings = {
        "archiveFolder": mailbox.well_known.get("archive"),
        "timeZone": "UTC",
        "userPurpose": mailbox.purpose,
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "all"},
    }
    where = f"{call.base}/$metadata#users('{key}')/mailboxSettings"
    return {"@odata.context": where} | shape(settings, selected(call, MAILBOX_SETTINGS), MAILBOX_SETTINGS)


@paths.get("/users/{}/mailboxSettings/userPurpose", permissions.MAILBOX_SETTINGS)
def user_purpose(call: Call, key: str) -> Body:
    """A property read by its own path is served as `{"value": …}`."""
    if "userPurpose" not in call.tenant.in_its_cloud(MAILBOX_SETTINGS).properties:
        raise bad_request("Resource not found for the segment 'userPurpose'.")
    mailbox = open_mailbox(call, key)
    where = f"{call.base}/$metadata#users('{key}')/mailboxSettings/userPurpose"
    return {"@odata.context": where, "value": mailbox.purpose}
