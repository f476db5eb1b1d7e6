"""Reads the next part of a tenant's users, and what would make a remediation in their mailboxes fail.

Users are read in pages, and the Inbox of each user that may have a mailbox in batches, which are not shared with failures.
If Graph throttles a part, it is read again after Graph's Retry-After, with half as many batches at a time. Only the current
page is in memory.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from triage.coverage.assess import Assessed, Known, assess, may_have_mailbox
from triage.coverage.work import Work
from triage.diagnosis.diagnose import undetermined
from triage.graph.evidence import Answer, Lack, Reason, State
from triage.graph.inbox import own_refusal, read_inboxes
from triage.graph.models.directory import User, UserCount
from triage.graph.models.mail import MailFolder
from triage.graph.questions import directory
from triage.graph.reading import Page, read_one, read_page
from triage.graph.tenants import TenantGraph

USERS = 40
"""Mailboxes in a part, for each batch at a time: two full batches. A part is stored before the next one starts, so an
interruption costs at most one part, and parts of a slow tenant are small."""
MOST_BATCHES = 12
"""Batches at a time, of 20 mailboxes each. Graph asks Outlook for four of a batch at a time
(https://learn.microsoft.com/graph/json-batching)."""
_PATIENCE = 3
"""How often a part waits for mailboxes that are throttled or late. After that they are unknown."""
_MANY = 20
"""If most of at least this many mailboxes don't answer, the problem is not the mailboxes: the part waits until they do."""
_FIRST_WAIT, _LONGEST_WAIT = 15.0, 600.0
MOST_ROUNDS = 3
"""How often a scan starts if Graph loses its pages each time."""
FORGOTTEN = Lack(check="users", reason=Reason.UNAVAILABLE, detail="Graph forgot the page of users each time")

# Graph no longer knows the page: its token has expired.
_EXPIRED = (400, 410)
_TOO_LARGE = 413
_SMALL_PAGE = 200
"""Users in a page if Graph doesn't send larger ones in time."""


@dataclass(frozen=True, slots=True)
class Part:
    """The next users of a tenant, those of them that may have a mailbox, and how to continue. `last`: no users are left."""

    users: int
    found: list[Assessed]
    work: Work
    last: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a part could not be read. `work` is how to continue after `seconds`; None: a retry would not help."""

    lack: Lack
    work: Work | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StartOver:
    """Graph no longer knows the page, or never sends it: the scan has to start over, with this work."""

    work: Work


class Scanner:
    """Reads the users of one tenant, part by part."""

    def __init__(self, graph: TenantGraph) -> None:
        self._graph = graph
        self._batcher = graph.session.bulk
        self._page: tuple[str, Page] | None = None

    async def count(self) -> int | None:
        """The number of users of the tenant, for the progress; None if Graph doesn't say."""
        answer = await read_one(self._batcher, directory.user_count(), UserCount)
        return answer.value.count if answer.value is not None else None

    async def next(self, work: Work) -> Part | Blocked | StartOver:
        """The next part. Errors of Graph are in the result."""
        answer = await self._page_at(work)
        if answer.value is None:
            return _without_page(answer, work)
        known, doubt = await self._known()
        if doubt is not None:
            return _blocked(doubt, work)
        end = work.done + USERS * work.width
        rows = answer.value.rows[work.done : end]
        refusals = self._batcher.refusals
        found = await self._assessed(rows, known, work)
        refused = self._batcher.refusals > refusals
        width = max(1, work.width // 2) if refused else min(MOST_BATCHES, work.width + 1)
        work = work.model_copy(update={"width": width})
        if isinstance(found, Lack):
            return _blocked(found, work)
        following = {"done": end} if end < len(answer.value.rows) else {"done": 0, "link": answer.value.next_url}
        after = work.model_copy(update={**following, "part": work.part + 1, "waits": 0, "not_before": None})
        return Part(len(rows), found, after, last=after.done == 0 and after.link is None)

    async def _page_at(self, work: Work) -> Answer[Page]:
        """The current page of users. It is kept until the next one."""
        question = directory.users(work.top)
        if work.link is not None:
            question = replace(question, url=work.link)
        if self._page is not None and self._page[0] == question.url:
            return Answer(question.check, State.READ, self._page[1])
        self._page = None
        answer = await read_page(self._batcher, question)
        if answer.value is not None:
            self._page = question.url, answer.value
        return answer

    async def _known(self) -> tuple[Known, Lack | None]:
        """What all users of the tenant have in common, and a reason if the answers may be another tenant's."""
        graph = self._graph
        organization, skus = await asyncio.gather(graph.organization.get(), graph.subscribed_skus.get())
        return Known(graph.tenant, organization, skus), graph.doubt(organization)

    async def _assessed(self, rows: list[Any], known: Known, work: Work) -> list[Assessed] | Lack:
        """The mailboxes of users, or why to read them later."""
        users: list[User] = []
        unread: list[Assessed] = []
        for row in rows:
            try:
                user = User.model_validate(row)
            except ValidationError:  # not the shape that Graph documents
                lack = Lack(check="user", reason=Reason.UNAVAILABLE)
                unread.append(Assessed("", undetermined((lack,), "")))
                continue
            if user.id and may_have_mailbox(user, known):
                users.append(user)
        inboxes = await self._inboxes(users, work.width)
        missing = [inbox for inbox in inboxes if inbox.state is State.UNREAD and inbox.lack.passing]
        throttled = any(inbox.reason is Reason.THROTTLED for inbox in missing)
        most = 2 * len(missing) > len(inboxes)
        if (work.waits < _PATIENCE and (most or throttled)) or (most and len(inboxes) >= _MANY):
            return max((inbox.lack for inbox in missing), key=lambda lack: lack.retry_after or 0)
        found = (assess(user, inbox, known) for user, inbox in zip(users, inboxes, strict=True))
        return [one for one in found if one is not None] + unread

    async def _inboxes(self, users: list[User], width: int) -> list[Answer[MailFolder]]:
        """The Inbox of each user. Reads that failed for a temporary reason are retried once, unless Graph throttles."""
        ids = [user.id or "" for user in users]
        found = await read_inboxes(self._batcher, ids, width)
        again = [number for number, one in enumerate(found) if one.reason in (Reason.UNAVAILABLE, Reason.TIMEOUT)]
        if 2 * len(again) <= len(found):
            for number, answer in zip(
                again, await read_inboxes(self._batcher, [ids[one] for one in again], width), strict=True
            ):
                found[number] = answer
        return [own_refusal(inbox) for inbox in found]


def _without_page(answer: Answer[Page], work: Work) -> Blocked | StartOver:
    """What to do without a page of users."""
    if work.link is not None and answer.status in _EXPIRED:
        return StartOver(work.again())
    never_comes = answer.reason is Reason.TIMEOUT and work.waits >= _PATIENCE
    if work.top > _SMALL_PAGE and (never_comes or answer.status == _TOO_LARGE):
        return StartOver(work.again(_SMALL_PAGE))
    return _blocked(answer.lack, work)


def _blocked(lack: Lack, work: Work) -> Blocked:
    """What to do if a part could not be read: wait as long as Graph says, and longer each time, or give up."""
    if not lack.passing:
        return Blocked(lack)
    growing = min(_LONGEST_WAIT, _FIRST_WAIT * math.exp2(work.waits))
    waiting = work.model_copy(update={"waits": work.waits + 1})
    return Blocked(lack, waiting, max(lack.retry_after or 0.0, growing))
