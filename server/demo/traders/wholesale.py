"""A wholesaler of lamps and cables, valued first in, first out."""

from __future__ import annotations

from server.demo.records import Step, Trader

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
        Step("ask", "requisition", (("BULB-9W", "600"), ("CABLE-2M", "300")), place="MAIN"),
        Step(
            "order",
            "purchase_order",
            (("BULB-9W", "600", "1.25"), ("CABLE-2M", "200", "2.4")),
            "LUMEN",
            place="MAIN",
            source="ask",
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
