"""The rows of stock and the cells that a scenario gives, kept as :class:`core.ledger.Cell`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core.ledger.availability import Cell, Row
from tests.scenarios.compare import Record
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

ZERO = Decimal(0)


@dataclass(slots=True)
class Kept:
    """One cell or row, under every name a step may call it by."""

    cell: Cell
    item: str
    place: str = ""
    lot: str = ""
    name: str = ""
    received: str = ""
    expiry: date | None = None
    distance: Decimal = ZERO

    def row(self) -> Row:
        """The row as an allocation sees it; a pick is named by its lot, else by its place."""
        name = self.lot or self.place or self.name
        return Row(name, self.place, self.cell.available, self.received, self.distance)

    def lies_in(self, places: list[str] | None) -> bool:
        """Whether it lies in one of the places or below it (``WH/SHELF`` lies in ``WH``)."""
        return places is None or any(
            self.place == place or self.place.startswith(f"{place}/") for place in places
        )


class Stock:
    """All that is given of stock."""

    def __init__(self, scenario: Scenario) -> None:
        cells = scenario.given.get("cells") or {}
        rows = scenario.given.get("stock") or []
        self.kept = [_kept(Fields(f"cells.{name}", raw), name) for name, raw in cells.items()]
        self.kept += [_kept(Fields("stock", raw), "") for raw in rows]
        self.dated = any("expiry" in raw for raw in rows)

    def find(self, name: str) -> Kept:
        """The one cell that goes by this name; a name without stock is an empty cell."""
        by_name = [kept for kept in self.kept if name in (kept.name, kept.lot, kept.place)]
        by_item = [kept for kept in self.kept if kept.item == name]
        bare = [kept for kept in by_item if not kept.lot and not kept.place]
        for found in (by_name, bare, by_item):
            if len(found) == 1:
                return found[0]
            if found:
                raise NotYet(f"{name} names several rows of stock")
        empty = Kept(Cell(ZERO), item=name, name=name)
        self.kept.append(empty)
        return empty

    def of(self, item: str, places: list[str] | None) -> list[Kept]:
        """The rows of an item, in some places or in all."""
        return [kept for kept in self.kept if kept.item == item and kept.lies_in(places)]


def answer(cell: Cell) -> Record:
    """A cell as scenarios state it."""
    return Record(on_hand=cell.on_hand, allocated=cell.allocated, saleable=cell.saleable)


def _kept(raw: Fields, name: str) -> Kept:
    on_hand = raw.number("on_hand", None)
    if on_hand is None:
        on_hand = raw.number("qty", ZERO)
    allocated = raw.number("allocated", None)
    if allocated is None:
        allocated = raw.number("reserved", ZERO)
    held: Any = raw.raw("held", raw.raw("locked", ZERO))
    if isinstance(held, bool):
        held = on_hand if held else ZERO
    cell = Cell(
        on_hand=on_hand,
        allocated=allocated,
        threshold=raw.number("threshold", ZERO),
        on_order=raw.number("on_order", ZERO),
        held=Decimal(held),
    )
    return Kept(
        cell,
        item=raw.text("item", name),
        place=raw.text("loc", ""),
        lot=raw.text("lot", ""),
        name=raw.text("cell", name),
        received=raw.text("received", ""),
        expiry=raw.day("expiry", None),
        distance=raw.number("distance", ZERO),
    )
