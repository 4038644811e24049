"""What history costs: a unit received and sold of an item that had many, all of them gone, against one of an
item that had none. Each unit has a number and a cost of its own, and left a lot, a balance, a pool and a row
of the module behind."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from rich.table import Table

from benchmarks.apart import apart, document, main_place, posted, tally, tenant
from benchmarks.lab import Tell
from benchmarks.serials import numbered_item, units_line
from benchmarks.sizes import Sizes
from core.db.database import Database
from core.ids import uuid7
from core.tenancy import modules
from core.tenancy.rules import Principal
from plugins.serial_numbers.rules.entry import count_up
from plugins.serial_numbers.rules.records import NAME

AT_ONCE = 5_000
"""Units of one of the documents that make history."""
TURNS = 40
"""Units that each of the two items sees come and go in a round, in turns."""
RATIO = 1.2
"""How much longer a posting may take for history that is over."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """Medians over all turns: milliseconds of a posting of either item, and over the rounds their ratio."""

    units: int
    used: float
    fresh: float
    ratio: float
    load: float

    def figures(self) -> dict[str, Any]:
        """The figures for the record."""
        return asdict(self)

    def table(self) -> Table:
        """The figures for people."""
        title = f"A posting to an item with {self.units:,} units gone"
        table = Table(title=title, caption=f"load {self.load:.1f}")
        for name in ("what", "figure", "must"):
            table.add_column(name, justify="left" if name == "what" else "right")
        table.add_row("against an item with none", f"{self.ratio:.2f}", f"≤ {RATIO:g}")
        table.add_row("ms with history", f"{self.used:.2f}")
        table.add_row("ms without", f"{self.fresh:.2f}")
        return table


@dataclass(frozen=True, slots=True)
class _Shop:
    who: Principal
    place: UUID
    items: dict[str, UUID]


def run(sizes: Sizes, rounds: int, tell: Tell) -> Emptied:
    """Make history in a database of its own, then post. Raises RuntimeError where the books do not tally."""
    shops: list[_Shop] = []

    async def before(db: Database) -> None:
        shops.append(await _history(db, sizes.emptied, tell))

    async def work(db: Database) -> Emptied:
        found = await _measure(db, shops[0], sizes.emptied, max(3, rounds), tell)
        await tally(db, shops[0].who)
        return found

    return apart("emptied", work, before=before)


async def _history(db: Database, units: int, tell: Tell) -> _Shop:
    who = await tenant(db, "emptied")
    await modules.enable(db, who, uuid7(), NAME)
    who = replace(who, modules=frozenset({NAME}))
    place = await main_place(db, who)
    items = {code: await numbered_item(db, who, code) for code in ("USED", "FRESH")}
    numbers = list(count_up("SN0000001", units))
    for start in range(0, units, AT_ONCE):
        tell(f"{start:,} of {units:,} units are gone")
        await _come_and_go(db, who, place, items["USED"], numbers[start : start + AT_ONCE])
    return _Shop(who, place, items)


async def _measure(db: Database, shop: _Shop, units: int, rounds: int, tell: Tell) -> Emptied:
    took: dict[str, list[list[float]]] = {code: [] for code in shop.items}
    for n in range(rounds):
        tell(f"postings, round {n + 1}")
        for times in took.values():
            times.append([])
        for number in count_up(f"NEW{n}-001", TURNS):
            for code, item in shop.items.items():
                since = time.perf_counter()
                await _come_and_go(db, shop.who, shop.place, item, [number])
                took[code][-1].append((time.perf_counter() - since) / 2 * 1000)
    rate = {code: [statistics.median(times) for times in of] for code, of in took.items()}
    return Emptied(
        units,
        used=statistics.median(rate["USED"]),
        fresh=statistics.median(rate["FRESH"]),
        ratio=statistics.median(u / f for u, f in zip(rate["USED"], rate["FRESH"], strict=True)),
        load=os.getloadavg()[0],
    )


async def _come_and_go(
    db: Database, who: Principal, place: UUID, item: UUID, numbers: list[str]
) -> None:
    for type_ in ("receipt", "issue"):
        line = units_line(item, numbers)
        await posted(db, who, [document(type_, place, [line])])
