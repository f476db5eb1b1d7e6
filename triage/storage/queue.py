"""Sends messages to a queue, and reads its state."""

from __future__ import annotations

import asyncio
import base64
import contextlib

from triage.storage.account import StorageAccount

_AT_ONCE = 32
_PEEKED = 32  # the most that storage returns


class IntakeQueue:
    """The queue that TRIAGE_QUEUE names."""

    def __init__(self, account: StorageAccount, name: str) -> None:
        self._account = account
        self._name = name

    async def send(self, messages: list[bytes], *, delay: int = 0) -> None:
        """Puts messages on the queue, which is created if it does not exist. They are visible after `delay` seconds.

        Raises an ExceptionGroup of azure.core's errors. Then some of the messages may be on the queue.
        """
        client = self._account.queues().get_queue_client(self._name)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def put(message: bytes) -> None:
            from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

            text = base64.b64encode(message).decode()
            async with limit:
                try:
                    await client.send_message(text, visibility_timeout=delay, time_to_live=-1)
                except ResourceNotFoundError:
                    with contextlib.suppress(ResourceExistsError):
                        await client.create_queue()
                    await client.send_message(text, visibility_timeout=delay, time_to_live=-1)

        async with asyncio.TaskGroup() as group:
            for message in messages:
                group.create_task(put(message))

    async def state(self) -> tuple[int, list[tuple[str, float]]]:
        """The number of messages, including invisible ones, and the text and the time of arrival (seconds since 1970) of some
        visible ones, oldest first. Raises azure.core's errors.
        """
        from azure.core.exceptions import ResourceNotFoundError

        client = self._account.queues().get_queue_client(self._name)
        try:
            number = (await client.get_queue_properties()).approximate_message_count or 0
            front = await client.peek_messages(_PEEKED)
        except ResourceNotFoundError:  # it is created with the first message
            return 0, []
        return number, [(str(one.content), one.inserted_on.timestamp()) for one in front if one.inserted_on]

    async def ping(self) -> None:
        """Raises azure.core's errors if the account's queues cannot be reached."""
        from azure.core.exceptions import ResourceNotFoundError

        with contextlib.suppress(ResourceNotFoundError):  # it is created with the first failure
            await self._account.queues().get_queue_client(self._name).get_queue_properties()
