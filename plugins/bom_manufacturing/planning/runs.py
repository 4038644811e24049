"""Carrying out a run of planning: beside the requests, on a snapshot, without holding a lock.

A run belongs to the process that was asked for it. It reads everything at one moment, nets item after item,
lets others have the processor in between, and writes what it found in parts that nobody sees before the
last word makes it the plan.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Database,
    Principal,
    Refused,
    Transaction,
    define,
    plain,
    record_audit,
    refuse,
    run_command,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills.rules.bom import decimal_up
from plugins.bom_manufacturing.bills.rules.check import OUT_OF_RANGE
from plugins.bom_manufacturing.bills.rules.records import ZERO, Item
from plugins.bom_manufacturing.planning import pegs, situation
from plugins.bom_manufacturing.planning.rules.mrp import (
    Advice,
    ItemPlan,
    Message,
    low_level_codes,
    netted,
)
from plugins.bom_manufacturing.planning.situation import Snapshot
from plugins.bom_manufacturing.planning.stock import planning, plans
from plugins.bom_manufacturing.planning.stock.plans import PlacedOrder, PlannedItem, Suggestion

INTERRUPTED = define(
    "BOM_MANUFACTURING_PLAN_INTERRUPTED",
    en="The run was interrupted. Plan again.",
    zh="计划运算被中断,请重新运算。",
)
LONGEST_HORIZON = 731
"""Days."""
PATIENCE = 5.0
"""Seconds that whoever asks for a run waits for it before being told that it is under way."""
SILENT = 120
"""Seconds after which a run of which nothing is heard is given up."""
_ATTEMPTS = 5
"""How often a run begins anew because orders were made of suggestions meanwhile."""
_SHARE = 0.005
"""Seconds of netting after which others have the processor."""
_PART = 2_000
"""Planned orders that are written in one go."""

_log = logging.getLogger("tallybook.bom_manufacturing")


async def ask(
    db: Database,
    principal: Principal,
    command_id: UUID,
    place: UUID | None,
    days: int,
    asked: Mapping[str, Any],
) -> UUID:
    """Begin a run in place of any that is under way, and wait a little for it."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        if not 1 <= days <= LONGEST_HORIZON:
            wanted = f"1 … {LONGEST_HORIZON}"
            raise refuse(OUT_OF_RANGE, "days", field="days", wanted=wanted, value=days)
        if place is not None and await planning.unknown(tx, [], [place]):
            raise refuse(NOT_FOUND, "place_id", id=str(place))
        key, start = uuid7(), await today(tx)
        await plans.begin(tx, key, place, start, start + timedelta(days - 1), principal.user_id)
        await record_audit(
            tx,
            principal.user_id,
            "bom_manufacturing.plan",
            "bom_manufacturing_run",
            key,
            {"days": days},
        )
        return {"id": key}

    operation = "bomManufacturingPlan"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    key = UUID(outcome["id"])
    task = db.companion(Planner).start(principal.tenant_id, key)
    await asyncio.wait({task}, timeout=PATIENCE)
    return key


async def give_up_silent(tx: Transaction) -> None:
    """Runs whose process is gone have failed."""
    await plans.fail_silent(tx, SILENT, json.dumps({"code": INTERRUPTED}))


class Planner:
    """The runs of this process; they end with its database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    def start(self, tenant_id: UUID, key: UUID) -> asyncio.Task[None]:
        """Carry out a run unless somebody does."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(carry_out(self._db, tenant_id, key))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def close(self) -> None:
        """Stop them."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def carry_out(db: Database, tenant_id: UUID, key: UUID) -> None:
    """Carry out a queued run; says in the run why it failed."""
    try:
        state = "queued"
        for _ in range(_ATTEMPTS):
            async with db.transaction(tenant_id) as tx:
                if not await plans.run(tx, key, state):
                    return  # done, or another took its place
                await plans.clear(tx, key)
            state = "running"
            if await _attempt(db, tenant_id, key):
                async with db.transaction(tenant_id) as tx:
                    await plans.clear(tx)
                return
        failure: dict[str, Any] = {"code": INTERRUPTED}
    except Refused as refused:
        failure = {"code": refused.refusals[0].code, "details": refused.refusals[0].details}
    except Exception:
        _log.exception("planning failed")
        failure = {"code": INTERRUPTED}
    async with db.transaction(tenant_id) as tx:
        await plans.fail(tx, key, json.dumps(plain(failure)))


async def _attempt(db: Database, tenant_id: UUID, key: UUID) -> bool:
    async with db.snapshot(tenant_id) as tx:
        run = (await plans.runs_by_id(tx, [key]))[key]
        snapshot = await situation.read(tx, run)
    codes = await asyncio.to_thread(low_level_codes, snapshot.situation)
    found = _Found(snapshot, codes)
    began = told = time.monotonic()
    for done, (item, plan) in enumerate(netted(snapshot.situation, codes), start=1):
        found.add(item, plan)
        now = time.monotonic()
        if found.size >= _PART or now - told > 1:
            if not await _write(db, tenant_id, found, done):
                return False
            told = now = time.monotonic()
        if now - began > _SHARE:
            await asyncio.sleep(0)
            began = time.monotonic()
    if not await _write(db, tenant_id, found, len(codes)):
        return False
    async with db.transaction(tenant_id) as tx:
        return await plans.finish(tx, key)


async def _write(db: Database, tenant_id: UUID, found: _Found, done: int) -> bool:
    """Write what was found since, and how far it is; False where another run took its place."""
    key = found.snapshot.run.id
    async with db.transaction(tenant_id) as tx:
        if not await plans.progress(tx, key, done, len(found.levels)):
            return False
        await plans.put_suggestions(tx, found.suggestions)
        await plans.put_items(tx, key, found.items)
        await plans.put_orders(tx, key, found.orders)
    found.suggestions, found.items, found.orders = [], [], []
    return True


@dataclass(slots=True)
class _Found:
    """What netting found and nobody wrote yet, in the terms of the tenant: days, items, documents."""

    snapshot: Snapshot
    levels: Mapping[Item, int]
    suggestions: list[Suggestion] = field(default_factory=list)
    items: list[PlannedItem] = field(default_factory=list)
    orders: list[PlacedOrder] = field(default_factory=list)
    item_of: list[Item] = field(default_factory=list)
    """The item of each planned order, by its number."""

    @property
    def size(self) -> int:
        return len(self.suggestions) + len(self.orders)

    def add(self, item: Item, plan: ItemPlan) -> None:
        """Take up the plan of an item; of one that nobody needs and nobody ordered there is nothing."""
        assert isinstance(item, UUID)
        self.item_of += [item] * len(plan.orders)
        if not plan.gross and not plan.firm:
            return
        run, day = self.snapshot.run, self.snapshot.timeline.day
        told = self.snapshot.data.get(item)
        subcontract = told is not None and told.subcontract
        for one in plan.orders:
            made = self.snapshot.made(item, one)
            supplier = None if told is None or (made and not subcontract) else told.supplier
            self.suggestions.append(
                Suggestion(
                    *(uuid7(), run.id, one.number, item, made, decimal_up(one.quantity)),
                    *(day(one.release), day(one.receipt), one.past_due, supplier),
                    subcontract=subcontract,
                    untold=self.snapshot.untold(one),
                )
            )
        late = [one for one in plan.orders if one.past_due]
        self.items.append(
            PlannedItem(
                item=item,
                level=self.levels[item],
                on_hand=self.snapshot.on_hand.get(item, ZERO),
                short_quantity=sum((decimal_up(one.quantity) for one in late), ZERO),
                short_on=min((day(one.receipt) for one in late), default=None),
                pegs=[pegs.written(one, day, self.item_of) for one in plan.pegs],
            )
        )
        self.orders += self._placed(item, plan)

    def _placed(self, item: UUID, plan: ItemPlan) -> list[PlacedOrder]:
        start, day = self.snapshot.run.starts_on, self.snapshot.timeline.day
        found = []
        for firm, message in plan.firm:
            line = self.snapshot.lines[firm.reference]
            advice = None if message is None else self._advice(message, line.due)
            needed = message.period if message and advice else None
            found.append(
                PlacedOrder(
                    document=line.document,
                    line=line.no,
                    item=item,
                    quantity=line.quantity,
                    due_on=line.due,
                    past_due=line.due < start,
                    advice=advice,
                    needed_on=None if needed is None else day(needed),
                )
            )
        return found

    def _advice(self, message: Message, due: date) -> str | None:
        """What an order should do. Who looks no further than the horizon cannot say that what comes
        behind it is too early, or not needed."""
        behind = due > self.snapshot.run.ends_on
        if behind and message.advice is not Advice.BRING_FORWARD:
            return None
        return message.advice.value
