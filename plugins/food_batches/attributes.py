"""What is kept with items and parties of core: stored with them, refused with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.plugin_api import (
    INVALID,
    LIMIT_EXCEEDED,
    NIL,
    NOT_FOUND,
    REQUIRED,
    Refusal,
    Transaction,
    define,
)
from plugins.food_batches import tables
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife
from plugins.food_batches.rules.records import (
    FIELD,
    Batch,
    Item,
    Licence,
    LicenceKind,
    MinimumLife,
    Status,
    Storage,
)
from plugins.food_batches.stock import tables as stock

Values = Mapping[UUID, Mapping[str, Any] | None]

OPENING_REQUIRED = define(
    "FOOD_BATCHES_OPENING_REQUIRED",
    en="{quantity} of {item} lies in stock without a batch. Convert it into a batch first.",
    zh="{item} 有 {quantity} 库存没有批次。请先用转换单补录期初批次。",
)
STOCK_IN_BATCHES = define(
    "FOOD_BATCHES_STOCK_IN_BATCHES",
    en="{item} still has stock in batches: batch control ends when it is gone.",
    zh="{item} 仍有批次库存,清空后才能停用批次管理。",
)
BAD_MINIMUM = define(
    "FOOD_BATCHES_BAD_MINIMUM",
    en="State the life that must be left either in days or as a share of shelf life between 0 and 1.",
    zh="剩余保质期请填写天数,或 0 到 1 之间的保质期比例,二者选一。",
)

LONGEST_LIFE = {LifeUnit.DAYS: 36_500, LifeUnit.MONTHS: 1_200}
MOST_LICENCES = 50
LONGEST_NUMBER = 64
LARGEST_DENOMINATOR = 10_000


async def save_items(tx: Transaction, values: Values) -> list[Refusal]:
    """Store what was sent with items: ``batch_control``, ``shelf_life_value`` and ``_unit``,
    ``storage``, ``storage_note``, ``near_days``, ``second_unit_id``, ``second_min`` and ``_max``. All of an
    item's values are told at once; None takes it out of batch control."""
    refusals: list[Refusal] = []
    wanted: dict[UUID, Item] = {}
    for item_id, told in values.items():
        item = _item(item_id, told) if told is not None else Item(item_id, batch_control=False)
        wanted[item_id] = item
        refusals += _check_item(item)
    units = {item.second_unit_id for item in wanted.values() if item.second_unit_id}
    for unit in sorted(units - await stock.known_units(tx, units)):
        refusals.append(Refusal(NOT_FOUND, (FIELD, "secondUnitId"), {"id": str(unit)}))
    if refusals:
        return refusals
    known = await tables.items_by_id(tx, wanted)
    codes = await stock.item_codes(tx, list(wanted))
    were = {item_id for item_id, item in known.items() if item.batch_control}
    are = {item_id for item_id, item in wanted.items() if item.batch_control}
    for item_id in sorted({lot.item_id for lot in await stock.lots_in_stock(tx, were - are)}):
        refusals.append(
            Refusal(STOCK_IN_BATCHES, (FIELD, "batchControl"), {"item": codes.get(item_id, "")})
        )
    await tables.put_items(tx, wanted.values())
    refusals += [r.under(FIELD, "batchControl") for r in await open_batches(tx, are - were)]
    return refusals


async def save_parties(tx: Transaction, values: Values) -> list[Refusal]:
    """Store what was sent with parties: ``minimum_days``, or ``minimum_numerator`` and ``_denominator``,
    and ``licences``, each of a ``kind`` and ``number`` with ``valid_until``. None takes all away."""
    refusals: list[Refusal] = []
    minimums: dict[UUID, MinimumLife | None] = {}
    licences: dict[UUID, list[Licence]] = {}
    for party_id, told in values.items():
        found = told or {}
        minimums[party_id] = _minimum(found, refusals)
        licences[party_id] = list(_licences(found.get("licences") or (), refusals))
    if not refusals:
        await tables.put_minimums(tx, minimums)
        await tables.put_licences(tx, licences)
    return refusals


async def open_batches(tx: Transaction, item_ids: Collection[UUID] | None = None) -> list[Refusal]:
    """Make batches of the lots in stock that have none, of these items or of all under batch control.

    Their dates are not known, so they are held until somebody says what they are. Goods without a lot
    cannot be told apart afterwards: they are refused.
    """
    lots = await stock.lots_in_stock(tx, item_ids)
    codes = await stock.item_codes(tx, {lot.item_id for lot in lots})
    known = await tables.batches_by_lot(tx, [lot.lot_id for lot in lots])
    new = [
        Batch(lot.lot_id, lot.item_id, status=Status.HELD)
        for lot in lots
        if lot.lot_id != NIL and lot.lot_id not in known
    ]
    await tables.put_batches(tx, new)
    return [
        Refusal(OPENING_REQUIRED, (), {"item": codes[lot.item_id], "quantity": lot.on_hand})
        for lot in lots
        if lot.lot_id == NIL
    ]


def _item(item_id: UUID, told: Mapping[str, Any]) -> Item:
    value, unit = told.get("shelf_life_value"), told.get("shelf_life_unit") or LifeUnit.DAYS
    storage = told.get("storage")
    return Item(
        item_id,
        bool(told.get("batch_control", True)),
        None if value is None else ShelfLife(value, LifeUnit(unit)),
        None if storage is None else Storage(storage),
        told.get("storage_note"),
        told.get("near_days"),
        told.get("second_unit_id"),
        told.get("second_min"),
        told.get("second_max"),
    )


def _check_item(item: Item) -> Iterator[Refusal]:
    life = item.shelf_life
    if life is not None and not 1 <= life.value <= LONGEST_LIFE[life.unit]:
        details = {"field": "shelfLife", "limit": f"1–{LONGEST_LIFE[life.unit]} {life.unit.value}"}
        yield Refusal(LIMIT_EXCEEDED, (FIELD, "shelfLife"), details)
    if item.near_days is not None and not 0 <= item.near_days <= LONGEST_LIFE[LifeUnit.DAYS]:
        details = {"field": "nearDays", "limit": f"0–{LONGEST_LIFE[LifeUnit.DAYS]}"}
        yield Refusal(LIMIT_EXCEEDED, (FIELD, "nearDays"), details)
    least, most = item.second_min or Decimal(0), item.second_max
    if item.second_unit_id is None and (item.second_min is not None or most is not None):
        yield Refusal(REQUIRED, (FIELD, "secondUnitId"), {"field": "secondUnitId"})
    elif least < 0 or (most is not None and (most <= 0 or most < least)):
        reason = {
            "reason": "A range goes from zero or more up to more than zero.",
            "reason_zh": "范围下限不能小于零,上限须大于零且不小于下限。",
        }
        yield Refusal(INVALID, (FIELD, "secondMax"), reason)


def _minimum(told: Mapping[str, Any], refusals: list[Refusal]) -> MinimumLife | None:
    days, most = told.get("minimum_days"), LONGEST_LIFE[LifeUnit.DAYS]
    match days, told.get("minimum_numerator"), told.get("minimum_denominator"):
        case None, None, None:
            return None
        case int(), None, None if 0 <= days <= most:
            return MinimumLife(days=days)
        case None, int(part), int(whole) if 0 <= part <= whole <= LARGEST_DENOMINATOR and whole:
            return MinimumLife(fraction=Fraction(part, whole))
    refusals.append(Refusal(BAD_MINIMUM, (FIELD, "minimumLife")))
    return None


def _licences(told: Collection[Mapping[str, Any]], refusals: list[Refusal]) -> Iterator[Licence]:
    if len(told) > MOST_LICENCES:
        details = {"field": "licences", "limit": MOST_LICENCES}
        refusals.append(Refusal(LIMIT_EXCEEDED, (FIELD, "licences"), details))
        return
    seen: set[tuple[LicenceKind, str]] = set()
    for n, one in enumerate(told):
        valid_until: date | None = one.get("valid_until")
        licence = Licence(LicenceKind(one["kind"]), str(one["number"]).strip(), valid_until)
        where = (FIELD, "licences", n, "number")
        if not licence.number:
            refusals.append(Refusal(REQUIRED, where, {"field": "number"}))
        elif len(licence.number) > LONGEST_NUMBER:
            details = {"field": "number", "limit": LONGEST_NUMBER}
            refusals.append(Refusal(LIMIT_EXCEEDED, where, details))
        elif (licence.kind, licence.number) in seen:
            reason = {"reason": "A licence stands there twice.", "reason_zh": "许可证重复填写。"}
            refusals.append(Refusal(INVALID, where, reason))
        seen.add((licence.kind, licence.number))
        yield licence
