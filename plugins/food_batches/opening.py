"""Opening batches (期初批次): stock without a batch becomes one, at the place where it lies, as many and
worth as much. A document of its own type does it; with the last of the goods the item comes under batch
control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.plugin_api import (
    NIL,
    Asked,
    Database,
    DocumentDraft,
    DocumentType,
    Effect,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Verdict,
    Write,
    define,
    plain,
    post_many,
    today,
    uuid7,
)
from plugins.food_batches import tables
from plugins.food_batches.rules.records import Batch, Item, Status
from plugins.food_batches.stock import lists

if TYPE_CHECKING:
    from plugins.food_batches.posting import FoodPosting

OPENING = DocumentType(
    "food_batches_opening",
    Effect.CONVERT,
    "FO",
    "Opening of batches",
    "期初批次",
    account="production",
)

ONLY_OPENS = define(
    "FOOD_BATCHES_ONLY_OPENS",
    en="This document gives goods without a batch one, at the same place and as many, and adds no cost.",
    zh="期初批次单只能将无批次货品在原地点、按原数量转入批次,且不得附加成本。",
)
OPENING_STAYS = define(
    "FOOD_BATCHES_OPENING_STAYS",
    en="{item} is under batch control: its opening cannot be undone, as the goods would have no batch.",
    zh="{item} 已启用批次管理,期初批次单不能冲销,否则货品将没有批次。",
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A batch to be opened: ``quantity`` in base units at a place, all that is left there without a
    batch if None; ``told`` is what is known of the batch, as lines of documents have it."""

    item_id: UUID
    place_id: UUID
    number: str
    quantity: Decimal | None
    told: dict[str, Any]


async def open_batches(
    db: Database, principal: Principal, asked: Sequence[tuple[Asked, Opening]]
) -> list[Verdict]:
    """Open batches, in order, each with a verdict of its own."""
    posts: list[Post] = []
    taken: dict[tuple[UUID, UUID], Decimal] = {}
    async with db.snapshot(principal.tenant_id) as tx:
        on = await today(tx)
        for command, one in asked:
            lying = await lists.stock_without_batch(tx, one.item_id, one.place_id)
            key = one.item_id, one.place_id
            left = lying.get(one.place_id, Decimal(0)) - taken.get(key, Decimal(0))
            # One that was carried out before finds nothing left, and is answered by its command.
            quantity = one.quantity or max(left, Decimal(0)) or Decimal(1)
            taken[key] = taken.get(key, Decimal(0)) + quantity
            posts.append(Post(command, _draft(one, quantity, on)))
    return await post_many(db, principal, posts)


def _draft(one: Opening, quantity: Decimal, on: date) -> DocumentDraft:
    told = {"food_batches": plain(one.told)}
    return DocumentDraft(
        id=uuid7(),
        type=OPENING.code,
        business_date=on,
        place_id=one.place_id,
        lines=(
            LineDraft(item_id=one.item_id, quantity=quantity, role="consume"),
            LineDraft(
                item_id=one.item_id,
                quantity=quantity,
                lot_code=one.number,
                role="produce",
                extensions=told,
            ),
        ),
    )


def refusals(food: FoodPosting) -> Iterator[Refusal]:
    """Why a document is no opening of batches, or cannot be undone."""
    if food.posting.reverses:
        for item_id in dict.fromkeys(line.item_id for line in food.document.lines):
            known = food.item(item_id)
            if known is not None and known.batch_control:
                yield Refusal(OPENING_STAYS, (), {"item": food.view.item(item_id).code})
        return
    balance: dict[tuple[UUID, UUID], Decimal] = {}
    wrong = bool(food.document.extra_cost)
    for movement in food.posting.movements:
        out = food.ours(movement.source)
        wrong |= out == food.ours(movement.target) or out != (movement.lot_id == NIL)
        key = movement.item_id, movement.source if out else movement.target
        moved = -movement.quantity if out else movement.quantity
        balance[key] = balance.get(key, Decimal(0)) + moved
    if wrong or any(balance.values()):
        yield Refusal(ONLY_OPENS, ("lines",))


def writes(food: FoodPosting) -> Iterator[Write]:
    """Batch control for the items of which nothing is left without a batch; their other lots are held
    until somebody says what they are."""
    for item_id in dict.fromkeys(line.item_id for line in food.document.lines):
        known = food.item(item_id) or Item(item_id, batch_control=False)
        left = {key: q for key, q in food.view.on_hand(item_id).items() if q and key[1] == NIL}
        for movement in food.posting.movements:
            key = movement.source, NIL
            if movement.item_id == item_id and movement.lot_id == NIL and key in left:
                left[key] -= movement.quantity
        if any(left.values()):
            yield Write(tables.item, known.row())
            continue
        yield Write(tables.item, {**known.row(), "batch_control": True})
        made = {food.whole(movement.lot_id) for movement in food.posting.movements}
        others = {food.whole(lot) for (_, lot), q in food.view.on_hand(item_id).items() if q}
        for lot in others - made:
            if food.batch(lot) is None:
                yield Write(tables.batch, Batch(lot, item_id, status=Status.HELD).row())
