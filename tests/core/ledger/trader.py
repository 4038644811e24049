"""A trader who does anything at any time: receipts, sales, returns, moves, counts, conversions, landed
cost, late news and reversals, on a few items, in an order that a seed decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from core.documents.records import DocumentDraft
from core.ids import uuid7
from core.ledger.periods import close_period, reopen_period
from core.ledger.requests import Request, Verdict
from tests.ledger_world import World

ITEMS = ("A", "B", "C")
PLACES = ("MAIN", "SHOP")
LAST_DAY = 20
FIRST_MONTH = 5
"""The days of the first month; the others lie in the next one, so that the first can be closed."""
END_OF_MONTH = date(2026, 3, 31)


@dataclass
class Trader:
    """Makes requests; the caller carries them out and tells what became of them."""

    world: World
    random: Random
    lots: tuple[str | None, ...] = (None,)
    late: float = 0.3
    today: int = 1
    closed: bool = False
    receipts: list[tuple[UUID, str, str, str | None]] = field(default_factory=list)
    issues: list[tuple[UUID, str, str, str | None]] = field(default_factory=list)
    dispatches: list[tuple[UUID, str, int]] = field(default_factory=list)
    posted: list[UUID] = field(default_factory=list)

    def next(self) -> Request:
        """What he does next; not all of it is allowed."""
        if self.posted and self.random.random() < 0.08:
            return self._reversal()
        return self.world.asked(self.random.choice(_ACTS)(self))

    def told(self, request: Request, verdict: Verdict) -> None:
        """Remember what was posted, to go back to it."""
        if verdict.outcome is None:
            return
        id_ = UUID(verdict.outcome["id"])
        self.posted.append(id_)
        draft = getattr(request, "draft", None)
        if draft is None:
            return
        where = {id_: code for code, id_ in self.world.places.items()}
        what = {id_: code for code, id_ in self.world.items.items()}
        if not draft.lines or draft.lines[0].place_id is None:
            return
        line = draft.lines[0]
        key = (id_, what[line.item_id], where[line.place_id], line.lot_code)
        if draft.type in ("receipt", "opening", "other_in"):
            self.receipts.append(key)
        elif draft.type == "issue":
            self.issues.append(key)
        elif draft.type == "dispatch":
            self.dispatches.append((id_, key[1], int(line.quantity or 0)))

    async def may_close(self) -> None:
        """Now and then the first month is closed, or opened again."""
        if self.today <= FIRST_MONTH or self.random.random() > 0.1:
            return
        db, principal = self.world.db, self.world.principal
        if self.closed:
            await reopen_period(db, principal, uuid7(), None)
        else:
            await close_period(db, principal, uuid7(), END_OF_MONTH)
        self.closed = not self.closed

    # what he does

    def receive(self) -> DocumentDraft:
        type_ = self.random.choice(["receipt", "receipt", "opening", "other_in"])
        price = None if type_ == "other_in" and self.random.random() < 0.5 else self._price()
        return self._one(type_, self._quantity(9), price, lot_code=self._lot())

    def issue(self) -> DocumentDraft:
        type_ = self.random.choice(["issue", "issue", "scrap", "loss"])
        return self._one(type_, self._quantity(6), self._price(), lot_code=self._lot())

    def return_in(self) -> DocumentDraft:
        if not self.issues:
            return self.issue()
        source, item, place, lot = self.random.choice(self.issues)
        line = self.world.line(
            item, self._quantity(3), source_line=1, at=place, lot_code=lot or self._lot()
        )
        return self.world.draft("return_from_customer", line, source_id=source, on=self._day())

    def return_out(self) -> DocumentDraft:
        if not self.receipts:
            return self.receive()
        source, item, place, lot = self.random.choice(self.receipts)
        line = self.world.line(item, self._quantity(3), source_line=1, at=place, lot_code=lot)
        return self.world.draft("return_to_supplier", line, source_id=source, on=self._day())

    def move(self) -> DocumentDraft:
        source, target = self.random.sample(PLACES, 2)
        line = self.world.line(self._item(), self._quantity(4), at=source, to=target)
        return self.world.draft("transfer", line, on=self._day())

    def dispatch(self) -> DocumentDraft:
        return self._one("dispatch", self._quantity(4), None)

    def arrive(self) -> DocumentDraft:
        if not self.dispatches:
            return self.dispatch()
        source, item, quantity = self.random.choice(self.dispatches)
        lost = self.random.random() < 0.3
        line = self.world.line(
            item,
            self.random.randint(1, quantity),
            source_line=1,
            to=self.random.choice(PLACES),
            role="lost" if lost else None,
        )
        draft = self.world.draft("arrival", line, source_id=source, on=self._day())
        return draft

    def count(self) -> DocumentDraft:
        price = self._price() if self.random.random() < 0.2 else None
        return self._one("count", self.random.randint(0, 8), price, lot_code=self._lot())

    def convert(self) -> DocumentDraft:
        a, b, c = self.random.sample(ITEMS, 3)
        lines = [self.world.line(a, self._quantity(4), role="consume", lot_code=self._lot())]
        lines.append(self.world.line(b, self._quantity(3), role="produce", lot_code=self.lots[0]))
        if self.random.random() < 0.5:
            share = self.random.choice([10, 33.3, 50])
            lines.append(self.world.line(c, 2, role="produce", share=share, lot_code=self.lots[0]))
        extra = self.random.choice([0, 0, 1.01])
        return self.world.draft("conversion", *lines, extra_cost=extra, on=self._day())

    def land(self) -> DocumentDraft:
        if not self.receipts:
            return self.receive()
        source, *_ = self.random.choice(self.receipts)
        cost = self.random.choice(["0.01", "7", "10.55"])
        return self.world.draft("landed_cost", source_id=source, extra_cost=cost, on=self._day())

    def adjust(self) -> DocumentDraft:
        line = self.world.line(
            self._item(), amount=self.random.choice(["-1.5", "2.2", "11"]), lot_code=self._lot()
        )
        return self.world.draft("cost_adjustment", line, on=self._day(), place_id=None)

    def restandard(self) -> DocumentDraft:
        line = self.world.line(self._item(), None, self._price())
        return self.world.draft("standard_cost", line, on=self._day(), place_id=None)

    # his moods

    def _one(
        self, type_: str, quantity: int | None, price: Decimal | None, **more: str | None
    ) -> DocumentDraft:
        line = self.world.line(self._item(), quantity, price, at=self.random.choice(PLACES), **more)
        return self.world.draft(type_, line, on=self._day())

    def _reversal(self) -> Request:
        document = self.random.choice(self.posted)
        on = None if self.random.random() < 0.6 else _date(self.today)
        return self.world.reversal(document, on)

    def _item(self) -> str:
        return self.random.choice(ITEMS)

    def _lot(self) -> str | None:
        return self.random.choice(self.lots)

    def _quantity(self, most: int) -> int:
        return self.random.randint(1, most)

    def _price(self) -> Decimal:
        return Decimal(self.random.choice(["1", "2.5", "3.33", "7", "10.01"]))

    def _day(self) -> date:
        self.today = min(LAST_DAY, self.today + self.random.choice([0, 0, 0, 1]))
        late = self.random.random() < self.late
        return _date(self.random.randint(1, self.today) if late else self.today)


def _date(number: int) -> date:
    return END_OF_MONTH + timedelta(days=number - FIRST_MONTH)


_ACTS = (
    (Trader.receive,) * 4
    + (Trader.issue,) * 5
    + (Trader.return_in, Trader.return_out, Trader.move, Trader.move, Trader.dispatch)
    + (Trader.arrive, Trader.count, Trader.convert, Trader.land, Trader.adjust)
    + (Trader.restandard,)
)
