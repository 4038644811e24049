"""Bills of material: :mod:`plugins.bom_manufacturing.bills.rules`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.errors import Refused
from plugins.bom_manufacturing.bills.rules import bom as rules
from plugins.bom_manufacturing.bills.rules import cost as costing
from plugins.bom_manufacturing.bills.rules.records import (
    Alternate,
    Bom,
    Item,
    Kind,
    Line,
    Operation,
    Output,
    Supply,
    Variant,
)
from tests.scenarios.adapters import count
from tests.scenarios.adapters.core import order_operations
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

ZERO, ONE = Decimal(0), Decimal(1)
CONDITIONS = ("when", "attributes", "variant", "variants", "only", "only_for", "for", "if")
"""What scenarios call the attributes that a line is for."""


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The ``calc`` operations of module ``bom``."""
    boms = given_boms(scenario)
    dp = int(scenario.policy.get("amount_dp", 2))
    return {
        **_prices(boms, scenario.given.get("costs") or {}, dp),
        **_needs(boms),
        **_builds(boms, scenario.given.get("on_hand") or {}),
        "cost_shares": lambda _, step: _cost_shares(step, dp),
        "operation_cost": _operation_cost,
        "difference": count.operations(scenario)["difference"],
        **order_operations(),
    }


def _needs(boms: dict[Item, Bom]) -> Mapping[str, Any]:
    def explode(_: str, step: Fields) -> dict[Item, Fraction]:
        item, quantity, variant = step.text("item"), step.number("qty", ONE), _variant(step)
        if _one_level(step):
            sums: dict[Item, Fraction] = {}
            for need in rules.components(boms, boms[item], quantity, variant):
                sums[need.line.item] = sums.get(need.line.item, Fraction(0)) + need.quantity
            return sums
        return dict(rules.explode(boms, item, quantity, variant).bought)

    def need(_: str, step: Fields) -> Fraction:
        item, quantity = step.text("item"), step.number("qty")
        found = [
            rules.line_need(line, bom, quantity)
            for bom in boms.values()
            for line in bom.lines
            if line.item == item
        ]
        if not found and item in boms:
            found = [rules.line_need(line, boms[item], quantity) for line in boms[item].lines]
        if len(found) != 1:
            raise NotYet(f"{item} stands in {len(found)} lines")
        return found[0]

    return {"explode": explode, "need": need}


def _prices(boms: dict[Item, Bom], costs: Mapping[Item, Decimal], dp: int) -> Mapping[str, Any]:
    def bom_price(_: str, step: Fields) -> Decimal | Fraction:
        quantity = step.number("qty", ONE)
        total = costing.cost(
            boms,
            costs,
            step.text("item"),
            quantity,
            variant=_variant(step),
            dp=dp,
            one_level=_one_level(step),
        )
        return Fraction(total) / Fraction(quantity) if step.flag("per_unit") else total

    return {"bom_price": bom_price}


def _builds(boms: dict[Item, Bom], on_hand: Mapping[Item, Decimal]) -> Mapping[str, Any]:
    def can_build(_: str, step: Fields) -> int:
        item, first = step.text("item"), step.whole("lines", None)
        known = dict(boms)
        if first is not None:
            known[item] = replace(boms[item], lines=boms[item].lines[:first])
        if not known[item].lines:
            return 0
        found = rules.can_build(known, item, on_hand)
        if found is None:
            raise NotYet("nothing limits it")
        return found

    def check_bom(_: str, step: Fields) -> str:
        item, names = step.text("item"), step.texts("lines")
        lines = boms[item].lines if names is None else tuple(Line(name, ONE) for name in names)
        wanted = {**boms, item: Bom(item, lines)}
        cycle = rules.find_cycle(
            lambda each: wanted[each].components() if each in wanted else (), item
        )
        if cycle:
            raise Refused(rules.cycle_refusal(cycle))
        boms[item] = wanted[item]
        return "accepted"

    return {"can_build": can_build, "check_bom": check_bom}


def given_boms(scenario: Scenario) -> dict[Item, Bom]:
    """The bills that are given, by what they make."""
    given = [Fields("boms", raw) for raw in scenario.given.get("boms") or ()]
    phantoms = {fields.text("item") for fields in given if fields.flag("phantom")}
    return {bom.item: _passing(bom, phantoms) for bom in map(_bom, given)}


def _passing(bom: Bom, phantoms: Collection[Item]) -> Bom:
    """The bill with what is a phantom by its own bill marked in the lines, as we keep it."""
    lines = (replace(line, phantom=line.phantom or line.item in phantoms) for line in bom.lines)
    return replace(bom, lines=tuple(lines))


def _bom(fields: Fields) -> Bom:
    bom = Bom(
        item=fields.text("item"),
        output_quantity=fields.number("output_qty", ONE),
        lines=tuple(_line(Fields("lines", raw)) for raw in fields.raw("lines", None) or ()),
        operations=tuple(
            _operation(Fields("operations", raw)) for raw in fields.raw("operations", None) or ()
        ),
        outputs=_outputs(fields.raw("byproducts", None) or ()),
    )
    fields.finish()
    return bom


def _line(fields: Fields) -> Line:
    conditions: Mapping[str, Any] = next(
        (told for name in CONDITIONS if (told := fields.raw(name, None))), {}
    )
    line = Line(
        item=fields.text("item"),
        quantity=fields.number("qty"),
        scrap_pct=fields.number("scrap_pct", fields.number("scrap", ZERO)),
        setup_loss=fields.number("setup", ZERO),
        multiple=fields.number("multiple", fields.number("rounding", None)),
        phantom=fields.flag("phantom"),
        supply=Supply.CONSUMABLE if fields.flag("consumable") else Supply.ISSUE,
        conditions={
            name: frozenset(map(str, values if isinstance(values, list) else [values]))
            for name, values in conditions.items()
        },
        alternates=tuple(
            Alternate(str(name), place)
            for place, name in enumerate(fields.texts("alternates") or (), start=1)
        ),
    )
    fields.finish()
    return line


def _operation(fields: Fields) -> Operation:
    cycles = fields.text("cycles", "whole")
    operation = Operation(
        minutes=fields.number("minutes"),
        hour_rate=fields.number("hour_rate"),
        setup_minutes=fields.number("setup_minutes", ZERO),
        efficiency_pct=fields.number("efficiency_pct", Decimal(100)),
        whole_cycles=cycles not in ("exact", "fraction"),
    )
    fields.finish()
    return operation


def _operation_cost(_: str, step: Fields) -> Fraction:
    return costing.operation_cost(
        Operation(
            minutes=step.number("minutes"),
            hour_rate=step.number("hour_rate"),
            setup_minutes=step.number("setup_minutes", ZERO),
            efficiency_pct=step.number("efficiency_pct", Decimal(100)),
        ),
        step.number("qty", ONE),
    )


def _outputs(given: Any) -> tuple[Output, ...]:
    """By-products, as rows that name their item or by item."""
    rows = (
        given.items()
        if isinstance(given, Mapping)
        else ((str(raw.get("item")), raw) for raw in given)
    )
    return tuple(_output(name, Fields(f"byproducts.{name}", raw)) for name, raw in rows)


def _output(name: str, fields: Fields) -> Output:
    fields.raw("item", None)
    share = fields.number("share_pct", fields.number("share", fields.number("pct", None)))
    value = fields.number("value", fields.number("fixed", None))
    quantity = fields.number("qty", ONE)
    fields.finish()
    return Output(name, quantity, Kind.BY_PRODUCT, share or ZERO, value)


def _cost_shares(step: Fields, dp: int) -> dict[Item, Decimal]:
    outputs = _outputs(step.raw("byproducts"))
    values = costing.cost_shares(step.number("total"), outputs, dp)
    return dict(zip([*(one.item for one in outputs), "main"], values, strict=True))


def _variant(step: Fields) -> Variant:
    return Variant({name: str(value) for name, value in step.raw("attributes", {}).items()})


def _one_level(step: Fields) -> bool:
    wanted = step.text("levels", "all")
    if wanted not in ("one", "all"):
        raise NotYet(f"levels {wanted}")
    return wanted == "one"
