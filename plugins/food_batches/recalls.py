"""Recall (召回) as an action: trace a batch, freeze what is left everywhere at once, collect returns."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.plugin_api import (
    LIMIT_EXCEEDED,
    NOT_FOUND,
    REQUIRED,
    Database,
    HoldDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    define,
    free_goods,
    hold_goods,
    raise_any,
    record_audit,
    refuse,
    run_command,
    uuid7,
)
from plugins.food_batches import alerts, tables
from plugins.food_batches.alerts import Alert
from plugins.food_batches.recall import tables as recall_tables
from plugins.food_batches.recall.tables import Recalled
from plugins.food_batches.rules.records import Batch, Status
from plugins.food_batches.stock.tables import Which, documents_of, items_of_lots, wholes
from plugins.food_batches.stock.tracing import Trace, traced, untraced

UNDER_RECALL = define(
    "FOOD_BATCHES_UNDER_RECALL",
    en="This batch is under recall already. Close that recall first, or go on with it.",
    zh="该批次已在召回中。请继续或先结束该召回。",
)
RECALL_CLOSED = define(
    "FOOD_BATCHES_RECALL_CLOSED",
    en="This recall has been closed already.",
    zh="该召回已结束。",
)
STILL_MOVING = define(
    "FOOD_BATCHES_STILL_MOVING",
    en="Goods of these batches became others again and again meanwhile: nothing is frozen. Try again.",
    zh="期间这些批次的货品不断被加工,尚未冻结,请重试。",
)

MOST_BATCHES = 100
"""Batches that one recall begins with; how many descend from them does not matter."""
LONGEST_REASON = 500
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill found, and how long it took."""

    recall_id: UUID
    milliseconds: int
    batches: int
    suppliers: int
    customers: int
    places: int
    documents: int


async def start_recall(
    db: Database,
    principal: Principal,
    command_id: UUID,
    lots: Sequence[UUID],
    reason: str,
    *,
    descendants: bool,
) -> UUID:
    """Recall batches, with what was made of them if so wanted: from the commit on nothing of them can be
    sold or used. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        return {"id": await _start(tx, principal.user_id, lots, _reason(reason), descendants)}

    asked = {"batches": list(lots), "reason": reason, "includeDescendants": descendants}
    operation = "foodBatchesStartRecall"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return UUID(outcome["id"])


async def close_recall(
    db: Database, principal: Principal, command_id: UUID, recall_id: UUID
) -> None:
    """End a recall: returns are not counted any more. The goods stay frozen. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        known = (await recall_tables.recalls_by_id(tx, [recall_id])).get(recall_id)
        if known is None:
            raise refuse(NOT_FOUND, "id", id=str(recall_id))
        if not await recall_tables.close(tx, recall_id):
            raise refuse(RECALL_CLOSED, "id")
        await record_audit(
            tx, principal.user_id, "food_batches.close_recall", "food_batches_recall", recall_id
        )
        return {"id": recall_id}

    operation = "foodBatchesCloseRecall"
    await run_command(db, principal.tenant_id, command_id, operation, {"id": recall_id}, work)


async def drill(db: Database, principal: Principal, command_id: UUID, lot: UUID) -> Drilled:
    """Trace a batch as a recall would, and freeze nothing; kept as proof that it was done (模拟召回).
    Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        since = time.perf_counter_ns()
        await _items(tx, [lot], "batch")
        down, up = await traced(tx, [lot], "down"), await traced(tx, [lot], "up")
        documents = await documents_of(tx, down.lots | up.lots, Which())
        told = {
            "batches": len(down.lots),
            "suppliers": len({brought.party_id for brought in up.suppliers()}),
            "customers": len({share.party_id for share in down.customers()}),
            "places": len({left.place_id for left in down.left()}),
            "documents": len(documents),
        }
        milliseconds, recall_id = _since(since), uuid7()
        recalled = _recalled(recall_id, down, {})
        await recall_tables.insert(
            tx, recall_id, principal.user_id, "", milliseconds, recalled, drill=True
        )
        told |= {"milliseconds": milliseconds}
        await record_audit(
            tx, principal.user_id, "food_batches.drill", "food_batches_recall", recall_id, told
        )
        return {"recall_id": recall_id, **told}

    operation = "foodBatchesRecallDrill"
    outcome = await run_command(
        db, principal.tenant_id, command_id, operation, {"batch": lot}, work
    )
    return Drilled(**{**outcome, "recall_id": UUID(outcome["recall_id"])})


async def _start(
    tx: Transaction, actor: UUID, lots: Sequence[UUID], reason: str, descendants: bool
) -> UUID:
    since, recall_id = time.perf_counter_ns(), uuid7()
    if not lots:
        raise refuse(REQUIRED, "batches", field="batches")
    if len(lots) > MOST_BATCHES:
        raise refuse(LIMIT_EXCEEDED, "batches", field="batches", limit=MOST_BATCHES)
    await _items(tx, lots, "batches")

    async def trace() -> Trace:
        return await (traced(tx, lots, "down") if descendants else untraced(tx, lots))

    found, holds = await _frozen(tx, actor, reason, trace)
    whole = await wholes(tx, lots)
    under_recall = await recall_tables.open_recalls(tx, whole.values())
    raise_any(
        Refusal(UNDER_RECALL, ("batches", n))
        for n, lot in enumerate(lots)
        if whole[lot] in under_recall
    )
    await _mark(tx, found.lots)
    recalled = _recalled(recall_id, found, holds)
    await recall_tables.insert(tx, recall_id, actor, reason, _since(since), recalled)
    details = {"reason": reason, "batches": len(recalled)}
    await record_audit(tx, actor, "food_batches.recall", "food_batches_recall", recall_id, details)
    known = await tables.batches_by_lot(tx, whole.values())
    more = {"recall_id": recall_id}
    named = dict.fromkeys(whole[lot] for lot in lots)
    await alerts.tell(tx, [(Alert.RECALLED, known[lot], more) for lot in named if lot in known])
    return recall_id


async def _frozen(
    tx: Transaction, actor: UUID, reason: str, trace: Callable[[], Awaitable[Trace]]
) -> tuple[Trace, dict[UUID, UUID]]:
    """Hold all lots of a trace, wherever they are, also under way; the trace as it is then, and the holds
    by lot. Raises Refused.

    Which items to lock is known from the trace, and the trace is sure only once they are locked: what was
    made meanwhile is held as well. Items are locked in order of ids; where one turns up that comes before
    those that are locked, their locks are let go and all are taken anew.
    """
    found = await trace()
    for _ in range(_ATTEMPTS):
        async with tx.raw.transaction() as attempt:
            holds: dict[UUID, UUID] = {}
            locked: set[UUID] = set()
            while missing := found.lots - holds.keys():
                items = await items_of_lots(tx, missing)
                fresh = set(items.values()) - locked
                if locked and fresh and min(fresh) < max(locked):
                    raise psycopg.Rollback(attempt)
                for lot in sorted(missing, key=lambda lot: (items[lot], lot)):
                    draft = HoldDraft(items[lot], reason, lot_id=lot)
                    holds[lot] = await hold_goods(tx, actor, draft)
                locked |= fresh
                found = await trace()
            for lot in sorted(holds.keys() - found.lots):  # its making was reversed meanwhile
                await free_goods(tx, actor, holds.pop(lot))
            return found, holds
    raise refuse(STILL_MOVING)


async def _mark(tx: Transaction, lots: Collection[UUID]) -> None:
    """Batches become recalled. Lots of items that are not kept by batch have their hold alone."""
    items = await items_of_lots(tx, lots)
    kept = await tables.items_by_id(tx, items.values())
    known = await tables.batches_by_lot(tx, lots)
    await tables.put_batches(
        tx,
        [
            replace(known.get(lot) or Batch(lot, item), status=Status.RECALLED)
            for lot, item in items.items()
            if lot in known or (item in kept and kept[item].batch_control)
        ],
    )


def _recalled(recall_id: UUID, trace: Trace, holds: Mapping[UUID, UUID]) -> list[Recalled]:
    zero = Decimal(0)
    produced, on_hand = trace.produced(), trace.on_hand()
    return [
        Recalled(
            recall_id,
            lot,
            holds.get(lot),
            max(zero, produced.get(lot, zero)),
            max(zero, on_hand.get(lot, zero)),  # below zero where sold ahead of its receipt
            zero,
        )
        for lot in trace.lots
    ]


async def _items(tx: Transaction, lots: Sequence[UUID], name: str) -> None:
    """Raises Refused for lots that are not there."""
    known = await items_of_lots(tx, lots)
    missing = [
        Refusal(NOT_FOUND, (name,) if name == "batch" else (name, n), {"id": str(lot)})
        for n, lot in enumerate(lots)
        if lot not in known
    ]
    if missing:
        raise Refused(*missing)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise refuse(REQUIRED, "reason", field="reason")
    if len(reason) > LONGEST_REASON:
        raise refuse(LIMIT_EXCEEDED, "reason", field="reason", limit=LONGEST_REASON)
    return reason


def _since(since: int) -> int:
    return (time.perf_counter_ns() - since) // 1_000_000
