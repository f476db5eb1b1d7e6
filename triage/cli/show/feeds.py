"""The feeds for people: how each is doing, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from triage.cli.client.answers import Json
from triage.cli.errors import ExitCode
from triage.cli.show.collection import TENANT, counts, many, place, tenant_of
from triage.cli.show.columns import Column, moment, number, table, word
from triage.cli.show.layout import heading, part, parts
from triage.cli.show.terminal import harmless, plain
from triage.cli.times import short

CONFIGURE = "No tenant has a feed. Set ETD_APIS to find failed remediations automatically (docs/connect.md)."
_STATES = {"failing": "bold red", "behind": "bold yellow", "ok": "bold green", "off": "dim"}
_EXIT_CODES = {"failing": ExitCode.BROKEN, "behind": ExitCode.PARTLY, "ok": ExitCode.OK, "off": ExitCode.OK}


def _requests(row: Json, _: int) -> Text:
    return plain(f"{int(row.get('requestsToday') or 0):,} / {int(row.get('requestShare') or 0):,}".rjust(13))


_COLUMNS = (
    word("state", "state", 7, 0, lambda row: _STATES.get(str(row.get("state")), "")),
    Column(TENANT.name, TENANT.title, 20, 36),
    moment("lastSuccessAt", "read (UTC)", 1),
    Column("behindSeconds", "behind", 11, 11, 2, lambda row, _: plain(_long(row.get("behindSeconds")))),
    number("candidates", "actions", 4),
    number("verified", "worked", 6),
    number("failuresFound", "failed", 0, "bold red"),
    number("notVerified", "not verified", 3, "yellow"),
    number("mailboxesUnknown", "no mailbox", 7),
    Column("gaps", "gaps", 4, 4, 5, lambda row, _: plain(str(len(parts(row, "gaps"))).rjust(4))),
    Column("requestsToday", "requests", 13, 13, 8, _requests),
)


def exit_code(feeds: list[Json]) -> ExitCode:
    """2 if a feed fails, 1 if one is behind."""
    found = [_EXIT_CODES.get(str(feed.get("state")), ExitCode.UNKNOWN) for feed in feeds]
    return max(found, default=ExitCode.OK)


def feeds_view(feeds: list[Json], names: Mapping[str, str], width: int) -> Iterator[RenderableType]:
    """The totals, a table of the feeds that are on, the worst first, and what to do about them."""
    yield Text(
        f"{many(len(feeds), ('tenant', 'tenants'))}: {counts((one.get('state') for one in feeds), _STATES)}.", "bold"
    )
    rows = sorted((one for one in feeds if one.get("state") != "off"), key=lambda one: place(one.get("state"), _STATES))
    if not rows:
        return
    failed = sum(int(one.get("failuresFound") or 0) for one in rows)
    yield Text(f"In the last 14 days, they found {many(failed, ('failed remediation', 'failed remediations'))}.")
    yield Text()
    shown = [{**one, TENANT.name: tenant_of(one, names)} for one in rows]
    yield table(_COLUMNS, shown, width)
    for one in shown:
        if advice := list(_advice(one)):
            yield heading(harmless(str(one[TENANT.name])))
            yield from advice


def _advice(feed: Json) -> Iterator[Text]:
    """What is wrong with a feed, and what to do."""
    if feed.get("lastError"):
        yield plain(f"   {feed['lastError']}", _STATES.get(str(feed.get("state")), ""))
    if feed.get("state") == "failing":
        yield Text("   Try the API from here: etd-triage doctor with ETD_APIS set (docs/connect.md).")
    elif feed.get("state") == "behind":
        yield Text(
            "   It catches up automatically, as far as its share of requests allows (requestsPerDay in ETD_APIS)."
        )
    for gap in parts(feed, "gaps"):
        yield plain(f"   {short(gap.get('from'))} to {short(gap.get('to'))} (UTC): {gap.get('why')}", "yellow")
    if parts(feed, "gaps"):
        yield Text("   What failed in these times may be missing. Send it by hand: etd-triage submit FILE.")


def poll_line(name: str, before: Json, after: Json) -> Text:
    """What came of a poll."""
    found = {
        key: int(after.get(key) or 0) - int(before.get(key) or 0)
        for key in ("candidates", "failuresFound", "notVerified", "requestsToday")
    }
    style = _STATES.get(str(after.get("state")), "")
    line = plain(f"{name}: ").append(harmless(str(after.get("state"))), style)
    until = short(part(part(after, "lanes"), "search").get("cursor"))
    line.append(f", read until {until} (UTC)" if until else ", not read yet")
    line.append_text(plain(f"; {many(max(found['candidates'], 0), ('new action', 'new actions'))}"))
    if found["failuresFound"] > 0:
        line.append(f", {found['failuresFound']:,} failed", "bold red")
    line.append(f"; {many(max(found['requestsToday'], 0), ('request', 'requests'))}")
    return line.append_text(plain(f". {after['lastError']}" if after.get("lastError") else ""))


def _long(seconds: object) -> str:
    """How long, in the two largest units."""
    minutes = int(str(seconds or 0)) // 60
    hours, days = minutes // 60, minutes // 1440
    found = [(days, "d"), (hours % 24, "h"), (minutes % 60, "min")]
    return " ".join([f"{number} {unit}" for number, unit in found if number][:2]) or "-"
