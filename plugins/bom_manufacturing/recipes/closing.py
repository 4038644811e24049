"""Closing the day: what was sold takes its ingredients by recipe (日结耗用).

A closing looks at all that was sold at a place on a day and posts the difference from what earlier closings
of that day took. So a late sale, a return or a corrected recipe needs nothing but closing the day again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import structlog

from core.plugin_api import (
    DUPLICATE,
    NOT_FOUND,
    Asked,
    Database,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    Work,
    attributes_of_items,
    define,
    post_many,
    raise_any,
    run_command,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills.rules.records import Variant
from plugins.bom_manufacturing.recipes.posting import CLOSED_MEANWHILE, Part
from plugins.bom_manufacturing.recipes.rules import recipes as rules
from plugins.bom_manufacturing.recipes.rules.recipes import Use
from plugins.bom_manufacturing.recipes.stock import recipes as stored

DAY_TO_COME = define(
    "BOM_MANUFACTURING_DAY_TO_COME",
    en="{day} is not over yet: a day can be closed once it has come, today being {today}.",
    zh="{day} 尚未到来,今天是 {today},不能日结。",
)

LOOK_BACK = timedelta(days=31)
"""How far back days are closed by themselves; older ones by whoever asks for it."""
MOST_DAYS = 200
"""Days of places after which a run of the job leaves the rest to the next."""
MOST_LINES = 500
"""Ingredients of one document."""

_ATTEMPTS = 8
_RACES = frozenset({CLOSED_MEANWHILE, DUPLICATE})


async def close_day(
    db: Database, principal: Principal, command_id: UUID, place: UUID, day: date
) -> None:
    """Close a day of a place, or close it again. Raises Refused, also where the books refuse what is
    taken; what was taken before that stays, and the next closing goes on from there."""

    async def work(tx: Transaction) -> Mapping[str, str]:
        if not await stored.ours(tx, place):
            raise_any([Refusal(NOT_FOUND, ("placeId",), {"id": str(place)})])
        now = await today(tx)
        if day > now:
            details = {"day": day.isoformat(), "today": now.isoformat()}
            raise_any([Refusal(DAY_TO_COME, ("day",), details)])
        return {}

    asked = {"placeId": place, "day": day}
    await run_command(db, principal.tenant_id, command_id, "bomManufacturingCloseDay", asked, work)
    await take(db, principal, place, day)


async def close_open_days(work: Work, principal: Principal) -> None:
    """Close the days of all places that are over and not closed, or not with all that was sold. A day
    that the books refuse stays open, and the others are closed."""
    after: tuple[date, UUID] | None = None
    closed = 0
    while closed < MOST_DAYS:
        async with work.snapshot() as tx:
            until = await today(tx) - timedelta(days=1)
            since = until - LOOK_BACK
            days = await stored.days(tx, since, until, None, True, after, MOST_DAYS)
        if not days:
            return
        for one in days:
            after = one.day, one.place_id
            try:
                await take(work.database, principal, *one.key)
                closed += 1
            except Refused as refused:
                codes = [refusal.code for refusal in refused.refusals]
                _log.warning(
                    "a day stays open", place=str(one.place_id), day=str(one.day), codes=codes
                )


async def take(db: Database, principal: Principal, place: UUID, day: date) -> None:
    """Take what is due of a day. Raises Refused."""
    for _ in range(_ATTEMPTS):
        async with db.snapshot(principal.tenant_id) as tx:
            parts = await due(tx, place, day)
        try:
            for part in parts:
                await _post(db, principal, part)
            return
        except Refused as refused:
            if not _RACES.issuperset(one.code for one in refused.refusals):
                raise
    raise Refused(Refusal(CLOSED_MEANWHILE, ()))


async def due(tx: Transaction, place: UUID, day: date) -> list[Part]:
    """What a closing of a day has to take now, as the closings that do it one after the other."""
    sold, before = await stored.sold(tx, place, day), await stored.before(tx, place, day)
    boms = await bills.boms_on(tx, sold, day)
    told = await attributes_of_items(tx, list(sold))
    variants = {dish: Variant(told.get(dish, {}), day) for dish in sold}
    named = {item for bom in boms.values() for line in bom.lines if (item := line.item)}
    facts = await stored.facts(tx, {*bills.uuids(named), *before.needed})
    stocked = {item for item, one in facts.items() if one.stocked}
    now = rules.ingredients(boms, sold, stocked, variants)
    uses: dict[UUID, Use] = {}
    for item in sorted({*bills.uuids(now), *before.needed}):
        more = rules.more(now.get(item, 0), before.needed.get(item, 0))
        if more:
            uses[item] = rules.use(more, before.rests.get(item, 0), facts[item].decimals)
    dishes = {
        dish: quantity
        for dish in {**sold, **before.dishes}
        if (quantity := sold.get(dish, _NONE) - before.dishes.get(dish, _NONE))
    }
    return list(parts(place, day, before.number, dishes, uses))


def parts(
    place: UUID, day: date, last: int, dishes: Mapping[UUID, Decimal], uses: Mapping[UUID, Use]
) -> Iterator[Part]:
    """What comes back first, then what is taken. The dishes go with the last: a day of which only some
    documents were posted is still open."""
    if not dishes and not uses:
        return
    back = [item for item, one in uses.items() if one.taken < 0]
    forth = [item for item, one in uses.items() if one.taken > 0]
    chunks = [*_chunks(back), *_chunks(forth)] or [[]]
    for number, chunk in enumerate(chunks, start=1):
        ends = number == len(chunks)
        chosen = {item: uses[item] for item in chunk}
        if ends:
            chosen |= {item: one for item, one in uses.items() if not one.taken}
        yield Part(place, last + number, day, dishes if ends else {}, chosen)


def _chunks(items: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(items), MOST_LINES):
        yield items[start : start + MOST_LINES]


async def _post(db: Database, principal: Principal, part: Part) -> None:
    draft = part.draft()
    if draft is None:
        async with db.transaction(principal.tenant_id) as tx:
            if not await stored.write(tx, part.rows(None)):
                raise Refused(Refusal(CLOSED_MEANWHILE, ()))
        return
    # The books know their postings by this operation, whatever leads to them.
    command = Asked.of(uuid7(), "postDocument", {"closing": draft})
    (verdict,) = await post_many(db, principal, [Post(command, draft)])
    if verdict.outcome is None:
        raise Refused(*map(_placed, verdict.refusals))


def _placed(refusal: Refusal) -> Refusal:
    """Core's paths lead into a document that the caller never saw: what is wrong is the place's day."""
    where = ("day",) if refusal.path == ("businessDate",) else ("placeId",)
    return Refusal(refusal.code, where, refusal.details)


_NONE = Decimal(0)
_log = structlog.get_logger("tallybook.bom_manufacturing")
