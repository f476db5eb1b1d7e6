"""The simulated tenant's mailboxes: folders, messages, ids, and what Exchange says if there is no mailbox."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.tenant.client import Client, running

WELL_KNOWN = [
    *("archive", "conflicts", "conversationhistory", "deleteditems", "drafts", "inbox", "junkemail", "localfailures"),
    *("msgfolderroot", "outbox", "recoverableitemsdeletions", "scheduled", "searchfolders", "sentitems"),
    *("serverfailures", "syncissues"),
]
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


async def find(client: Client, who: str, message_id: str | None = None, where: str = "/messages", **options: str):
    wanted = (message_id or f"<{who}@mail.example>").replace("'", "''")
    path = f"/users/{quote(who)}@contoso.com{where}"
    return await client.get(path, filter=f"internetMessageId eq '{wanted}'", **options)


async def folder_name(client: Client, who: str, folder_id: str) -> str:
    answer = await client.get(f"/users/{who}@contoso.com/mailFolders/{folder_id}", select="displayName")
    return answer.body["displayName"]


@pytest.mark.parametrize("name", WELL_KNOWN)
async def test_every_well_known_folder_has_a_name_and_an_id(name: str) -> None:
    async with running() as client:
        by_name = await client.get(f"/users/ines@contoso.com/mailFolders/{name}")
        assert by_name.status == 200
        by_id = await client.get(f"/users/ines@contoso.com/mailFolders/{by_name.body['id']}")
        assert by_id.body["displayName"] == by_name.body["displayName"]
        assert (await client.get(f"/users/ines@contoso.com/mailFolders/{name.upper()}")).status == 200


async def test_a_well_known_folder_that_does_not_exist() -> None:
    async with running() as client:
        answer = await client.get("/users/ines@contoso.com/mailFolders/clutter")
        assert (answer.status, answer.code) == (404, "ErrorItemNotFound")
        assert (await client.get("/users/clara@contoso.com/mailFolders/clutter")).status == 200
        other = await client.get("/users/ines@contoso.com/mailFolders/AAMkAGFjNothing=")
        assert (other.status, other.code) == (404, "ErrorItemNotFound")
        assert other.message == "The specified object was not found in the store."


async def test_folder_names_follow_the_language_and_ids_do_not() -> None:
    async with running() as client:
        german = await client.get("/users/jens@contoso.com/mailFolders/junkemail", select="displayName")
        french = await client.get("/users/odile@contoso.com/mailFolders/inbox", select="displayName")
        assert (german.body["displayName"], french.body["displayName"]) == ("Junk-E-Mail", "Boîte de réception")
        assert (await client.get("/users/jens@contoso.com/mailFolders/Posteingang")).status == 404


async def test_the_top_level_has_no_hidden_folders_and_no_subfolders() -> None:
    async with running() as client:
        path = "/users/quin@contoso.com/mailFolders"
        shown = await client.get(path, select="displayName,isHidden,parentFolderId", top="100")
        assert "Inbox" in shown.column("displayName")
        assert not any(shown.column("isHidden"))
        root = await client.get(f"{path}/msgfolderroot", select="id")
        assert set(shown.column("parentFolderId")) == {root.body["id"]}
        both = await client.get(f"{path}?includeHiddenFolders=true", select="displayName,isHidden", top="100")
        hidden = {each["displayName"] for each in both.body["value"] if each["isHidden"]}
        assert "Quarantine-ETD" in hidden
        assert "Deletions" not in hidden, "Recoverable Items is not below the root of the mailbox"
        mona = await client.get("/users/mona@contoso.com/mailFolders", select="displayName", top="100")
        assert "Invoices" not in mona.column("displayName")
        below = await client.get("/users/mona@contoso.com/mailFolders/inbox/childFolders", select="displayName")
        assert below.column("displayName") == ["Invoices"]


async def test_folders_come_ten_at_a_time() -> None:
    async with running() as client:
        first = await client.get("/users/quin@contoso.com/mailFolders?includeHiddenFolders=true", select="displayName")
        assert len(first.body["value"]) == 10
        second = await client.follow(first.body["@odata.nextLink"])
        names = first.column("displayName") + second.column("displayName")
        assert "Quarantine-ETD" not in first.column("displayName"), "so a client that reads one page only misses it"
        assert "Quarantine-ETD" in names
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("who", "folders"),
    [
        ("ines", ["Inbox"]),
        ("jane", ["Junk Email"]),
        ("mona", ["Invoices"]),
        ("milo", ["2026"]),
        ("adam", ["Archive"]),
        ("sean", ["Sent Items"]),
        ("dana", ["Deleted Items"]),
        ("cora", ["Deleted Items", "Inbox"]),
        ("quin", ["Quarantine-ETD"]),
        ("cato", ["Inbox", "Inbox", "Quarantine-ETD"]),
        ("cleo", ["Deleted Items", "Junk Email"]),
        ("clara", ["Clutter"]),
        ("rita", []),
        ("quid", []),
        ("gona", []),
    ],
)
async def test_messages_are_found_in_every_folder_but_recoverable_items(who: str, folders: list[str]) -> None:
    async with running() as client:
        answer = await find(client, who, select="id,parentFolderId")
        names = [await folder_name(client, who, each) for each in answer.column("parentFolderId")]
        assert sorted(names) == folders


async def test_recoverable_items_and_hidden_folders_have_messages_of_their_own() -> None:
    async with running() as client:
        for who in ("rita", "cleo"):
            answer = await find(client, who, where="/mailFolders/recoverableitemsdeletions/messages")
            assert len(answer.body["value"]) == 1
        listed = await client.get("/users/quid@contoso.com/mailFolders?includeHiddenFolders=true", top="50")
        (hidden,) = [each["id"] for each in listed.body["value"] if each["displayName"] == "Quarantine-ETD"]
        assert len((await find(client, "quid", where=f"/mailFolders/{hidden}/messages")).body["value"]) == 1


async def test_message_ids_are_case_sensitive_and_must_be_encoded() -> None:
    odd = "<CAF+k=zB&h'q%2F#1?@mail.example>"
    async with running() as client:
        assert len((await find(client, "mia+news", odd)).body["value"]) == 1
        assert (await find(client, "mia+news", odd.swapcase())).body["value"] == []
        path = "/users/mia%2Bnews@contoso.com/messages?$filter=internetMessageId%20eq%20"
        # A plus that is not encoded is a blank, and then nothing is found: no error.
        unencoded = await client.get(f"{path}'%3CCAF+k=zB%26h''q%252F%231%3F@mail.example%3E'")
        assert (unencoded.status, unencoded.body["value"]) == (200, [])
        # An ampersand that is not encoded ends the option, in the middle of the text.
        cut = await client.get(f"{path}'%3CCAF%2Bk=zB&h''q'")
        assert (cut.status, cut.code) == (400, "BadRequest")


async def test_default_properties_of_a_message_and_its_content() -> None:
    async with running() as client:
        (basic,) = (await find(client, "ines")).body["value"]
        assert basic["subject"] == "Your invoice is overdue"
        assert not {"body", "bodyPreview"} & set(basic), "Mail.ReadBasic.All does not open what the message says"
        (asked,) = (await find(client, "ines", select="body,subject")).body["value"]
        assert set(asked) == {"id", "subject"}
        await client.control("PUT", "state", {"tenants": {"contoso": {"triageRoles": ["Mail.Read"]}}})
        (full,) = (await find(client, "ines")).body["value"]
        assert {"body", "bodyPreview"} <= set(full)


async def test_a_message_by_its_id_and_its_other_id() -> None:
    async with running() as client:
        (plain,) = (await find(client, "dana", select="id,parentFolderId")).body["value"]
        answer = await client.get(
            "/users/dana@contoso.com/messages", IMMUTABLE, filter="internetMessageId eq '<dana@mail.example>'"
        )
        (immutable,) = answer.body["value"]
        assert answer.headers["Preference-Applied"] == 'IdType="ImmutableId"'
        assert plain["id"] != immutable["id"]
        assert plain["parentFolderId"] == immutable["parentFolderId"], "folder ids never change"
        for message_id in (plain["id"], immutable["id"]):
            one = await client.get(f"/users/dana@contoso.com/messages/{quote(message_id, safe='')}", select="isRead")
            assert one.status == 200
        moved = {"tenants": {"contoso": {"people": {"dana": {"messages": ["inbox"]}}}}}
        assert (await client.control("PUT", "state", moved)).status == 204
        stale = await client.get(f"/users/dana@contoso.com/messages/{plain['id']}")
        assert (stale.status, stale.code) == (404, "ErrorItemNotFound")
        kept = await client.get(f"/users/dana@contoso.com/messages/{immutable['id']}", IMMUTABLE)
        assert kept.body["id"] == immutable["id"]
        inbox = await client.get("/users/dana@contoso.com/mailFolders/inbox")
        assert kept.body["parentFolderId"] == inbox.body["id"]


async def test_paging_counting_and_ordering_of_messages() -> None:
    copies = [{"in": "inbox", "received": f"-{hours}h"} for hours in range(1, 26)]
    change = {"tenants": {"contoso": {"people": {"ines": {"messages": copies}}}}}
    async with running() as client:
        await client.control("PUT", "state", change)
        first = await client.get("/users/ines@contoso.com/messages", select="id", count="true")
        assert first.body["@odata.count"] == 25
        assert len(first.body["value"]) == 10
        second = await client.follow(first.body["@odata.nextLink"])
        third = await client.follow(second.body["@odata.nextLink"])
        assert "@odata.nextLink" not in third.body
        ids = first.column("id") + second.column("id") + third.column("id")
        assert len(set(ids)) == 25
        path = "/users/ines@contoso.com/messages"
        newest = await client.get(path, orderby="receivedDateTime desc", select="receivedDateTime", top="2")
        assert newest.column("receivedDateTime") == sorted(newest.column("receivedDateTime"), reverse=True)
        after = newest.column("receivedDateTime")[1]
        recent = await client.get(path, filter=f"receivedDateTime ge {after}", select="id")
        assert len(recent.body["value"]) == 2
        mixed = await client.get(path, orderby="receivedDateTime desc", filter="isRead eq false")
        assert (mixed.status, mixed.code) == (400, "InefficientFilter")
        assert (await client.get(path, skip="20", select="id", top="50")).column("id") == ids[20:]
        assert (await client.get(path, top="1001")).status == 400


async def test_counts_of_a_folder() -> None:
    async with running() as client:
        inbox = (await client.get("/users/many@contoso.com/mailFolders/inbox")).body
        assert (inbox["totalItemCount"], inbox["unreadItemCount"], inbox["childFolderCount"]) == (3, 3, 0)
        read = (await client.get("/users/irma@contoso.com/mailFolders/inbox")).body
        assert (read["totalItemCount"], read["unreadItemCount"]) == (1, 0)
        assert (await client.get("/users/mona@contoso.com/mailFolders/inbox")).body["childFolderCount"] == 1


async def test_a_property_that_cannot_be_filtered() -> None:
    async with running() as client:
        answer = await client.get("/users/ines@contoso.com/messages", filter="contains(body,'pay')")
        assert (answer.status, answer.code) == (400, "ErrorInvalidUrlQueryFilter")


@pytest.mark.parametrize(
    ("who", "code", "message"),
    [
        ("uma@contoso.com", "MailboxNotEnabledForRESTAPI",
         "The mailbox is either inactive, soft-deleted, or is hosted on-premise."),
        ("arno@contoso.com", "MailboxNotSupportedForRESTAPI", "REST API is not yet supported for this mailbox."),
        ("ulla@contoso.com", "ErrorInvalidUser", "The requested user 'ulla@contoso.com' is invalid."),
        ("ugo@contoso.com", "ResourceNotFound", "Resource could not be discovered."),
        ("otto@contoso.com", "ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."),
        ("dora@contoso.com", "MailboxNotEnabledForRESTAPI", None),
        ("derek@contoso.com", "ErrorInvalidUser", None),
        ("ghost@contoso.com", "ErrorInvalidUser", "The requested user 'ghost@contoso.com' is invalid."),
        ("sales@contoso.com", "ResourceNotFound", None),
        ("al@contoso.com", "ErrorInvalidUser", None),
    ],
)  # fmt: skip
async def test_what_exchange_says_if_there_is_no_mailbox(who: str, code: str, message: str | None) -> None:
    async with running() as client:
        for path in ("mailFolders/inbox", "messages", "mailboxSettings/userPurpose"):
            answer = await client.get(f"/users/{who}/{path}")
            assert (answer.status, answer.code) == (404, code)
            assert message in (None, answer.message)


async def test_data_centers_differ_in_what_they_say_about_an_unknown_user() -> None:
    async with running(tenant="fabrikam") as client:
        assert (await client.get("/users/ghost@fabrikam.com/messages")).code == "ResourceNotFound"


async def test_an_access_policy_blocks_the_caller_from_one_mailbox() -> None:
    async with running() as client:
        answer = await client.get("/users/basil@contoso.com/mailFolders/inbox")
        assert (answer.status, answer.code) == (403, "ErrorAccessDenied")
        assert "[RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings." in answer.message
        assert (await client.get("/users/ines@contoso.com/mailFolders/inbox")).status == 200


async def test_a_cloud_whose_schema_lacks_properties() -> None:
    spec = {"tenants": {"gov": {"domains": ["gov.example"], "people": {"ada": {}},
            "schemaLacks": {"mailFolder": ["isHidden"], "mailboxSettings": ["userPurpose"]}}}}  # fmt: skip
    async with running(spec, "gov") as client:
        where = "/users/ada@gov.example"
        refused = await client.get(f"{where}/mailFolders", select="displayName,isHidden")
        assert (refused.status, refused.code) == (400, "BadRequest")
        assert refused.message.endswith(
            "Could not find a property named 'isHidden' on type 'microsoft.graph.mailFolder'."
        )
        assert "isHidden" not in (await client.get(f"{where}/mailFolders/inbox")).body
        assert "userPurpose" not in (await client.get(f"{where}/mailboxSettings")).body
        assert (await client.get(f"{where}/mailboxSettings/userPurpose")).status == 400
        assert (await client.get(where, select="displayName,userPrincipalName")).status == 200


async def test_mailbox_settings() -> None:
    async with running() as client:
        for who, purpose in (("ines", "user"), ("finance", "shared"), ("aspen-room", "room")):
            settings = await client.get(f"/users/{who}@contoso.com/mailboxSettings")
            value = await client.get(f"/users/{who}@contoso.com/mailboxSettings/userPurpose")
            assert settings.body["userPurpose"] == value.body["value"] == purpose
        assert set(value.body) == {"@odata.context", "value"}
