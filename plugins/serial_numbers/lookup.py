"""Looking units up by what is printed on them, and what a scan of a place finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import biip
from biip import ParseError
from biip.gs1_messages import GS1Message

from core.plugin_api import REQUIRED, Transaction, module_settings, refuse
from plugins.serial_numbers import tables
from plugins.serial_numbers.rules import entry, imei
from plugins.serial_numbers.rules.records import NAME, Unit
from plugins.serial_numbers.stock import tables as stock

SERIAL = "21"
"""The GS1 application identifier of serial numbers."""


def readings(text: str) -> Iterator[str]:
    """The numbers that a text may mean, the likeliest first: itself; an IMEI as it is printed, in groups or
    without its check digit; the serial number in a GS1 element string."""
    whole = text.strip()
    yield whole
    digits = "".join(part for part in whole if part not in " -/")
    if digits != whole and imei.is_imei(digits):
        yield digits
    if len(digits) == imei.LENGTH - 1 and digits.isascii() and digits.isdigit():
        yield f"{digits}{imei.check_digit(digits)}"
    try:
        if whole.startswith("("):
            message: GS1Message | None = GS1Message.parse_hri(whole)
        else:
            message = biip.parse(whole).gs1_message
    except ParseError:
        return
    for element in message.element_strings if message else ():
        if element.ai.ai == SERIAL:
            yield element.value


async def find(tx: Transaction, text: str, item_id: UUID | None = None) -> list[Unit]:
    """The units that a text means, one of each item; of one item, if that is given."""
    for number in readings(text):
        found = await tables.units_of_number(tx, number)
        wanted = [one for one in found if item_id in (None, one.item_id)]
        if wanted:
            return wanted
    return []


async def next_free(tx: Transaction, item_id: UUID, start: str | None, count: int) -> list[str]:
    """The next free numbers of an item, from ``start`` or its first on. Raises Refused where it has none."""
    known = (await tables.items_by_id(tx, [item_id])).get(item_id)
    begin = start or (known and known.first_number)
    if not begin:
        raise refuse(REQUIRED, "start", field="start")
    settings = await module_settings(tx, NAME)
    tenant_wide = settings.unique_within == "tenant"
    like = entry.before_digits(begin)
    taken = await tables.taken(tx, item_id, like, tenant_wide=tenant_wide)
    return entry.next_free(begin, taken, count)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a scan found against the book. ``missing`` should be there and was not scanned; ``elsewhere``
    was scanned and should be at another place; ``unexpected`` was scanned and is in none of ours."""

    missing: list[Unit]
    elsewhere: list[Unit]
    unexpected: list[str]


async def compare(
    tx: Transaction, item_id: UUID, place_id: UUID, scanned: Sequence[str]
) -> Comparison:
    """Compare the numbers scanned at a place with what should lie there, as of now."""
    book = await stock.on_hand_at(tx, item_id, place_id)
    numbers = set(scanned)
    absent = [lot for lot, number in book.items() if number not in numbers]
    missing = await tables.units_by_lot(tx, absent)
    others = numbers.difference(book.values())
    known = await tables.units_numbered(tx, item_id, others)
    there = await stock.where(tx, [one.lot_id for one in known])
    elsewhere = {one.number: one for one in known if one.lot_id in there}
    return Comparison(
        _sorted(missing.values()),
        _sorted(elsewhere.values()),
        sorted(others - elsewhere.keys()),
    )


def _sorted(units: Collection[Unit]) -> list[Unit]:
    return sorted(units, key=lambda one: one.number)
