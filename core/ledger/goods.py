"""The goods that a document is about: where they are and wait, which of them a line takes, what pools they
are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from core.documents.records import Document, Line, SourceLine
from core.documents.types import Effect
from core.errors import NOT_FOUND, Refusal, Refused, define
from core.extension.records import LotPart
from core.ids import NIL
from core.ledger.parts import NOT_A_UNIT, output_share, pieces
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
    en="{item} is tracked unit by unit, as its cost scope says: name a lot and take one at a time, or give"
    " the item another cost scope.",
    zh="{item} 的成本范围为单件:须指定批号/编号且每行数量为 1,或为该物品设置其他成本范围。",
)


@dataclass(slots=True)
class Goods:
    """The goods of one document, and the flows made of them so far. ``sequence`` is its provisional posting
    number."""

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

    def _account(self, named: str | None = None) -> Side:
        account = named or self.document.type.account
        assert account is not None
        return Side(self.state.places.account(account))

    def _side(self, item: UUID, place: UUID, lot: UUID) -> Side:
        return Side(place, self.state.pool_of(item, place, lot))

    def _of_order(self) -> bool:
        """Whether the document carries out an order, which its goods wait for."""
        source = self.state.sources.get(self.document.source_id or NIL)
        return source is not None and source.type.effect is Effect.ORDER

    def _waiting(self, item: UUID, lot: UUID, document: UUID) -> Side:
        assert self.document.type.waits_in is not None
        place = self.state.places.account(self.document.type.waits_in)
        return Side(place, self.state.waiting_pool(item, place, lot, document))

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

    def _out_of_waiting(self, line: Line) -> Iterator[tuple[UUID, Decimal, Side]]:
        """The lots of the source document that still wait, each with where; a named lot only itself and
        its parts."""
        wanted = lot_id(line.item_id, line.lot_code) if line.lot_code else None
        document, left = self.document.source_id or NIL, line.base_quantity
        place = self._waiting(line.item_id, NIL, document).place
        for key, pool in self._in_order():
            if key.item != line.item_id or key.document != document or key.place != place:
                continue
            balance = BalanceKey(key.item, place, key.lot)
            free = pool.quantity - self.taken.get(balance, ZERO)
            part = min(left, free)
            if part > 0 and (wanted is None or self.state.within(key.lot, wanted)):
                self.taken[balance] = self.taken.get(balance, ZERO) + part
                left -= part
                yield key.lot, part, self._waiting(line.item_id, key.lot, document)
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
        there = {
            balance: quantity
            for balance, quantity in self.state.on_hand(key.item).items()
            if key.lot in (NIL, balance.lot)
            and not self.state.places.waiting(balance.place)  # what waits has pools of its own
        }
        return max(there, key=lambda balance: (there[balance], balance)).place

    def _refuse(self, code: str, line: Line, **details: object) -> Refused:
        return Refused(Refusal(code, (), {"item": self.state.items[line.item_id].code, **details}))
