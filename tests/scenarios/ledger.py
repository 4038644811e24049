"""``kind: ledger``: steps become documents of a fresh tenant, through the public API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.ids import uuid7
from tests.scenarios.desk import HOME, ZONE, Desk, Reference, places, processors
from tests.scenarios.fields import Fields
from tests.scenarios.figures import Figure, Where, differing
from tests.scenarios.model import Broken, NotYet, Scenario, Step
from tests.scenarios.run import Runner
from tests.scenarios.shop import Refusals, Row, Shop
from tests.serving import RunningServer, running_server

SCOPES = {"item_location": "ITEM_PLACE", "item_lot_location": "ITEM_LOT_PLACE"}
ACCOUNTS = {"cogs": "CUSTOMER", "true_up": "TRUE_UP", "expensed": "LANDED_COST_EXPENSED"}
NEGATIVE = "negative_at_subcontractor"
"""The policy of the places where processors have components of ours."""
SETTINGS = {"return_in": "returnIn", "return_out": "returnOut", "landed": "landedCost"}
SETTINGS |= {"backdated": "backdated", "amount_dp": "amountDp"}
TOLD = {NEGATIVE, "late_posting", "count_during_movement"}
"""Policies that say how steps are to be read; no setting belongs to them."""
DEFAULT_DECIMALS = 6


@contextmanager
def house() -> Iterator[Runner]:
    """Runs ledger scenarios on one server, which starts with the first of them."""
    with ExitStack() as stack:
        started: list[RunningServer] = []

        def run(scenario: Scenario) -> Iterator[str]:
            if not started:
                started.append(stack.enter_context(running_server()))
            shop = Shop(started[0].url, started[0].new_tenant(scenario.id))
            try:
                yield from Play(scenario, shop).run()
            finally:
                shop.close()

        yield run


class Play:
    """One scenario in one tenant; also the books it is compared with."""

    def __init__(self, scenario: Scenario, shop: Shop) -> None:
        self._scenario = scenario
        self._shop = shop
        self._documents: dict[str, str] = {}
        self._steps = {step.id: step for step in scenario.steps}

    def run(self) -> Iterator[str]:
        """Everything that differs."""
        self._known = self._furnish()
        self._desk = Desk(self._known)
        expect = self._scenario.expect
        wanted_refusals = set(expect.get("refused", ()))
        checkpoints = {point["after"]: point for point in expect.get("checkpoints", ())}
        for step in self._scenario.steps:
            refusal = self._carry_out(step)
            if refusal is None and step.id in wanted_refusals:
                yield f"{step.id}: expected to be refused, was done"
            if refusal is not None and step.id not in wanted_refusals:
                yield f"{step.id}: refused: {refusal}"
            if step.id in checkpoints:
                for difference in differing(checkpoints[step.id], self):
                    yield f"after {step.id}: {difference}"
        yield from differing(expect, self)

    def _carry_out(self, step: Step) -> Refusals | None:
        """Post a step's document; its refusals, or None."""
        try:
            if step.op == "cancel":
                fields = Fields(step.id, step.fields)
                reversed_ = self._posted(fields.text("ref"))
                fields.finish()
                self._documents[step.id] = self._shop.reverse(reversed_)
            else:
                self._documents[step.id] = self._shop.post(self._document(step))
        except Refusals as refusals:
            return refusals
        return None

    def _document(self, step: Step) -> Row:
        """The step's document, with the source's id where it goes back to one."""
        document = self._desk.document(step)
        if "ref" in step.fields:
            document["sourceId"] = self._posted(str(step.fields["ref"]))
        return {"id": str(uuid7()), **document}

    def _posted(self, step_id: str) -> str:
        """The id of the document of an earlier step."""
        if step_id not in self._documents:
            raise Broken(f"refers to {step_id}, which was not done")
        return self._documents[step_id]

    # furnishing the tenant

    def _furnish(self) -> Reference:
        """Make what the scenario gives: settings by its policies, units, items, places, parties."""
        self._set_policies()
        root = {
            place: self._shop.create("Place", {**self._kind(place), **_named(place)})
            for place in self._places()
        }
        units: dict[str, str] = {}
        items = {
            str(given["code"]): self._item(Fields("items", given), units)
            for given in self._scenario.given.get("items", ())
        }
        return Reference(
            items=items,
            units=units,
            places={HOME: self._shop.place(HOME), **root},
            supplier=self._shop.create("Party", {"isSupplier": True, **_named("SUPPLIER")}),
            customer=self._shop.create("Party", {"isCustomer": True, **_named("CUSTOMER")}),
        )

    def _set_policies(self) -> None:
        policies = self._scenario.policy
        if unknown := policies.keys() - SETTINGS.keys() - TOLD:
            raise NotYet(f"policy {', '.join(sorted(unknown))}")
        changes = {SETTINGS[name]: policies[name] for name in policies.keys() & SETTINGS.keys()}
        words = {k: v.upper() if isinstance(v, str) else v for k, v in changes.items()}
        self._shop.update_settings({"accountingZone": ZONE, **words})

    def _places(self) -> list[str]:
        return places(self._scenario)

    def _kind(self, place: str) -> dict[str, str]:
        """What a place is: a warehouse, or where a processor works, with the policy told for these."""
        told = self._scenario.policy.get(NEGATIVE)
        if told is None or place not in processors(self._scenario):
            return {"kind": "WAREHOUSE"}
        allowed = told is True or str(told).startswith("allow")
        return {"kind": "PROCESSOR", "negativeStock": "ALLOW" if allowed else "FORBID"}

    def _item(self, given: Fields, units: dict[str, str]) -> str:
        """Make an item and the units it is kept in."""
        base, decimals = given.text("uom", "unit"), given.whole("qty_dp", DEFAULT_DECIMALS)
        given.raw("cost_dp", None)  # unit costs are exact and compared at the decimals written
        scope = given.text("cost_scope", "item")
        further = []
        for name, ratio in (given.raw("uoms", None) or {}).items():
            if name != base:
                unit = self._unit(units, str(name), DEFAULT_DECIMALS)
                further.append({"unitId": unit, **_ratio(ratio)})
        code = given.text("code")
        draft = {
            **_named(code),
            "baseUnitId": self._unit(units, base, decimals),
            "costingMethod": given.text("method", "moving_average").upper(),
            "costScope": SCOPES.get(scope, scope.upper()),
            "negativeStock": "ALLOW" if given.flag("allow_negative") else None,
            "standardCost": _plain(given.number("standard_cost", None)),
            "purchasePrice": _plain(given.number("initial_cost", None)),
            "units": further,
        }
        given.finish()
        return self._shop.create("Item", {k: v for k, v in draft.items() if v is not None})

    def _unit(self, units: dict[str, str], name: str, decimals: int) -> str:
        if name not in units:
            code = f"{name}-{len(units)}"  # every tenant has some units already
            units[name] = self._shop.create("Unit", {"decimals": decimals, **_named(code)})
        return units[name]

    # the books

    def balance(self, where: Where) -> Mapping[str, Figure]:
        """Stock on hand, summed over what is not told apart."""
        rows = self._shop.stock(self._item_id(where), self._place_id(where.place))
        rows = [row for row in rows if _in_lot(row, where.lot)]
        quantity, value = _total(rows, "quantity"), _total(rows, "value")
        unit_cost = Fraction(value) / Fraction(quantity) if quantity else None
        return {"qty": quantity, "value": value, "unit_cost": unit_cost}

    def move(self, step: str, where: Where) -> Mapping[str, Figure]:
        """What a step moved, with what later corrected it, and the balance after it.

        The balance is that of the item, or of its place where costs are kept by place. Of a transfer
        between places it is what arrived.
        """
        fields = self._steps[step].fields
        item = where.item or self._item_of(step)
        place = where.place or self._own_place(item, fields)
        card = [
            row
            for row in self._shop.card(self._known.items[item], self._place_id(place))
            if _in_lot(row, where.lot)
        ]
        document = self._documents.get(step)
        own = [row for row in card if _belongs(row, document)]
        if place is None and "to" in fields:
            own = [r for r in own if r["place"]["id"] == self._known.places[str(fields["to"])]]
        last = own[-1] if own else {"balanceQuantity": "0", "balanceValue": "0"}
        return {
            "qty": _total(own, "quantity"),
            "value": _total(own, "value"),
            "balance_qty": Decimal(last["balanceQuantity"]),
            "balance_value": Decimal(last["balanceValue"]),
        }

    def layers(self, where: Where) -> list[list[Figure]]:
        """The layers left, oldest first."""
        rows = self._shop.layers(self._item_id(where), self._place_id(where.place))
        return [
            [Decimal(row["quantity"]), Fraction(row["value"]) / Fraction(row["quantity"])]
            for row in rows
            if _in_lot(row, where.lot)
        ]

    def account(self, name: str, item: str) -> Decimal:
        """The value that went to a virtual place."""
        return self._shop.account(self._known.items[item], ACCOUNTS[name])

    def _item_id(self, where: Where) -> str:
        if where.item is None:
            raise Broken("an expectation names no item")
        return self._known.items[where.item]

    def _place_id(self, place: str | None) -> str | None:
        return None if place is None else self._known.places[place]

    def _item_of(self, step: str) -> str:
        """The item a step is about: its own, that of the step it goes back to, or what it makes."""
        fields = self._steps[step].fields
        if "item" in fields:
            return str(fields["item"])
        if "ref" in fields:
            return self._item_of(str(fields["ref"]))
        return str(fields["output"][0]["item"])

    def _own_place(self, item: str, fields: Mapping[str, Any]) -> str | None:
        given = next(g for g in self._scenario.given["items"] if str(g["code"]) == item)
        place = fields.get("to", fields.get("loc"))
        by_place = str(given.get("cost_scope", "")).endswith("location")
        return str(place) if by_place and place is not None else None


def _named(code: str) -> dict[str, str]:
    return {"code": code, "name": code}


def _ratio(ratio: Any) -> dict[str, str]:
    exact = Fraction(str(ratio))
    return {"numerator": str(exact.numerator), "denominator": str(exact.denominator)}


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _in_lot(row: Row, lot: str | None) -> bool:
    return lot is None or (row["lot"] is not None and row["lot"]["code"] == lot)


def _belongs(row: Row, document: str | None) -> bool:
    """Whether an entry is of a document or corrects one of its entries."""
    return bool((row["corrects"] or row["document"])["id"] == document)


def _total(rows: list[Row], figure: str) -> Decimal:
    return sum((Decimal(row[figure]) for row in rows), Decimal(0))
