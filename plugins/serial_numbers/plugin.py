"""One unit, one number, its whole life.

A shopkeeper gains: every unit is known by its number from the day it came to the day it went and after,
with the documents, parties and costs on the way; a number cannot be sold twice, nor from where it is not;
and a customer's warranty is looked up by what is printed on the thing.

Switched off, all of it is hidden and kept: units are lots of core and stay in stock as they are. Switched on
again, units that came or went meanwhile are brought up to date; goods without a number stand in the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from core.plugin_api import (
    Line,
    LineDraft,
    LotPart,
    Manifest,
    Offer,
    Permission,
    Posting,
    Reads,
    Refusal,
    Transaction,
    Write,
    hookimpl,
)
from plugins.serial_numbers import attributes, tables
from plugins.serial_numbers.graphql import EXTENSION
from plugins.serial_numbers.posting import SerialPosting, units_of
from plugins.serial_numbers.refusals import TAKEN
from plugins.serial_numbers.settings import SerialSettings
from schema.plugin_api import Extension

manifest = Manifest(
    name="serial_numbers",
    version="0.1.0",
    core=">=0.1,<0.2",
    title="Serial numbers",
    title_zh="序列号",
    summary="Units by number: entry by range or scan, life, own cost, warranty, look-up with history.",
    summary_zh="按序列号管理单件:区间与扫码录入、生命周期、个别成本、质保、全程查询。",
    permissions=(
        Permission(
            "serial_numbers.read",
            ("manager", "purchaser", "seller", "storekeeper", "accountant", "viewer"),
        ),
        Permission("serial_numbers.claim", ("manager", "seller", "storekeeper")),
    ),
    settings=SerialSettings,
    tables=tables.tables,
    migrations=Path(__file__).parent / "migrations",
    editions={"electronics": True, "production": False, "discrete-manufacturing": False},
    refusals={"serial_numbers_unit_everywhere": TAKEN},
)


@hookimpl
def posting_reads() -> list[Reads]:
    return [
        Reads(tables.item, "item_id"),
        Reads(tables.unit, "lot_id"),
        Reads(tables.reservation, "lot_id"),
    ]


@hookimpl
def named_lots(lines: Sequence[Line | LineDraft]) -> set[UUID]:
    return units_of(lines)


@hookimpl
def split_lines(posting: Posting) -> Iterator[LotPart]:
    return SerialPosting(posting).split()


@hookimpl
def allocate(posting: Posting, line: Line, offers: Sequence[Offer]) -> list[Offer] | None:
    return SerialPosting(posting).allocate(line, offers)


@hookimpl
def check_posting(posting: Posting) -> Iterator[Refusal]:
    return SerialPosting(posting).refusals()


@hookimpl
def posting_rows(posting: Posting) -> Iterator[Write]:
    return SerialPosting(posting).writes()


@hookimpl
def graphql() -> Extension:
    return EXTENSION


@hookimpl
async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    return await attributes.save_items(tx, values) if kind == "item" else []


@hookimpl
async def enabling(tx: Transaction) -> Iterable[Refusal]:
    return await attributes.catch_up(tx)


@hookimpl
async def differences(tx: Transaction) -> list[str]:
    return [
        f"serial number {one.number}: {one.state}, and stock says otherwise"
        for one in await tables.astray(tx)
    ]
