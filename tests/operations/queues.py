"""What a trigger of the app would get from a queue."""

from __future__ import annotations

import asyncio
import contextlib
import time

from azure.core.exceptions import ResourceExistsError

from triage.operations.services import Services


async def taken(services: Services, suffix: str = "", count: int = 1, seconds: float = 3) -> list[str]:
    """The next messages of a queue, which are taken off it, as soon as this number is visible.

    The intake queue, or with `-looks` the queue of looks, which is made if nothing was ever put on it.
    """
    texts: list[str] = []
    end = time.monotonic() + seconds
    async with services.account.queues().get_queue_client(f"{services.settings.queue}{suffix}") as client:
        with contextlib.suppress(ResourceExistsError):
            await client.create_queue()
        while len(texts) < count and time.monotonic() < end:
            async for one in client.receive_messages(messages_per_page=32, visibility_timeout=600):
                texts.append(one.content)
                await client.delete_message(one)
            await asyncio.sleep(0.05)
    return texts


async def all_taken(services: Services, suffix: str = "", seconds: float = 30) -> list[str]:
    """All messages of a queue, which are taken off it. Those that are not visible yet are waited for."""
    texts: list[str] = []
    end = time.monotonic() + seconds
    async with services.account.queues().get_queue_client(f"{services.settings.queue}{suffix}") as client:
        with contextlib.suppress(ResourceExistsError):
            await client.create_queue()
        while (await client.get_queue_properties()).approximate_message_count:
            assert time.monotonic() < end, "a message stays invisible"
            texts += await taken(services, suffix, seconds=0.1)
    return texts
