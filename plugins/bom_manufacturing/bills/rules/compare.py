"""How two versions of a bill differ."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from plugins.bom_manufacturing.bills.rules.records import Bom, Item, Line


@dataclass(frozen=True, slots=True)
class Difference:
    """What two versions say of one item, as a component and as what comes out besides; of the work, where
    ``item`` is None."""

    item: Item | None
    before: tuple[Line, ...]
    after: tuple[Line, ...]
    changed: tuple[str, ...]


def compare(before: Bom, after: Bom) -> list[Difference]:
    """How two versions differ, item by item, for one unit made: a bill for 10 and one for 100 of the same
    are equal. The work comes last."""
    found = []
    boms = (before, after)
    items = [line.item for bom in boms for line in bom.lines]
    items += [output.item for bom in boms for output in bom.outputs]
    for item in dict.fromkeys(items):
        old = tuple(line for line in before.lines if line.item == item)
        new = tuple(line for line in after.lines if line.item == item)
        changed = _changed(old, before, new, after)
        if _outputs(before, item) != _outputs(after, item):
            changed = (*changed, "outputs")
        if changed:
            found.append(Difference(item, old, new, changed))
    if before.operations != after.operations:
        found.append(Difference(None, (), (), ("operations",)))
    return found


def _outputs(bom: Bom, item: Item) -> list[tuple[Any, ...]]:
    """What comes out of an item besides one unit made."""
    return [
        (
            Fraction(one.quantity) / Fraction(bom.output_quantity),
            one.kind,
            one.share_pct,
            one.unit_value,
        )
        for one in bom.outputs
        if one.item == item
    ]


def _changed(
    old: Collection[Line], before: Bom, new: Collection[Line], after: Bom
) -> tuple[str, ...]:
    if len(old) != len(new):
        return ("lines",)
    names: dict[str, None] = {}
    for one, other in zip(old, new, strict=True):
        for name in (each.name for each in fields(Line)):
            mine, theirs = getattr(one, name), getattr(other, name)
            if name == "quantity":
                mine = Fraction(mine) / Fraction(before.output_quantity)
                theirs = Fraction(theirs) / Fraction(after.output_quantity)
            if mine != theirs:
                names[name] = None
    return tuple(names)
