"""From a document's lines to flows: which goods go from where to where, and how they are valued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from core.documents.conversions import worth_told
from core.documents.records import Line
from core.documents.types import Effect
from core.errors import NOT_FOUND, Refusal, Refused, define
from core.ids import NIL
from core.ledger.goods import Goods
from core.ledger.landed import landed_shares
from core.ledger.parts import at_line
from core.ledger.records import (
    ZERO,
    Basis,
    Flow,
    Side,
)

NOTHING_TO_REVALUE = define(
    "NOTHING_TO_REVALUE",
    en="There is no stock of {item} here whose value could change.",
    zh="此处没有 {item} 的库存可以调整价值。",
)
NAME_THE_POOL = define(
    "NAME_THE_POOL",
    en="{item} has more than one cost pool: name the place or the lot whose value changes.",
    zh="{item} 有多个成本池:请指定要调整的地点或批次。",
)


@dataclass(slots=True)
class Builder(Goods):
    """Builds the flows of one document, by a function per effect."""

    _instead: str | None = None
    """The account that takes what a conversion took, where nothing of what was made is taken in."""

    def build(self) -> list[Flow]:
        """All flows of the document, consumption before production. Raises Refused."""
        if self.document.type.effect is Effect.LANDED:
            self._landed()
            return self.flows
        if not any(line.role == "produce" for line in self.document.lines):
            self._instead = self.document.type.rejected_to
        lines = [line for line in self.document.lines if line.stocked]
        for line in sorted(lines, key=self._building_order):
            try:
                for piece in self._pieces(line):
                    _BUILD[self.document.type.effect](self, piece)
            except Refused as refused:
                raise Refused(*(at_line(r, line.no) for r in refused.refusals)) from None
        if self._instead is not None:
            self._pay_rejected(self._instead)
        return self.flows

    # one function per effect

    def _receive(self, line: Line) -> None:
        source = self._source_line(line)
        if self.document.type.returns:
            linked = source is not None and self.state.rules.return_in == "original_cost"
            linked &= not self._has_own_cost(line)
            basis = Basis.LINKED if linked else Basis.CURRENT
        else:
            told = line.unit_price is not None or self.document.type.code in ("receipt", "opening")
            basis = Basis.GIVEN if told or line.net else Basis.CURRENT
        code = line.lot_code or (source.line.lot_code if source else None)
        place, lot = self._place(line), self._lot(line, code)
        self._flow(
            line,
            lot,
            line.base_quantity,
            self._account(),
            self._side(line.item_id, place, lot),
            basis,
            given=line.net if basis is Basis.GIVEN else None,
            link=self._link(line) if basis is Basis.LINKED else None,
        )

    def _issue(self, line: Line, account: str | None = None) -> None:
        linked = self.document.type.returns and self._source_line(line) is not None
        linked &= self.state.rules.return_out == "original_cost" and not self._has_own_cost(line)
        for key, quantity in self._takes(line):
            self._flow(
                line,
                key.lot,
                quantity,
                self._side(line.item_id, key.place, key.lot),
                self._account(account),
                Basis.LINKED if linked else Basis.COST,
                link=self._link(line) if linked else None,
            )

    def _move(self, line: Line) -> None:
        assert line.to_place_id is not None
        for key, quantity in self._takes(line, line.to_place_id):
            source = self._side(line.item_id, key.place, key.lot)
            target = self._side(line.item_id, line.to_place_id, key.lot)
            self._flow(line, key.lot, quantity, source, target, Basis.COST)

    def _dispatch(self, line: Line) -> None:
        order = self.document.source_id if self._of_order() else None
        for key, quantity in self._takes(line):
            waiting = self._waiting(line.item_id, key.lot, order or self.document.id)
            source = self._side(line.item_id, key.place, key.lot)
            self._flow(line, key.lot, quantity, source, waiting, Basis.COST)

    def _arrive(self, line: Line) -> None:
        """Out of transit or work: to the place where it arrived, or to the account what did not."""
        if self._source_line(line) is None and not self._of_order():
            raise Refused(Refusal(NOT_FOUND, ("sourceLine",), {"id": line.source_line}))
        for lot, quantity, waiting in self._out_of_waiting(line):
            target = self._account()
            if line.role != "lost":
                assert line.to_place_id is not None
                target = self._side(line.item_id, line.to_place_id, lot)
            self._flow(line, lot, quantity, waiting, target, Basis.COST)

    def _count(self, line: Line) -> None:
        place, lot = self._place(line), self._lot(line, line.lot_code)
        target = self._side(line.item_id, place, lot)
        rate, given = line.base_cost, line.quantity
        self._flow(line, lot, ZERO, self._account(), target, Basis.COUNT, given=given, rate=rate)

    def _convert(self, line: Line) -> None:
        if line.role == "rejected":  # it is not taken in, and what comes in bears its cost
            return
        if line.from_work:
            for lot, quantity, waiting in self._out_of_waiting(line):
                target = self._account(self._instead)
                self._flow(line, lot, quantity, waiting, target, Basis.COST)
            return
        if line.role == "consume":
            self._issue(line, self._instead)
            return
        if line.role == "lost":
            self._issue(line, self.document.type.lost_to)
            return
        lot = self._lot(line, line.lot_code)
        worth = worth_told(self.document.type, line)
        self._flow(
            line,
            lot,
            line.base_quantity,
            self._account(),
            self._side(line.item_id, self._place(line), lot),
            Basis.SHARE if worth is None else Basis.WORTH,
            given=self._share(line) if worth is None else worth,
            rate=self._conversion_cost(),
        )

    def _building_order(self, line: Line) -> tuple[int, int, int]:
        """Consumption first; of the outputs those of a worth of their own, and the first one last, which
        takes the rest. What was lost on somebody else's charge comes after them: its value is none of
        theirs."""
        if line.role == "produce":
            return (1, int(worth_told(self.document.type, line) is None), -line.no)
        return (2 if line.role == "lost" else 0, 0, line.no)

    def _conversion_cost(self) -> Decimal:
        """What joins the value of what a conversion takes: a supplier is paid by line for his work."""
        cost = self.document.extra_cost or ZERO
        if self.document.type.party != "supplier":
            return cost
        paid = (one.net for one in self.document.lines if one.role in ("produce", "rejected"))
        return sum(paid, cost)

    def _pay_rejected(self, account: str) -> None:
        """What is paid for goods of which none were taken in is lost like what went into them."""
        cost = self._conversion_cost()
        line = next((one for one in self.document.lines if one.role == "rejected"), None)
        if line is not None and cost:
            source, target = self._account(), self._account(account)
            self._flow(line, NIL, ZERO, source, target, Basis.GIVEN, given=cost)

    def _drop(self, line: Line) -> None:
        customer = Side(self.state.places.account("customer"))
        given, quantity = line.net, line.base_quantity
        self._flow(line, NIL, quantity, self._account(), customer, Basis.GIVEN, given=given)

    def _revalue(self, line: Line) -> None:
        pools = list(self._pools(line))
        if not pools:
            raise self._refuse(NOTHING_TO_REVALUE, line)
        if line.unit_price is None and len(pools) > 1:
            raise self._refuse(NAME_THE_POOL, line)
        for key in pools:
            side = Side(self._somewhere(key), key)
            if line.unit_price is not None:
                rate = line.base_cost
                self._flow(line, key.lot, ZERO, self._account(), side, Basis.STANDARD, rate=rate)
            else:
                given = line.net
                self._flow(line, key.lot, ZERO, self._account(), side, Basis.ADJUST, given=given)

    def _standard(self, line: Line) -> None:
        for key in self._pools(line):
            side = Side(self._somewhere(key), key)
            rate = line.base_cost
            self._flow(line, key.lot, ZERO, self._account(), side, Basis.STANDARD, rate=rate)

    def _landed(self) -> None:
        """The policy "remaining": what is left of each receipt line takes its share, wherever it went,
        and the share of what has left is expensed (domain §1, landed cost)."""
        source = self.state.sources[self.document.source_id or NIL]
        expensed = Side(self.state.places.account("landed_cost_expensed"))
        for no, share in landed_shares(self.state, self.document, source).items():
            line = source.lines[no].line
            link = (source.sequence or 0, no)
            seen, given = ZERO, ZERO
            for key, quantity in self._remains(line.item_id, link):
                seen += quantity  # by running total, so that pools of one piece each get no cent too many
                part = self.state.books.pool(key).portion(share, seen, line.base_quantity) - given
                given += part
                side = Side(self._somewhere(key), key)
                self._flow(
                    line, key.lot, ZERO, self._account(), side, Basis.ADJUST, given=part, link=link
                )
            if left := share - given:
                self._flow(line, NIL, ZERO, self._account(), expensed, Basis.GIVEN, given=left)


_BUILD: dict[Effect, Callable[[Builder, Line], None]] = {
    Effect.RECEIVE: Builder._receive,
    Effect.ISSUE: Builder._issue,
    Effect.MOVE: Builder._move,
    Effect.DISPATCH: Builder._dispatch,
    Effect.ARRIVE: Builder._arrive,
    Effect.COUNT: Builder._count,
    Effect.CONVERT: Builder._convert,
    Effect.DROP: Builder._drop,
    Effect.REVALUE: Builder._revalue,
    Effect.STANDARD: Builder._standard,
}
