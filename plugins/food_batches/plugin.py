"""Batches, expiry and recall for whoever sells food.

A shopkeeper gains: every delivery knows what it is and until when it is good, what expires first is sold
first, what has expired is not sold at all, and a batch that turns out bad is stopped everywhere at once.

Switched off, all of it is hidden and kept: lots and stock are core's and stay as they are. That is refused
while goods on hold or under recall are in stock. Switched on again, lots that came meanwhile are held until
somebody says what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from core.plugin_api import (
    DocumentType,
    ImportColumn,
    Indicator,
    Job,
    Line,
    Manifest,
    Offer,
    Permission,
    Posted,
    Posting,
    Reads,
    Refusal,
    Transaction,
    Work,
    Write,
    define,
    hookimpl,
)
from plugins.food_batches import attributes, tables
from plugins.food_batches.alerts import tell_of_what_came
from plugins.food_batches.columns import COLUMNS
from plugins.food_batches.graphql import EXTENSION
from plugins.food_batches.indicators import INDICATORS
from plugins.food_batches.opening import OPENING
from plugins.food_batches.posting import FoodPosting
from plugins.food_batches.rules import intake, weight
from plugins.food_batches.rules.records import Status
from plugins.food_batches.settings import FoodSettings
from plugins.food_batches.stock import tables as stock
from plugins.food_batches.watch import watch
from schema.plugin_api import Extension

manifest = Manifest(
    name="food_batches",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Food batches",
    title_zh="食品批次",
    summary="Batches with shelf life, first expired first out, near expiry, recall, GS1 barcodes.",
    summary_zh="批次与保质期、先到期先出、临期预警、召回追溯、GS1 条码。",
    permissions=(
        Permission(
            "food_batches.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("food_batches.write", ("manager", "purchaser", "storekeeper")),
        Permission("food_batches.recall", ("manager",)),
    ),
    editions={"food": True, "catering": True, "standard": False, "production": False},
    settings=FoodSettings,
    tables=tables.tables,
    migrations=Path(__file__).parent / "migrations",
    refusals={
        "food_batches_batch_dates": intake.DATES_REVERSED,
        "food_batches_second_balance_quantity": weight.SECOND_RANGE,
    },
)

STOPPED_IN_STOCK = define(
    "FOOD_BATCHES_STOPPED_IN_STOCK",
    en="{count} batches on hold or under recall are in stock, {item} among them: release or clear them"
    " first.",
    zh="仍有 {count} 个冻结或召回的批次有库存(如 {item}),请先解除或处理。",
)


@hookimpl
def document_types() -> list[DocumentType]:
    return [OPENING]


@hookimpl
def posting_reads() -> list[Reads]:
    return [
        Reads(tables.item, "item_id"),
        Reads(tables.second_balance, "lot_id"),
        Reads(tables.batch, "lot_id"),
        Reads(tables.recall_batch, "lot_id"),
        Reads(tables.customer, "party_id"),
        Reads(tables.licence, "party_id"),
    ]


@hookimpl
def allocate(posting: Posting, line: Line, offers: Sequence[Offer]) -> list[Offer] | None:
    return FoodPosting(posting).allocate(line, offers)


@hookimpl
def check_posting(posting: Posting) -> Iterator[Refusal]:
    return FoodPosting(posting).refusals()


@hookimpl
def posting_rows(posting: Posting) -> Iterator[Write]:
    return FoodPosting(posting).writes()


@hookimpl
async def posted(work: Work, postings: Sequence[Posted]) -> None:
    await tell_of_what_came(work, postings)


@hookimpl
def jobs() -> list[Job]:
    return [Job("watch", timedelta(hours=1), watch)]


@hookimpl
def import_columns() -> tuple[ImportColumn, ...]:
    return COLUMNS


@hookimpl
def indicators() -> tuple[Indicator, ...]:
    return INDICATORS


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    match kind:
        case "item":
            return await attributes.save_items(tx, values)
        case "party":
            return await attributes.save_parties(tx, values)
        case _:
            return []


@hookimpl
async def enabling(tx: Transaction) -> Iterable[Refusal]:
    return await attributes.open_batches(tx)


@hookimpl
async def disabling(tx: Transaction) -> Iterable[Refusal]:
    stopped = await tables.batches_of(tx, statuses=(Status.HELD, Status.RECALLED))
    numbers = {batch.lot_id for batch in stopped}
    there = [
        lot
        for lot in await stock.lots_in_stock(tx, {batch.item_id for batch in stopped})
        if lot.lot_id in numbers
    ]
    if not there:
        return []
    codes = await stock.item_codes(tx, {lot.item_id for lot in there})
    return [Refusal(STOPPED_IN_STOCK, (), {"count": len(there), "item": min(codes.values())})]


@hookimpl
async def differences(tx: Transaction) -> list[str]:
    return await tables.differences(tx)
