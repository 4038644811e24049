"""Styles in colours and sizes, for whoever sells clothes or shoes.

A shopkeeper gains: a style with its colours and its sizes is made in one go, each variant an item of
core's with a code and a barcode; orders, receipts, transfers and counts are entered as a matrix, and
stock, sales and availability read as one; packs of a size run are bought, sold and opened.

Switched off, all of it is hidden and kept: variants are items of core's and go on being bought, moved and
sold one by one. Nothing stands in the way of either switch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from core.plugin_api import Manifest, Permission, Transaction, hookimpl
from plugins.apparel_variants import tables
from plugins.apparel_variants.graphql import EXTENSION
from plugins.apparel_variants.refusals import NAME
from plugins.apparel_variants.settings import ApparelSettings
from schema.plugin_api import Extension

manifest = Manifest(
    name=NAME,
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Apparel variants",
    title_zh="服装款色码",
    summary="Styles in colours and sizes, matrices, size runs and packs, broken runs, sell-through.",
    summary_zh="款式颜色尺码、二维表录入与查询、配码、断码、售罄率。",
    permissions=(
        Permission(
            "apparel_variants.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("apparel_variants.write", ("manager", "purchaser")),
    ),
    settings=ApparelSettings,
    tables=tables.tables,
    migrations=Path(__file__).parent / "migrations",
    editions={"apparel": True},
)


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
async def item_attributes(
    tx: Transaction, item_ids: Collection[UUID]
) -> Mapping[UUID, Mapping[str, str]]:
    return await tables.attributes(tx, item_ids)


@hookimpl
async def differences(tx: Transaction) -> list[str]:
    return await tables.differences(tx)
