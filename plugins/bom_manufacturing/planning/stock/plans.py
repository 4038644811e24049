"""Runs of planning as they are stored, and what they found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import Transaction, insert_many, rows
from plugins.bom_manufacturing.planning import tables


@dataclass(frozen=True, slots=True)
class Run:
    """A run of planning. ``failure`` is why it failed: a code, and details."""

    id: UUID
    state: str
    place: UUID | None
    starts_on: date
    ends_on: date
    asked_by: UUID
    asked_at: datetime
    seen_at: datetime
    finished_at: datetime | None
    items_done: int
    items_total: int | None
    failure: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A planned order; with ``subcontract`` the supplier makes it of our components. ``untold`` are
    attributes of the item that its bill depends on and nobody told; ``document`` is what it became."""

    id: UUID
    run: UUID
    no: int
    item: UUID
    make: bool
    quantity: Decimal
    release_on: date
    due_on: date
    past_due: bool
    supplier: UUID | None
    subcontract: bool
    untold: Sequence[str] = ()
    document: UUID | None = None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item in a plan. ``pegs`` are as :mod:`plugins.bom_manufacturing.planning.pegs` writes them."""

    item: UUID
    level: int
    on_hand: Decimal
    short_quantity: Decimal
    short_on: date | None
    pegs: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A line of an order that was placed when the run read it."""

    document: UUID
    line: int
    item: UUID
    quantity: Decimal
    due_on: date
    past_due: bool
    advice: str | None
    needed_on: date | None


_RUN = (
    "id, state, place_id, starts_on, ends_on, asked_by, asked_at, seen_at, finished_at, items_done,"
    " items_total, failure"
)
_SUGGESTION = (
    "id run_id no item_id make quantity release_on due_on past_due supplier_id subcontract untold"
)
_ITEM = "item_id level on_hand short_quantity short_on pegs"
_ORDER = "document_id line item_id quantity due_on past_due advice needed_on"
_SELECT_SUGGESTIONS = (
    f"SELECT {', '.join(f's.{name}' for name in _SUGGESTION.split())}, o.document_id"  # noqa: S608 - ours
    " FROM bom_manufacturing_suggestion s LEFT JOIN bom_manufacturing_suggestion_order o"
    " ON o.tenant_id = s.tenant_id AND o.suggestion_id = s.id WHERE s.tenant_id = %s"
)


async def begin(
    tx: Transaction, key: UUID, place: UUID | None, start: date, end: date, who: UUID
) -> None:
    """Queue a run in place of the one that is under way. Of several at once each takes the place of the one
    before."""
    lock = f"bom_manufacturing:run:{tx.tenant_id}"
    await rows(tx, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", lock)
    await _done(
        tx,
        "UPDATE bom_manufacturing_run SET state = 'superseded', finished_at = now()"
        " WHERE tenant_id = %s AND state IN ('queued', 'running')",
        tx.tenant_id,
    )
    await insert_many(
        tx,
        tables.run,
        "id state place_id starts_on ends_on asked_by",
        [(key, "queued", place, start, end, who)],
    )


async def run(tx: Transaction, key: UUID, state: str) -> bool:
    """Take a run that is queued, or begin a running one anew; False where another has it or took its
    place. From now on it is told of orders made of suggestions."""
    return await _done(
        tx,
        "UPDATE bom_manufacturing_run SET state = 'running', disturbed = false, seen_at = now(),"
        " items_done = 0 WHERE tenant_id = %s AND id = %s AND state = %s",
        *(tx.tenant_id, key, state),
    )


async def progress(tx: Transaction, key: UUID, done: int, total: int) -> bool:
    """Say how far a run has come; False where another took its place."""
    return await _done(
        tx,
        "UPDATE bom_manufacturing_run SET items_done = %s, items_total = %s, seen_at = now()"
        " WHERE tenant_id = %s AND id = %s AND state = 'running'",
        *(done, total, tx.tenant_id, key),
    )


async def finish(tx: Transaction, key: UUID) -> bool:
    """Make a run the plan; False where another took its place, or where what it read is stale."""
    return await _done(
        tx,
        "UPDATE bom_manufacturing_run SET state = 'done', finished_at = now(), items_done = items_total"
        " WHERE tenant_id = %s AND id = %s AND state = 'running' AND NOT disturbed",
        *(tx.tenant_id, key),
    )


async def fail(tx: Transaction, key: UUID, failure: str) -> None:
    """End a run that cannot go on."""
    await _done(
        tx,
        "UPDATE bom_manufacturing_run SET state = 'failed', finished_at = now(), failure = %s::jsonb"
        " WHERE tenant_id = %s AND id = %s AND state IN ('queued', 'running')",
        *(failure, tx.tenant_id, key),
    )


async def fail_silent(tx: Transaction, seconds: int, failure: str) -> None:
    """End runs of which nothing was heard for so long: their process is gone."""
    await _done(
        tx,
        "UPDATE bom_manufacturing_run SET state = 'failed', finished_at = now(), failure = %s::jsonb"
        " WHERE tenant_id = %s AND state IN ('queued', 'running')"
        " AND seen_at < now() - make_interval(secs => %s)",
        *(failure, tx.tenant_id, seconds),
    )


async def disturb(tx: Transaction) -> None:
    """Tell the run that is under way that what it read is stale."""
    await _done(
        tx,
        "UPDATE bom_manufacturing_run SET disturbed = true"
        " WHERE tenant_id = %s AND state IN ('queued', 'running')",
        tx.tenant_id,
    )


async def clear(tx: Transaction, key: UUID | None = None) -> None:
    """Take away what a run wrote so far; or what all runs did that are no plan (any more), except
    suggestions that became orders."""
    doomed = (
        "SELECT id FROM bom_manufacturing_run WHERE tenant_id = %s AND CASE WHEN %s::uuid IS NULL"
        " THEN finished_at IS NOT NULL AND id <> coalesce((SELECT id FROM bom_manufacturing_run"
        "  WHERE tenant_id = %s AND state = 'done' ORDER BY finished_at DESC, id DESC LIMIT 1), id)"
        " ELSE id = %s END"
    )
    about = (tx.tenant_id, key, tx.tenant_id, key)
    for table in ("plan_item", "plan_order"):
        await _done(
            tx,
            f"DELETE FROM bom_manufacturing_{table} WHERE tenant_id = %s AND run_id IN ({doomed})",  # noqa: S608 - ours
            *(tx.tenant_id, *about),
        )
    await _done(
        tx,
        f"DELETE FROM bom_manufacturing_suggestion s WHERE tenant_id = %s AND run_id IN ({doomed})"  # noqa: S608 - ours
        " AND NOT EXISTS (SELECT FROM bom_manufacturing_suggestion_order o"
        "  WHERE o.tenant_id = s.tenant_id AND o.suggestion_id = s.id)",
        *(tx.tenant_id, *about),
    )


async def put_suggestions(tx: Transaction, found: Iterable[Suggestion]) -> None:
    """Store planned orders."""
    values = [
        (
            *(s.id, s.run, s.no, s.item, s.make, s.quantity, s.release_on, s.due_on),
            *(s.past_due, s.supplier, s.subcontract, list(s.untold)),
        )
        for s in found
    ]
    await insert_many(tx, tables.suggestion, _SUGGESTION, values)


async def put_items(tx: Transaction, key: UUID, found: Iterable[PlannedItem]) -> None:
    """Store items of a plan."""
    values = [
        (key, i.item, i.level, i.on_hand, i.short_quantity, i.short_on, i.pegs) for i in found
    ]
    await insert_many(tx, tables.plan_item, f"run_id {_ITEM}", values)


async def put_orders(tx: Transaction, key: UUID, found: Iterable[PlacedOrder]) -> None:
    """Store the orders that a plan found placed."""
    values = [
        (
            *(key, o.document, o.line, o.item, o.quantity, o.due_on, o.past_due, o.advice),
            o.needed_on,
        )
        for o in found
    ]
    await insert_many(tx, tables.plan_order, f"run_id {_ORDER}", values)


async def put_links(tx: Transaction, links: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Store what suggestions became: each once."""
    await insert_many(tx, tables.suggestion_order, "suggestion_id document_id line", sorted(links))


async def runs_by_id(tx: Transaction, keys: Collection[UUID]) -> dict[UUID, Run]:
    """Runs by their ids."""
    query = f"SELECT {_RUN} FROM bom_manufacturing_run WHERE tenant_id = %s AND id = ANY(%s)"  # noqa: S608 - ours
    return {row[0]: Run(*row) for row in await rows(tx, query, tx.tenant_id, list(keys))}


async def list_runs(tx: Transaction, after: UUID | None, limit: int) -> list[Run]:
    """Runs, the latest first."""
    found = await rows(
        tx,
        f"SELECT {_RUN} FROM bom_manufacturing_run WHERE tenant_id = %s"  # noqa: S608 - ours
        " AND (%s::uuid IS NULL OR id < %s) ORDER BY id DESC LIMIT %s",
        *(tx.tenant_id, after, after, limit),
    )
    return [Run(*row) for row in found]


async def current(tx: Transaction) -> Run | None:
    """The plan: the run that was finished last."""
    found = await rows(
        tx,
        f"SELECT {_RUN} FROM bom_manufacturing_run WHERE tenant_id = %s AND state = 'done'"  # noqa: S608 - ours
        " ORDER BY finished_at DESC, id DESC LIMIT 1",
        tx.tenant_id,
    )
    return Run(*found[0]) if found else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suggestions to list; all that is given must hold."""

    item: UUID | None = None
    make: bool | None = None
    subcontract: bool | None = None
    supplier: UUID | None = None
    release_by: date | None = None
    past_due: bool | None = None
    ordered: bool | None = None
    untold: bool | None = None


async def suggestions(
    tx: Transaction, key: UUID, wanted: Wanted, after: tuple[date, int] | None, limit: int
) -> list[Suggestion]:
    """The suggestions of a run, by release."""
    found = await rows(
        tx,
        _SELECT_SUGGESTIONS
        + " AND s.run_id = %s AND (%s::uuid IS NULL OR s.item_id = %s)"
        + " AND (%s::bool IS NULL OR s.make = %s) AND (%s::uuid IS NULL OR s.supplier_id = %s)"
        + " AND (%s::bool IS NULL OR s.subcontract = %s)"
        + " AND (%s::date IS NULL OR s.release_on <= %s) AND (%s::bool IS NULL OR s.past_due = %s)"
        + " AND (%s::bool IS NULL OR (o.document_id IS NOT NULL) = %s)"
        + " AND (%s::bool IS NULL OR (s.untold <> '[]') = %s)"
        + " AND (%s::date IS NULL OR (s.release_on, s.no) > (%s, %s))"
        + " ORDER BY s.release_on, s.no LIMIT %s",
        *(tx.tenant_id, key, wanted.item, wanted.item, wanted.make, wanted.make),
        *(wanted.supplier, wanted.supplier, wanted.subcontract, wanted.subcontract),
        *(wanted.release_by, wanted.release_by),
        *(wanted.past_due, wanted.past_due, wanted.ordered, wanted.ordered),
        *(wanted.untold, wanted.untold),
        *(after and after[0], *(after or (None, None)), limit),
    )
    return [Suggestion(*row) for row in found]


async def suggestions_by_id(tx: Transaction, keys: Collection[UUID]) -> dict[UUID, Suggestion]:
    """Suggestions by their ids."""
    query = _SELECT_SUGGESTIONS + " AND s.id = ANY(%s)"
    found = await rows(tx, query, tx.tenant_id, list(keys))
    return {row[0]: Suggestion(*row) for row in found}


async def lock_suggestions(tx: Transaction, keys: Collection[UUID]) -> None:
    """Nobody else makes orders of these until the transaction ends, nor takes them away."""
    await rows(
        tx,
        "SELECT 1 FROM bom_manufacturing_suggestion WHERE tenant_id = %s AND id = ANY(%s)"
        " ORDER BY id FOR UPDATE",
        *(tx.tenant_id, list(keys)),
    )


async def items(tx: Transaction, key: UUID, wanted: Collection[UUID]) -> dict[UUID, PlannedItem]:
    """Items of a plan."""
    found = await rows(
        tx,
        f"SELECT {', '.join(_ITEM.split())} FROM bom_manufacturing_plan_item"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND run_id = %s AND item_id = ANY(%s)",
        *(tx.tenant_id, key, list(wanted)),
    )
    return {row[0]: PlannedItem(*row) for row in found}


async def shortages(
    tx: Transaction, key: UUID, after: tuple[date, UUID] | None, limit: int
) -> list[PlannedItem]:
    """Items of a plan that cannot be there in time, by the day from which they lack."""
    found = await rows(
        tx,
        f"SELECT {', '.join(_ITEM.split()[:-1])}, '[]'::jsonb FROM bom_manufacturing_plan_item"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND run_id = %s AND short_quantity > 0"
        " AND (%s::date IS NULL OR (short_on, item_id) > (%s, %s))"
        " ORDER BY short_on, item_id LIMIT %s",
        *(tx.tenant_id, key, after and after[0], *(after or (None, None)), limit),
    )
    return [PlannedItem(*row) for row in found]


async def placed(
    tx: Transaction,
    key: UUID,
    item: UUID | None,
    after: tuple[UUID, int] | None,
    limit: int,
    *,
    advised: bool,
) -> list[PlacedOrder]:
    """Lines of orders that a plan found placed: all, or those that should do something else or are
    overdue."""
    found = await rows(
        tx,
        f"SELECT {', '.join(_ORDER.split())} FROM bom_manufacturing_plan_order"  # noqa: S608 - ours
        " WHERE tenant_id = %s AND run_id = %s AND (%s::uuid IS NULL OR item_id = %s)"
        " AND (NOT %s OR advice IS NOT NULL OR past_due)"
        " AND (%s::uuid IS NULL OR (document_id, line) > (%s, %s))"
        " ORDER BY document_id, line LIMIT %s",
        *(tx.tenant_id, key, item, item, advised),
        *(after and after[0], *(after or (None, None)), limit),
    )
    return [PlacedOrder(*row) for row in found]


async def _done(tx: Transaction, query: str, *parameters: object) -> bool:
    """Whether a statement that returns nothing changed anything."""
    cursor = await tx.raw.execute(query.encode(), parameters)
    return cursor.rowcount > 0
