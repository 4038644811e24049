"""Drafts of work orders: what the bill in force on the day they are begun asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Database,
    DocumentDraft,
    LineDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    module_settings,
    raise_any,
    refuse,
    run_command,
    save_draft_within,
    today,
)
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Supply, Variant
from plugins.bom_manufacturing.bills.rules.records import Line as BomLine
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.origins import distinct
from plugins.bom_manufacturing.settings import NAME
from plugins.bom_manufacturing.work_orders import rules as work
from plugins.bom_manufacturing.work_orders import stock as stored
from plugins.bom_manufacturing.work_orders.posting import KEPT
from plugins.bom_manufacturing.work_orders.types import ORDER


@dataclass(frozen=True, slots=True)
class Extra:
    """A component of a rework, which no bill names."""

    item_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Wanted:
    """A work order as it is asked for. ``component_place_id`` is where components come from, ``starts_on``
    when they must be there."""

    item_id: UUID
    quantity: Decimal
    place_id: UUID
    kind: str = "make"
    on: date | None = None
    component_place_id: UUID | None = None
    starts_on: date | None = None
    due_on: date | None = None
    over_pct: Decimal | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    alternates: bool = False
    extras: tuple[Extra, ...] = ()
    remark: str | None = None

    def begun(self, on: date) -> date:
        """The day on which an order of a day is begun: its components must be there, and its bill is the
        one in force then."""
        return self.starts_on or self.due_on or on


async def save(
    db: Database,
    principal: Principal,
    command_id: UUID,
    order_id: UUID,
    wanted: Wanted,
    revision: int | None,
    asked: Mapping[str, Any],
) -> UUID:
    """Write a draft of a work order, or write it anew over the ``revision`` that was seen. Its components
    are those of the bill in force on the day it is begun. Raises Refused."""

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        raise_any(_refusals(wanted))
        if wanted.item_id not in await stored_bills.item_facts(tx, [wanted.item_id]):
            raise refuse(NOT_FOUND, "itemId", id=str(wanted.item_id))
        on = wanted.on or await today(tx)
        facts = await facts_on(tx, [wanted.item_id], on, [wanted.begun(on)])
        await write(tx, principal.user_id, order_id, wanted, facts, revision)
        return {"id": order_id}

    operation = "bomManufacturingSaveWorkOrder"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    return UUID(outcome["id"])


def _refusals(wanted: Wanted) -> Iterator[Refusal]:
    yield from check.positive("quantity", wanted.quantity)
    for n, extra in enumerate(wanted.extras):
        yield from (r.under("extras", n) for r in check.positive("quantity", extra.quantity))


@dataclass(frozen=True, slots=True)
class Facts:
    """What drafts of a day go by: versions of bills with their ids, the attributes that other modules tell
    of items, and how much more may be reported unless it is said."""

    on: date
    versions: Versions
    ids: Mapping[tuple[UUID, str], UUID]
    attributes: Mapping[UUID, Mapping[str, str]]
    over_pct: Decimal


async def facts_on(
    tx: Transaction, items: Collection[UUID], on: date, begun: Collection[date]
) -> Facts:
    """The same for orders of these items that are written on a day and ``begun`` on others: a statement for
    each kind, however many they are."""
    found = await stored_bills.bills_below(tx, items, min(begun), max(begun))
    return Facts(
        on,
        Versions(one.bom for one in found),
        {(one.item_id, one.bom.version): one.id for one in found},
        await bills.attributes_told(tx, items, (one.bom for one in found)),
        (await module_settings(tx, NAME)).over_production_pct,
    )


async def write(
    tx: Transaction,
    actor: UUID,
    key: UUID,
    wanted: Wanted,
    facts: Facts,
    revision: int | None = None,
) -> None:
    """Write a draft in a transaction that does more. Raises Refused."""
    bom = None
    if wanted.kind != "rework":
        begun = wanted.begun(facts.on)
        bom = facts.versions.in_force(wanted.item_id, begun)
        if bom is None:
            known = await stored_bills.item_facts(tx, [wanted.item_id])
            details = {"item": known[wanted.item_id].code, "date": begun.isoformat()}
            raise refuse(work.NO_BOM, "itemId", **details)
    draft = await _draft(tx, key, wanted, bom, facts)
    try:
        await save_draft_within(tx, actor, draft, revision)
    except Refused as refused:
        raise distinct(map(_placed, refused.refusals)) from None
    bom_id = None if bom is None else facts.ids[wanted.item_id, bom.version]
    await stored.keep(tx, key, wanted.kind, bom_id)


_PATHS: dict[tuple[str | int, ...], tuple[str | int, ...]] = {
    ("lines", 0, "quantity"): ("quantity",),
    ("lines", 0, "overPct"): ("overPercent",),
    ("lines", 0, "placeId"): ("placeId",),
    ("lines", 0, "itemId"): ("itemId",),
    ("businessDate",): ("on",),
}


def _placed(refusal: Refusal) -> Refusal:
    """Core's paths lead to lines; the caller sent a product and a quantity."""
    path = _PATHS.get(refusal.path, refusal.path)
    if path[:1] == ("lines",):
        path = ("componentPlaceId",) if path[-1:] == ("placeId",) else ()
    return Refusal(refusal.code, path, refusal.details)


async def _draft(
    tx: Transaction, key: UUID, wanted: Wanted, bom: Bom | None, facts: Facts
) -> DocumentDraft:
    parts = await _parts(tx, wanted, bom, facts)
    digits = await stored_bills.decimals(tx, [_uuid(p.item) for p in parts] + _outputs(bom))
    over = facts.over_pct if wanted.over_pct is None else wanted.over_pct
    lines = [_product(wanted, over)]
    if wanted.kind == "disassemble":
        lines += await _taken_apart(tx, wanted, parts, digits, over)
    else:
        lines += [_component(wanted, part, digits) for part in parts]
        lines += _by_products(wanted, bom, digits, over)
    return DocumentDraft(
        key, ORDER, facts.on, tuple(lines), place_id=wanted.place_id, remark=wanted.remark
    )


async def _parts(
    tx: Transaction, wanted: Wanted, bom: Bom | None, facts: Facts
) -> list[work.Component]:
    """What goes in: by the bill, or for a rework the product itself and what is named."""
    if bom is None:
        parts = [_named(wanted.item_id, wanted.quantity)]
    else:
        told = facts.attributes.get(wanted.item_id, {})
        variant = Variant({**told, **wanted.attributes}, wanted.begun(facts.on))
        boms = facts.versions.on(variant.on)
        await bills.check_told(tx, boms, bom, variant)
        parts = work.needed(boms, bom, wanted.quantity, variant)
    parts += [_named(extra.item_id, extra.quantity) for extra in wanted.extras]
    if not wanted.alternates or wanted.kind == "disassemble":
        return parts
    items = {p.item for p in parts} | {a.item for p in parts for a in p.line.alternates}
    place = wanted.component_place_id or wanted.place_id
    free = await stored.free_at(tx, [(_uuid(item), place) for item in items])
    return work.substituted(parts, {item: max(Decimal(0), q) for (item, _), q in free.items()})


def _named(item: UUID, quantity: Decimal) -> work.Component:
    return work.Component(item, Fraction(quantity), Supply.ISSUE, BomLine(item, quantity))


def _product(wanted: Wanted, over: Decimal) -> LineDraft:
    apart = wanted.kind == "disassemble"
    return LineDraft(
        wanted.item_id,
        wanted.quantity,
        place_id=wanted.place_id,
        role="consume" if apart else "produce",
        over_pct=over,
        due_on=wanted.due_on,
        extensions={KEPT: {"supply": Supply.BACKFLUSH.value}} if apart else {},
    )


def _component(wanted: Wanted, part: work.Component, digits: Mapping[UUID, int]) -> LineDraft:
    item = _uuid(part.item)
    return LineDraft(
        item,
        work.rounded_need(part.quantity, digits.get(item, 6)),
        place_id=wanted.component_place_id or wanted.place_id,
        role="consume",
        due_on=wanted.starts_on or wanted.due_on,
        extensions={KEPT: {"supply": part.supply.value}},
    )


def _outputs(bom: Bom | None) -> list[UUID]:
    return [_uuid(one.item) for one in bom.outputs] if bom else []


def _by_products(
    wanted: Wanted, bom: Bom | None, digits: Mapping[UUID, int], over: Decimal
) -> list[LineDraft]:
    """What comes out besides, as far as it comes to anything in the item's unit: with its share of the
    cost, or the fixed value of one as its price."""
    found = []
    for one in bom.outputs if bom else ():
        quantity = Fraction(one.quantity) * Fraction(wanted.quantity)
        assert bom is not None
        whole = work.due(quantity / Fraction(bom.output_quantity), 1, 0, 1, digits[_uuid(one.item)])
        if whole:
            found.append(
                LineDraft(
                    _uuid(one.item),
                    whole,
                    place_id=wanted.place_id,
                    role="produce",
                    share=one.share_pct,
                    unit_price=one.unit_value,
                    over_pct=over,
                    due_on=wanted.due_on,
                )
            )
    return found


async def _taken_apart(
    tx: Transaction,
    wanted: Wanted,
    parts: Sequence[work.Component],
    digits: Mapping[UUID, int],
    over: Decimal,
) -> list[LineDraft]:
    """What comes out of taking a product apart; the shares are reckoned when it is reported."""
    whole: dict[UUID, Fraction] = {}
    for part in parts:
        item = _uuid(part.item)
        whole[item] = whole.get(item, Fraction(0)) + part.quantity
    return [
        LineDraft(
            item,
            work.due(quantity, 1, 0, 1, digits[item]),
            place_id=wanted.component_place_id or wanted.place_id,
            role="produce",
            over_pct=over,
            due_on=wanted.due_on,
        )
        for item, quantity in whole.items()
    ]


async def costs_now(tx: Transaction, items: Sequence[UUID]) -> dict[UUID, Fraction]:
    """What one of each costs now, nothing where nobody knows: shares of what is taken apart need some."""
    known = await bills.unit_costs(tx, items)
    return {item: cost or Fraction(0) for item, cost in known.items()}


def _uuid(item: Item) -> UUID:
    """Items of stored bills are ids."""
    assert isinstance(item, UUID)
    return item
