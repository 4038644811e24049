"""Keeping samples (留样): a caterer keeps some of each dish for two days, a maker some of each batch through
its life, so that it can be tested when somebody falls ill.

The goods leave the stock with a document of internal use, for nobody will sell them, and the sample is
written with it or not at all; who took it, and when, the document tells. Reversed, it never was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Asked,
    Database,
    DocumentDraft,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    Write,
    clean,
    define,
    module_settings,
    plain,
    post_many,
    record_audit,
    refuse,
    run_command,
    today,
    uuid7,
)
from plugins.food_batches import tables
from plugins.food_batches.sample import tables as sample_tables
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import tables as stock

if TYPE_CHECKING:
    from plugins.food_batches.posting import FoodPosting

NAME = "food_batches"
LONGEST_TEXT = 255

KEPT_TOO_SHORT = define(
    "FOOD_BATCHES_SAMPLE_PAST",
    en="A sample is kept until some time in the future, not until {until}.",
    zh="留样保存截止时间必须晚于现在,不能为 {until}。",
)
DISPOSED = define(
    "FOOD_BATCHES_SAMPLE_DISPOSED",
    en="This sample has been disposed of already.",
    zh="该留样已处置。",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sample to be taken: in base units, at a place of ours; ``kept_until`` None is as long as the
    settings say."""

    lot_id: UUID
    place_id: UUID
    quantity: Decimal
    kept_until: datetime | None = None
    kept_at: str | None = None


async def take(db: Database, principal: Principal, command_id: UUID, wanted: Wanted) -> UUID:
    """Take a sample of a batch; its id. Raises Refused."""
    kept_at = _text(wanted.kept_at, "keptAt")
    now = datetime.now(UTC)
    if wanted.kept_until is not None and wanted.kept_until <= now:
        raise refuse(KEPT_TOO_SHORT, "keptUntil", until=wanted.kept_until.isoformat())
    async with db.snapshot(principal.tenant_id) as tx:
        batch = (await tables.batches_by_lot(tx, [wanted.lot_id])).get(wanted.lot_id)
        if batch is None:
            raise refuse(NOT_FOUND, "batch", id=str(wanted.lot_id))
        settings: FoodSettings = await module_settings(tx, NAME)
        until = wanted.kept_until or now + timedelta(hours=settings.sample_hours)
        codes, on = await stock.lot_codes(tx, [wanted.lot_id]), await today(tx)
    draft = DocumentDraft(
        id=uuid7(),
        type="internal_use",
        business_date=on,
        place_id=wanted.place_id,
        lines=(
            LineDraft(
                item_id=batch.item_id,
                quantity=wanted.quantity,
                lot_code=codes[wanted.lot_id],
                extensions={NAME: plain({"sample": {"until": until, "at": kept_at}})},
            ),
        ),
    )
    # The books know their postings by this operation, whatever leads to them.
    command = Asked.of(command_id, "postDocument", wanted)
    (verdict,) = await post_many(db, principal, [Post(command, draft)])
    if verdict.outcome is None:
        raise Refused(*map(_seen, verdict.refusals))
    return UUID(verdict.outcome["id"])


async def dispose(
    db: Database, principal: Principal, command_id: UUID, sample_id: UUID, remark: str | None
) -> None:
    """A sample is not kept any more: it was thrown away, or used up by a test. Raises Refused."""
    told = _text(remark, "remark")

    async def work(tx: Transaction) -> Mapping[str, Any]:
        if not await sample_tables.samples_by_id(tx, [sample_id]):
            raise refuse(NOT_FOUND, "id", id=str(sample_id))
        if not await sample_tables.dispose(tx, sample_id, principal.user_id, told):
            raise refuse(DISPOSED, "id")
        what = "food_batches_sample"
        await record_audit(tx, principal.user_id, f"{NAME}.dispose_sample", what, sample_id)
        return {"id": sample_id}

    asked = {"id": sample_id, "remark": remark}
    await run_command(db, principal.tenant_id, command_id, "foodBatchesDisposeSample", asked, work)


def writes(food: FoodPosting) -> Iterator[Write]:
    """The sample that a document takes, if it was made for one."""
    for line in food.document.lines:
        told = (line.extensions.get(NAME) or {}).get("sample")
        if not told:
            continue
        taken = food.by_line[line.no]  # of the lot that it names, from one bin or several
        row = {
            "document_id": food.document.id,
            "lot_id": food.whole(taken[0].lot_id),
            "quantity": sum((movement.quantity for movement in taken), Decimal(0)),
            "kept_until": datetime.fromisoformat(told["until"]),
            "kept_at": told.get("at"),
        }
        yield Write(sample_tables.sample, row)


def _seen(refusal: Refusal) -> Refusal:
    """As whoever asked for the sample finds its place: he wrote no document."""
    inner = refusal.path[2:] if refusal.path[:1] == ("lines",) else refusal.path
    return Refusal(refusal.code, inner, refusal.details)


def _text(text: str | None, name: str) -> str | None:
    return None if text is None else clean(text, name, LONGEST_TEXT, required=False) or None
