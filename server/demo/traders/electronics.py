"""An electronics shop: phones by their numbers, each with its own cost and its warranty."""

from __future__ import annotations

from collections.abc import Iterator

from server.demo.records import Json, Report, Step, Trader


def _units(data: Json) -> Iterator[tuple[str, ...]]:
    for unit in data["serialNumbersUnits"]["nodes"]:
        yield (
            unit["number"],
            unit["state"].lower().replace("_", " "),
            unit["place"]["name"] if unit["place"] else unit["customer"]["name"],
            unit["warrantyUntil"] or "",
        )


def _numbers(**told: object) -> Json:
    return {"serialNumbers": told}


ELECTRONICS = Trader(
    name="Demo 电子",
    edition="electronics",
    settings={},
    items=(
        {
            "code": "PHONE-X",
            "name": "智能手机 X",
            "listPrice": "2999",
            "serialNumbers": {"serialControl": True, "warrantyMonths": 12},
        },
        # Under serial control each phone has its own cost; cases have no numbers and are pooled.
        {"code": "CASE-X", "name": "手机壳 X", "listPrice": "59"},
    ),
    parties=(
        {"code": "DIST", "name": "深圳数码分销", "isSupplier": True, "country": "China"},
        {"code": "LI", "name": "李先生", "isCustomer": True, "country": "China"},
    ),
    places=({"code": "COUNTER", "name": "专柜", "kind": "STORE"},),
    day=(
        # Two lines of one item: what each unit cost is known to the end.
        Step(
            "receipt",
            "receipt",
            (("PHONE-X", "4", "2200"), ("PHONE-X", "2", "2150"), ("CASE-X", "50", "12")),
            "DIST",
            place="MAIN",
            each=(
                _numbers(text="SN0001-SN0004"),
                _numbers(numbers=["SN0101", "SN0102"]),
                {},
            ),
        ),
        Step(
            "transfer",
            "transfer",
            (("PHONE-X", "3"),),
            place="MAIN",
            to_place="COUNTER",
            each=(_numbers(numbers=["SN0001", "SN0002", "SN0101"]),),
        ),
        Step(
            "sale",
            "issue",
            (("PHONE-X", "1", "2999"), ("PHONE-X", "1", "2999")),
            "LI",
            place="COUNTER",
            each=(_numbers(numbers=["SN0101"]), _numbers(numbers=["SN0001"])),
        ),
        Step(
            "return",
            "return_from_customer",
            (("PHONE-X", "1", "2999"),),
            "LI",
            place="COUNTER",
            source="sale",
            each=(_numbers(numbers=["SN0101"]),),
        ),
    ),
    reports=(
        Report(
            "phones by number",
            """
query DemoUnits($item: ID!) {
  serialNumbersUnits(itemId: $item, first: 100) {
    nodes { number state warrantyUntil place { name } customer { name } }
  }
}""",
            ("number", "state", "where", "warranty until"),
            frozenset(),
            _units,
            {"item": "PHONE-X"},
        ),
    ),
)
