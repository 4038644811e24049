"""The documents by which recipes take ingredients, and the rows that go into the books with them.

They go to the account of customers: what a dish is made of is the cost of its sale, and no goods come out
of it that an account of production could wait for. Like a sale they take no goods on hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    Document,
    DocumentDraft,
    DocumentType,
    Effect,
    LineDraft,
    Posting,
    Refusal,
    Write,
    define,
    plain,
    uuid7,
)
from plugins.bom_manufacturing.recipes import tables
from plugins.bom_manufacturing.recipes.rules.recipes import Use

USE = DocumentType(
    "bom_manufacturing_recipe_use",
    Effect.ISSUE,
    "RU",
    "Use by recipes",
    "配方耗用",
    account="customer",
    holds=True,
)
RETURN = DocumentType(
    "bom_manufacturing_recipe_return",
    Effect.RECEIVE,
    "RR",
    "Return by recipes",
    "配方耗用冲回",
    account="customer",
)
TYPES = (USE, RETURN)
CODES = frozenset(one.code for one in TYPES)

BY_CLOSING = define(
    "BOM_MANUFACTURING_BY_CLOSING",
    en="What recipes use is posted by closing the day (bomManufacturingCloseDay), not by hand.",
    zh="配方耗用由日结(bomManufacturingCloseDay)生成,不能手工录入。",
)
CLOSING_STAYS = define(
    "BOM_MANUFACTURING_CLOSING_STAYS",
    en="What a closing took is not reversed: correct the sale or the recipe and close the day again, which"
    " posts the difference.",
    zh="日结耗用单不能冲销:请更正销售或配方后重新日结,系统会过账差额。",
)
CLOSED_MEANWHILE = define(
    "BOM_MANUFACTURING_CLOSED_MEANWHILE",
    en="Somebody else is closing days of this place. Send the same command again.",
    zh="其他人正在对该地点做日结,请用相同的 commandId 重试。",
)

_MODULE, _FIELD = "bom_manufacturing", "closing"


@dataclass(frozen=True, slots=True)
class Part:
    """One closing: what it answers for and what it takes. A day may need more than one, as goods come
    back by another type of document, and documents have only so many lines."""

    place_id: UUID
    number: int
    day: date
    dishes: Mapping[UUID, Decimal]
    uses: Mapping[UUID, Use]

    def draft(self) -> DocumentDraft | None:
        """The document that takes the ingredients, or brings them back; None where nothing is due."""
        moved = {item: one.taken for item, one in self.uses.items() if one.taken}
        if not moved:
            return None
        back = min(moved.values()) < 0
        assert all((taken < 0) == back for taken in moved.values())
        told = {
            "number": self.number,
            "dishes": {str(item): quantity for item, quantity in self.dishes.items()},
            "uses": {str(i): [one.needed, one.taken, one.rest] for i, one in self.uses.items()},
        }
        return DocumentDraft(
            id=uuid7(),
            type=(RETURN if back else USE).code,
            business_date=self.day,
            place_id=self.place_id,
            lines=tuple(LineDraft(item, abs(taken)) for item, taken in sorted(moved.items())),
            extensions={_MODULE: {_FIELD: plain(told)}},
        )

    def rows(self, document_id: UUID | None) -> Iterator[Write]:
        """Its rows."""
        key: dict[str, Any] = {"place_id": self.place_id, "number": self.number}
        yield Write(tables.closing, {**key, "day": self.day, "document_id": document_id})
        for item, quantity in self.dishes.items():
            yield Write(tables.closing_dish, {**key, "item_id": item, "quantity": quantity})
        for item, one in self.uses.items():
            figures = {"needed": one.needed, "taken": one.taken, "rest": one.rest}
            yield Write(tables.closing_use, {**key, "item_id": item, **figures})


def refusals(posting: Posting) -> Iterator[Refusal]:
    """Why a document of ours may not be posted: it is made by closing a day, and stays."""
    if posting.document.type_code not in CODES:
        return
    if posting.reverses:
        yield Refusal(CLOSING_STAYS, ())
    elif _told(posting.document) is None:
        yield Refusal(BY_CLOSING, ("type",))


def writes(posting: Posting) -> Iterator[Write]:
    """The rows of the closing that made the document."""
    document = posting.document
    told = _told(document) if document.type_code in CODES else None
    if told is None:
        return
    assert document.place_id is not None
    part = Part(
        document.place_id,
        told["number"],
        document.business_date,
        {UUID(item): Decimal(quantity) for item, quantity in told["dishes"].items()},
        {UUID(item): Use(*map(Decimal, figures)) for item, figures in told["uses"].items()},
    )
    yield from part.rows(document.id)


def _told(document: Document) -> Mapping[str, Any] | None:
    """What a closing wrote into its document; nobody else can."""
    told: Mapping[str, Any] | None = document.extensions.get(_MODULE, {}).get(_FIELD)
    return told
