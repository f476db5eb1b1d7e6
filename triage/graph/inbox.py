"""Whether mailboxes answer: what a refusal says, and the Inboxes of many users at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from triage.graph.batch_request import MAX_ITEMS
from triage.graph.batching import Batcher
from triage.graph.evidence import Answer, State
from triage.graph.models.mail import MailFolder
from triage.graph.questions import mail
from triage.graph.reading import read_one


def own_refusal(inbox: Answer[MailFolder]) -> Answer[MailFolder]:
    """A 401 for the Inbox, while the directory accepts the same token, is the mailbox's own: it does not answer.

    Only for a user that the directory has answered for. Exchange gives it for a user without a license, among others.
    """
    if inbox.status == HTTPStatus.UNAUTHORIZED and inbox.error_code:
        return replace(inbox, state=State.ABSENT, reason=None)
    return inbox


async def read_inboxes(batcher: Batcher, user_ids: Sequence[str], width: int) -> list[Answer[MailFolder]]:
    """The Inbox of each user, with this number of full batches at a time."""
    limit = asyncio.Semaphore(width)

    async def batch(part: Sequence[str]) -> list[Answer[MailFolder]]:
        async with limit:
            return await asyncio.gather(*(read_one(batcher, mail.mailbox(one), MailFolder) for one in part))

    parts = [user_ids[start : start + MAX_ITEMS] for start in range(0, len(user_ids), MAX_ITEMS)]
    found = await asyncio.gather(*map(batch, parts))
    return [answer for part in found for answer in part]
