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
    OF_CORE,
    REQUIRED,
    Refusal,
    Transaction,
    barcodes_of_items,
    define,
)
from plugins.food_batches import gs1, tables
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife
from plugins.food_batches.rules.records import (
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
    en="{quantity} of {item} lies in stock without a batch. Open a batch for it first, or convert it"
    " into one.",
    zh="{item} 有 {quantity} 库存没有批次。请先补录期初批次,或用转换单转入批次。",
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
GTIN_LENGTHS = (8, 12, 13, 14)
LARGEST_DENOMINATOR = 10_000


async def save_items(tx: Transaction, values: Values) -> list[Refusal]:
    """Store what was sent with items: ``batch_control``, ``shelf_life_value`` and ``_unit``,
    ``storage``, ``storage_note``, ``near_days``, ``second_unit_id``, ``second_min`` and ``_max``,
    ``specification``. What is not told of an item, which an import may leave out, stays as it is; None
    takes it out of batch control.

    The barcodes of these items are judged as well: what has the length of a GTIN must be one.
    """
    refusals = await _barcodes(tx, values)
    known = await tables.items_by_id(tx, values)
    wanted: dict[UUID, Item] = {}
    for item_id, told in values.items():
        kept = known[item_id].row() if item_id in known else {}
        item = (
            _item(item_id, {**kept, **told})
            if told is not None
            else Item(item_id, batch_control=False)
        )
        wanted[item_id] = item
        refusals += [refusal.under(str(item_id)) for refusal in _check_item(item)]
    units = {item.second_unit_id for item in wanted.values() if item.second_unit_id}
    unknown = units - await stock.known_units(tx, units)
    for item in wanted.values():
        if item.second_unit_id in unknown:
            details = {"id": str(item.second_unit_id)}
            refusals.append(Refusal(NOT_FOUND, (str(item.item_id), "secondUnitId"), details))
    if refusals:
        return refusals
    codes = await stock.item_codes(tx, list(wanted))
    were = {item_id for item_id, item in known.items() if item.batch_control}
    are = {item_id for item_id, item in wanted.items() if item.batch_control}
    for item_id in sorted({lot.item_id for lot in await stock.lots_in_stock(tx, were - are)}):
        details = {"item": codes.get(item_id, "")}
        refusals.append(Refusal(STOCK_IN_BATCHES, (str(item_id), "batchControl"), details))
    await tables.put_items(tx, wanted.values())
    for lot in await adopt_lots(tx, are - were):
        path = (str(lot.item_id), "batchControl")
        refusals.append(opening_required(codes[lot.item_id], lot.on_hand, *path))
    return refusals


async def _barcodes(tx: Transaction, values: Values) -> list[Refusal]:
    """Refusals for barcodes with the length of a GTIN and a wrong check digit: nobody could scan them."""
    refusals = []
    items = [item_id for item_id, told in values.items() if told is not None]
    for item_id, barcodes in (await barcodes_of_items(tx, items)).items():
        for barcode in barcodes:
            digits = barcode.code
            if len(digits) not in GTIN_LENGTHS or not (digits.isascii() and digits.isdigit()):
                continue  # a code of the shop's own
            # They are kept in an order of their own: of several nobody knows which was which.
            where = ("barcodes", 0, "code") if len(barcodes) == 1 else ("barcodes",)
            wrong = gs1.check_gtin(digits)
            refusals += [refusal.under(str(item_id), OF_CORE, *where) for refusal in wrong]
    return refusals


_MINIMUM = {"minimum_days", "minimum_numerator", "minimum_denominator"}


async def save_parties(tx: Transaction, values: Values) -> list[Refusal]:
    """Store what was sent with parties: ``minimum_days``, or ``minimum_numerator`` and ``_denominator``,
    and ``licences``, each of a ``kind`` and ``number`` with ``valid_until``. What is not told of a party,
    which an import may leave out, stays as it is; None takes all away."""
    refusals: list[Refusal] = []
    minimums: dict[UUID, MinimumLife | None] = {}
    licences: dict[UUID, list[Licence]] = {}
    for party_id, told in values.items():
        wrong: list[Refusal] = []
        if told is None or not _MINIMUM.isdisjoint(told):
            minimums[party_id] = _minimum(told or {}, wrong)
        if told is None or "licences" in told:
            licences[party_id] = list(_licences((told or {}).get("licences") or (), wrong))
        refusals += [refusal.under(str(party_id)) for refusal in wrong]
    if not refusals:
        await tables.put_minimums(tx, minimums)
        await tables.put_licences(tx, licences)
    return refusals


async def adopt_lots(
    tx: Transaction, item_ids: Collection[UUID] | None = None
) -> list[stock.LotStock]:
    """Make batches of the lots in stock that have none, of these items or of all under batch control;
    answers with the stock that has no lot and cannot be told apart.

    Their dates are not known, so they are held until somebody says what they are.
    """
    lots = await stock.lots_in_stock(tx, item_ids)
    known = await tables.batches_by_lot(tx, [lot.lot_id for lot in lots])
    new = [
        Batch(lot.lot_id, lot.item_id, status=Status.HELD)
        for lot in lots
        if lot.lot_id != NIL and lot.lot_id not in known
    ]
    await tables.put_batches(tx, new)
    return [lot for lot in lots if lot.lot_id == NIL]


async def open_batches(tx: Transaction) -> list[Refusal]:
    """Bring batches up to date with what came while the module was off. Goods without a lot stand in
    the way."""
    left = await adopt_lots(tx)
    codes = await stock.item_codes(tx, {lot.item_id for lot in left})
    return [opening_required(codes[lot.item_id], lot.on_hand) for lot in left]


def opening_required(item: str, quantity: Decimal, *path: str | int) -> Refusal:
    """The refusal of batch control over goods without a batch."""
    return Refusal(OPENING_REQUIRED, path, {"item": item, "quantity": quantity})


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
        told.get("specification"),
    )


def _check_item(item: Item) -> Iterator[Refusal]:
    life = item.shelf_life
    if life is not None and not 1 <= life.value <= LONGEST_LIFE[life.unit]:
        details = {"field": "shelfLife", "limit": f"1–{LONGEST_LIFE[life.unit]} {life.unit.value}"}
        yield Refusal(LIMIT_EXCEEDED, ("shelfLife",), details)
    if item.near_days is not None and not 0 <= item.near_days <= LONGEST_LIFE[LifeUnit.DAYS]:
        details = {"field": "nearExpiryDays", "limit": f"0–{LONGEST_LIFE[LifeUnit.DAYS]}"}
        yield Refusal(LIMIT_EXCEEDED, ("nearExpiryDays",), details)
    least, most = item.second_min or Decimal(0), item.second_max
    if item.second_unit_id is None and (item.second_min is not None or most is not None):
        yield Refusal(REQUIRED, ("secondUnitId",), {"field": "secondUnitId"})
    elif least < 0 or (most is not None and (most <= 0 or most < least)):
        reason = {
            "reason": "A range goes from zero or more up to more than zero.",
            "reason_zh": "范围下限不能小于零,上限须大于零且不小于下限。",
        }
        yield Refusal(INVALID, ("secondMaximum",), reason)


def _minimum(told: Mapping[str, Any], refusals: list[Refusal]) -> MinimumLife | None:
    days, most = told.get("minimum_days"), LONGEST_LIFE[LifeUnit.DAYS]
    match days, told.get("minimum_numerator"), told.get("minimum_denominator"):
        case None, None, None:
            return None
        case int(), None, None if 0 <= days <= most:
            return MinimumLife(days=days)
        case None, int(part), int(whole) if 0 <= part <= whole <= LARGEST_DENOMINATOR and whole:
            return MinimumLife(fraction=Fraction(part, whole))
    refusals.append(Refusal(BAD_MINIMUM, ("minimumLife",)))
    return None


def _licences(told: Collection[Mapping[str, Any]], refusals: list[Refusal]) -> Iterator[Licence]:
    if len(told) > MOST_LICENCES:
        details = {"field": "licences", "limit": MOST_LICENCES}
        refusals.append(Refusal(LIMIT_EXCEEDED, ("licences",), details))
        return
    seen: set[tuple[LicenceKind, str]] = set()
    for n, one in enumerate(told):
        valid_until: date | None = one.get("valid_until")
        licence = Licence(LicenceKind(one["kind"]), str(one["number"]).strip(), valid_until)
        where = ("licences", n, "number")
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
