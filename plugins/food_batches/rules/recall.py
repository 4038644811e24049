"""Recall (召回) in figures: who got how much, what came back, and the recovery rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from core.plugin_api import NIL

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Goods of a batch on their way to a party (``quantity`` above zero) or from it (below). ``returned``
    says that they count among what came back, not among what was delivered."""

    party_id: UUID | None
    lot_id: UUID
    quantity: Decimal
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """What a party got of a batch, and what of it came back, both in base units."""

    party_id: UUID | None
    lot_id: UUID
    delivered: Decimal
    returned: Decimal

    @property
    def outstanding(self) -> Decimal:
        """What is still out there."""
        return self.delivered - self.returned


def shares(deliveries: Iterable[Delivered]) -> list[Share]:
    """Who got how much: one line per party and batch, the largest outstanding first."""
    out: dict[tuple[UUID | None, UUID], Decimal] = defaultdict(Decimal)
    back: dict[tuple[UUID | None, UUID], Decimal] = defaultdict(Decimal)
    for one in deliveries:
        if one.returned:
            back[one.party_id, one.lot_id] -= one.quantity
        else:
            out[one.party_id, one.lot_id] += one.quantity
    found = [Share(*key, out.get(key, ZERO), back.get(key, ZERO)) for key in {**out, **back}]
    return sorted(
        (share for share in found if share.delivered or share.returned),
        key=lambda share: (-share.outstanding, (share.party_id or NIL).int, share.lot_id.int),
    )


def recovery_rate(produced: Decimal, on_hand: Decimal, returned: Decimal) -> Fraction | None:
    """How much of a batch was got hold of: what was still here when it was frozen, and what came back
    since, of all that there was. None where there was nothing."""
    if produced <= 0:
        return None
    return Fraction(on_hand + returned) / Fraction(produced)


def return_rate(found: Iterable[Share]) -> Fraction | None:
    """How much of what had left came back. None where nothing had left."""
    lines = list(found)
    delivered = sum((Fraction(line.delivered) for line in lines), Fraction(0))
    if not delivered:
        return None
    return sum((Fraction(line.returned) for line in lines), Fraction(0)) / delivered
