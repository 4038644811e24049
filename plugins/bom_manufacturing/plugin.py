"""Bills of material for whoever makes what they sell.

A maker gains: what goes into a product is written down once, by version and day, and answers what a quantity
needs over all levels, what it costs, what else a component goes into, and how many can be made now.
Work orders reserve components, value what is in work by itself, and say what was used beyond the standard.

Switched off, all of it is hidden and kept: nothing of core depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from core.plugin_api import (
    DocumentType,
    Manifest,
    Permission,
    Posting,
    Reads,
    Refusal,
    Transaction,
    Write,
    hookimpl,
)
from plugins.bom_manufacturing import bills, tables
from plugins.bom_manufacturing.graphql import EXTENSION
from plugins.bom_manufacturing.settings import ManufacturingSettings
from plugins.bom_manufacturing.stock import work_orders
from plugins.bom_manufacturing.work_orders import tables as work_tables
from plugins.bom_manufacturing.work_orders.posting import WorkPosting
from plugins.bom_manufacturing.work_orders.types import TYPES
from schema.plugin_api import Extension

manifest = Manifest(
    name="bom_manufacturing",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Manufacturing",
    title_zh="生产制造",
    summary="Bills of material over all levels, and work orders: issue, report, work in progress.",
    summary_zh="多级物料清单与生产工单:版本、变体、成本卷积、领料、报工、在制品。",
    permissions=(
        Permission(
            "bom_manufacturing.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("bom_manufacturing.write", ("manager",)),
        Permission("bom_manufacturing.work", ("manager", "storekeeper")),
    ),
    tables=tables.tables,
    settings=ManufacturingSettings,
    migrations=Path(__file__).parent / "migrations",
    editions={"production": True, "discrete-manufacturing": True},
)


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
def document_types() -> Sequence[DocumentType]:
    return TYPES


@hookimpl
def posting_reads() -> Sequence[Reads]:
    return [
        Reads(work_tables.work_order, "document_id"),
        Reads(work_tables.work_charge, "document_id"),
    ]


@hookimpl
def check_posting(posting: Posting) -> Iterator[Refusal]:
    return WorkPosting(posting).refusals()


@hookimpl
def posting_rows(posting: Posting) -> Iterator[Write]:
    return WorkPosting(posting).writes()


@hookimpl
async def differences(tx: Transaction) -> Iterable[str]:
    return [*await bills.differences(tx), *await work_orders.differences(tx)]
