"""The mailboxes of the simulated tenant, by its control interface: mail is put there, and moved if that can work."""

from __future__ import annotations

import aiohttp

from sandbox.etd.clock import written
from sandbox.etd.mail import Mail


class Mailboxes:
    """`graph`: the address of the simulated tenant, as in the setting GRAPH_ENDPOINT."""

    def __init__(self, graph: str, session: aiohttp.ClientSession):
        self._root = f"{graph.rstrip('/')}/_sandbox"
        self._session = session

    async def deliver(self, tenant_id: str, mailbox: str, mail: Mail) -> None:
        """Puts mail into the Inbox. An address that nobody has gets none, and ETD doesn't notice."""
        message = {"in": "inbox", "id": mail.message_id, "subject": mail.subject, "from": mail.sender,
                   "received": written(mail.received)}  # fmt: skip
        body = {"tenantId": tenant_id, "mailbox": mailbox, "message": message}
        async with self._session.post(f"{self._root}/deliver", json=body) as answer:
            if answer.status != 404:
                answer.raise_for_status()

    async def move(self, tenant_id: str, mailbox: str, message_id: str, folder: str) -> bool:
        """Whether the message is now in the folder that ETD calls by this name."""
        body = {"tenantId": tenant_id, "mailbox": mailbox, "internetMessageId": message_id, "folder": folder}
        async with self._session.post(f"{self._root}/remediate", json=body) as answer:
            answer.raise_for_status()
            return (await answer.json())["moved"]
