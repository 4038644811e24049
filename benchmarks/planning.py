"""How long planning takes: the explosion of a deep bill, and runs over more and more items (MRP).

A run is the product's own, from the queue to the plan: read, netted, written. Its floor is one statement of
plain SQL that sums the dependent needs of the very orders that it planned, by item and day. The explosion's
floor sums the lines of its bills by item.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar
from uuid import UUID

from rich.table import Table

from benchmarks.apart import apart, tenant
from benchmarks.lab import Tell
from benchmarks.sizes import Sizes
from core.catalogue.records import ItemDraft
from core.catalogue.service import save_items_within
from core.commands import Asked
from core.db.database import Database, Transaction, rows
from core.documents.records import DocumentDraft, LineDraft
from core.ids import uuid7
from core.ledger.posting import post_many
from core.ledger.requests import Post
from core.ledger.views.present import today
from core.tenancy.rules import Principal
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import stock as stored
from plugins.bom_manufacturing.bills.rules.bom import explode
from plugins.bom_manufacturing.bills.rules.records import Bom, Line
from plugins.bom_manufacturing.planning import runs
from plugins.bom_manufacturing.planning.rules.planning import Forecast, PlanningData
from plugins.bom_manufacturing.planning.stock import planning, plans

T = TypeVar("T")
WEEKS, LEVELS, COMPONENTS = 26, 5, 3
DEEP = 10
"""Levels of the bill that is exploded."""
_PART = 1000
_FLOOR = (
    "SELECT l.item_id, s.release_on, sum(s.quantity * l.quantity / b.output_quantity)"
    " FROM bom_manufacturing_suggestion s"
    " JOIN bom_manufacturing_bom b ON b.tenant_id = s.tenant_id AND b.item_id = s.item_id"
    " JOIN bom_manufacturing_line l ON l.tenant_id = b.tenant_id AND l.bom_id = b.id"
    " WHERE s.tenant_id = %s AND s.run_id = %s GROUP BY 1, 2"
)
_LINES = (
    "SELECT l.item_id, sum(l.quantity * (1 + l.scrap_pct / 100) / b.output_quantity)"
    " FROM bom_manufacturing_bom b JOIN bom_manufacturing_line l"
    " ON l.tenant_id = b.tenant_id AND l.bom_id = b.id WHERE b.tenant_id = %s GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Something that was done to so many rows, in seconds, and its floor."""

    what: str
    items: int
    rows: int
    seconds: float
    floor: float

    @property
    def ratio(self) -> float:
        """Its time over the floor's."""
        return self.seconds / self.floor


@dataclass(frozen=True, slots=True)
class Planned:
    """All that was measured."""

    measured: tuple[Measured, ...]
    load: float

    def figures(self) -> dict[str, Any]:
        """The figures for the record."""
        return {"figures": [asdict(one) for one in self.measured], "load": self.load}

    def table(self) -> Table:
        """The figures for people."""
        title = f"Planning: {WEEKS} weeks, {LEVELS} levels"
        table = Table(title=title, caption=f"load {self.load:.1f}")
        for name in ("what", "items", "rows", "s", "µs / row", "floor s", "/ floor"):
            table.add_column(name, justify="left" if name == "what" else "right")
        for one in self.measured:
            table.add_row(
                one.what,
                f"{one.items:,}",
                f"{one.rows:,}",
                f"{one.seconds:.2f}",
                f"{one.seconds / one.rows * 1e6:.0f}",
                f"{one.floor:.3f}",
                f"{one.ratio:.0f}",
            )
        return table


def run(sizes: Sizes, rounds: int, tell: Tell) -> Planned:
    """Plan in a database of its own. Raises RuntimeError where a run fails or plans something else than
    the floor sums up."""

    async def work(db: Database) -> Planned:
        return await _run(db, sizes.planned, rounds, tell)

    return apart("plan", work)


async def _run(db: Database, items: int, rounds: int, tell: Tell) -> Planned:
    tell(f"a bill of {items:,} lines on {DEEP} levels")
    figures = [await _explosion(db, items, max(3, rounds))]
    for count in (items // 4, items // 2, items):
        tell(f"{count:,} items to plan")
        figures.append(await _plan(db, count, rounds))
    return Planned(tuple(figures), os.getloadavg()[0])


async def _explosion(db: Database, lines: int, rounds: int) -> Measured:
    who = await tenant(db, "explode")
    each = max(1, lines // DEEP // 9)
    levels = [await _items(db, who, f"L{n}-", each if n else 1) for n in range(DEEP + 1)]
    count = await _bills(db, who, levels, 9)
    times, floors = list[float](), list[float]()
    for _ in range(rounds):
        async with db.snapshot(who.tenant_id) as tx:
            since = time.perf_counter()
            asked = await bills.ask(tx, levels[0][0], None, {})
            found = explode(asked.boms, asked.item, 1, asked.variant)
            times.append(time.perf_counter() - since)
            floors.append(await _floor(tx, _LINES, tx.tenant_id))
    if max(found.levels.values()) != DEEP:
        raise RuntimeError("the explosion is not as deep as the bill")
    what = f"explosion of {DEEP} levels"
    return Measured(
        what, len(found.levels), count, statistics.median(times), statistics.median(floors)
    )


async def _plan(db: Database, count: int, rounds: int) -> Measured:
    who = await tenant(db, f"plan {count}")
    per = count // LEVELS
    levels = [await _items(db, who, f"L{n}-", per) for n in range(LEVELS)]
    await _bills(db, who, levels, COMPONENTS)
    await _told(db, who, levels)
    times, floors, made = list[float](), list[float](), 0
    for _ in range(rounds):
        key = uuid7()
        async with db.transaction(who.tenant_id) as tx:
            start = await today(tx)
            end = start + timedelta(7 * WEEKS)
            await plans.begin(tx, key, None, start, end, who.user_id)
        since = time.perf_counter()
        await runs.carry_out(db, who.tenant_id, key)
        times.append(time.perf_counter() - since)
        async with db.snapshot(who.tenant_id) as tx:
            done = (await plans.runs_by_id(tx, [key]))[key]
            if done.state != "done" or done.items_done != count:
                raise RuntimeError(f"the run is {done.state} after {done.items_done} items")
            query = "SELECT count(*) FROM bom_manufacturing_suggestion WHERE run_id = %s"
            ((made,),) = await rows(tx, query, key)
            floors.append(await _floor(tx, _FLOOR, tx.tenant_id, key))
    return Measured("run", count, made, statistics.median(times), statistics.median(floors))


async def _floor(tx: Transaction, query: str, *parameters: object) -> float:
    since = time.perf_counter()
    await rows(tx, query, *parameters)
    return time.perf_counter() - since


async def _items(db: Database, who: Principal, prefix: str, count: int) -> list[UUID]:
    keys = [uuid7() for _ in range(count)]
    for part in _parts([(key, n) for n, key in enumerate(keys)]):
        async with db.transaction(who.tenant_id) as tx:
            drafts = [(key, ItemDraft(code=f"{prefix}{n}", name=f"{prefix}{n}")) for key, n in part]
            await save_items_within(tx, who, drafts)
    return keys


async def _bills(db: Database, who: Principal, levels: list[list[UUID]], width: int) -> int:
    """A bill for each item but those of the last level; how many lines they have together."""
    count = 0
    for above, below in pairwise(levels):
        async with db.transaction(who.tenant_id) as tx:
            for n, item in enumerate(above):
                parts = range(len(below)) if len(above) == 1 else range(width)
                lines = tuple(
                    Line(below[(n * width + k) % len(below)], Decimal(1 + k % 3))
                    for k in dict.fromkeys(k % len(below) for k in parts)
                )
                count += len(lines)
                await stored.write(tx, uuid7(), 1, Bom(item, lines))
    return count


async def _told(db: Database, who: Principal, levels: list[list[UUID]]) -> None:
    """Lead times and safety stocks of all, some stock, and a forecast each week of what is sold."""
    items = [item for level in levels for item in level]
    for part in _parts(items):
        async with db.transaction(who.tenant_id) as tx:
            told = {key: PlanningData(key, lead_time=3, safety_stock=Decimal(5)) for key in part}
            await planning.put_data(tx, told)
    async with db.snapshot(who.tenant_id) as tx:
        start = await today(tx)
        ((place,),) = await rows(tx, "SELECT id FROM place WHERE code = 'MAIN'")
    for part in _parts(items):
        lines = tuple(
            LineDraft(item, Decimal(1 + n % 50), unit_price=Decimal(1))
            for n, item in enumerate(part)
        )
        draft = DocumentDraft(uuid7(), "opening", start, lines, place_id=place)
        post = Post(Asked.of(uuid7(), "postDocument", {"id": draft.id}), draft)
        (verdict,) = await post_many(db, who, [post])
        if verdict.outcome is None:
            raise RuntimeError(f"stock was refused: {verdict.refusals[:3]}")
    for week in range(WEEKS):
        first = start + timedelta(7 * week)
        async with db.transaction(who.tenant_id) as tx:
            expected = [
                Forecast(
                    uuid7(), item, None, first, first + timedelta(6), Decimal(10 + (week + n) % 7)
                )
                for n, item in enumerate(levels[0])
            ]
            await planning.put_forecasts(tx, [], expected)


def _parts(whole: list[T]) -> Iterator[list[T]]:
    return (whole[at : at + _PART] for at in range(0, len(whole), _PART))
