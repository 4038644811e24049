"""Turns the steps of a ledger scenario into documents, as a front end would enter them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.scenarios.fields import Fields
from tests.scenarios.model import Broken, NotYet, Scenario, Step

ZONE = "Asia/Shanghai"
HOME = "MAIN"
Input = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """The ids that a document names: of items by code, of their units, of places by code."""

    items: Mapping[str, str]
    units: Mapping[str, str]
    places: Mapping[str, str]
    supplier: str
    customer: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A step that was entered, for the steps that refer to it."""

    item: str
    place: str | None
    lot: str | None


class Desk:
    """Makes the document of each step; the caller posts it."""

    def __init__(self, known: Reference) -> None:
        self._known = known
        self._entered: dict[str, Entered] = {}
        self._today = datetime.now(ZoneInfo(ZONE)).date()

    def document(self, step: Step) -> Input:
        """The input of a document, but for the id of the one it goes back to, which the caller knows.

        NotYet for an operation or a field that is not offered.
        """
        if step.op not in _OPERATIONS:
            raise NotYet(step.op)
        fields = Fields(step.id, step.fields)
        made = _OPERATIONS[step.op](self, fields)
        on: date = fields.day("date", self._today)
        fields.finish()
        line = made["lines"][0] if made["lines"] else {}
        self._entered[step.id] = Entered(
            line.get("itemId", ""), line.get("placeId"), line.get("lotCode")
        )
        return {"businessDate": on.isoformat(), **made}

    def entered(self, step_id: str) -> Entered:
        """What an earlier step entered, refused or not."""
        if step_id not in self._entered:
            raise Broken(f"refers to {step_id}, which makes no document")
        return self._entered[step_id]

    def place(self, fields: Fields, name: str = "loc") -> str:
        """The id of the place a field names, of the warehouse if it names none."""
        return self._known.places[fields.text(name, HOME)]

    # one function per operation

    def receive(self, step: Fields) -> Input:
        line = self._line(step, placeId=self.place(step), unitPrice=_money(step, "unit_cost"))
        return {"type": "receipt", "partyId": self._known.supplier, "lines": [line]}

    def issue(self, step: Fields) -> Input:
        line = self._line(step, placeId=self.place(step))
        return {"type": "issue", "partyId": self._known.customer, "lines": [line]}

    def transfer(self, step: Fields) -> Input:
        places = {"placeId": self.place(step, "from"), "toPlaceId": self.place(step, "to")}
        return {"type": "transfer", "lines": [self._line(step, **places)]}

    def return_in(self, step: Fields) -> Input:
        return self._return("return_from_customer", self._known.customer, step)

    def return_out(self, step: Fields) -> Input:
        return self._return("return_to_supplier", self._known.supplier, step)

    def count(self, step: Fields) -> Input:
        line = self._line(step, placeId=self.place(step), unitPrice=_money(step, "unit_cost"))
        return {"type": "count", "lines": [line]}

    def landed_cost(self, step: Fields) -> Input:
        self.entered(step.text("ref"))
        return {
            "type": "landed_cost",
            "extraCost": _money(step, "amount"),
            "partyId": self._known.supplier,
            "lines": [],
        }

    def produce(self, step: Fields) -> Input:
        place = self.place(step)
        lines = [
            *self._role_lines("CONSUME", step.raw("consume"), place),
            *self._role_lines("PRODUCE", step.raw("output"), place),
        ]
        return {"type": "conversion", "extraCost": _money(step, "extra_cost"), "lines": lines}

    def drop_ship(self, step: Fields) -> Input:
        line = self._line(step, unitPrice=_money(step, "unit_cost"))
        return {"type": "drop_shipment", "partyId": self._known.customer, "lines": [line]}

    def set_standard(self, step: Fields) -> Input:
        line = self._line(step, unitPrice=_money(step, "unit_cost"))
        return {"type": "standard_cost", "lines": [line]}

    def _return(self, kind: str, party: str, step: Fields) -> Input:
        origin = self.entered(step.text("ref"))
        line = {
            "itemId": origin.item,
            "quantity": _money(step, "qty"),
            "placeId": self.place(step) if "loc" in step else origin.place,
            "lotCode": step.text("lot", origin.lot),
            "sourceLine": 1,
        }
        return {"type": kind, "partyId": party, "lines": [line]}

    def _role_lines(self, role: str, raws: Any, place: str) -> Iterator[Input]:
        for raw in raws:
            fields = Fields(f"produce {role.lower()}", raw)
            own = self.place(fields) if "loc" in fields else place
            yield self._line(fields, placeId=own, role=role, share=_money(fields, "share"))
            fields.finish()

    def _line(self, fields: Fields, **more: Any) -> Input:
        item = fields.text("item")
        if item not in self._known.items:
            raise Broken(f"item {item} is not given")
        unit = fields.text("uom", None)
        return {
            "itemId": self._known.items[item],
            "quantity": _money(fields, "qty"),
            "unitId": None if unit is None else self._known.units[unit],
            "lotCode": fields.text("lot", None),
            **more,
        }


def places(scenario: Scenario) -> list[str]:
    """The codes of all places that the steps name, in order of appearance."""
    named = dict.fromkeys(
        str(row[key])
        for step in scenario.steps
        for row in (step.fields, *step.fields.get("consume", ()), *step.fields.get("output", ()))
        for key in ("loc", "from", "to")
        if key in row
    )
    return [place for place in named if place != HOME]


def processors(scenario: Scenario) -> set[str]:
    """The codes of the places where something is made of what lies there and brought elsewhere."""
    made = [step.fields for step in scenario.steps if step.op == "produce"]
    return {
        str(row["loc"])
        for fields in made
        for row in fields.get("consume", ())
        if "loc" in row and row["loc"] not in [one.get("loc") for one in fields.get("output", ())]
    }


def _money(fields: Fields, name: str) -> str | None:
    """A number as the API takes it."""
    number = fields.number(name, None)
    return None if number is None else f"{number:f}"


_OPERATIONS: Mapping[str, Callable[[Desk, Fields], Input]] = {
    "receive": Desk.receive,
    "issue": Desk.issue,
    "transfer": Desk.transfer,
    "return_in": Desk.return_in,
    "return_out": Desk.return_out,
    "count": Desk.count,
    "landed_cost": Desk.landed_cost,
    "produce": Desk.produce,
    "drop_ship": Desk.drop_ship,
    "set_standard": Desk.set_standard,
}
