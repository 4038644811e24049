"""A department store: tea and cups, valued by moving average."""

from __future__ import annotations

from server.demo.records import Step, Trader

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
