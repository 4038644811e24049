"""Whether goods may leave, and which ones do: availability and allocation on the locked state.

An issue is checked at its place and at every ancestor, against on hand less promises less holds: the
total alone oversells (bins A 5 and B 5, the store promised 8, then 5 leave B; rule 4.1). What a processor has
is checked at his place alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from core.errors import Refusal, Refused, define
from core.ids import NIL
from core.ledger import availability
from core.ledger.availability import Row, Strategy, available_along, pick, shown
from core.ledger.records import ZERO, BalanceKey, Basis, Flow
from core.ledger.state import Places, Promised, State

OUT_OF_STOCK = define(
    "OUT_OF_STOCK",
    en="{item}: {wanted} wanted at {place}, {available} available.",
    zh="{item}:在 {place} 需要 {wanted},可用 {available}。",
)
ON_HOLD = define(
    "ON_HOLD",
    en="{item} at {place} is on hold: {reason}.",
    zh="{place} 的 {item} 已冻结:{reason}。",
)
UNIT_ELSEWHERE = define(
    "UNIT_ELSEWHERE",
    en="This unit is already in another place.",
    zh="该单件已在其他地点。",
)


@dataclass(frozen=True, slots=True)
class Take:
    """Goods that leave one balance."""

    key: BalanceKey
    quantity: Decimal


PromiseKey = tuple[UUID, int]
"""The order and the number of the line that a promise was made for."""

Choose = Callable[[list[tuple[BalanceKey, Decimal]]], list[BalanceKey] | None]
"""Which of these balances, with what is free of each, may be taken and in which order; None for all of
them in the order given."""


def held(state: State, key: BalanceKey) -> str | None:
    """The reason of a hold on this balance, its lot or the lot's parent, or its item."""
    lot = state.lots.get(key.lot)
    lots = {key.lot, lot.root} if lot else {key.lot}
    for hold in state.holds:
        if hold.item_id != key.item or (hold.lot_id is not None and hold.lot_id not in lots):
            continue
        if hold.place_id is None or state.places.under(key.place, hold.place_id):
            return hold.reason
    return None


def available(
    state: State,
    item: UUID,
    place: UUID,
    *,
    respect_holds: bool = True,
    kept: Mapping[PromiseKey, Decimal] | None = None,
) -> Decimal:
    """What may leave or be promised at a place and below it: on hand less held less promised.

    ``kept`` says how much of each promise counts, where that is not all of it.
    """
    there, on_hold, promised = ZERO, ZERO, ZERO
    for key, on_hand in state.on_hand(item).items():
        if not state.places.under(key.place, place):
            continue
        there += on_hand
        if respect_holds and on_hand > 0 and held(state, key) is not None:
            on_hold += on_hand
    for promise in outgoing(state, item):
        if state.places.under(promise.place_id, place):
            promised += promise.quantity if kept is None else kept[promise.key]
    return availability.available(there, promised, on_hold)


def kept_for_others(
    state: State, own: Promised, *, respect_holds: bool
) -> dict[PromiseKey, Decimal]:
    """What goods that leave for one promise must leave for each promise of its item: all that was promised
    earlier; of what was promised later only what is there for it, which is why two orders that wait for
    the same goods do not block each other; nothing for its own order (decision 0013)."""
    promises = list(outgoing(state, own.item_id))
    kept = covered_now(state, own.item_id, respect_holds=respect_holds)
    kept |= {p.key: p.quantity for p in promises if p.since < own.since}
    return kept | {p.key: ZERO for p in promises if p.document_id == own.document_id}


def covered_now(
    state: State, item: UUID, *, respect_holds: bool = True
) -> dict[PromiseKey, Decimal]:
    """How much of each promise of an item the stock covers."""
    there: dict[UUID, Decimal] = defaultdict(Decimal)
    for key, on_hand in state.on_hand(item).items():
        if not (respect_holds and on_hand > 0 and held(state, key)):
            for place in state.places.path(key.place):
                there[place] += on_hand
    return covered(state.places, outgoing(state, item), there)


def covered(
    places: Places, promises: Iterable[Promised], there: Mapping[UUID, Decimal]
) -> dict[PromiseKey, Decimal]:
    """How much of each promise of one item the stock covers, first come, first served: what the earlier ones
    leave at its place and at every place above. ``there`` is on hand less held, by place with all below."""
    left: dict[UUID, Decimal] = defaultdict(Decimal, there)
    found = {}
    for promise in sorted(promises, key=lambda p: (p.since, *p.key)):
        path = places.path(promise.place_id)
        free = shown(available_along(left[place] for place in path))
        found[promise.key] = min(promise.quantity, free)
        for place in path:
            left[place] -= promise.quantity
    return found


def outgoing(state: State, item: UUID) -> Iterator[Promised]:
    """What orders promise of an item's stock."""
    return (promise for promise in state.promises.get(item, ()) if not promise.incoming)


def allocate(
    state: State,
    item: UUID,
    place: UUID,
    lot: UUID | None,
    quantity: Decimal,
    *,
    respect_holds: bool,
    taken: dict[BalanceKey, Decimal],
    to: UUID | None = None,
    choose: Choose | None = None,
    among: Iterable[BalanceKey] | None = None,
) -> list[Take]:
    """Which balances the goods leave: the named lot or its parts, else the lots received first, at the
    place itself before the bins below it. What is not there falls on the place itself. ``to`` is where
    they go: what lies there already stays (a store puts away into its bin what is not in that bin).
    ``choose`` may have another order, and leave some out: then what is missing is refused. ``among`` are
    the balances to look at, where the caller knows them; all of the item's otherwise."""
    if to is not None and not state.places.under(to, place):
        to = None
    keys = [
        key
        for key in (state.on_hand(item) if among is None else among)
        if state.books.balances[key] - taken.get(key, ZERO) > 0
        and state.places.under(key.place, place)
        and not (to is not None and state.places.under(key.place, to))
        and (lot is None or state.within(key.lot, lot))
        and not (respect_holds and held(state, key))
    ]
    keys.sort(
        key=lambda key: (
            key.place != place,
            state.places.by_id[key.place].code,
            state.lots[key.lot].code if key.lot in state.lots else "",
        )
    )
    if choose is not None and (lot is None or any(key.lot != lot for key in keys)):
        keys.sort(key=lambda key: _received(state, key.lot))
        free = {key: state.books.balances[key] - taken.get(key, ZERO) for key in keys}
        chosen = choose(list(free.items()))
        if chosen is not None:
            return _in_turn(state, item, place, {key: free[key] for key in chosen}, quantity, taken)
    offered = [
        Row(
            name=str(n),
            place=state.places.by_id[key.place].code,
            free=state.books.balances[key] - taken.get(key, ZERO),
            received=_received(state, key.lot),
        )
        for n, key in enumerate(keys)
    ]
    picked = pick(offered, quantity, Strategy.FIFO)
    takes = [Take(keys[int(row.name)], part) for row, part in picked.picks]
    if picked.short:
        takes.append(Take(BalanceKey(item, place, lot or NIL), picked.short))
    for take in takes:
        taken[take.key] = taken.get(take.key, ZERO) + take.quantity
    return takes


def _in_turn(
    state: State,
    item: UUID,
    place: UUID,
    free: dict[BalanceKey, Decimal],
    quantity: Decimal,
    taken: dict[BalanceKey, Decimal],
) -> list[Take]:
    """Take from these balances, each as far as it goes. Raises Refused where they are not enough."""
    takes, left = [], quantity
    for key, there in free.items():
        if part := min(there, left):
            takes.append(Take(key, part))
            taken[key] = taken.get(key, ZERO) + part
            left -= part
    if left and not state.may_go_negative(item, place):
        raise Refused(short(state, item, place, quantity, quantity - left))
    if left:
        takes.append(Take(BalanceKey(item, place, NIL), left))
    return takes


def _received(state: State, lot: UUID) -> str:
    """The day the lot first came, as it sorts; what belongs to no lot comes before all lots."""
    known = state.lots.get(lot)
    return known.received_on.isoformat() if known else ""


class _Free:
    """What may leave for a document that fulfils these promises, with how much of each."""

    def __init__(
        self, state: State, own: Iterable[tuple[Promised, Decimal]], *, respect_holds: bool
    ) -> None:
        self._state, self._respect_holds = state, respect_holds
        self._own: dict[UUID, list[tuple[Promised, Decimal]]] = defaultdict(list)
        for promise, quantity in own:
            if quantity and not promise.incoming:
                self._own[promise.item_id].append((promise, quantity))
        self._kept: dict[UUID, Mapping[PromiseKey, Decimal]] = {}

    def at(self, item: UUID, place: UUID, wanted: Decimal) -> Decimal:
        """At a place and below it: more than is promised to the order where nobody else needs it, and what
        is promised to it as far as its turn has come. Exact where ``wanted`` is more."""
        places, holds = self._state.places, self._respect_holds
        here, fulfilled = ZERO, ZERO
        for promise, quantity in self._own[item]:
            within = places.under(promise.place_id, place)
            here += quantity if within else ZERO
            fulfilled += quantity if within or places.under(place, promise.place_id) else ZERO
        anyway = available(self._state, item, place, respect_holds=holds) + here
        if wanted <= anyway or not fulfilled:
            return anyway
        if item not in self._kept:
            latest = max((promise for promise, _ in self._own[item]), key=lambda p: p.since)
            self._kept[item] = kept_for_others(self._state, latest, respect_holds=holds)
        its = available(self._state, item, place, respect_holds=holds, kept=self._kept[item])
        return max(anyway, min(its, fulfilled))


def check_leaving(
    state: State,
    changes: Iterable[tuple[BalanceKey, Decimal]],
    *,
    respect_holds: bool,
    own: list[tuple[Promised, Decimal]],
) -> Iterator[Refusal]:
    """Refusals for what a document takes out: at each balance and at each ancestor of its place.

    ``changes`` are signed and may hold a key twice (two lines of one item are summed); ``own`` are the
    promises that the document fulfils, with how much of each.
    """
    net: dict[BalanceKey, Decimal] = defaultdict(Decimal)
    for key, quantity in changes:
        net[key] += quantity
    by_place: dict[tuple[UUID, UUID], Decimal] = defaultdict(Decimal)
    strict: set[tuple[UUID, UUID]] = set()
    free = _Free(state, own, respect_holds=respect_holds)
    for key, change in net.items():
        forbidden = not state.may_go_negative(key.item, key.place)
        if change < 0:
            if respect_holds and (reason := held(state, key)):
                yield _refusal(ON_HOLD, state, key.item, key.place, reason=reason)
                return
            there = state.books.balances.get(key, ZERO)
            if forbidden and there + change < 0:
                # The rest of an order that lots and bins could not fill falls on the place itself:
                # what was asked for is the sum, and so is what there is.
                asked = -sum(
                    (
                        quantity
                        for other, quantity in net.items()
                        if other.item == key.item and state.places.under(other.place, key.place)
                    ),
                    ZERO,
                )
                whole = free.at(key.item, key.place, asked)
                figures = (asked, whole) if asked > whole else (-change, there)
                yield short(state, key.item, key.place, *figures)
                return
        # Goods with a processor are for his orders, whatever is promised from other places.
        outside = change < 0 and state.places.by_id[key.place].outside
        for ancestor in (key.place,) if outside else state.places.path(key.place):
            by_place[key.item, ancestor] += change
            if change < 0 and forbidden:
                strict.add((key.item, ancestor))
    for item, place in sorted(strict, key=lambda pair: -len(state.places.path(pair[1]))):
        wanted = -by_place[item, place]
        if wanted <= 0:
            continue
        there = free.at(item, place, wanted)
        if wanted > there:
            yield short(state, item, place, wanted, there)
            return


def check_units(state: State, flows: Collection[Flow]) -> Iterator[Refusal]:
    """Refusals for units that the flows would leave in two places, or twice in one. The database holds
    this too (rule 3.7), but sees a batch only when all of it is decided."""
    after: dict[UUID, dict[BalanceKey, Decimal]] = defaultdict(dict)
    known: set[UUID] = set()
    for flow in flows:
        lot = state.lots.get(flow.lot)
        if lot is None or not lot.is_unit:
            continue
        if flow.item not in known:
            known.add(flow.item)
            for there, quantity in state.on_hand(flow.item).items():
                after[there.lot][there] = quantity
        for side, change in ((flow.source, -flow.quantity), (flow.target, flow.quantity)):
            if side.pool is None:
                continue
            key = BalanceKey(flow.item, side.place, flow.lot)
            if flow.basis is not Basis.COUNT:
                after[lot.id][key] = after[lot.id].get(key, ZERO) + change
            elif flow.given is not None:
                after[lot.id][key] = flow.given
    for unit in {flow.lot for flow in flows}:
        lot, places = state.lots.get(unit), after[unit]
        if lot is None or not lot.is_unit:
            continue
        if [quantity for quantity in places.values() if quantity] not in ([], [1]):
            yield Refusal(UNIT_ELSEWHERE, ("lines",))
            return


def short(state: State, item: UUID, place: UUID, wanted: Decimal, there: Decimal) -> Refusal:
    """The refusal of goods that are not there."""
    return _refusal(OUT_OF_STOCK, state, item, place, wanted=wanted, available=shown(there))


def _refusal(code: str, state: State, item: UUID, place: UUID, **details: object) -> Refusal:
    names = {
        "item": state.items[item].code,
        "place": state.places.by_id[place].code,
    }
    return Refusal(code, ("lines",), {**names, **details})
