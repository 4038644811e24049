"""What may be said of items, units and categories. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast, get_args
from uuid import UUID

from core.catalogue.records import (
    Barcode,
    Category,
    FullItem,
    Item,
    ItemChanges,
    ItemDraft,
    ItemKind,
    ItemUnit,
    Unit,
)
from core.catalogue.units import BAD_RATIO
from core.errors import LIMIT_EXCEEDED, Refusal, define
from core.ids import uuid7
from core.masterdata.rules import ARCHIVED, CYCLE, Problems, not_found
from core.tenancy.settings import CostingMethod, CostScope, NegativeStock
from core.text import CODE_LIMIT, NAME_LIMIT, clean, clean_code, mnemonic

ITEM_MOVED = define(
    "ITEM_MOVED",
    en="{field} of {code} cannot change any more: the item has moved.",
    zh="{code} 已有出入库,{field} 不能再更改。",
)
UNIT_TWICE = define(
    "UNIT_TWICE",
    en="A unit stands there twice, or is the base unit.",
    zh="计量单位重复,或与基本单位相同。",
)
UNIT_OF_BARCODE = define(
    "UNIT_OF_BARCODE",
    en="The barcode {code} names a unit that the item does not have.",
    zh="条码 {code} 的计量单位不属于该商品。",
)
BARCODE_TWICE = define(
    "BARCODE_TWICE",
    en="The barcode {code} stands there twice.",
    zh="条码 {code} 重复。",
)
FEWER_DECIMALS = define(
    "FEWER_DECIMALS",
    en="The decimals of {code} cannot become fewer: quantities were entered with them.",
    zh="{code} 的小数位数不能减少:已有数量按此录入。",
)
CHOICE = define(
    "CHOICE",
    en="{field} must be one of: {choices}.",
    zh="{field} 只能是:{choices}。",
)

DEFAULT_UNIT = "pcs"
UNITS_LIMIT = 20
BARCODES_LIMIT = 100
UNIT_DECIMALS_LIMIT = 6

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": get_args(ItemKind),
    "negative_stock": get_args(NegativeStock),
    "costing_method": get_args(CostingMethod),
    "cost_scope": get_args(CostScope),
}
_NUMBERS = ("list_price", "purchase_price", "weight", "volume", "standard_cost")
_FIXED_ONCE_MOVED = ("kind", "base_unit_id", "costing_method", "cost_scope", "standard_cost")
"""Its history is played again by these (a `standard_cost` document changes the standard from a date on)."""
_OWN = frozenset(f.name for f in fields(Item))


@dataclass(frozen=True, slots=True)
class Around:
    """What a decision about items must know: the categories and units they name."""

    categories: Mapping[UUID, Category]
    units: Mapping[UUID, Unit]


def starting_units() -> list[Unit]:
    """The units every tenant starts with; the first is the default base unit."""
    return [
        Unit(uuid7(), code, name, decimals, active=True, revision=1, changed=0)
        for code, name, decimals in (
            (DEFAULT_UNIT, "个", 0),
            ("box", "箱", 0),
            ("pack", "包", 0),
            ("kg", "千克", 3),
            ("g", "克", 0),
            ("l", "升", 3),
            ("m", "米", 2),
        )
    ]


def new_item(item_id: UUID, draft: ItemDraft, default_unit: UUID) -> FullItem:
    """The item that a draft describes, not yet checked."""
    item = Item(
        id=item_id,
        code=draft.code,
        name=draft.name,
        kind="stocked",
        category_id=None,
        base_unit_id=default_unit,
        mnemonic=mnemonic(draft.name),
        list_price=None,
        purchase_price=None,
        weight=None,
        volume=None,
        negative_stock=None,
        costing_method=None,
        cost_scope=None,
        standard_cost=None,
        active=True,
        revision=0,
        changed=0,
    )
    return changed_item(FullItem(item, (), ()), changes_of(draft))


def changes_of(draft: ItemDraft) -> ItemChanges:
    """What a draft says about an item that is there already."""
    said = {f.name: getattr(draft, f.name) for f in fields(draft) if f.name != "id"}
    return cast(ItemChanges, {name: value for name, value in said.items() if value is not None})


def changed_item(full: FullItem, changes: ItemChanges) -> FullItem:
    """The item after the changes, one revision on, not yet checked.

    A mnemonic that was made from the name, or is cleared, follows the name.
    """
    given = cast(Mapping[str, Any], changes)
    before = full.item
    own = {name: value for name, value in given.items() if name in _OWN}
    item = replace(before, **own, revision=before.revision + 1)
    if given.get("mnemonic", before.mnemonic) in (None, mnemonic(before.name)):
        item = replace(item, mnemonic=mnemonic(item.name))
    units, barcodes = full.units, full.barcodes
    if "units" in changes:
        units = tuple(
            ItemUnit(item.id, u.unit_id, u.numerator, u.denominator) for u in changes["units"]
        )
    if "barcodes" in changes:
        barcodes = tuple(
            Barcode(b.code, item.id, b.unit_id or item.base_unit_id) for b in changes["barcodes"]
        )
    return FullItem(item, units, barcodes)


def checked_item(full: FullItem, around: Around) -> FullItem | list[Refusal]:
    """The item with its texts cleaned, or everything that is wrong with it."""
    problems = Problems()
    item = full.item
    code = problems.take(clean_code, item.code)
    name = problems.take(clean, item.name, "name", NAME_LIMIT)
    short = problems.take(clean, item.mnemonic, "mnemonic", CODE_LIMIT, required=False)
    for field in _NUMBERS:
        problems.number(getattr(item, field), field)
    for field, choices in _CHOICES.items():
        chosen = getattr(item, field)
        if chosen not in choices and not (chosen is None and field != "kind"):
            problems.add(CHOICE, field, field=field, choices=", ".join(choices))
    _check_category(problems, item, around)
    _check_units(problems, full, around)
    barcodes = _checked_barcodes(problems, full)
    if problems.found or code is None or name is None or short is None:
        return problems.found
    cleaned = replace(item, code=code, name=name, mnemonic=short)
    return FullItem(cleaned, full.units, barcodes)


def check_moved(before: FullItem, after: FullItem) -> list[Refusal]:
    """Refusals for what an item that has moved may not change: its pools and its past quantities
    were kept by it (ledger rules 5.2, 5.6)."""
    return [
        Refusal(ITEM_MOVED, (field,), {"field": field, "code": before.item.code})
        for field in _FIXED_ONCE_MOVED
        if getattr(before.item, field) != getattr(after.item, field)
    ]


def checked_unit(unit: Unit, before: Unit | None) -> Unit | list[Refusal]:
    """The unit with its texts cleaned, or what is wrong with it."""
    problems = Problems()
    code = problems.take(clean_code, unit.code)
    name = problems.take(clean, unit.name, "name", NAME_LIMIT)
    if not 0 <= unit.decimals <= UNIT_DECIMALS_LIMIT:
        problems.add(LIMIT_EXCEEDED, "decimals", field="decimals", limit=UNIT_DECIMALS_LIMIT)
    if before is not None and unit.decimals < before.decimals:
        problems.add(FEWER_DECIMALS, "decimals", code=before.code)
    if problems.found or code is None or name is None:
        return problems.found
    return replace(unit, code=code, name=name)


def checked_category(category: Category, parent: Category | None) -> Category | list[Refusal]:
    """The category below its parent with its texts cleaned, or what is wrong with it."""
    problems = Problems()
    code = problems.take(clean_code, category.code)
    name = problems.take(clean, category.name, "name", NAME_LIMIT)
    path: tuple[UUID, ...] = (category.id,)
    if parent is not None:
        path = (*parent.path, category.id)
        if category.id in parent.path:
            problems.add(CYCLE, "parentId", code=category.code)
        if not parent.active:
            problems.add(ARCHIVED, "parentId", field="parentId", value=parent.code)
    if problems.found or code is None or name is None:
        return problems.found
    return replace(category, code=code, name=name, path=path)


def _check_category(problems: Problems, item: Item, around: Around) -> None:
    if item.category_id is not None and item.category_id not in around.categories:
        problems.found.append(not_found(item.category_id, "category_id"))


def _check_units(problems: Problems, full: FullItem, around: Around) -> None:
    if full.item.base_unit_id not in around.units:
        problems.found.append(not_found(full.item.base_unit_id, "base_unit_id"))
    if len(full.units) > UNITS_LIMIT:
        problems.add(LIMIT_EXCEEDED, "units", field="units", limit=UNITS_LIMIT)
    seen = {full.item.base_unit_id}
    for n, unit in enumerate(full.units):
        if unit.unit_id not in around.units:
            problems.found.append(not_found(unit.unit_id, "units", n, "unit_id"))
        elif unit.unit_id in seen:
            problems.add(UNIT_TWICE, "units", n, "unit_id")
        seen.add(unit.unit_id)
        for field in ("numerator", "denominator"):
            value = getattr(unit, field)
            if not value.is_finite() or value <= 0:
                problems.add(BAD_RATIO, "units", n, field)
            else:
                ratio = Problems()
                ratio.number(value, field, decimals=12)
                problems.found += [refusal.under("units", n) for refusal in ratio.found]


def _checked_barcodes(problems: Problems, full: FullItem) -> tuple[Barcode, ...]:
    if len(full.barcodes) > BARCODES_LIMIT:
        problems.add(LIMIT_EXCEEDED, "barcodes", field="barcodes", limit=BARCODES_LIMIT)
    its_units = {full.item.base_unit_id, *(u.unit_id for u in full.units)}
    cleaned: dict[str, Barcode] = {}
    for n, barcode in enumerate(full.barcodes):
        one = Problems()
        code = one.take(clean_code, barcode.code)
        problems.found += [refusal.under("barcodes", n) for refusal in one.found]
        if code is None:
            continue
        if code in cleaned:
            problems.add(BARCODE_TWICE, "barcodes", n, "code", code=code)
        if barcode.unit_id not in its_units:
            problems.add(UNIT_OF_BARCODE, "barcodes", n, "unit_id", code=code)
        cleaned[code] = replace(barcode, code=code)
    return tuple(cleaned.values())
