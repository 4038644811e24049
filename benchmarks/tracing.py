"""How long it takes to trace a batch through 100,000 movements of what was made of it (追溯).

A batch is made into a hundred others in production, which are sold a thousand times each, in documents of a
hundred lines. The trace follows it down to every customer and place; the floor is one statement of plain SQL
that adds up the same entries by lot and place.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from rich.table import Table

from benchmarks.apart import document, main_place, posted, tallying
from benchmarks.lab import Tell
from benchmarks.sizes import Sizes
from core.catalogue import service as catalogue
from core.catalogue.records import ItemDraft
from core.db.database import Database, Transaction, rows
from core.documents.records import LineDraft
from core.ids import uuid7
from core.ledger.records import lot_id
from core.ledger.requests import Post
from core.parties import service as parties
from core.parties.rules import PartyDraft
from core.tenancy.rules import Principal
from plugins.food_batches.stock.tables import Which, documents_of
from plugins.food_batches.stock.tracing import Trace, traced

BATCHES = 100
SECONDS = 1.0
"""What a trace may take."""
_CUSTOMERS = 50
_BULK = 20
_FLOOR = (
    "SELECT lot_id, place_id, sum(quantity) FROM entry WHERE tenant_id = %s AND lot_id = ANY(%s)"
    " AND lot_id <> '00000000-0000-0000-0000-000000000000' GROUP BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class Traced:
    """What was traced, and the medians of how long it took, in seconds."""

    movements: int
    batches: int
    customers: int
    trace: float
    documents: float
    floor: float
    load: float

    @property
    def ratio(self) -> float:
        """The trace's time over the floor's."""
        return self.trace / self.floor

    def figures(self) -> dict[str, Any]:
        """The figures for the record."""
        return asdict(self) | {"ratio": self.ratio}

    def table(self) -> Table:
        """The figures for people."""
        title = f"Trace of {self.movements:,} movements: {self.batches} batches, {self.customers} customers"
        table = Table(title=title, caption=f"load {self.load:.1f}")
        for name in ("what", "s", "must", "/ floor"):
            table.add_column(name, justify="left" if name == "what" else "right")
        table.add_row("trace", f"{self.trace:.3f}", f"≤ {SECONDS:g}", f"{self.ratio:.1f}")
        table.add_row("first page of its documents", f"{self.documents:.3f}")
        table.add_row("plain SQL over the same rows", f"{self.floor:.3f}", "", "1")
        return table


def run(sizes: Sizes, rounds: int, tell: Tell) -> Traced:
    """Make the movements in a database of their own, and trace. Raises RuntimeError where a figure of the
    trace is wrong or the books do not tally."""

    async def work(db: Database, who: Principal) -> Traced:
        tell(f"{sizes.movements:,} movements to trace")
        lot = await _goods(db, who, sizes.movements)
        tell("tracing")
        return await _measure(db, who, lot, sizes.movements, max(3, rounds))

    return tallying("trace", work)


async def _measure(db: Database, who: Principal, lot: UUID, movements: int, rounds: int) -> Traced:
    times: dict[str, list[float]] = {"trace": [], "documents": [], "floor": []}

    async def timed(what: str, work: Callable[[Transaction], Awaitable[Sequence[object]]]) -> None:
        async with db.snapshot(who.tenant_id) as tx:
            since = time.perf_counter()
            await work(tx)
            times[what].append(time.perf_counter() - since)

    found: list[Trace] = []

    async def trace(tx: Transaction) -> Sequence[object]:
        found[:] = [await traced(tx, [lot], "down")]
        return [found[0].customers(), list(found[0].left()), list(found[0].suppliers())]

    async def documents(tx: Transaction) -> Sequence[object]:
        return await documents_of(tx, found[0].lots, Which(), None, 100)

    async def floor(tx: Transaction) -> Sequence[object]:
        return await rows(tx, _FLOOR, tx.tenant_id, list(found[0].lots))

    for _ in range(rounds):
        await timed("trace", trace)
        await timed("documents", documents)
        await timed("floor", floor)
    shares = found[0].customers()
    if sum(share.delivered for share in shares) != movements:
        raise RuntimeError("the trace lost something")
    return Traced(
        movements,
        len(found[0].lots),
        len({share.party_id for share in shares}),
        trace=statistics.median(times["trace"]),
        documents=statistics.median(times["documents"]),
        floor=statistics.median(times["floor"]),
        load=os.getloadavg()[0],
    )


async def _goods(db: Database, who: Principal, movements: int) -> UUID:
    """Buy a batch, make others of it, and sell these; its lot."""
    items = [
        (await catalogue.create_item(db, who, uuid7(), ItemDraft(code=code, name=code))).id
        for code in ("MILK", "YOGHURT")
    ]
    customers = [
        (
            await parties.create_party(
                db, who, uuid7(), PartyDraft(code=code, name=code, is_customer=True)
            )
        ).id
        for code in (f"C{n}" for n in range(_CUSTOMERS))
    ]
    place = await main_place(db, who)
    milk, yoghurt = items
    each = Decimal(movements // BATCHES)

    def sales() -> Iterator[Post]:
        line = [LineDraft(yoghurt, Decimal(1), lot_code=f"Y{n}") for n in range(BATCHES)]
        for n in range(int(each)):
            yield document("issue", place, line, party_id=customers[n % _CUSTOMERS])

    bought = LineDraft(milk, each * BATCHES, unit_price=Decimal(1), lot_code="M")
    await posted(db, who, [document("receipt", place, [bought])])
    for n in range(BATCHES):
        used = LineDraft(milk, each, lot_code="M", role="consume")
        made = LineDraft(yoghurt, each, lot_code=f"Y{n}", role="produce")
        await posted(db, who, [document("conversion", place, [used, made])])
    waiting = list(sales())
    for start in range(0, len(waiting), _BULK):
        await posted(db, who, waiting[start : start + _BULK])
    return lot_id(milk, "M")
