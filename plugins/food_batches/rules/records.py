"""What the rules speak of: items, batches and parties as this module keeps them, read from its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.plugin_api import Row
from plugins.food_batches.rules import dates
from plugins.food_batches.rules.dates import LifeUnit, ShelfLife

FIELD = "foodBatches"
"""The field of this module in core's inputs, where refusals point."""


class Status(StrEnum):
    """Whether a batch may be used. What is not released is under a hold of core as well."""

    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"


class Cause(StrEnum):
    """Why core holds the goods of a batch: somebody held it, or it expired."""

    HELD = "held"
    EXPIRED = "expired"


class Storage(StrEnum):
    """How goods have to be kept (贮存条件)."""

    AMBIENT = "ambient"
    COOL = "cool"
    CHILLED = "chilled"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Item:
    """An item that this module knows. ``second_unit_id`` is the unit of its second quantity (catch
    weight), of which one base unit has between ``second_min`` and ``second_max``; ``specification``
    (规格) is what records have to tell besides the name."""

    item_id: UUID
    batch_control: bool = True
    shelf_life: ShelfLife | None = None
    storage: Storage | None = None
    storage_note: str | None = None
    near_days: int | None = None
    second_unit_id: UUID | None = None
    second_min: Decimal | None = None
    second_max: Decimal | None = None
    specification: str | None = None

    @classmethod
    def of(cls, row: Row) -> Item:
        value, unit = row["shelf_life_value"], row["shelf_life_unit"]
        return cls(
            row["item_id"],
            row["batch_control"],
            None if value is None else ShelfLife(value, LifeUnit(unit)),
            None if row["storage"] is None else Storage(row["storage"]),
            row["storage_note"],
            row["near_days"],
            row["second_unit_id"],
            row["second_min"],
            row["second_max"],
            row["specification"],
        )

    def row(self) -> dict[str, Any]:
        """The item as its table has it."""
        life = self.shelf_life
        return {
            "item_id": self.item_id,
            "batch_control": self.batch_control,
            "shelf_life_value": life.value if life else None,
            "shelf_life_unit": life.unit.value if life else None,
            "storage": self.storage.value if self.storage else None,
            "storage_note": self.storage_note,
            "near_days": self.near_days,
            "second_unit_id": self.second_unit_id,
            "second_min": self.second_min,
            "second_max": self.second_max,
            "specification": self.specification,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: what this module knows of a lot."""

    lot_id: UUID
    item_id: UUID
    produced_on: date | None = None
    expires_on: date | None = None
    supplier_number: str | None = None
    origin: str | None = None
    status: Status = Status.RELEASED
    certificates: tuple[UUID, ...] = ()

    @classmethod
    def of(cls, row: Row) -> Batch:
        return cls(
            row["lot_id"],
            row["item_id"],
            row["produced_on"],
            row["expires_on"],
            row["supplier_number"],
            row["origin"],
            Status(row["status"]),
            tuple(UUID(one) for one in row["certificates"]),
        )

    def row(self) -> dict[str, Any]:
        """The batch as its table has it."""
        return {
            "lot_id": self.lot_id,
            "item_id": self.item_id,
            "produced_on": self.produced_on,
            "expires_on": self.expires_on,
            "supplier_number": self.supplier_number,
            "origin": self.origin,
            "status": self.status.value,
            "certificates": [str(one) for one in self.certificates],
        }

    def shelf_life_days(self, life: ShelfLife | None) -> int | None:
        """The whole life of the batch in days; None where it is not known."""
        if self.expires_on is None:
            return None
        produced_on, expires_on = dates.derived(self.produced_on, self.expires_on, life)
        if produced_on is None or expires_on is None:
            return None
        return (expires_on - produced_on).days


@dataclass(frozen=True, slots=True)
class MinimumLife:
    """What life a customer wants his goods to have left: ``days``, or a ``fraction`` of shelf life."""

    days: int | None = None
    fraction: Fraction | None = None

    @classmethod
    def of(cls, row: Row) -> MinimumLife:
        if row["minimum_days"] is not None:
            return cls(days=row["minimum_days"])
        return cls(fraction=Fraction(row["minimum_numerator"], row["minimum_denominator"]))

    def row(self) -> dict[str, int | None]:
        """The minimum as columns."""
        return {
            "minimum_days": self.days,
            "minimum_numerator": self.fraction.numerator if self.fraction is not None else None,
            "minimum_denominator": self.fraction.denominator if self.fraction is not None else None,
        }

    def __str__(self) -> str:
        return str(self.fraction) if self.days is None else str(self.days)


class LicenceKind(StrEnum):
    """Papers that a supplier of food shows (进货查验)."""

    BUSINESS = "business"  # 营业执照
    FOOD_PRODUCTION = "food_production"  # 食品生产许可证
    FOOD_TRADE = "food_trade"  # 食品经营许可证
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Licence:
    """A supplier's licence; good through ``valid_until``, or for ever where that is None."""

    kind: LicenceKind
    number: str
    valid_until: date | None = None

    @classmethod
    def of(cls, row: Row) -> Licence:
        return cls(LicenceKind(row["kind"]), row["number"], row["valid_until"])


@dataclass(frozen=True, slots=True)
class Told:
    """What a line of a document says of its batch, in the field named after this module."""

    produced_on: date | None = None
    expires_on: date | None = None
    supplier_number: str | None = None
    origin: str | None = None
    certificates: tuple[UUID, ...] = ()
    second_quantity: Decimal | None = None

    @property
    def of_batch(self) -> bool:
        """Whether anything is said of the batch, the second quantity apart."""
        return replace(self, second_quantity=None) != Told()

    @classmethod
    def of(cls, extensions: Mapping[str, Any], name: str = "food_batches") -> Told:
        """Read a line's extension, fresh from a client or as core kept it: dates, ids and numbers
        come back from there as text."""
        told: Mapping[str, Any] = extensions.get(name) or {}
        second = told.get("second_quantity")
        return cls(
            _date(told.get("produced_on")),
            _date(told.get("expires_on")),
            told.get("supplier_number"),
            told.get("origin"),
            tuple(UUID(str(one)) for one in told.get("certificates") or ()),
            None if second is None else Decimal(second),
        )


def _date(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
