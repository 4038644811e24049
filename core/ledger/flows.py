"""From a document's lines to flows: which goods go from where to where, and how they are valued."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from core.documents.records import Document, Line, SourceLine
from core.documents.types import Effect
from core.errors import NOT_FOUND, Refusal, Refused, define
from core.extension.records import LotPart
from core.ids import NIL
from core.ledger.landed import landed_shares
from core.ledger.parts import NOT_A_UNIT, at_line, output_share, pieces
from core.ledger.pools import Pool
from core.ledger.records import (
    ZERO,
    BalanceKey,
    Basis,
    Event,
    Flow,
    Origin,
    PoolKey,
    Scope,
    Side,
    lot_id,
)
from core.ledger.state import LotFacts, State
from core.ledger.stock import Choose, allocate, short

UNIT_LOT = define(
    "UNIT_LOT",
    en="{item} is tracked unit by unit: name a lot and take one at a time.",
    zh="{item} 按单件管理:须指定批号/编号且每行数量为 1。",
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
class Builder:
    """Builds the flows of one document. ``sequence`` is its provisional posting number."""

    state: State
    document: Document
    sequence: int
    flows: list[Flow] = field(default_factory=list)
    lots: dict[UUID, LotFacts] = field(default_factory=dict)
    taken: dict[BalanceKey, Decimal] = field(default_factory=dict)
    parts: dict[int, list[LotPart]] = field(init=False)
    """The parts of lines that modules split by lot."""
    _part: LotPart | None = None
    _made: Decimal = ZERO
    _by_lot: dict[UUID, dict[UUID, list[BalanceKey]]] = field(default_factory=dict)
    _ordered: list[tuple[PoolKey, Pool]] | None = None

    def __post_init__(self) -> None:
        plugged = self.state.plugged
        self.parts = plugged.split(self.state, self.document) if plugged is not None else {}

    def build(self) -> list[Flow]:
        """All flows of the document, consumption before production. Raises Refused."""
        if self.document.type.effect is Effect.LANDED:
            self._landed()
            return self.flows
        lines = [line for line in self.document.lines if line.stocked]
        for line in sorted(lines, key=_building_order):
            try:
                for piece in self._pieces(line):
                    _BUILD[self.document.type.effect](self, piece)
            except Refused as refused:
                raise Refused(*(at_line(r, line.no) for r in refused.refusals)) from None
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

    def _issue(self, line: Line) -> None:
        linked = self.document.type.returns and self._source_line(line) is not None
        linked &= self.state.rules.return_out == "original_cost" and not self._has_own_cost(line)
        for key, quantity in self._takes(line):
            self._flow(
                line,
                key.lot,
                quantity,
                self._side(line.item_id, key.place, key.lot),
                self._account(),
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
        for key, quantity in self._takes(line):
            transit = self._transit(line.item_id, key.lot, self.document.id)
            source = self._side(line.item_id, key.place, key.lot)
            self._flow(line, key.lot, quantity, source, transit, Basis.COST)

    def _arrive(self, line: Line) -> None:
        """Out of transit: to the place where it arrived, or to gain and loss what did not."""
        source = self._source_line(line)
        if source is None or self.document.source_id is None:
            raise Refused(Refusal(NOT_FOUND, ("sourceLine",), {"id": line.source_line}))
        assert line.to_place_id is not None
        for lot, quantity in self._in_transit(line, self.document.source_id):
            transit = self._transit(line.item_id, lot, self.document.source_id)
            lost = line.role == "lost"
            target = self._account() if lost else self._side(line.item_id, line.to_place_id, lot)
            self._flow(line, lot, quantity, transit, target, Basis.COST)

    def _count(self, line: Line) -> None:
        place, lot = self._place(line), self._lot(line, line.lot_code)
        target = self._side(line.item_id, place, lot)
        rate, given = line.base_cost, line.quantity
        self._flow(line, lot, ZERO, self._account(), target, Basis.COUNT, given=given, rate=rate)

    def _convert(self, line: Line) -> None:
        if line.role == "consume":
            self._issue(line)
            return
        lot = self._lot(line, line.lot_code)
        self._flow(
            line,
            lot,
            line.base_quantity,
            self._account(),
            self._side(line.item_id, self._place(line), lot),
            Basis.SHARE,
            given=self._share(line),
            rate=self.document.extra_cost or ZERO,
        )

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

    # what they share

    def _pieces(self, line: Line) -> Iterator[Line]:
        """The line itself, or, where a module split it, a line for each of its parts."""
        self._made, parts = ZERO, self.parts.get(line.no, [])
        for part, piece in pieces(line, parts, self.state.rules.amount_dp):
            known = self.state.lots.get(lot_id(line.item_id, part.lot_code))
            if part.unit and known is not None and not known.is_unit:
                raise self._refuse(NOT_A_UNIT, line, lot=part.lot_code)
            self._part = part
            yield piece
        self._part = None
        if not parts:
            yield line

    def _has_own_cost(self, line: Line) -> bool:
        """Whether the goods are one part of several that each have a cost of their own: then they go back
        at that, not at what the line has cost on average."""
        return line.no in self.parts and self.state.scope(line.item_id) is Scope.SERIAL

    def _share(self, line: Line) -> Decimal | None:
        """The share of an output, or of this part of it, in what went in; None for the rest."""
        self._made += line.base_quantity
        return output_share(self.document, line, self._made)

    def _flow(
        self,
        line: Line,
        lot: UUID,
        quantity: Decimal,
        source: Side,
        target: Side,
        basis: Basis,
        *,
        given: Decimal | None = None,
        rate: Decimal | None = None,
        link: tuple[int, int] | None = None,
    ) -> None:
        self.flows.append(
            Flow(
                event=Event(self.sequence, len(self.flows) + 1),
                on=self.document.business_date,
                document=self.document.id,
                line=line.no,
                item=line.item_id,
                lot=lot,
                quantity=quantity,
                source=source,
                target=target,
                basis=basis,
                given=given,
                rate=rate,
                link=link,
            )
        )

    def _account(self) -> Side:
        assert self.document.type.account is not None
        return Side(self.state.places.account(self.document.type.account))

    def _side(self, item: UUID, place: UUID, lot: UUID) -> Side:
        return Side(place, self.state.pool_of(item, place, lot))

    def _transit(self, item: UUID, lot: UUID, dispatch: UUID) -> Side:
        place = self.state.places.account("in_transit")
        return Side(place, self.state.transit_pool(item, lot, dispatch))

    def _place(self, line: Line) -> UUID:
        assert line.place_id is not None
        return line.place_id

    def _takes(self, line: Line, to: UUID | None = None) -> Iterator[tuple[BalanceKey, Decimal]]:
        lot = lot_id(line.item_id, line.lot_code) if line.lot_code else None
        if lot is not None and lot not in self.state.lots:
            raise Refused(Refusal(NOT_FOUND, ("lotCode",), {"id": line.lot_code}))
        for take in allocate(
            self.state,
            line.item_id,
            self._place(line),
            lot,
            line.base_quantity,
            respect_holds=self.document.type.holds,
            taken=self.taken,
            to=to,
            choose=self._choose(line),
            among=None if lot is None else self._balances(line.item_id, lot),
        ):
            yield take.key, take.quantity

    def _choose(self, line: Line) -> Choose | None:
        """How modules choose among the goods that a line may take; of units somebody has to."""
        plugged, units = self.state.plugged, self.state.scope(line.item_id) is Scope.SERIAL
        if plugged is None and not units:
            return None

        def choose(offers: list[tuple[BalanceKey, Decimal]]) -> list[BalanceKey] | None:
            chosen = None
            if plugged is not None:
                chosen = plugged.allocate(self.state, self.document, line, offers)
            if chosen is None and units:
                raise self._refuse(UNIT_LOT, line)
            return chosen

        return choose

    def _balances(self, item: UUID, lot: UUID) -> Sequence[BalanceKey]:
        """Where goods of a lot and of its parts lie; ten thousand units ask, so looked up once."""
        if item not in self._by_lot:
            self._by_lot[item] = {}
            for key in self.state.on_hand(item):
                known = self.state.lots.get(key.lot)
                for lot_ in {key.lot, known.root if known else key.lot}:
                    self._by_lot[item].setdefault(lot_, []).append(key)
        return self._by_lot[item].get(lot, ())

    def _in_transit(self, line: Line, dispatch: UUID) -> Iterator[tuple[UUID, Decimal]]:
        """The lots of this dispatch that are still under way; a named lot only itself and its parts."""
        wanted = lot_id(line.item_id, line.lot_code) if line.lot_code else None
        place, left = self.state.places.account("in_transit"), line.base_quantity
        for key, pool in self._in_order():
            if key.item != line.item_id or key.document != dispatch:
                continue
            balance = BalanceKey(key.item, place, key.lot)
            free = pool.quantity - self.taken.get(balance, ZERO)
            part = min(left, free)
            if part > 0 and (wanted is None or self.state.within(key.lot, wanted)):
                self.taken[balance] = self.taken.get(balance, ZERO) + part
                left -= part
                yield key.lot, part
        if left > 0:
            there = line.base_quantity - left
            raise Refused(short(self.state, line.item_id, place, line.base_quantity, there))

    def _lot(self, line: Line, code: str | None) -> UUID:
        """The lot that goods come into; it is made with its first receipt."""
        part = self._part
        unit = self.state.scope(line.item_id) is Scope.SERIAL or (part is not None and part.unit)
        counted_away = self.document.type.effect is Effect.COUNT and line.quantity in (None, ZERO)
        if unit and (code is None or not (line.quantity == 1 or counted_away)):
            raise self._refuse(UNIT_LOT, line)
        if code is None:
            return NIL
        parent = None
        if part is not None and part.parent_code is not None:
            parent = self._known_lot(line.item_id, part.parent_code)
        return self._known_lot(line.item_id, code, parent, unit=unit)

    def _known_lot(
        self, item: UUID, code: str, parent: UUID | None = None, *, unit: bool = False
    ) -> UUID:
        lot = lot_id(item, code)
        if lot not in self.state.lots:
            on = self.document.business_date
            self.lots[lot] = LotFacts(lot, item, code, parent, unit, on)
            self.state.lots[lot] = self.lots[lot]
        return lot

    def _source_line(self, line: Line) -> SourceLine | None:
        source = self.state.sources.get(self.document.source_id or NIL)
        if source is None or line.source_line is None:
            return None
        return source.lines.get(line.source_line)

    def _link(self, line: Line) -> tuple[int, int]:
        source = self.state.sources[self.document.source_id or NIL]
        assert source.sequence is not None
        assert line.source_line is not None
        return source.sequence, line.source_line

    def _pools(self, line: Line) -> Iterator[PoolKey]:
        """The item's pools that hold something, of the place and lot where the line names them."""
        lot = lot_id(line.item_id, line.lot_code) if line.lot_code else None
        for key, pool in self._in_order():
            if key.item != line.item_id or not pool.quantity or key.document != NIL:
                continue
            if lot is not None and key.lot not in (NIL, lot):
                continue
            if line.place_id is not None and key.place not in (NIL, line.place_id):
                continue
            yield key

    def _remains(self, item: UUID, link: tuple[int, int]) -> Iterator[tuple[PoolKey, Decimal]]:
        origin: Origin | None = self.state.books.origins.get(link)
        for key, pool in self._in_order():
            if key.item == item and origin in pool.layers:
                yield key, pool.layers[origin].quantity

    def _in_order(self) -> list[tuple[PoolKey, Pool]]:
        """The pools by the codes of place and lot: ids would decide differently in each tenant."""

        def codes(pool: tuple[PoolKey, Pool]) -> tuple[str, str, PoolKey]:
            key, _ = pool
            place, lot = self.state.places.by_id.get(key.place), self.state.lots.get(key.lot)
            return (place.code if place else "", lot.code if lot else "", key)

        if self._ordered is None:  # none comes or goes while flows are built
            self._ordered = sorted(self.state.books.pools.items(), key=codes)
        return self._ordered

    def _somewhere(self, key: PoolKey) -> UUID:
        """A place where goods of this pool are, for an entry that moves value only."""
        if key.place != NIL:
            return key.place
        transit = self.state.places.account("in_transit")  # what is under way has pools of its own
        there = {
            balance: quantity
            for balance, quantity in self.state.on_hand(key.item).items()
            if key.lot in (NIL, balance.lot) and balance.place != transit
        }
        return max(there, key=lambda balance: (there[balance], balance)).place

    def _refuse(self, code: str, line: Line, **details: object) -> Refused:
        return Refused(Refusal(code, (), {"item": self.state.items[line.item_id].code, **details}))


def _building_order(line: Line) -> tuple[int, int]:
    """Consumption first; of the outputs, the first one takes the rest and so comes last."""
    if line.role != "produce":
        return (0, line.no)
    return (1, -line.no)


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
