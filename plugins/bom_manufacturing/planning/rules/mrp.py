"""Planning (MRP): needs netted over levels, period by period, each item after all it goes into.

Periods are numbers, of working days or weeks; :mod:`.calendar` makes them of dates. Work is linear in
needs, orders and lines. Firm orders stay where they are: what they should do instead is a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import lcm

from plugins.bom_manufacturing.bills.rules.bom import levels
from plugins.bom_manufacturing.bills.rules.records import Item, Variant
from plugins.bom_manufacturing.bills.rules.versions import Versions
from plugins.bom_manufacturing.planning.rules.lots import LotRule
from plugins.bom_manufacturing.work_orders.rules import Component, needed, rounded_need


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning knows of an item; a phantom is neither kept nor made by itself."""

    on_hand: Decimal = Decimal(0)
    safety_stock: Decimal = Decimal(0)
    lead_time: int = 0
    lot: LotRule = field(default_factory=LotRule)
    phantom: bool = False


class Source(StrEnum):
    """Where a need comes from."""

    DEMAND = "demand"  # an order of a customer, or of work that is released
    FORECAST = "forecast"  # what is expected to be ordered besides
    SAFETY = "safety"  # the safety stock, on the first day
    REORDER = "reorder"  # what lies between it and the reorder point, once the lead time is over
    BACKLOG = "backlog"  # stock below zero, on the first day
    ORDER = "order"  # a planned order of what it goes into


@dataclass(frozen=True, slots=True)
class Requirement:
    """A gross need in a period. ``order`` is the number of the planned order that has it."""

    item: Item
    period: int
    quantity: Fraction
    source: Source
    reference: str = ""
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Firm:
    """An order that is placed: a purchase or a work order, expected in a period."""

    item: Item
    period: int
    quantity: Decimal
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A planned order. One whose release has passed is past due: shown, not dropped."""

    number: int
    item: Item
    release: int
    receipt: int
    quantity: Fraction
    past_due: bool


class Advice(StrEnum):
    """What a firm order should do."""

    BRING_FORWARD = "bring_forward"  # 提前
    POSTPONE = "postpone"  # 推迟
    CANCEL = "cancel"  # 取消


@dataclass(frozen=True, slots=True)
class Message:
    """Advice on a firm order; ``period`` is where it is needed first, None where it is not."""

    firm: Firm
    advice: Advice
    period: int | None


@dataclass(frozen=True, slots=True)
class Peg:
    """What covers how much of a need: stock where neither is given, a firm or a planned order."""

    requirement: Requirement
    quantity: Fraction
    firm: Firm | None = None
    order: int | None = None


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """The plan of an item by period; periods where nothing happens are absent."""

    gross: Mapping[int, Fraction]
    net: Mapping[int, Fraction]
    available: Mapping[int, Fraction]
    orders: Sequence[Order]
    pegs: Sequence[Peg]
    messages: Sequence[Message]
    firm: Sequence[tuple[Firm, Message | None]] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A run of planning; low-level codes ascend."""

    levels: Mapping[Item, int]
    items: Mapping[Item, ItemPlan]
    orders: Sequence[Order]

    def why(self, number: int) -> list[Peg]:
        """What a planned order is for, up to the demand that asked for it in the end."""
        found, open_, seen = [], [number], {number}
        for each in open_:
            for peg in self.items[self.orders[each].item].pegs:
                if peg.order == each:
                    found.append(peg)
                    above = peg.requirement.order
                    if above is not None and above not in seen:
                        seen.add(above)
                        open_.append(above)
        return found


@dataclass(frozen=True, slots=True)
class Situation:
    """The snapshot that is planned: items, bills, demand, and orders that are placed. ``day`` says on which
    day an order of a period is begun: its bill is the version in force then; None where days do not matter.
    ``attributes`` say what items are. Items in ``decimals`` are counted at so many: neither lots nor what
    an order takes of them is finer."""

    items: Mapping[Item, Planned]
    versions: Versions
    demand: Sequence[Requirement]
    firm: Sequence[Firm] = ()
    start: int = 0
    day: Callable[[int], date | None] = lambda _: None
    attributes: Mapping[Item, Mapping[str, str]] = field(default_factory=dict)
    decimals: Mapping[Item, int] = field(default_factory=dict)

    def made(self, order: Order) -> bool:
        """Whether what is ordered has a bill in force when the order is begun."""
        return self.versions.in_force(order.item, self.day(order.release)) is not None


def plan(situation: Situation) -> Plan:
    """Net all items, each after all it goes into. Raises Refused for a cycle."""
    codes = low_level_codes(situation)
    plans = dict(netted(situation, codes))
    return Plan(codes, plans, [order for one in plans.values() for order in one.orders])


def low_level_codes(situation: Situation) -> dict[Item, int]:
    """All items there are to be planned, with their low-level codes, in the order of netting. Raises
    Refused for a cycle. All versions count, as an order may be begun on any day."""
    versions = situation.versions

    def children(item: Item) -> Iterable[Item]:
        return (line.item for bom in versions.of(item) for line in bom.lines)

    roots = [*situation.items, *(one.item for one in situation.demand), *versions]
    return levels(children, [*roots, *(one.item for one in situation.firm)])


def netted(situation: Situation, items: Iterable[Item]) -> Iterator[tuple[Item, ItemPlan]]:
    """The plan of one item after the other, each after all it goes into, so that whoever shares a
    processor with others can pause between them."""
    needs: dict[Item, list[Requirement]] = defaultdict(list)
    for wanted in situation.demand:
        needs[wanted.item].append(wanted)
    firm: dict[Item, list[Firm]] = defaultdict(list)
    for placed in situation.firm:
        firm[placed.item].append(placed)
    count = 0
    for item in items:
        facts = situation.items.get(item) or Planned()
        if item in situation.decimals:
            facts = replace(facts, lot=facts.lot.in_steps(situation.decimals[item]))
        found = _netted(
            item, facts, needs.pop(item, []), firm.get(item, []), situation.start, count
        )
        count += len(found.orders)
        for order in found.orders:
            for one in _components(situation, order):
                if one.quantity:
                    digits = situation.decimals.get(one.item)
                    taken = one.quantity if digits is None else _counted(one.quantity, digits)
                    needs[one.item].append(_dependent(one.item, order, taken))
        yield item, found


def _components(situation: Situation, order: Order) -> Sequence[Component]:
    """What a planned order takes: by the version in force when it is begun, and the lines of that day."""
    if not situation.versions.of(order.item):
        return ()
    day = situation.day(order.release)
    bom = situation.versions.in_force(order.item, day)
    if bom is None:
        return ()
    variant = Variant(situation.attributes.get(order.item, {}), day)
    return needed(situation.versions.on(day), bom, order.quantity, variant)


def _counted(quantity: Fraction, decimals: int) -> Fraction:
    """What an order takes of a component that is counted at so many decimals."""
    if quantity.denominator == 1:
        return quantity
    return Fraction(rounded_need(quantity, decimals))


_FLOORS = (Source.BACKLOG, Source.SAFETY)
"""What stock is kept back for before anything is taken of it on the first day."""


def _dependent(item: Item, order: Order, quantity: Fraction) -> Requirement:
    return Requirement(item, order.release, quantity, Source.ORDER, order=order.number)


def _netted(
    item: Item,
    facts: Planned,
    needs: list[Requirement],
    firm: list[Firm],
    start: int,
    next_number: int,
) -> ItemPlan:
    if facts.phantom:  # straight through: no stock, no lots, no lead time
        facts = Planned()
        firm = []
    if facts.safety_stock > 0:
        safety = Fraction(facts.safety_stock)
        needs = [Requirement(item, start, safety, Source.SAFETY), *needs]
    needs = sorted(needs, key=lambda one: (one.period, one.source not in _FLOORS))
    firm = sorted(firm, key=lambda one: one.period)
    parts = _Parts.of(facts, needs, firm)
    wanted = [(one, parts.of_whole(one.quantity)) for one in needs]
    coming = [(one, parts.of_whole(Fraction(one.quantity))) for one in firm]
    on_hand = parts.of_whole(Fraction(facts.on_hand))
    gross = _by_period((one.period, count) for one, count in wanted)
    arriving = _by_period((one.period, count) for one, count in coming)
    periods = sorted({*gross, *arriving})
    stock = on_hand
    net: dict[int, Fraction] = {}
    available: dict[int, Fraction] = {}
    orders: list[tuple[Order, int]] = []
    for place, period in enumerate(periods):
        stock += arriving.get(period, 0) - gross.get(period, 0)
        if stock < 0:
            net[period] = parts.whole(-stock)
            ahead = periods[place + 1 :] if facts.lot.periods > 1 else []
            want = _ahead(stock, ahead, period + facts.lot.periods, gross, arriving)
            for lot in facts.lot.lots(parts.whole(want)):
                release = period - facts.lead_time
                number = next_number + len(orders)
                order = Order(number, item, release, period, lot, release < start)
                orders.append((order, parts.of_whole(lot)))
                stock += orders[-1][1]
        available[period] = parts.whole(stock)
    told = list(_messages(on_hand, wanted, coming))
    return ItemPlan(
        {period: parts.whole(count) for period, count in gross.items()},
        net,
        available,
        [order for order, _ in orders],
        _pegs(parts, on_hand, wanted, coming, orders),
        [message for _, message in told if message is not None],
        told,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Quantities of an item as counts of a part that all of them are multiples of: netting adds and
    compares a great deal, and whole numbers are many times faster than fractions."""

    of_one: int

    @classmethod
    def of(cls, facts: Planned, needs: Iterable[Requirement], firm: Iterable[Firm]) -> _Parts:
        """The part for all there is, lots included."""
        lot = facts.lot
        figures = [facts.on_hand, lot.minimum, lot.maximum, lot.multiple, lot.fixed]
        exact = [Fraction(one) for one in figures if one is not None]
        exact += [Fraction(one.quantity) for one in firm]
        denominators = {one.denominator for one in exact}
        denominators.update(one.quantity.denominator for one in needs)
        return cls(lcm(*denominators))

    def of_whole(self, quantity: Fraction) -> int:
        return quantity.numerator * (self.of_one // quantity.denominator)

    def whole(self, count: int) -> Fraction:
        return Fraction(count, self.of_one) if self.of_one > 1 else Fraction(count)


Wanted = Sequence[tuple[Requirement, int]]
Coming = Sequence[tuple[Firm, int]]


def _ahead(
    stock: int,
    periods: Iterable[int],
    end: int,
    gross: Mapping[int, int],
    arriving: Mapping[int, int],
) -> int:
    """The most that is lacking before a period, if nothing is ordered."""
    lowest = stock
    for period in periods:
        if period >= end:
            break
        stock += arriving.get(period, 0) - gross.get(period, 0)
        lowest = min(lowest, stock)
    return -lowest


def _pegs(
    parts: _Parts,
    on_hand: int,
    needs: Wanted,
    firm: Coming,
    orders: Iterable[tuple[Order, int]],
) -> list[Peg]:
    """Needs covered first come, first served, by stock and by orders in the order they arrive."""
    coming: list[tuple[int, int, int, Firm | None, int | None]] = [
        (one.period, 0, count, one, None) for one, count in firm
    ]
    coming += [(one.receipt, 1, count, None, one.number) for one, count in orders]
    coming.sort(key=lambda entry: entry[:2])
    return [
        Peg(
            need,
            need.quantity if take == count else parts.whole(take),
            coming[at - 1][3] if at else None,
            coming[at - 1][4] if at else None,
        )
        for need, count, take, at in _covered([on_hand, *(entry[2] for entry in coming)], needs)
    ]


def _covered(supplies: Iterable[int], needs: Wanted) -> Iterator[tuple[Requirement, int, int, int]]:
    """Needs, how much each is, how much of it is taken, and of which supply by its place."""
    rests = [max(0, one) for one in supplies]
    at = 0
    for need, count in needs:
        rest = count
        while rest and at < len(rests):
            take = min(rest, rests[at])
            if take:
                yield need, count, take, at
                rest -= take
                rests[at] -= take
            if not rests[at]:
                at += 1


def _messages(on_hand: int, needs: Wanted, placed: Coming) -> Iterator[tuple[Firm, Message | None]]:
    """When each firm order is needed first, if all of them could be moved: an order that should come
    earlier takes the place of a planned one."""
    if not placed:
        return
    first: dict[int, int] = {}
    for need, _, _, at in _covered([on_hand, *(count for _, count in placed)], needs):
        first.setdefault(at, need.period)
    for at, (one, _) in enumerate(placed, start=1):
        needed = first.get(at)
        if needed is None:
            yield one, Message(one, Advice.CANCEL, None)
        elif needed != one.period:
            advice = Advice.BRING_FORWARD if needed < one.period else Advice.POSTPONE
            yield one, Message(one, advice, needed)
        else:
            yield one, None


def _by_period(figures: Iterable[tuple[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for period, count in figures:
        sums[period] += count
    return dict(sorted(sums.items()))
