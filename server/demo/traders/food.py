"""A food trader: batches with dates, of which what expires first is sold first."""

from __future__ import annotations

from collections.abc import Iterator

from server.demo.records import In, Json, Report, Step, Trader


def _near(data: Json) -> Iterator[tuple[str, ...]]:
    for line in data["foodBatchesNearExpiry"]["lines"]["nodes"]:
        markdown = line["markdownPercent"]
        yield (
            line["batch"]["item"]["name"],
            line["batch"]["number"],
            line["place"]["name"],
            str(line["daysLeft"]),
            line["quantity"],
            line["value"],
            f"{markdown} %" if markdown else "",
        )


NEAR_EXPIRY = Report(
    "near expiry",
    """
query DemoNearExpiry {
  foodBatchesNearExpiry {
    lines(first: 100) {
      nodes { quantity value daysLeft markdownPercent place { name } batch { number item { name } } }
    }
  }
}""",
    ("item", "batch", "place", "days left", "quantity", "value", "mark-down"),
    frozenset({"days left", "quantity", "value", "mark-down"}),
    _near,
)

_SHELF_LIFE = {"batchControl": True, "shelfLife": {"value": 21, "unit": "DAYS"}}

FOOD = Trader(
    name="Demo 食品",
    edition="food",
    settings={"costingMethod": "MOVING_AVERAGE"},
    items=(
        {"code": "MILK-1L", "name": "鲜牛奶 1 升", "listPrice": "12", "foodBatches": _SHELF_LIFE},
        {"code": "YOGURT", "name": "酸奶 200 克", "listPrice": "6", "foodBatches": _SHELF_LIFE},
    ),
    parties=(
        {"code": "DAIRY", "name": "内蒙古乳业", "isSupplier": True, "country": "China"},
        {"code": "SCHOOL", "name": "实验小学食堂", "isCustomer": True, "country": "China"},
    ),
    places=({"code": "COLD", "name": "冷库", "kind": "WAREHOUSE"},),
    day=(
        Step(
            "receipt",
            "receipt",
            (("MILK-1L", "60", "8"), ("MILK-1L", "40", "7.5"), ("YOGURT", "80", "3.2")),
            "DAIRY",
            place="COLD",
            each=(
                {"lotCode": "M-0602", "foodBatches": {"expiresOn": In(12)}},
                {"lotCode": "M-0528", "foodBatches": {"expiresOn": In(3)}},
                {"lotCode": "Y-0601", "foodBatches": {"expiresOn": In(4), "origin": "呼和浩特"}},
            ),
        ),
        # Names no batch: what expires first goes first, 40 of one batch and 10 of the next.
        Step("sale", "issue", (("MILK-1L", "50", "12"),), "SCHOOL", place="COLD"),
        Step(
            "return",
            "return_to_supplier",
            (("YOGURT", "20"),),
            "DAIRY",
            place="COLD",
            each=({"lotCode": "Y-0601"},),
        ),
    ),
    reports=(NEAR_EXPIRY,),
)
