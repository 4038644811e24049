"""What is kept with items of core: stored with them, refused with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.plugin_api import (
    LIMIT_EXCEEDED,
    Refusal,
    Refused,
    Transaction,
    change_cost_scope,
    define,
)
from plugins.serial_numbers import tables
from plugins.serial_numbers.rules import entry, imei, warranty
from plugins.serial_numbers.rules.life import WAITING, State
from plugins.serial_numbers.rules.records import Item
from plugins.serial_numbers.stock import tables as stock

Values = Mapping[UUID, Mapping[str, Any] | None]

STOCK_WITHOUT_NUMBERS = define(
    "SERIAL_NUMBERS_STOCK_WITHOUT_NUMBERS",
    en="{item} has stock without serial numbers. Issue it, switch control on, and receive it by number.",
    zh="{item} 有无序列号的库存。请先出库,启用序列号管理后再按序列号入库。",
)
STOCK_WITH_NUMBERS = define(
    "SERIAL_NUMBERS_STOCK_WITH_NUMBERS",
    en="{item} still has units in stock: serial control ends when they are gone.",
    zh="{item} 仍有序列号库存,清空后才能停用序列号管理。",
)


async def save_items(tx: Transaction, values: Values) -> list[Refusal]:
    """Store what was sent with items: ``serial_control``, ``warranty_months``, ``imei``,
    ``first_number``, all of an item's at once; None takes it out of serial control.

    Each unit costs what it cost, unless the item says otherwise: cost scope follows control as long as an
    item has not moved, for its past is played again by it."""
    refusals: list[Refusal] = []
    wanted: dict[UUID, Item] = {}
    for item_id, told in values.items():
        wanted[item_id] = Item(item_id, **told) if told else Item(item_id, serial_control=False)
        refusals += [refusal.under(str(item_id)) for refusal in _check(wanted[item_id])]
    if refusals:
        return refusals
    known = await tables.items_by_id(tx, list(wanted))
    were = {item_id for item_id, item in known.items() if item.serial_control}
    are = {item_id for item_id, item in wanted.items() if item.serial_control}
    for code, found in (
        (STOCK_WITH_NUMBERS, await stock.in_stock(tx, were - are)),
        (STOCK_WITHOUT_NUMBERS, await stock.unnumbered(tx, are - were)),
    ):
        for item_id, name in sorted(found.items()):
            refusals.append(Refusal(code, (str(item_id), "serialControl"), {"item": name}))
    if not refusals:
        await tables.put_items(tx, wanted.values())
        await bring_up_to_date(tx, are - were)
        await change_cost_scope(tx, are - were, None, "serial")
        await change_cost_scope(tx, were - are, "serial", None)
    return refusals


async def catch_up(tx: Transaction) -> list[Refusal]:
    """Bring units up to date with what happened while the module was off. Stock that came without
    numbers stands in the way."""
    found = await stock.unnumbered(tx)
    if found:
        return [Refusal(STOCK_WITHOUT_NUMBERS, (), {"item": code}) for code in found.values()]
    await bring_up_to_date(tx)
    return []


async def bring_up_to_date(tx: Transaction, items: set[UUID] | None = None) -> None:
    """Know all units in stock, and of each whether it is there; what went out unseen counts as
    issued."""
    await tables.adopt(tx, items)
    astray = await tables.astray(tx, items)
    there = await stock.where(tx, [one.lot_id for one in astray])
    states = []
    for one in astray:
        place = there.get(one.lot_id)
        if place is None:
            states.append((one.lot_id, State.ISSUED))
        else:
            states.append((one.lot_id, WAITING.get(place[1] or "", State.IN_STOCK)))
    await tables.put_states(tx, states)


def _check(item: Item) -> list[Refusal]:
    refusals = []
    if item.warranty_months is not None and not 0 <= item.warranty_months <= warranty.LONGEST:
        details = {"field": "warrantyMonths", "limit": f"0–{warranty.LONGEST}"}
        refusals.append(Refusal(LIMIT_EXCEEDED, ("warrantyMonths",), details))
    if item.first_number is not None:
        try:
            entry.count_up(item.first_number, 1)
        except Refused as refused:
            refusals += [refusal.under("firstNumber") for refusal in refused.refusals]
        if item.imei and not imei.is_imei(item.first_number):
            details = {"number": item.first_number}
            refusals.append(Refusal(imei.BAD_IMEI, ("firstNumber",), details))
    return refusals
