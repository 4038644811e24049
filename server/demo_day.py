"""The demo tenants: what they trade, and the documents of one day, in the words of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class In:
    """A date so many days after the day of the demo."""

    days: int


@dataclass(frozen=True, slots=True)
class Step:
    """One document. ``source`` names the step it goes back to; its lines go back to the lines with
    the same number there, unless it is a landed cost, which has none. A line is item code, quantity,
    and its price where it has one; ``each`` holds what else the lines say, in their order."""

    name: str
    type: str
    lines: tuple[tuple[str, ...], ...] = ()
    party: str | None = None
    place: str | None = None
    to_place: str | None = None
    source: str | None = None
    extra: Mapping[str, Any] | None = None
    each: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Trader:
    """A demo tenant. Items, parties and places are inputs of the API."""

    name: str
    settings: Json
    items: tuple[Json, ...]
    parties: tuple[Json, ...]
    places: tuple[Json, ...]
    day: tuple[Step, ...]
    edition: str = "standard"


GENERAL = Trader(
    name="Demo 百货",
    settings={"costingMethod": "MOVING_AVERAGE"},
    items=(
        {"code": "TEA-250", "name": "龙井茶 250 克", "listPrice": "128"},
        {"code": "CUP-01", "name": "青瓷杯", "listPrice": "45"},
        {"code": "DELIVERY", "name": "送货上门", "kind": "SERVICE", "listPrice": "15"},
    ),
    parties=(
        {"code": "S001", "name": "杭州茶叶公司", "isSupplier": True, "country": "China"},
        {"code": "C001", "name": "王女士", "isCustomer": True, "country": "China"},
    ),
    places=({"code": "SHOP", "name": "南京路店", "kind": "STORE"},),
    day=(
        Step(
            "order",
            "purchase_order",
            (("TEA-250", "100", "60"), ("CUP-01", "50", "18")),
            "S001",
            place="MAIN",
        ),
        Step(
            "receipt",
            "receipt",
            (("TEA-250", "100", "60"), ("CUP-01", "50", "18")),
            "S001",
            place="MAIN",
            source="order",
        ),
        Step(
            "sales order",
            "sales_order",
            (("TEA-250", "12", "128"), ("CUP-01", "6", "45")),
            "C001",
            place="MAIN",
        ),
        Step(
            "sale",
            "issue",
            (("TEA-250", "12", "128"), ("CUP-01", "6", "45")),
            "C001",
            place="MAIN",
            source="sales order",
        ),
        Step("delivery", "issue", (("DELIVERY", "1", "15"),), "C001"),
        Step(
            "return",
            "return_from_customer",
            (("TEA-250", "2", "128"),),
            "C001",
            place="MAIN",
            source="sale",
        ),
        Step("dispatch", "dispatch", (("TEA-250", "30"), ("CUP-01", "20")), place="MAIN"),
        Step(
            "arrival",
            "arrival",
            (("TEA-250", "30"), ("CUP-01", "20")),
            to_place="SHOP",
            source="dispatch",
        ),
        Step("count", "count", (("CUP-01", "19"),), place="SHOP"),
        Step(
            "freight",
            "landed_cost",
            party="S001",
            source="receipt",
            extra={"extraCost": "345", "costBasis": "AMOUNT"},
        ),
    ),
)

WHOLESALE = Trader(
    name="Demo Wholesale",
    settings={"currency": "USD", "costingMethod": "FIFO"},
    items=(
        {"code": "BULB-9W", "name": "LED bulb 9 W", "listPrice": "3.20"},
        {"code": "CABLE-2M", "name": "USB-C cable 2 m", "listPrice": "6.50"},
    ),
    parties=(
        {"code": "LUMEN", "name": "Lumen Lighting Ltd", "isSupplier": True, "country": "China"},
        {"code": "CORNER", "name": "Corner Stores Inc", "isCustomer": True, "country": "USA"},
    ),
    places=({"code": "EAST", "name": "East warehouse", "kind": "WAREHOUSE"},),
    day=(
        Step("opening", "opening", (("BULB-9W", "400", "1.10"),), place="MAIN"),
        Step(
            "order",
            "purchase_order",
            (("BULB-9W", "600", "1.25"), ("CABLE-2M", "200", "2.4")),
            "LUMEN",
            place="MAIN",
        ),
        Step(
            "receipt",
            "receipt",
            (("BULB-9W", "600", "1.25"), ("CABLE-2M", "200", "2.4")),
            "LUMEN",
            place="MAIN",
            source="order",
        ),
        Step(
            "sale",
            "issue",
            (("BULB-9W", "500", "3.2"), ("CABLE-2M", "80", "6.5")),
            "CORNER",
            place="MAIN",
        ),
        Step(
            "return",
            "return_from_customer",
            (("BULB-9W", "20", "3.2"),),
            "CORNER",
            place="MAIN",
            source="sale",
        ),
        Step("transfer", "transfer", (("CABLE-2M", "50"),), place="MAIN", to_place="EAST"),
        Step("count", "count", (("CABLE-2M", "49"),), place="EAST"),
        Step(
            "freight",
            "landed_cost",
            party="LUMEN",
            source="receipt",
            extra={"extraCost": "60", "costBasis": "QUANTITY"},
        ),
    ),
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
)

TRADERS = (GENERAL, WHOLESALE, FOOD)
