"""Bills of material: what is needed, what for, how many can be made.

All figures are fractions until somebody has to read or store them, so that thousands of levels lose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from core.plugin_api import (
    Exact,
    Refusal,
    Refused,
    Rounding,
    define,
    exact,
    rounded,
    to_multiple,
)
from plugins.bom_manufacturing.bills.rules.records import (
    ANY,
    Alternate,
    Bom,
    Boms,
    Item,
    Line,
    Variant,
    within,
)

CYCLE = define(
    "BOM_MANUFACTURING_CYCLE",
    en="An item cannot be made of itself: {cycle}.",
    zh="物料不能由其自身构成:{cycle}。",
)

ATTRIBUTE_UNTOLD = define(
    "BOM_MANUFACTURING_ATTRIBUTE_UNTOLD",
    en="The bill of {item} depends on {attribute}, which is not known of it: name it in attributes, or tell"
    " it of the item.",
    zh="{item} 的物料清单取决于属性 {attribute},但该物料未设置:请在 attributes 中填写,或先为物料设置该属性。",
)

Children = Callable[[Item], Iterable[Item]]
Stock = Mapping[Any, Exact]
"""Quantities by item."""


def effective(versions: Iterable[Bom], on: date | None) -> Bom | None:
    """The version in force on a day, without a day of all: where several are, the one that came into force
    last."""
    valid = [bom for bom in versions if within(bom.valid_from, bom.valid_until, on)]
    return max(valid, key=lambda bom: (bom.valid_from or date.min, bom.version), default=None)


def find_cycle(children: Children, start: Item) -> list[Item] | None:
    """The way from an item back to itself or round below it, the first item repeated at the end."""
    path: list[Item] = [start]
    place = {start: 0}
    done: set[Item] = set()
    open_: list[Iterator[Item]] = [iter(children(start))]
    while open_:
        for child in open_[-1]:
            if child in place:
                return [*path[place[child] :], child]
            if child not in done:
                place[child] = len(path)
                path.append(child)
                open_.append(iter(children(child)))
                break
        else:
            open_.pop()
            left = path.pop()
            del place[left]
            done.add(left)
    return None


def cycle_refusal(cycle: Sequence[Item], name: Callable[[Item], str] = str) -> Refusal:
    """Why a bill is not kept; the path through the items by their names."""
    return Refusal(CYCLE, ("lines",), {"cycle": " → ".join(map(name, cycle))})


def levels(children: Children, roots: Iterable[Item]) -> dict[Item, int]:
    """The low-level code (低位码) of every item under the roots: the longest way down to it. In ascending
    order, so that each comes after all it goes into. Raises Refused for a cycle."""
    below: dict[Item, tuple[Item, ...]] = {}
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for item in found:
        below[item] = tuple(dict.fromkeys(children(item)))
        fresh = [child for child in below[item] if child not in seen]
        seen.update(fresh)
        found += fresh
    waiting = dict.fromkeys(below, 0)
    for members in below.values():
        for child in members:
            waiting[child] += 1
    codes = {item: 0 for item in below if not waiting[item]}
    ready = list(codes)
    for item in ready:
        for child in below[item]:
            codes[child] = max(codes.get(child, 0), codes[item] + 1)
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    if stuck := [item for item in below if waiting[item]]:
        for item in stuck:
            if cycle := find_cycle(lambda each: below[each], item):
                raise Refused(cycle_refusal(cycle))
    return dict(sorted(codes.items(), key=lambda entry: entry[1]))


def line_need(line: Line, bom: Bom, quantity: Exact) -> Fraction:
    """How much of a component a quantity of the product needs.

    Scrap adds: 3000 with 5 % is 3150 (others divide by 95 %). Then what is lost once at set-up, and then
    up to a multiple.
    """
    if not quantity:
        return Fraction(0)
    need = _per_unit(line.quantity, line.scrap_pct, bom.output_quantity) * exact(quantity)
    if line.setup_loss:
        need += Fraction(line.setup_loss)
    return need if line.multiple is None else to_multiple(need, line.multiple)


@lru_cache(maxsize=1 << 16)
def _per_unit(quantity: Decimal, scrap_pct: Decimal, output_quantity: Decimal) -> Fraction:
    """The need of one, scrap included; kept because planning asks for it once an order."""
    scrap = 1 + Fraction(scrap_pct) / 100
    return Fraction(quantity) * scrap / Fraction(output_quantity)


@dataclass(frozen=True, slots=True)
class Need:
    """A line that applies, and how much of it is needed."""

    line: Line
    quantity: Fraction


def components(boms: Boms, bom: Bom, quantity: Exact, variant: Variant = ANY) -> list[Need]:
    """What goes directly into a quantity, line by line; for a phantom, what that is made of."""
    needs: list[Need] = []
    open_ = [(bom, exact(quantity))]
    while open_:
        made, of = open_.pop(0)
        for line in made.lines:
            if line.applies(variant.attributes, variant.on):
                need = line_need(line, made, of)
                if line.phantom and line.item in boms:
                    open_.append((boms[line.item], need))
                else:
                    needs.append(Need(line, need))
    return needs


def untold(boms: Boms, bom: Bom, variant: Variant) -> list[str]:
    """Attributes that decide what goes directly into an item, phantoms passed through, and that nobody told
    of it."""
    found = set[str]()
    seen, open_ = {bom.item}, [bom]
    for made in open_:
        for line in made.lines:
            if line.conditions:
                found |= line.untold(variant.attributes, variant.on)
            through = line.phantom and line.item in boms and line.item not in seen
            if through and line.applies(variant.attributes, variant.on):
                seen.add(line.item)
                open_.append(boms[line.item])
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Explosion:
    """All that a quantity needs, each item once: what is made on the way, and what it is made of in the
    end. ``levels`` are low-level codes."""

    made: Mapping[Item, Fraction]
    bought: Mapping[Item, Fraction]
    levels: Mapping[Item, int]


def explode(boms: Boms, item: Item, quantity: Exact, variant: Variant = ANY) -> Explosion:
    """What a quantity of an item needs over all levels.

    Each item is made in one go: what is lost at set-up is lost once, and rounding to multiples happens
    once. Each line is looked at once, however many ways lead to it.
    """
    codes = levels(_children(boms, variant), [item])
    needed: dict[Item, Fraction] = dict.fromkeys(codes, Fraction(0))
    passed: dict[Item, Fraction] = dict.fromkeys(codes, Fraction(0))
    needed[item] = exact(quantity)
    for each in codes:
        if each in boms:
            made = needed[each] + passed[each]
            for line in _lines(boms[each], variant):
                through = passed if line.phantom and line.item in boms else needed
                through[line.item] += line_need(line, boms[each], made)
    wanted = {each: amount for each, amount in needed.items() if each != item and amount}
    return Explosion(
        made={each: amount for each, amount in wanted.items() if each in boms},
        bought={each: amount for each, amount in wanted.items() if each not in boms},
        levels=codes,
    )


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the indented bill: its place among the nodes is that of reading it from above."""

    level: int
    parent: Item
    line: Line
    quantity: Fraction


def indented(
    boms: Boms, item: Item, quantity: Exact, depth: int, variant: Variant = ANY
) -> Iterator[Node]:
    """The bill as a tree, down to a depth, each way by itself; phantoms are shown. Made as it is read, so
    that a reader who has enough stops."""
    open_ = [_nodes(boms, item, exact(quantity), 1, variant)] if depth > 0 else []
    while open_:
        node = next(open_[-1], None)
        if node is None:
            open_.pop()
            continue
        yield node
        if node.level < depth:
            below = _nodes(boms, node.line.item, node.quantity, node.level + 1, variant)
            open_.append(below)


def where_used(boms: Iterable[Bom], item: Item) -> dict[Item, int]:
    """All that an item goes into, directly or not, with the shortest way up to it (反查)."""
    parents: dict[Item, list[Item]] = {}
    for bom in boms:
        for component in dict.fromkeys(bom.components()):
            parents.setdefault(component, []).append(bom.item)
    found: dict[Item, int] = {}
    row = [item]
    distance = 0
    while row:
        distance += 1
        above = dict.fromkeys(parent for each in row for parent in parents.get(each, ()))
        row = [parent for parent in above if parent not in found]
        found |= dict.fromkeys(row, distance)
    return found


def can_build(boms: Boms, item: Item, on_hand: Stock, variant: Variant = ANY) -> int | None:
    """How many whole units can be made of what is there, sub-assemblies first, others being made. None
    where nothing limits it; 0 for what is not made at all."""
    if item not in boms:
        return 0
    codes = levels(_children(boms, variant), [item])

    def enough(quantity: int) -> bool:
        return not _short(boms, codes, item, quantity, on_hand, variant)

    if not _short(boms, codes, item, 1, {}, variant):
        return None
    if not enough(1):
        return 0
    most = 1
    while enough(2 * most):
        most *= 2
    least = most
    most *= 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if enough(middle) else (least, middle)
    return least


def shortages(
    boms: Boms, item: Item, quantity: Exact, on_hand: Stock, variant: Variant = ANY
) -> dict[Item, Fraction]:
    """What is missing to make a quantity, of what would have to be bought."""
    codes = levels(_children(boms, variant), [item])
    return _short(boms, codes, item, quantity, on_hand, variant)


def choose(
    line: Line, quantity: Exact, on_hand: Stock
) -> tuple[list[tuple[Item, Fraction]], Fraction]:
    """A need taken from the component and then its alternates by priority: what to take of which, and what
    of the component is still missing."""
    rest, taken = exact(quantity), []
    for offer in (Alternate(line.item), *sorted(line.alternates, key=lambda one: one.priority)):
        ratio = Fraction(offer.ratio)
        take = min(rest * ratio, max(Fraction(0), exact(on_hand.get(offer.item, 0))))
        if take > 0:
            taken.append((offer.item, take))
            rest -= take / ratio
    return taken, rest


def _lines(bom: Bom, variant: Variant) -> Iterator[Line]:
    return (line for line in bom.lines if line.applies(variant.attributes, variant.on))


def _children(boms: Boms, variant: Variant) -> Children:
    def children(item: Item) -> Iterable[Item]:
        return (line.item for line in _lines(boms[item], variant)) if item in boms else ()

    return children


def _nodes(
    boms: Boms, item: Item, quantity: Fraction, level: int, variant: Variant
) -> Iterator[Node]:
    if item in boms:
        for line in _lines(boms[item], variant):
            yield Node(level, item, line, line_need(line, boms[item], quantity))


def _short(
    boms: Boms,
    codes: Iterable[Item],
    item: Item,
    quantity: Exact,
    on_hand: Stock,
    variant: Variant,
) -> dict[Item, Fraction]:
    needed: dict[Item, Fraction] = {item: exact(quantity)}
    passed: dict[Item, Fraction] = {}
    short: dict[Item, Fraction] = {}
    for each in codes:
        amount = needed.get(each, Fraction(0))
        if each != item:  # what passes through a phantom takes nothing of what lies of it
            amount = max(Fraction(0), amount - max(Fraction(0), exact(on_hand.get(each, 0))))
        amount += passed.get(each, Fraction(0))
        if not amount:
            continue
        if each not in boms:
            short[each] = amount
            continue
        for line in _lines(boms[each], variant):
            if line.supply.taken:
                through = passed if line.phantom and line.item in boms else needed
                need = line_need(line, boms[each], amount)
                through[line.item] = through.get(line.item, Fraction(0)) + need
    return short


def decimal_up(value: Fraction) -> Decimal:
    """A need as it is shown and stored: never short, at six decimals where it has so many."""
    if value.denominator == 1:  # as most are, of hundreds of thousands
        return Decimal(value.numerator)
    found = rounded(value, 6, Rounding.CEILING)
    return found.normalize() if found % 1 else Decimal(int(found))
