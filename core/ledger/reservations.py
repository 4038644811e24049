"""The promises of an order that is closed, reopened or unapproved, under the guards of its items."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.db.database import Transaction
from core.db.questions import ask
from core.documents import reading as stored_documents
from core.documents.progress import Ordered, Progress
from core.documents.records import Document, Stored
from core.errors import define, refuse
from core.ledger import reading, writing
from core.ledger.decide import Progressed, decide, promise_of, promises
from core.ledger.loading import items_of, load
from core.ledger.records import ZERO
from core.tenancy.tables import next_change

STILL_IN_WORK = define(
    "STILL_IN_WORK",
    en="Goods are still in work for {number}: use them, bring them back or write them off first.",
    zh="{number} 仍有在制品,请先耗用、退回或核销。",
)


async def progress(tx: Transaction, order: Document) -> Progress:
    """How far the order was carried out, over all its lines."""
    done = await _executed(tx, order)
    lines = [
        Ordered(line.base_quantity, done=done.get(line.no, ZERO)).progress for line in order.lines
    ]
    if all(p is Progress.DONE for p in lines):
        return Progress.DONE
    return Progress.NONE if all(p is Progress.NONE for p in lines) else Progress.PARTIAL


async def release(tx: Transaction, known: Stored) -> None:
    """Give up what is still promised: the rest will not come. Raises Refused while goods wait for the order,
    looked at under the guards, so that none is issued to it meanwhile."""
    order = known.document
    await ask(tx, reading.lock_items(items_of(order)))
    if await ask(tx, reading.waits_for(order.id)):
        raise refuse(STILL_IN_WORK, "id", number=known.number)
    await writing.released(tx, order.id)


async def withdraw(tx: Transaction, order: Document) -> None:
    """Take back every promise, and what the order did of another: it is a draft again."""
    await ask(tx, reading.lock_items(items_of(order)))
    await writing.no_promises(tx, order.id)
    if order.source_id is not None:
        undone = (
            Progressed(order.source_id, line.source_line, executed=-line.base_quantity)
            for line in order.lines
            if line.source_line is not None
        )
        await writing.progress(tx, undone)


async def restore(tx: Transaction, order: Document) -> None:
    """Promise again what is still open, from today on, whatever has been closed since the order; the
    stock must be there as for a new order, and like one it is served after those that wait already,
    with all of its lines. Raises Refused."""
    loaded = await load(tx, items_of(order), documents=[order])
    done = await _executed(tx, order)
    opened = tuple(
        replace(line, quantity=line.base_quantity - done.get(line.no, ZERO))
        for line in order.lines
        if line.base_quantity > done.get(line.no, ZERO)
    )
    today = loaded.state.today
    again = replace(order, lines=opened, business_date=today, source_id=None)
    decision = decide(loaded.state, again, 0)
    done_with = [
        promise_of(order, line, ZERO) for line in order.lines if promises(loaded.state, order, line)
    ]
    await writing.no_promises(tx, order.id)
    mark = await next_change(tx)
    await writing.promises(tx, [(promise, mark) for promise in [*done_with, *decision.promises]])


async def _executed(tx: Transaction, order: Document) -> dict[int, Decimal]:
    source = (await stored_documents.sources(tx, [order.id]))[order.id]
    return {no: line.done for no, line in source.lines.items()}
