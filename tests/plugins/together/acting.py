"""What people do with goods, in the books and in the model, after which both must say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.documents.records import LineDraft
from core.errors import Refused
from core.ids import uuid7
from core.ledger.records import lot_id
from core.ledger.requests import Verdict
from plugins.food_batches import recalls
from tests.ledger_world import day
from tests.plugins.together.model import (
    EXPIRY,
    LAST_DAY,
    LOST,
    PLACES,
    SCRAPPED,
    SOLD,
    Deed,
    Goods,
    Piece,
    alike,
    chosen,
)
from tests.plugins.together.sets import FOOD, SERIAL, Together

Act = tuple[str, int, int, int]
"""A name of ``ACTS``, which item, and two figures whose meaning is the act's."""


@dataclass
class Actor:
    """A tenant and the model of its goods. ``done`` counts what was done and what was refused."""

    books: Together
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.batches, self.numbers = FOOD in self.books.on, SERIAL in self.books.on
        self.goods = {item: Goods(self.batches, self.numbers) for item in self.books.items}
        self._serial = 0

    async def act(self, act: Act) -> None:
        """Do it, and compare."""
        name, which, a, b = act
        item = self.books.items[which % len(self.books.items)]
        await ACTS[name](self, item, a, b)
        await self.compare(item)

    # what people do

    async def receive(self, item: str, a: int, b: int) -> None:
        goods, place = self.goods[item], PLACES[b % 2]
        batch = list(EXPIRY)[a % 3] if self.batches else None
        pieces = [Piece(self._number(), batch, goods.day, place) for _ in range(1 + b % 3)]
        told = {FOOD: {"expires_on": day(EXPIRY[batch])}} if batch else {}
        line = self._line(item, pieces, lot=batch, price=5 + a % 4, extensions=told)
        verdict = await self._try(item, "receipt", line, at=place)
        if goods.expired(batch):
            self._refused(verdict, {"FOOD_BATCHES_ARRIVED_EXPIRED"})
            return
        goods.pieces += pieces
        if batch:
            goods.known.add(batch)
        self._posted(item, verdict, pieces, "supplier", place)

    async def sell(self, item: str, a: int, b: int) -> None:
        await self._leave_unnamed(item, "issue", PLACES[b % 2], SOLD, 1 + a % 3)

    async def transfer(self, item: str, a: int, b: int) -> None:
        place, to = PLACES[b % 2], PLACES[1 - b % 2]
        await self._leave_unnamed(item, "transfer", place, to, 1 + a % 3, to=to)

    async def sell_number(self, item: str, a: int, b: int) -> None:
        goods, place = self.goods[item], PLACES[b % 2]
        if not self.numbers or not goods.pieces:
            return
        piece = goods.pieces[a % len(goods.pieces)]
        verdict = await self._try(item, "issue", self._line(item, [piece]), at=place)
        if codes := goods.forbids_number(piece, place):
            self._refused(verdict, codes)
        else:
            self._moved(item, verdict, [piece], place, SOLD)

    async def sell_batch(self, item: str, a: int, b: int) -> None:
        goods, place, count = self.goods[item], PLACES[b % 2], 1 + b % 3
        if not self.batches:
            return
        batch = list(EXPIRY)[a % 3]
        line = self.books.line(item, count, lot=batch, price=9)
        verdict = await self._try(item, "issue", line, at=place)
        if codes := goods.forbids_batch(batch, place, count):
            self._refused(verdict, codes)
            return
        taken = await self._taken(item, place, goods.at(place, batch)[:count])
        self._moved(item, verdict, taken, place, SOLD)

    async def scrap(self, item: str, a: int, b: int) -> None:
        """Scrap one piece, good or not."""
        there = self.goods[item].at(place := PLACES[b % 2])
        if there:
            piece = there[a % len(there)]
            line = self._line(item, [piece], lot=piece.batch)
            verdict = await self._try(item, "scrap", line, at=place)
            self._moved(item, verdict, [piece], place, SCRAPPED)

    async def bring_back(self, item: str, a: int, b: int) -> None:
        sold = self.goods[item].at(SOLD)
        if sold:
            piece, place = sold[a % len(sold)], PLACES[b % 2]
            lot = None if self.numbers and a % 2 else piece.batch
            line = self._line(item, [piece], lot=lot)
            verdict = await self._try(item, "return_from_customer", line, at=place)
            self._moved(item, verdict, [piece], SOLD, place, came_in=True)

    async def count(self, item: str, a: int, b: int) -> None:
        """Scan, or count, what is there; some is missing, and something lost may turn up."""
        goods, place = self.goods[item], PLACES[b % 2]
        there = goods.at(place)
        kept = chosen(there, a)
        found = goods.at(LOST)[: b // 2 % 2] if self.numbers else []
        if not there and not found:
            return
        if self.numbers:
            lines = [self._line(item, [*kept, *found])]
        else:
            left = Counter(piece.batch for piece in kept)
            batches = dict.fromkeys(piece.batch for piece in there)
            lines = [self.books.line(item, left[batch], lot=batch) for batch in batches]
        verdict = await self._try(item, "count", *lines, at=place)
        assert verdict.outcome is not None, verdict.refusals
        for piece in [*there, *found]:
            wanted = place if piece in kept or piece in found else LOST
            if piece.at != wanted:
                piece.go(wanted)
        goods.counts.append(place)
        self.done["count"] += 1

    async def recall(self, item: str, a: int, _: int) -> None:
        goods, batch = self.goods[item], list(EXPIRY)[a % 3]
        if not self.batches or a % 4:  # seldom
            return
        lot = lot_id(self.books.id_of(item), batch)
        who = self.books.world.db, self.books.world.principal
        try:
            made = await recalls.start_recall(*who, uuid7(), [lot], "glass", descendants=True)
        except Refused as refused:
            [refusal] = refused.refusals
            wanted = "FOOD_BATCHES_UNDER_RECALL" if batch in goods.known else "NOT_FOUND"
            assert refusal.code == wanted
            self.done["recall refused"] += 1
            return
        assert batch in goods.known
        assert batch not in goods.recalled
        goods.recalled.add(batch)
        query = "SELECT on_hand FROM food_batches_recall_batch WHERE recall_id = %s"
        ours = sum(len(goods.at(place, batch)) for place in PLACES)
        assert await self.books.world.rows(query, made) == [(ours,)]
        self.done["recall"] += 1

    async def undo(self, item: str, a: int, _: int) -> None:
        goods = self.goods[item]
        open_ = [deed for deed in goods.deeds if not deed.undone]
        if not open_:
            return
        deed = open_[a % len(open_)]
        if not self.numbers and goods.day == deed.day and goods.counts[deed.counts :]:
            return  # what was counted stays, and nobody can tell which pieces that were
        expected = goods.undoing(deed)
        verdict = await self.books.world.undo(deed.document, on=goods.day)
        done = verdict.outcome is not None
        assert expected in (None, done), (deed, verdict.refusals)
        self.done["undo" if done else "undo refused"] += 1
        if done:
            goods.undo(deed)

    async def wait(self, item: str, a: int, _: int) -> None:
        for goods in self.goods.values():
            goods.day = min(goods.day + 1 + a % 3, LAST_DAY)

    # how

    def _number(self) -> str:
        self._serial += 1
        return f"N{self._serial:03}"

    def _line(
        self, item: str, pieces: Sequence[Piece], lot: str | None = None, **more: Any
    ) -> LineDraft:
        if self.numbers:
            numbers = [piece.number for piece in pieces]
            return self.books.line(item, numbers=numbers or None, quantity=0, lot=lot, **more)
        return self.books.line(item, len(pieces), lot=lot, **more)

    async def _try(self, item: str, type_: str, *lines: LineDraft, **head: Any) -> Verdict:
        return await self.books.world.try_(type_, *lines, on=self.goods[item].day, **head)

    async def _leave_unnamed(
        self, item: str, type_: str, place: str, target: str, count: int, **head: Any
    ) -> None:
        goods = self.goods[item]
        fit = goods.fit(place, sold=target == SOLD)
        line = self.books.line(item, count, price=9)
        verdict = await self._try(item, type_, line, at=place, **head)
        if len(fit) < count:
            self._refused(verdict, {"OUT_OF_STOCK"})
            return
        assert verdict.outcome is not None, verdict.refusals
        taken = await self._taken(item, place, fit[:count])
        assert alike(taken, goods) == alike(fit[:count], goods)
        self._moved(item, verdict, taken, place, target)

    async def _taken(self, item: str, place: str, likely: list[Piece]) -> list[Piece]:
        """Which pieces were taken from a place, where only the books can tell."""
        if not self.numbers:
            return likely
        left = {number for number, _, at in await self._stock(item) if at == place}
        return [piece for piece in self.goods[item].at(place) if piece.number not in left]

    def _refused(self, verdict: Verdict, codes: set[str]) -> None:
        told = {refusal.code for refusal in verdict.refusals}
        assert told, ("should be refused with", codes)
        assert told <= codes
        self.done["refused"] += 1

    def _moved(
        self,
        item: str,
        verdict: Verdict,
        pieces: list[Piece],
        source: str,
        target: str,
        *,
        came_in: bool = False,
    ) -> None:
        assert verdict.outcome is not None, verdict.refusals
        for piece in pieces:
            piece.go(target)
        self._posted(item, verdict, pieces, source, target, came_in=came_in)

    def _posted(
        self,
        item: str,
        verdict: Verdict,
        pieces: list[Piece],
        source: str,
        target: str,
        *,
        came_in: bool = True,
    ) -> None:
        assert verdict.outcome is not None, verdict.refusals
        document = UUID(verdict.outcome["id"])
        goods = self.goods[item]
        when = goods.day, len(goods.counts)
        goods.deeds.append(Deed(document, came_in, list(pieces), source, target, *when))
        self.done[f"{source} to {target}"] += 1

    # what both say

    async def _stock(self, item: str) -> Counter[tuple[str, str | None, str]]:
        found = await self.books.world.rows(
            "SELECT l.is_unit, l.code, w.code, p.code, b.on_hand FROM balance b"
            " JOIN place p ON p.tenant_id = b.tenant_id AND p.id = b.place_id AND p.holds_stock"
            " LEFT JOIN lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id"
            " LEFT JOIN lot w ON w.tenant_id = l.tenant_id AND w.id = l.parent_id"
            " WHERE b.item_id = %s AND b.on_hand <> 0",
            self.books.id_of(item),
        )
        return Counter(
            {
                (code if unit else "", batch if unit else code, place): int(on_hand)
                for unit, code, batch, place, on_hand in found
            }
        )

    async def compare(self, item: str) -> None:
        """The books say what the model says, of what is where and what became of it; and they tally."""
        goods = self.goods[item]
        assert await self._stock(item) == goods.stock()
        if self.numbers:
            states = await self.books.world.rows(
                "SELECT number, state FROM serial_numbers_unit WHERE item_id = %s",
                self.books.id_of(item),
            )
            assert dict(states) == goods.states()
        assert await self.books.differences() == []


ACTS: dict[str, Callable[[Actor, str, int, int], Any]] = {
    "receive": Actor.receive,
    "sell": Actor.sell,
    "transfer": Actor.transfer,
    "sell_number": Actor.sell_number,
    "sell_batch": Actor.sell_batch,
    "scrap": Actor.scrap,
    "bring_back": Actor.bring_back,
    "count": Actor.count,
    "recall": Actor.recall,
    "undo": Actor.undo,
    "wait": Actor.wait,
}
