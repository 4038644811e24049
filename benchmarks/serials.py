"""How much slower units with serial numbers are than goods without: one line of 10,000 numbers, received and
sold, against as many lines of goods that nobody tells apart, in documents of a hundred lines."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from rich.table import Table

from benchmarks.apart import document, main_place, posted, tallying
from benchmarks.lab import Tell
from benchmarks.sizes import Sizes
from core.catalogue import service as catalogue
from core.catalogue.records import ItemDraft
from core.db.database import Database
from core.documents.records import LineDraft
from core.ids import uuid7
from core.ledger.requests import Post
from core.tenancy import modules
from core.tenancy.rules import Principal
from plugins.serial_numbers.rules.entry import count_up
from plugins.serial_numbers.rules.records import NAME

LINES = 100
"""Lines of a document of goods without numbers, each of another item."""
RATIO = 0.3
"""How many units a second there must be for each line a second."""
SECONDS = 10.0
"""What a request may take."""


@dataclass(frozen=True, slots=True)
class Serials:
    """Medians of the rounds: seconds that the line of units took to be received and to be sold, and how
    many units, and lines without numbers, were moved in a second."""

    units: int
    received: float
    sold: float
    rate: float
    untracked: float
    load: float

    @property
    def ratio(self) -> float:
        """Units a second over lines a second."""
        return self.rate / self.untracked

    def figures(self) -> dict[str, Any]:
        """The figures for the record."""
        return asdict(self) | {"ratio": self.ratio}

    def table(self) -> Table:
        """The figures for people."""
        title = f"One line of {self.units:,} serial numbers, received and sold"
        table = Table(title=title, caption=f"load {self.load:.1f}")
        for name in ("what", "figure", "must"):
            table.add_column(name, justify="left" if name == "what" else "right")
        table.add_row("units/s / lines/s without numbers", f"{self.ratio:.2f}", f"≥ {RATIO:g}")
        table.add_row("units/s", f"{self.rate:,.0f}")
        table.add_row(f"lines/s without numbers, {LINES} to a document", f"{self.untracked:,.0f}")
        table.add_row("s to receive them", f"{self.received:.2f}", f"≤ {SECONDS:g}")
        table.add_row("s to sell them", f"{self.sold:.2f}", f"≤ {SECONDS:g}")
        return table


def run(sizes: Sizes, rounds: int, tell: Tell) -> Serials:
    """Receive and sell in a database of their own. Raises RuntimeError where the books do not tally."""

    async def work(db: Database, who: Principal) -> Serials:
        return await _measure(db, who, sizes.serials, max(3, rounds), tell)

    return tallying("serials", work)


async def _measure(db: Database, who: Principal, units: int, rounds: int, tell: Tell) -> Serials:
    await modules.enable(db, who, uuid7(), NAME)
    who = replace(who, modules=frozenset({NAME}))
    place = await main_place(db, who)
    plain = [await _item(db, who, f"PLAIN{n}") for n in range(LINES)]
    took: dict[str, list[float]] = {"receipt": [], "issue": [], "receipts": [], "issues": []}
    for n in range(rounds):
        tell(f"serial numbers, round {n + 1}")
        item = await numbered_item(db, who, f"UNITS{n}")
        line = units_line(item, list(count_up("SN00001", units)))
        for type_ in ("receipt", "issue"):
            took[type_].append(await _seconds(db, who, [document(type_, place, [line])]))
            goods = [_line(one, 1) for one in plain]
            many = [document(type_, place, goods) for _ in range(units // LINES)]
            took[f"{type_}s"].append(await _seconds(db, who, many))
    median = {what: statistics.median(times) for what, times in took.items()}
    return Serials(
        units,
        received=median["receipt"],
        sold=median["issue"],
        rate=2 * units / (median["receipt"] + median["issue"]),
        untracked=2 * units / (median["receipts"] + median["issues"]),
        load=os.getloadavg()[0],
    )


async def _seconds(db: Database, who: Principal, wanted: Sequence[Post]) -> float:
    """How long it takes to post them, one after the other, as requests come."""
    since = time.perf_counter()
    for one in wanted:
        await posted(db, who, [one])
    return time.perf_counter() - since


async def numbered_item(db: Database, who: Principal, code: str) -> UUID:
    """An item under serial control, each unit at its own cost."""
    facts = {"cost_scope": "serial", "extensions": {NAME: {"serial_control": True}}}
    return await _item(db, who, code, **facts)


async def _item(db: Database, who: Principal, code: str, **facts: Any) -> UUID:
    draft = ItemDraft(code=code, name=code, **facts)
    return (await catalogue.create_item(db, who, uuid7(), draft)).id


def units_line(item: UUID, numbers: list[str]) -> LineDraft:
    """A line of these numbers."""
    return _line(item, len(numbers), {NAME: {"numbers": numbers}})


def _line(item: UUID, quantity: int, extensions: dict[str, Any] | None = None) -> LineDraft:
    return LineDraft(
        item, Decimal(quantity), unit_price=Decimal("1.50"), extensions=extensions or {}
    )
