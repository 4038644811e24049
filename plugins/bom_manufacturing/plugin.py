"""Manufacturing for whoever makes what they sell: bills of material, planning, work orders,
processors, recipes.

A maker gains: what goes into a product is written down once, by version and day, and answers what a quantity
needs over all levels, what it costs, what else a component goes into, and how many can be made now. Planning
nets demand over all levels and says what to buy and to make, when, and why. Work orders reserve components,
value what is in work by itself, and say what was used beyond the standard. What a processor has is ours until
goods come back, which carry its cost and the fee. A kitchen's ingredients leave by
recipe when a day is closed.

Switched off, all of it is hidden and kept: nothing of core depends on it. That is refused while goods are in
work, which nobody could bring back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from core.plugin_api import (
    DocumentType,
    Job,
    Manifest,
    Permission,
    Posting,
    PostingJob,
    Reads,
    Refusal,
    Transaction,
    Write,
    hookimpl,
)
from plugins.bom_manufacturing import tables
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.extension import EXTENSION
from plugins.bom_manufacturing.planning import data, runs
from plugins.bom_manufacturing.recipes import posting as recipes
from plugins.bom_manufacturing.recipes.closing import close_open_days
from plugins.bom_manufacturing.recipes.stock import recipes as closings
from plugins.bom_manufacturing.settings import ManufacturingSettings
from plugins.bom_manufacturing.subcontracting import documents as subcontract
from plugins.bom_manufacturing.subcontracting import stock as subcontracting
from plugins.bom_manufacturing.work_orders import stock as work_orders
from plugins.bom_manufacturing.work_orders import tables as work_tables
from plugins.bom_manufacturing.work_orders import types as work
from plugins.bom_manufacturing.work_orders.posting import WorkPosting
from plugins.bom_manufacturing.work_orders.rules import GOODS_IN_WORK
from schema.plugin_api import Extension

manifest = Manifest(
    name="bom_manufacturing",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Manufacturing",
    title_zh="生产制造",
    summary="Bills of material over all levels, work orders with what is in work, subcontracting,"
    " planning of what to buy and make, and recipes that take ingredients at day end.",
    summary_zh="多级物料清单、生产工单与在制品、委外加工、物料需求计划、配方日结耗用。",
    permissions=(
        Permission(
            "bom_manufacturing.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("bom_manufacturing.write", ("manager",)),
        Permission("bom_manufacturing.work", ("manager", "storekeeper")),
        Permission("bom_manufacturing.plan", ("manager", "purchaser")),
    ),
    tables=tables.tables,
    settings=ManufacturingSettings,
    migrations=Path(__file__).parent / "migrations",
    refusals={
        "bom_manufacturing_closing_pkey": recipes.CLOSED_MEANWHILE,
        "bom_manufacturing_subcontract_receipt_number": subcontract.MEANWHILE,
    },
    editions={"production": True, "discrete-manufacturing": True, "catering": True},
)


@hookimpl
def document_types() -> Sequence[DocumentType]:
    return [*work.TYPES, *subcontract.TYPES, *recipes.TYPES]


@hookimpl
def posting_reads() -> Sequence[Reads]:
    return [
        Reads(work_tables.work_order, "document_id"),
        Reads(work_tables.work_charge, "document_id"),
    ]


@hookimpl
def check_posting(posting: Posting) -> Iterator[Refusal]:
    yield from WorkPosting(posting).refusals()
    yield from subcontract.refusals(posting)
    yield from recipes.refusals(posting)


@hookimpl
def posting_rows(posting: Posting) -> Iterator[Write]:
    yield from WorkPosting(posting).writes()
    yield from subcontract.writes(posting)
    yield from recipes.writes(posting)


@hookimpl
def jobs() -> Sequence[Job | PostingJob]:
    return [
        Job("plans", timedelta(minutes=1), runs.give_up_silent),
        PostingJob("close_days", timedelta(hours=1), close_open_days),
    ]


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    if kind != "item":
        return []
    return await data.save_items(tx, {key: data.told(key, one) for key, one in values.items()})


@hookimpl
async def disabling(tx: Transaction) -> Iterable[Refusal]:
    """Nothing of core's brings back what is in work."""
    found = await work_orders.numbers_in_work(tx)
    return [Refusal(GOODS_IN_WORK, (), {"count": len(found), "number": found[0]})] if found else []


@hookimpl
async def differences(tx: Transaction) -> Iterable[str]:
    parts = (bills, work_orders, subcontracting, closings)
    return [told for part in parts for told in await part.differences(tx)]
