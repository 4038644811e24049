"""The same acts in a real tenant, through the door; and its figures, by the model's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg

from core.db.database import Database, rows
from core.documents.lifecycle import Event
from core.documents.records import LineDraft
from core.documents.service import step
from core.errors import Refused
from core.ids import NIL, uuid7
from core.ledger import holds, periods
from core.ledger.posting import post, post_many
from core.ledger.records import lot_id
from core.ledger.requests import Request, Verdict
from core.ledger.views import reports
from core.ledger.views.reserved import reserved
from core.places import service as places
from core.places.rules import PlaceDraft
from tests.core.ledger.model.papers import (
    ORDERS,
    Act,
    Books,
    Hold,
    Line,
    Paper,
    Release,
    Reserve,
    Setup,
    Step,
    Undo,
)
from tests.ledger_world import World

_EXPIRED = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = datetime(2126, 1, 1, tzinfo=UTC)
Figures = dict[str, dict[Any, Any]]


def decimal(value: Fraction | int | None) -> Decimal | None:
    if value is None:
        return None
    value = Fraction(value)
    return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass
class Tenant:
    """A tenant that carries out acts; ``ids`` are its documents and holds by their number in the plan."""

    world: World
    setup: Setup
    superuser_url: str
    ids: dict[int, UUID] = field(default_factory=dict)

    @classmethod
    async def open(cls, db: Database, setup: Setup, superuser_url: str) -> Tenant:
        world = await World.open(db, **setup.rules)
        for code, (parent, negative) in setup.places.items():
            if code not in ("ROOT", "MAIN", "in_transit"):
                kind = "bin" if parent == "MAIN" else "warehouse"
                draft = PlaceDraft(
                    code=code,
                    name=code,
                    kind=kind,  # type: ignore[arg-type]
                    parent_id=None if parent == "ROOT" else world.places[parent or ""],
                    negative_stock=negative,  # type: ignore[arg-type]
                )
                made = await places.create_place(db, world.principal, uuid7(), draft)
                world.places[code] = made.id
        for code, item in setup.items.items():
            facts: dict[str, Any] = {"negative_stock": item.negative}
            facts |= {"costing_method": item.method, "cost_scope": item.scope}
            if item.method == "standard":
                facts["standard_cost"] = decimal(item.standard)
            await world.item(code, purchase_price=decimal(item.price), **facts)
        return cls(world, setup, superuser_url)

    async def submit(self, act: Act) -> list[str]:
        """Carry out one act: nothing, or the codes of its refusal."""
        world = self.world
        try:
            match act:
                case Paper() | Undo():
                    verdict = await post(world.db, world.principal, self._request(act))
                    return _codes(verdict)
                case Hold():
                    await self._hold(act)
                case Release():
                    hold = self.ids[act.hold]
                    await holds.release_hold(world.db, world.principal, uuid7(), hold)
                case Step():
                    await self._step(act)
                case Reserve():
                    await world.set(reserve_on_order=act.mode)
                case Books():
                    change = periods.close_period if act.through else periods.reopen_period
                    await change(world.db, world.principal, uuid7(), act.through)  # type: ignore[arg-type]
        except Refused as refused:
            return [refusal.code for refusal in refused.refusals]
        return []

    async def submit_many(self, acts: Sequence[Paper | Undo]) -> list[list[str]]:
        """Carry out papers as one batch."""
        requests = [self._request(act) for act in acts]
        verdicts = await post_many(self.world.db, self.world.principal, requests)
        return [_codes(verdict) for verdict in verdicts]

    def _request(self, act: Paper | Undo) -> Request:
        if isinstance(act, Undo):
            request = self.world.reversal(self.ids[act.original], act.on)
            self.ids[act.no] = request.id  # type: ignore[union-attr]
            return request
        draft = self.world.draft(
            act.type,
            *(self._line(act, line) for line in act.lines),
            on=act.on,
            place_id=None,
            source_id=None if act.source is None else self.ids[act.source],
            extra_cost=decimal(act.extra) or 0,
            cost_basis=act.basis if act.type == "landed_cost" else None,
        )
        self.ids[act.no] = draft.id
        return self.world.asked(draft)

    def _line(self, paper: Paper, line: Line) -> LineDraft:
        order = paper.type in ORDERS
        return LineDraft(
            item_id=self.world.items[line.item],
            quantity=decimal(line.quantity),
            unit_price=decimal(line.price),
            amount=decimal(line.amount),
            lot_code=line.lot,
            place_id=self.world.places[line.at] if line.at else None,
            to_place_id=self.world.places[line.to] if line.to else None,
            source_line=line.source_line,
            role=line.role,  # type: ignore[arg-type]
            share=decimal(line.share),
            expires_at=(_EXPIRED if paper.expired else _LATER) if order else None,
        )

    async def _hold(self, hold: Hold) -> None:
        world, item = self.world, self.world.items[hold.item]
        draft = holds.HoldDraft(
            item,
            "recall",
            world.places[hold.place] if hold.place else None,
            lot_id(item, hold.lot) if hold.lot else None,
        )
        made = await holds.place_hold(world.db, world.principal, uuid7(), draft)
        self.ids[hold.no] = made.id

    async def _step(self, act: Step) -> None:
        order = self.ids[act.order]
        if act.event == "expire":
            self._pass(order)
            return
        ((revision,),) = await self.world.rows("SELECT revision FROM document WHERE id = %s", order)
        event = Event(act.event)
        await step(self.world.db, self.world.principal, uuid7(), order, revision, event)

    def _pass(self, order: UUID) -> None:
        """Time goes by until the order's promises have run out."""
        with psycopg.connect(self.superuser_url) as connection:
            connection.execute("SET session_replication_role = replica")
            for table, key in (("document_line", "document_id"), ("promise", "document_id")):
                connection.execute(
                    f"UPDATE {table} SET expires_at = %s WHERE {key} = %s".encode(),
                    (_EXPIRED, order),
                )

    async def figures(self) -> Figures:
        """Everything that the model knows too: whatever is zero is left out."""
        async with self.world.db.snapshot(self.world.principal.tenant_id) as tx:
            balances, pools, layers, values, promises = [
                await rows(tx, query) for query in _QUERIES
            ]
            places = [p for p in self.setup.places if p != "in_transit"]
            keys = {
                (id_, self.world.places[place]): (item, place)
                for item, id_ in self.world.items.items()
                for place in places
            }
            free = await reports.availability(tx, list(keys))
            kept = await reserved(tx, [(d, line) for d, line, _ in promises])
        codes = {id_: code.removeprefix("~") for code, id_ in self.world.places.items()}
        codes |= {id_: code for code, id_ in self.world.items.items()} | {NIL: ""}
        numbers = {id_: no for no, id_ in self.ids.items()} | {NIL: 0}
        return {
            "on hand": {(codes[i], codes[p], lot): Fraction(q) for i, p, lot, q in balances},
            "pools": {
                (codes[i], codes[p], lot, numbers[d]): (Fraction(q), Fraction(v))
                for i, p, lot, d, q, v in pools
            },
            "layers": {
                (codes[i], codes[p], lot, numbers[d], on, numbers[of], flow): (
                    Fraction(q),
                    Fraction(v),
                )
                for i, p, lot, d, on, of, flow, q, v in layers
            },
            "accounts": {account: Fraction(value) for account, value in values},
            "promises": {(numbers[d], line): Fraction(q) for d, line, q in promises},
            "covered": {(numbers[d], n): Fraction(r.covered) for (d, n), r in kept.items()},
            "available": {
                keys[item, place]: Fraction(found.available)
                for (item, place), found in free.items()
                if place is not None
            },
        }


def _codes(verdict: Verdict) -> list[str]:
    assert (verdict.outcome is None) == bool(verdict.refusals)
    return [refusal.code for refusal in verdict.refusals]


_QUERIES = (
    "SELECT b.item_id, b.place_id, coalesce(l.code, ''), on_hand FROM balance b"
    " LEFT JOIN lot l ON l.id = b.lot_id WHERE on_hand <> 0",
    "SELECT p.item_id, p.place_id, coalesce(l.code, ''), document_id, quantity, value FROM pool p"
    " LEFT JOIN lot l ON l.id = p.lot_id WHERE quantity <> 0 OR value <> 0",
    "SELECT p.item_id, p.place_id, coalesce(l.code, ''), p.document_id, origin_on, d.id, origin_flow,"
    " y.quantity, y.value FROM layer y JOIN pool p ON p.id = y.pool_id"
    " JOIN document d ON d.sequence = y.origin_sequence LEFT JOIN lot l ON l.id = p.lot_id",
    "SELECT p.account, sum(e.value) FROM entry e JOIN place p ON p.id = e.place_id"
    " WHERE p.account IS NOT NULL GROUP BY 1 HAVING sum(e.value) <> 0",
    "SELECT document_id, line, quantity FROM promise"
    " WHERE quantity <> 0 AND (expires_at IS NULL OR expires_at > clock_timestamp())",
)
