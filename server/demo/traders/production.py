"""A workshop that makes tables: a bill of material, a work order, and what is in work."""

from __future__ import annotations

from collections.abc import Iterator

from server.demo.records import Act, Id, In, Json, Report, Step, Trader

BILL = """
mutation DemoBill($input: BomManufacturingSaveBomInput!) {
  bomManufacturingSaveBom(input: $input) { bom { id } errors { message } }
}"""


def _work(name: str, input_: str) -> str:
    return f"""
mutation Demo{name}($input: BomManufacturing{input_}Input!) {{
  bomManufacturing{name}(input: $input) {{
    order {{ id }} document {{ id number }} errors {{ message }}
  }}
}}"""


_ORDER = _work("SaveWorkOrder", "SaveWorkOrder")
_RELEASE = _work("Release", "Release")
_ISSUE = _work("Issue", "Issue")
_CHARGE = _work("Charge", "Charge")
_REPORT = _work("Report", "Report")


def _orders(data: Json) -> Iterator[tuple[str, ...]]:
    for order in data["bomManufacturingWorkOrders"]["nodes"]:
        yield (
            order["number"],
            order["item"]["name"],
            order["quantity"],
            order["reported"],
            order["status"].lower(),
            order["worth"]["value"],
        )


def _report(name: str, quantity: str) -> Act:
    return Act(name, _REPORT, {"orderId": Id("WO"), "quantity": quantity, "on": In()})


PRODUCTION = Trader(
    name="Demo 生产",
    edition="production",
    settings={},
    items=(
        {"code": "TOP", "name": "桌面板"},
        {"code": "LEG", "name": "桌腿"},
        {"code": "BOLT", "name": "螺栓"},
        {"code": "TABLE", "name": "餐桌", "listPrice": "699"},
    ),
    parties=(
        {"code": "WOOD", "name": "临沂木业", "isSupplier": True, "country": "China"},
        {"code": "HOTEL", "name": "湖滨酒店", "isCustomer": True, "country": "China"},
    ),
    places=({"code": "STORE", "name": "材料库", "kind": "WAREHOUSE"},),
    day=(
        Step(
            "receipt",
            "receipt",
            (("TOP", "20", "150"), ("LEG", "80", "20"), ("BOLT", "200", "0.5")),
            "WOOD",
            place="STORE",
        ),
        Act(
            "bill",
            BILL,
            {
                "itemId": Id("TABLE"),
                "version": "A",
                "lines": [
                    {"itemId": Id("TOP"), "quantity": "1"},
                    {"itemId": Id("LEG"), "quantity": "4"},
                    {"itemId": Id("BOLT"), "quantity": "8", "scrapPercent": "5"},
                ],
            },
        ),
        Act(
            "work order",
            _ORDER,
            {
                "itemId": Id("TABLE"),
                "quantity": "10",
                "placeId": Id("MAIN"),
                "componentPlaceId": Id("STORE"),
                "on": In(),
                "dueOn": In(7),
            },
            made="WO",
        ),
        Act("release", _RELEASE, {"id": Id("WO"), "revision": 1}),
        Act("issue", _ISSUE, {"orderId": Id("WO"), "on": In()}),
        Act("labour", _CHARGE, {"orderId": Id("WO"), "kind": "LABOUR", "amount": "400"}),
        _report("first report", "6"),
        Step("sale", "issue", (("TABLE", "2", "699"),), "HOTEL", place="MAIN"),
    ),
    reports=(
        Report(
            "work orders",
            """
query DemoWorkOrders {
  bomManufacturingWorkOrders(first: 10) {
    nodes { number quantity reported status item { name } worth { value } }
  }
}""",
            ("order", "item", "quantity", "reported", "status", "in work"),
            frozenset({"quantity", "reported", "in work"}),
            _orders,
        ),
    ),
)
