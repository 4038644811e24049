"""What covers which need (why is this planned?), as a plan stores it with each item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from plugins.bom_manufacturing.bills.rules.bom import decimal_up
from plugins.bom_manufacturing.planning.rules.mrp import Peg, Source


@dataclass(frozen=True, slots=True)
class StoredPeg:
    """How much of a need is covered, and by what. The need is of ``parent``, by its planned order
    ``parent_no``, of a line of a document or of a forecast. It is covered by the planned order
    ``order_no``, by a line that is placed, or else by stock."""

    needed_on: date
    quantity: Decimal
    source: Source
    document: UUID | None
    forecast: UUID | None
    parent_no: int | None
    parent: UUID | None
    order_no: int | None
    placed: UUID | None


def written(
    peg: Peg, day: Callable[[int], date], item_of: Sequence[object]
) -> list[str | int | None]:
    """A peg as JSON keeps it."""
    need = peg.requirement
    return [
        day(need.period).isoformat(),
        _text(peg.quantity),
        need.source.value,
        need.reference or None,
        need.order,
        None if need.order is None else str(item_of[need.order]),
        peg.order,
        peg.firm.reference if peg.firm else None,
    ]


def read(stored: Sequence[Any]) -> StoredPeg:
    """The same, read again."""
    needed_on, quantity, source, reference, parent_no, parent, order_no, placed = stored
    kind = Source(source)
    return StoredPeg(
        needed_on=date.fromisoformat(needed_on),
        quantity=Decimal(quantity),
        source=kind,
        document=_document(reference) if kind is Source.DEMAND else None,
        forecast=UUID(reference) if kind is Source.FORECAST else None,
        parent_no=parent_no,
        parent=None if parent is None else UUID(parent),
        order_no=order_no,
        placed=_document(placed),
    )


def _text(quantity: Fraction) -> str:
    """Most quantities are whole, and there are hundreds of thousands of them."""
    if quantity.denominator == 1:
        return str(quantity.numerator)
    return format(decimal_up(quantity), "f")


def _document(reference: str | None) -> UUID | None:
    return None if reference is None else UUID(reference.partition(":")[0])
