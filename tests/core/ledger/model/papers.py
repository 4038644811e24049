"""What a trader hands in: papers of plain values, which name goods and places by code and each other by
number, so that one plan can be carried out in the model and in any number of tenants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

RECEIVE = {
    "receipt": "supplier",
    "opening": "opening",
    "other_in": "other",
    "gain": "gain_loss",
    "return_from_customer": "customer",
}
ISSUE = {
    "issue": "customer",
    "loss": "gain_loss",
    "scrap": "scrap",
    "internal_use": "internal_use",
    "other_out": "other",
    "return_to_supplier": "supplier",
}
"""What comes in and goes out, with the account on the other side."""
ORDERS = ("sales_order", "purchase_order", "requisition")
PROMISING = ("sales_order", "purchase_order")
"""A requisition only asks."""
CONVERSIONS = ("conversion", "assembly", "disassembly")
RETURNS = ("return_from_customer", "return_to_supplier")
SALES = ("issue", "internal_use", "other_out", "dispatch", "sales_order", *CONVERSIONS)
"""What may not take goods on hold."""
SOURCES = {
    "purchase_order": ("requisition",),
    "receipt": ("purchase_order",),
    "issue": ("sales_order",),
    "return_from_customer": ("issue",),
    "return_to_supplier": ("receipt",),
    "arrival": ("dispatch",),
    "landed_cost": ("receipt", "opening", "other_in"),
}


@dataclass(frozen=True)
class Line:
    """One line. Quantities are pieces, ``price`` is per piece, ``amount`` of the whole line."""

    item: str
    quantity: int | None = None
    price: Fraction | None = None
    amount: Fraction | None = None
    at: str | None = None
    to: str | None = None
    lot: str | None = None
    source_line: int | None = None
    role: str | None = None
    share: int | None = None

    @property
    def pieces(self) -> Fraction:
        assert self.quantity is not None
        return Fraction(self.quantity)


@dataclass(frozen=True)
class Paper:
    """A document. ``expired`` says that the promises of an order have run out before they began."""

    no: int
    type: str
    on: date
    lines: tuple[Line, ...] = ()
    source: int | None = None
    extra: Fraction | None = None
    basis: str = "amount"
    expired: bool = False


@dataclass(frozen=True)
class Undo:
    """Reverse a paper, on its own date or on another."""

    no: int
    original: int
    on: date | None = None


@dataclass(frozen=True)
class Hold:
    """Goods that may not be sold: an item, or only at a place and below it, or only a lot of it."""

    no: int
    item: str
    place: str | None = None
    lot: str | None = None


@dataclass(frozen=True)
class Release:
    """Let what is on hold go."""

    hold: int


@dataclass(frozen=True)
class Step:
    """A step in the life of an order: ``close`` or ``reopen``; or its promises ``expire``."""

    order: int
    event: str


@dataclass(frozen=True)
class Books:
    """Close the books through a day, or open them all again."""

    through: date | None


@dataclass(frozen=True)
class Reserve:
    """Decide anew what orders do with stock that is not there: ``require`` it, or ``backorder``."""

    mode: str


Document = Paper | Undo
Act = Paper | Undo | Hold | Release | Step | Books | Reserve


@dataclass(frozen=True)
class Item:
    """How an item is kept; ``negative`` overrides what its places allow."""

    method: str
    scope: str
    price: Fraction = Fraction(0)
    standard: Fraction = Fraction(0)
    negative: str | None = None


@dataclass(frozen=True)
class Setup:
    """A tenant: its rules, its items by code, and its places with parent and negative policy."""

    items: dict[str, Item]
    places: dict[str, tuple[str | None, str | None]]
    rules: dict[str, str] = field(default_factory=dict)

    def path(self, place: str) -> list[str]:
        """The place and what it lies in, up to the organisation."""
        found: list[str] = []
        at: str | None = place
        while at is not None:
            found.append(at)
            at = self.places[at][0]
        return found

    def inside(self, place: str, top: str) -> bool:
        return top in self.path(place)

    def may_go_negative(self, item: str, place: str) -> bool:
        """The item's own policy, else that of the nearest place, else the tenant's (rule 4.3)."""
        said = [self.items[item].negative, *(self.places[p][1] for p in self.path(place))]
        first = next((s for s in said if s is not None), self.rules["negative_stock"])
        return first == "allow"
