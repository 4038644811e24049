"""A maker of pumps at standard cost: needs over two levels, and what planning suggests."""

from __future__ import annotations

from collections.abc import Iterator

from server.demo.records import Act, Id, In, Json, Report, Step, Trader
from server.demo.traders.production import BILL

_FORECAST = """
mutation DemoForecast($input: BomManufacturingSaveForecastsInput!) {
  bomManufacturingSaveForecasts(input: $input) { errors { message } }
}"""
_PLAN = """
mutation DemoPlan($input: BomManufacturingPlanInput!) {
  bomManufacturingPlan(input: $input) { run { id } errors { message } }
}"""


def _item(code: str, name: str, cost: str, **planning: object) -> Json:
    return {"code": code, "name": name, "standardCost": cost, "bomManufacturing": planning}


def _bill(name: str, item: str, **lines: str) -> Act:
    needs = [{"itemId": Id(code), "quantity": quantity} for code, quantity in lines.items()]
    return Act(name, BILL, {"itemId": Id(item), "version": "1", "lines": needs})


def _suggestions(data: Json) -> Iterator[tuple[str, ...]]:
    for one in data["bomManufacturingSuggestions"]["nodes"]:
        yield (
            "make" if one["make"] else "buy",
            one["item"]["name"],
            one["quantity"],
            one["releaseOn"],
            one["dueOn"],
        )


DISCRETE = Trader(
    name="Demo Pumps",
    edition="discrete-manufacturing",
    settings={"currency": "USD"},
    items=(
        _item("PUMP", "Pump", "95", leadTime=2),
        _item("ROTOR", "Rotor", "22", leadTime=1, lotPolicy="MULTIPLE", lotMultiple="10"),
        _item("MOTOR", "Motor", "40", leadTime=5, safetyStock="5"),
        _item("CASTING", "Casting", "12", leadTime=8, lotPolicy="MIN_MAX", lotMinimum="50"),
        _item("SHAFT", "Shaft", "6", leadTime=3),
    ),
    parties=(
        {"code": "FOUNDRY", "name": "Riverside Foundry", "isSupplier": True, "country": "USA"},
        {"code": "WATER", "name": "City Waterworks", "isCustomer": True, "country": "USA"},
    ),
    places=(),
    day=(
        Step(
            "opening",
            "opening",
            (
                ("MOTOR", "10", "40"),
                ("CASTING", "8", "12"),
                ("ROTOR", "4", "22"),
                ("PUMP", "6", "95"),
            ),
            place="MAIN",
        ),
        _bill("pump", "PUMP", ROTOR="1", MOTOR="1", CASTING="2"),
        _bill("rotor", "ROTOR", SHAFT="1", CASTING="1"),
        Step("order", "sales_order", (("PUMP", "5", "180"),), "WATER", place="MAIN"),
        Act(
            "forecast",
            _FORECAST,
            {
                "forecasts": [
                    {
                        "itemId": Id("PUMP"),
                        "placeId": Id("MAIN"),
                        "startsOn": In(21),
                        "endsOn": In(27),
                        "quantity": "30",
                    }
                ]
            },
        ),
        Act("plan", _PLAN, {"days": 84}),
        Step("sale", "issue", (("PUMP", "5", "180"),), "WATER", place="MAIN", source="order"),
    ),
    reports=(
        Report(
            "what planning suggests",
            """
query DemoSuggestions {
  bomManufacturingSuggestions(first: 50) {
    nodes { make quantity releaseOn dueOn item { name } }
  }
}""",
            ("do", "item", "quantity", "release", "due"),
            frozenset({"quantity"}),
            _suggestions,
        ),
    ),
)
