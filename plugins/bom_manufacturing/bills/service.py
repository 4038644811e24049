"""Saving bills of material, and asking them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.plugin_api import (
    LIMIT_EXCEEDED,
    NOT_FOUND,
    STALE_REVISION,
    Database,
    Principal,
    Refusal,
    Refused,
    Transaction,
    amount_decimals,
    attributes_of_items,
    raise_any,
    record_audit,
    refuse,
    run_command,
    stock_now,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills import stock as stored
from plugins.bom_manufacturing.bills.rules import bom as rules
from plugins.bom_manufacturing.bills.rules import check, cost
from plugins.bom_manufacturing.bills.rules.compare import Difference
from plugins.bom_manufacturing.bills.rules.compare import compare as compare_versions
from plugins.bom_manufacturing.bills.rules.records import Bom, Boms, Item, Variant
from plugins.bom_manufacturing.bills.rules.versions import Versions

DEEPEST = 200
"""Levels of a bill: a real one has ten."""


async def save(
    db: Database,
    principal: Principal,
    command_id: UUID,
    bom: Bom,
    revision: int | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Save a version of how an item is made, a new one or over the one that was seen as ``revision``.
    Raises Refused, for a cycle too."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        raise_any(check.refusals(bom))
        await stored.lock(tx)
        known = await stored.by_version(tx, _uuid(bom.item), bom.version)
        codes = await _codes(tx, bom, known[0] if known else None)
        await _check_levels(tx, bom, codes)
        actual = known[1] if known else 0
        if actual != (revision or 0):
            raise refuse(STALE_REVISION, "revision", actual=actual, seen=revision or 0)
        key = known[0] if known else uuid7()
        await stored.write(tx, key, actual + 1, bom)
        details = {"version": bom.version, "lines": len(bom.lines)}
        await record_audit(
            tx, principal.user_id, "bom_manufacturing.save", "bom_manufacturing_bom", key, details
        )
        return {"id": key}

    operation = "bomManufacturingSaveBom"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return UUID(outcome["id"])


async def _codes(tx: Transaction, bom: Bom, over: UUID | None) -> dict[UUID, str]:
    """The codes of all items of a bill; refuses those that are not there, or archived unless they stand in
    the bill that it is saved ``over``: an old version can still be ended."""
    named: list[tuple[tuple[str | int, ...], UUID]] = [(("itemId",), _uuid(bom.item))]
    for n, line in enumerate(bom.lines):
        named.append((("lines", n, "itemId"), _uuid(line.item)))
        for m, alternate in enumerate(line.alternates):
            named.append((("lines", n, "alternates", m, "itemId"), _uuid(alternate.item)))
    named += [(("outputs", n, "itemId"), _uuid(one.item)) for n, one in enumerate(bom.outputs)]
    known = await stored.item_facts(tx, {key for _, key in named})
    raise_any(Refusal(NOT_FOUND, path, {"id": str(key)}) for path, key in named if key not in known)
    codes = {key: facts.code for key, facts in known.items()}
    gone = {key for key, facts in known.items() if not facts.active}
    if gone and over is not None:
        before = (await stored.by_ids(tx, [over]))[over].bom
        gone -= uuids([before.item, *before.components(), *(one.item for one in before.outputs)])
    raise_any(
        Refusal(check.ARCHIVED, path, {"item": codes[key]}) for path, key in named if key in gone
    )
    return codes


async def _check_levels(tx: Transaction, bom: Bom, codes: dict[UUID, str]) -> None:
    """Refuse a cycle by any version on any day, and what would be too deep. Other versions of the item
    need no look: a way that comes back to it is a cycle, wherever it goes from there."""
    below = await stored.ways_down(tx, {_uuid(item) for item in bom.components()})
    below[_uuid(bom.item)] = [_uuid(item) for item in bom.components()]

    def children(item: Item) -> Sequence[UUID]:
        return below.get(_uuid(item), ())

    found = rules.find_cycle(children, bom.item)
    if found:
        missing = {_uuid(item) for item in found} - codes.keys()
        facts = await stored.item_facts(tx, missing)
        names = codes | {key: one.code for key, one in facts.items()}
        raise_any([rules.cycle_refusal(found, lambda item: names[_uuid(item)])])
    _check_depth(rules.levels(children, [bom.item]))


def _check_depth(levels: Mapping[Item, int]) -> None:
    if max(levels.values()) > DEEPEST:
        raise refuse(LIMIT_EXCEEDED, "lines", field="levels", limit=DEEPEST)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an item's bill: the bills in force under it, and which lines of them apply."""

    item: UUID
    boms: Mapping[Item, Bom]
    variant: Variant


async def ask(tx: Transaction, item: UUID, on: date | None, attributes: Mapping[str, str]) -> Asked:
    """The bills under an item as they are on a day, today unless said, and its variant: what is told of it,
    but for ``attributes``. Refuses an item that is not there."""
    if item not in await stored.item_facts(tx, [item]):
        raise refuse(NOT_FOUND, "itemId", id=str(item))
    day = on or await today(tx)
    boms = await boms_on(tx, [item], day)
    told = (await attributes_told(tx, [item], boms.values())).get(item, {})
    return Asked(item, boms, Variant({**told, **attributes}, day))


async def attributes_told(
    tx: Transaction, items: Collection[UUID], boms: Iterable[Bom]
) -> dict[UUID, dict[str, str]]:
    """What other modules tell of items, where it decides anything in these bills."""
    if not any(line.conditions for bom in boms for line in bom.lines):
        return {}
    return await attributes_of_items(tx, items)


async def check_told(tx: Transaction, boms: Boms, bom: Bom, variant: Variant) -> None:
    """Refuse to make an item of which nobody tells what decides on its components: one of them would be
    missing, and nobody would see it."""
    if missing := rules.untold(boms, bom, variant):
        item = _uuid(bom.item)
        code = (await stored.item_facts(tx, [item]))[item].code
        raise_any(
            Refusal(rules.ATTRIBUTE_UNTOLD, ("attributes",), {"item": code, "attribute": name})
            for name in missing
        )


async def boms_on(tx: Transaction, items: Collection[UUID], day: date) -> dict[Item, Bom]:
    """The bills in force on a day of items and of all under them."""
    found = await stored.bills_below(tx, items, day, day)
    return dict(Versions(one.bom for one in found).on(day))


async def can_build(
    tx: Transaction, asked: Asked, places: Collection[UUID] | None
) -> tuple[int | None, dict[Item, Fraction]]:
    """How many can be made of what lies free, and what one more would lack."""
    items = {_uuid(item) for item in rules.explode(asked.boms, asked.item, 1, asked.variant).levels}
    free = await stored.free_stock(tx, items - {asked.item}, places)
    most = rules.can_build(asked.boms, asked.item, free, asked.variant)
    if most is None or asked.item not in asked.boms:
        return most, {}
    return most, rules.shortages(asked.boms, asked.item, most + 1, free, asked.variant)


async def cost_of(tx: Transaction, asked: Asked, quantity: Decimal) -> Decimal:
    """What a quantity would cost by its bill, of what components cost now. Raises Refused where one has no
    known cost."""
    costs, dp = await component_costs(tx, asked), await amount_decimals(tx)
    return cost.cost(asked.boms, costs, asked.item, quantity, variant=asked.variant, dp=dp)


@dataclass(frozen=True, slots=True)
class Standard:
    """What one of a made item costs by its bill, against the standard cost that is in force."""

    item: UUID
    level: int
    current: Decimal | None
    rolled_up: Decimal


async def standards(tx: Transaction, asked: Asked) -> list[Standard]:
    """What an item and all that is made on the way to it cost, from what is bought upwards; the lowest
    level first. Raises Refused where a component has no known cost."""
    costs = await component_costs(tx, asked)
    levels = rules.explode(asked.boms, asked.item, 1, asked.variant).levels
    dp = await amount_decimals(tx)
    made = cost.roll_up(asked.boms, costs, levels, variant=asked.variant, dp=dp)
    facts = await stored.item_facts(tx, uuids(made))
    return [
        Standard(key, levels[item], facts[key].standard_cost, one)
        for item, one in made.items()
        if (key := _uuid(item))
    ]


async def component_costs(tx: Transaction, asked: Asked) -> dict[Item, Fraction]:
    """What all costs now that is not made: on average where some is there, else at its known cost. Raises
    Refused where there is none."""
    exploded = rules.explode(asked.boms, asked.item, 1, asked.variant)
    _check_depth(exploded.levels)
    leaves = [_uuid(item) for item in exploded.levels if item not in asked.boms]
    costs: dict[Item, Fraction] = {}
    for key, known in (await unit_costs(tx, leaves)).items():
        if known is None:
            facts = await stored.item_facts(tx, [key])
            raise refuse(cost.NO_COST, "itemId", item=facts[key].code)
        costs[key] = known
    return costs


async def unit_costs(tx: Transaction, items: Collection[UUID]) -> dict[UUID, Fraction | None]:
    """What one of each costs now: on average where some is there, else at its known cost, if it has one."""
    facts = await stored.item_facts(tx, items)
    quantities: dict[UUID, Fraction] = {}
    values: dict[UUID, Fraction] = {}
    for line in await stock_now(tx, items):
        key = line.item_id
        quantities[key] = quantities.get(key, Fraction(0)) + Fraction(line.quantity)
        values[key] = values.get(key, Fraction(0)) + Fraction(line.value)
    costs: dict[UUID, Fraction | None] = {}
    for key in items:
        known = facts[key].known_cost
        costs[key] = None if known is None else Fraction(known)
        if quantities.get(key, 0) > 0:
            costs[key] = values[key] / quantities[key]
    return costs


async def where_used(tx: Transaction, item: UUID) -> list[tuple[int, UUID]]:
    """All that an item goes into by any version, with the shortest way up to it; the nearest first."""
    if item not in await stored.item_facts(tx, [item]):
        raise refuse(NOT_FOUND, "itemId", id=str(item))
    boms = [one.bom for one in await stored.bills_above(tx, item)]
    return sorted((distance, _uuid(key)) for key, distance in rules.where_used(boms, item).items())


async def compare(tx: Transaction, ids: Sequence[UUID]) -> list[Difference]:
    """How two versions differ. Raises Refused where one is not there."""
    found = await stored.by_ids(tx, list(dict.fromkeys(ids)))
    names = ("beforeId", "afterId")
    raise_any(
        Refusal(NOT_FOUND, (name,), {"id": str(key)})
        for name, key in zip(names, ids, strict=True)
        if key not in found
    )
    before, after = (found[key].bom for key in ids)
    return compare_versions(before, after)


async def differences(tx: Transaction) -> list[str]:
    """What must never be: an item made of itself, for `verify`."""
    made = await stored.made_items(tx)
    below = await stored.ways_down(tx, made)
    try:
        rules.levels(lambda item: below.get(_uuid(item), ()), made)
    except Refused as refused:
        return [one.message() for one in refused.refusals]
    return []


def uuids(items: Iterable[Item]) -> set[UUID]:
    """Items of stored bills as the ids they are."""
    return {_uuid(item) for item in items}


def _uuid(item: Item) -> UUID:
    """Items of stored bills are ids."""
    assert isinstance(item, UUID)
    return item
