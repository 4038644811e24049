"""Bills of material for whoever makes what they sell.

A maker gains: what goes into a product is written down once, by version and day, and answers what a quantity
needs over all levels, what it costs, what else a component goes into, and how many can be made now.

Switched off, all of it is hidden and kept: nothing of core depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.plugin_api import (
    DocumentType,
    Manifest,
    Permission,
    Posting,
    Refusal,
    Transaction,
    Write,
    hookimpl,
)
from plugins.bom_manufacturing import bills, tables
from plugins.bom_manufacturing.graphql import EXTENSION
from plugins.bom_manufacturing.settings import ManufacturingSettings
from plugins.bom_manufacturing.stock import subcontracting
from plugins.bom_manufacturing.subcontracting import documents as subcontract
from schema.plugin_api import Extension

manifest = Manifest(
    name="bom_manufacturing",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Manufacturing",
    title_zh="生产制造",
    summary="Bills of material over all levels: versions, variants, where-used, cost, what can be made.",
    summary_zh="多级物料清单:版本与生效日期、变体、反查、成本卷积、可生产数量。",
    permissions=(
        Permission(
            "bom_manufacturing.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("bom_manufacturing.write", ("manager",)),
    ),
    settings=ManufacturingSettings,
    tables=tables.tables,
    migrations=Path(__file__).parent / "migrations",
    refusals={"bom_manufacturing_subcontract_receipt_number": subcontract.MEANWHILE},
    editions={"production": True, "discrete-manufacturing": True},
)


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
def document_types() -> list[DocumentType]:
    return list(subcontract.TYPES)


@hookimpl
def check_posting(posting: Posting) -> Iterable[Refusal]:
    return subcontract.refusals(posting)


@hookimpl
def posting_rows(posting: Posting) -> Iterable[Write]:
    return subcontract.writes(posting)


@hookimpl
async def differences(tx: Transaction) -> Iterable[str]:
    return [*await bills.differences(tx), *await subcontracting.differences(tx)]
