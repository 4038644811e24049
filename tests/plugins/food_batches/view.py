"""A shop in memory, as hooks see it when a posting is decided: a view, and documents with their movements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from core.documents.facts import ItemFacts, PlaceFacts
from core.documents.records import Document, Line, Role
from core.errors import Refusal
from core.extension.records import Lot, Movement, Offer, Posting, Row, Write
from core.ids import NIL, uuid7
from core.ledger.records import lot_id
from plugins.food_batches import plugin, tables
from plugins.food_batches.rules.records import Batch, Item
from plugins.food_batches.settings import FoodSettings

TODAY = date(2026, 3, 1)
ZERO = Decimal(0)
ACCOUNTS = ("supplier", "customer", "scrap", "gain_loss", "production", "in_transit", "other")


@dataclass
class Shop:
    """The view of a shop with one food item, three places, a supplier and a customer."""

    settings: FoodSettings = field(default_factory=FoodSettings)
    today: date = TODAY
    days: dict[str, date] = field(default_factory=dict)
    """The day at places, by name, where it is another than today."""
    item_id: UUID = field(default_factory=uuid7)
    supplier: UUID = field(default_factory=uuid7)
    customer: UUID = field(default_factory=uuid7)

    def __post_init__(self) -> None:
        names = ("STORE", "BIN", "BINNED", *ACCOUNTS)
        self.places = {name: uuid7() for name in names}
        self.lots: dict[UUID, Lot] = {}
        self.stock: dict[tuple[UUID, UUID], Decimal] = {}
        self.kept: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    # what hooks see

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, datetime.min.time(), UTC)

    def today_at(self, place_id: UUID) -> date:
        (name,) = (name for name, known in self.places.items() if known == place_id)
        return self.days.get(name, self.today)

    def item(self, item_id: UUID) -> ItemFacts:
        assert item_id == self.item_id
        return ItemFacts(item_id, "MILK", True, True, uuid7(), {})

    def place(self, place_id: UUID) -> PlaceFacts:
        (name,) = (name for name, known in self.places.items() if known == place_id)
        account = name if name in ACCOUNTS else None
        return PlaceFacts(place_id, name, (place_id,), account is None, True, account)

    def lot(self, lot_id: UUID) -> Lot | None:
        return self.lots.get(lot_id)

    def lot_named(self, item_id: UUID, code: str) -> Lot | None:
        return self.lots.get(lot_id(item_id, code))

    def on_hand(self, item_id: UUID) -> Mapping[tuple[UUID, UUID], Decimal]:
        return dict(self.stock)

    def promised(self, item_id: UUID) -> dict[tuple[UUID, int], Decimal]:
        return {}

    def covered(self, item_id: UUID) -> dict[tuple[UUID, int], Decimal]:
        return {}

    def row(self, table: sa.Table, **key: Any) -> Row | None:
        return self.kept.get(table.name, {}).get(tuple(key[name] for name in _key(table)))

    def rows(self, table: sa.Table, **equal: Any) -> list[Row]:
        return [
            row
            for row in self.kept.get(table.name, {}).values()
            if all(row[name] == value for name, value in equal.items())
        ]

    # what tests do

    def keep(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Put a row there, or over the one that is there."""
        assert not (unknown := row.keys() - {*table.c.keys()}), unknown
        self.kept.setdefault(table.name, {})[tuple(row[name] for name in _key(table))] = dict(row)

    def controls(self, **facts: Any) -> Item:
        """Keep the item by batch."""
        item = Item(self.item_id, **facts)
        self.keep(tables.item, item.row())
        return item

    def has(
        self,
        code: str | None,
        quantity: int = 0,
        *,
        place: str = "STORE",
        received: date = TODAY,
        **batch: Any,
    ) -> UUID:
        """Put goods of a lot there; with facts of its batch, if any are given."""
        lot = self.names(code, received)
        if batch:
            self.keep(tables.batch, Batch(lot, self.item_id, **batch).row())
        if quantity:
            key = self.places[place], lot
            self.stock[key] = self.stock.get(key, ZERO) + quantity
        return lot

    def names(self, code: str | None, received: date = TODAY) -> UUID:
        """The lot of this code, made if it is not there."""
        if code is None:
            return NIL
        lot = lot_id(self.item_id, code)
        self.lots.setdefault(lot, Lot(lot, self.item_id, code, None, received))
        return lot

    def offers(self) -> list[Offer]:
        return [Offer(place, lot, free) for (place, lot), free in self.stock.items()]

    def posting(self, type_: str, *moves: Move, **facts: Any) -> Posting:
        """A document of these movements, one line each."""
        lines = tuple(move.line(self, no) for no, move in enumerate(moves, start=1))
        document = Document(
            uuid7(), type_, facts.pop("on", self.today), lines, ZERO, ZERO, ZERO, **facts
        )
        movements = tuple(m for no, move in enumerate(moves, 1) for m in move.movements(self, no))
        return Posting(document, self, movements)

    def refused(self, type_: str, *moves: Move, **facts: Any) -> list[Refusal]:
        """Why such a document may not be posted."""
        return list(plugin.check_posting(self.posting(type_, *moves, **facts)))

    def post(self, type_: str, *moves: Move, **facts: Any) -> list[Write]:
        """Post it: stock moves, and rows are kept. It must not be refused."""
        posting = self.posting(type_, *moves, **facts)
        assert list(plugin.check_posting(posting)) == []
        written = list(plugin.posting_rows(posting))
        for write in written:
            self.keep(write.table, write.row)
        for move in posting.movements:
            for place, change in ((move.source, -move.quantity), (move.target, move.quantity)):
                if self.place(place).account in (None, "in_transit"):
                    key = place, move.lot_id
                    self.stock[key] = self.stock.get(key, ZERO) + change
        return written


@dataclass(frozen=True)
class Move:
    """A line and the movement it makes: so much of a lot, from a place or account to another."""

    source: str
    target: str
    lot: str | None
    quantity: int = 1
    told: Mapping[str, Any] = field(default_factory=dict)
    named: bool = True
    role: Role | None = None

    def line(self, shop: Shop, no: int) -> Line:
        quantity = Decimal(self.quantity)
        source, target = (
            shop.places[name] if name not in ACCOUNTS else None
            for name in (self.source, self.target)
        )
        return Line(
            *(no, shop.item_id, uuid7(), quantity, Decimal(1), Decimal(1), quantity, None),
            *(ZERO, ZERO, ZERO, ZERO, ZERO),
            lot_code=self.lot if self.named else None,
            place_id=source or target,
            to_place_id=target if source and target else None,
            role=self.role,
            extensions={"food_batches": self.told} if self.told else {},
        )

    def movements(self, shop: Shop, no: int) -> Iterable[Movement]:
        source, target = shop.places[self.source], shop.places[self.target]
        lot, quantity = shop.names(self.lot), Decimal(self.quantity)
        if self.source == "gain_loss":  # a count: what it moves is the difference
            quantity -= shop.stock.get((target, lot), ZERO)
            if quantity < 0:
                source, target, quantity = target, source, -quantity
        yield Movement(no, shop.item_id, lot, quantity, source, target)


def _key(table: sa.Table) -> list[str]:
    return [column.name for column in table.primary_key if column.name != "tenant_id"]
