"""What a label says of goods, against what is known of them: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.plugin_api import DocumentType, Effect, Refusal, define
from plugins.food_batches.gs1 import Scan
from plugins.food_batches.posting import EXPIRED, NOT_RELEASED
from plugins.food_batches.rules import dates, fefo, intake
from plugins.food_batches.rules.records import Batch, Item, Status, Told

UNKNOWN_BATCH = define(
    "FOOD_BATCHES_UNKNOWN_BATCH",
    en="{item} has no batch {lot}. Check the label, or receive the goods first.",
    zh="{item} 没有批次 {lot}。请核对标签,或先办理入库。",
)

_PER_KILOGRAM = {
    **dict.fromkeys(("kg", "千克", "公斤"), Decimal(1)),
    **dict.fromkeys(("g", "克"), Decimal(1000)),
}
"""Units that a net weight can be told in, by the codes people give them."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label in a document: of which item, by people's code, and what it tells of the batch."""

    item: Item
    item_code: str
    lot: str | None
    told: Told


def spellings(code: Scan) -> list[str]:
    """How an item's barcode may be stored that stands for this scan: a GTIN with and without leading
    zeros; any other code as it is."""
    gtin = code.gtin
    if gtin is None:
        return [code.text]
    lengths = [length for length in (14, 13, 12, 8) if not gtin[:-length].strip("0")]
    return [gtin[-length:] for length in lengths]


def amounts(code: Scan, unit: str, second_unit: str | None) -> tuple[Decimal, Decimal | None]:
    """How much a label stands for in the unit of its barcode, and the second quantity: a net weight where
    the unit is one of weight; else the count, one where none is told."""
    weight = code.net_weight
    first = _weight(weight, unit)
    second = None if second_unit is None else _weight(weight, second_unit)
    return code.count or Decimal(1) if first is None else first, second


def takes_in(type_: DocumentType) -> bool:
    """Whether a document tells of batches: of goods that come in, or are counted."""
    return type_.effect in (Effect.RECEIVE, Effect.COUNT)


def check(label: Label, known: Batch | None, type_: DocumentType, on: date) -> Iterator[Refusal]:
    """Why goods of this label may not stand in a document of that type on its day. What cannot be known
    before it is posted is not asked here."""
    lot, told = label.lot, label.told
    details: dict[str, object] = {"lot": lot or "", "item": label.item_code}
    if type_.effect is Effect.ORDER:
        return
    if takes_in(type_):
        if lot is None:
            yield Refusal(intake.LOT_REQUIRED, (), {"item": label.item_code})
            return
    elif lot is not None and known is None:
        yield Refusal(UNKNOWN_BATCH, (), details)
        return
    if lot is not None:
        wrong = list(
            intake.check_dates(known, told, label.item, code=lot, item_code=label.item_code, on=on)
        )
        yield from wrong
        if wrong:
            return
    batch = intake.merged(known, told, label.item.item_id, label.item)
    if takes_in(type_):
        if type_.party == "supplier":
            yield from intake.check_arrived(batch, lot or "", on)
        return
    allowed = fefo.allowed(type_)
    if batch.status is not Status.RELEASED and not allowed.held:
        yield Refusal(NOT_RELEASED, (), {**details, "status": batch.status.value})
    elif dates.expired(batch.expires_on, on) and not allowed.expired:
        assert batch.expires_on is not None
        yield Refusal(EXPIRED, (), {**details, "expires_on": batch.expires_on.isoformat()})


def _weight(kilograms: Decimal | None, unit: str) -> Decimal | None:
    factor = _PER_KILOGRAM.get(unit.casefold())
    return None if factor is None or kilograms is None else kilograms * factor
