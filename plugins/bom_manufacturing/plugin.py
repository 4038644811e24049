"""Bills of material for whoever makes what they sell.

A maker gains: what goes into a product is written down once, by version and day, and answers what a quantity
needs over all levels, what it costs, what else a component goes into, and how many can be made now. Planning
nets demand over all levels and says what to buy and to make, when, and why.

Switched off, all of it is hidden and kept: nothing of core depends on it.
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
    Refusal,
    Transaction,
    Write,
    hookimpl,
)
from plugins.bom_manufacturing import bills, tables
from plugins.bom_manufacturing.graphql import EXTENSION
from plugins.bom_manufacturing.planning import data, runs
from plugins.bom_manufacturing.recipes import posting as recipes
from plugins.bom_manufacturing.recipes.closing import close_open_days
from plugins.bom_manufacturing.stock import recipes as closings
from schema.plugin_api import Extension

manifest = Manifest(
    name="bom_manufacturing",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Manufacturing",
    title_zh="生产制造",
    summary="Bills of material over all levels: versions, variants, where-used, cost, what can be made;"
    " planning of what to buy and make, and when; recipes that take ingredients at day end.",
    summary_zh="多级物料清单:版本与生效日期、变体、反查、成本卷积、可生产数量;物料需求计划;配方日结耗用。",
    permissions=(
        Permission(
            "bom_manufacturing.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("bom_manufacturing.write", ("manager",)),
        Permission("bom_manufacturing.plan", ("manager", "purchaser")),
    ),
    tables=tables.tables,
    migrations=Path(__file__).parent / "migrations",
    refusals={"bom_manufacturing_closing_pkey": recipes.CLOSED_MEANWHILE},
    editions={"production": True, "discrete-manufacturing": True, "catering": True},
)


@hookimpl
def document_types() -> list[DocumentType]:
    return [*recipes.TYPES]


@hookimpl
def check_posting(posting: Posting) -> Iterator[Refusal]:
    yield from recipes.refusals(posting)


@hookimpl
def posting_rows(posting: Posting) -> Iterator[Write]:
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
async def differences(tx: Transaction) -> Iterable[str]:
    return [*await bills.differences(tx), *await closings.differences(tx)]


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    if kind != "item":
        return []
    return await data.save_items(tx, {key: data.told(key, one) for key, one in values.items()})
