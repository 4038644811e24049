"""What the module keeps: items under serial control, and their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from plugins.serial_numbers.rules.life import State

NAME = "serial_numbers"
FIELD = "serialNumbers"
"""The module's field in GraphQL inputs, by which paths lead."""


@dataclass(frozen=True, slots=True)
class Item:
    """How an item is kept: ``first_number`` is where its own numbers begin, ``imei`` says that they are
    numbers of phones."""

    item_id: UUID
    serial_control: bool = True
    warranty_months: int | None = None
    imei: bool = False
    first_number: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Item:
        return cls(**row)

    def row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit with its number. ``outs`` counts how often it left us since it came from outside;
    ``sold_on``, ``warranty_until`` and ``party_id`` tell of its last sale. ``tenant_wide``: no unit of
    another item has this number."""

    lot_id: UUID
    item_id: UUID
    number: str
    state: State
    tenant_wide: bool = False
    outs: int = 0
    sold_on: date | None = None
    warranty_until: date | None = None
    party_id: UUID | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Unit:
        return cls(**{**row, "state": State(row["state"])})

    def row(self) -> dict[str, Any]:
        # by hand: ten thousand of them are written under the locks, and asdict copies deeply
        return {name: getattr(self, name) for name in _COLUMNS} | {"state": self.state.value}


_COLUMNS = tuple(column.name for column in fields(Unit))


class Outcome(StrEnum):
    """How a claim under warranty ended."""

    REPAIRED = "repaired"
    REPLACED = "replaced"
    REFUNDED = "refunded"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a customer asked for because a unit was not as it should be; open until it has an outcome.
    ``covered`` tells whether the warranty lasted on that day; ``replacement_id`` is the unit that was
    given for it."""

    id: UUID
    lot_id: UUID
    claimed_on: date
    complaint: str
    covered: bool
    party_id: UUID | None = None
    closed_on: date | None = None
    outcome: Outcome | None = None
    note: str | None = None
    replacement_id: UUID | None = None


def told(extensions: Mapping[str, Any]) -> list[str] | None:
    """The numbers that a line was sent with; None where none were."""
    kept = extensions.get(NAME)
    return None if kept is None else list(kept["numbers"])
