"""A clothing brand: a style in colours and sizes, entered and read as a matrix."""

from __future__ import annotations

from collections.abc import Iterator

from server.demo.records import Act, Id, In, Json, Report, Trader

_COLOUR = """
mutation DemoColour($input: ApparelVariantsColourInput!) {
  apparelVariantsSaveColour(input: $input) { colour { id code } errors { message } }
}"""
_SIZES = """
mutation DemoSizes($input: ApparelVariantsSizeGroupInput!) {
  apparelVariantsSaveSizeGroup(input: $input) { sizeGroup { id code } errors { message } }
}"""
_STYLE = """
mutation DemoStyle($input: ApparelVariantsCreateStyleInput!) {
  apparelVariantsCreateStyle(input: $input) { style { id code } errors { message } }
}"""
_GRID = """
mutation DemoGrid($input: ApparelVariantsPostGridInput!) {
  apparelVariantsPostGrid(input: $input) { document { id number } errors { message } }
}"""


def _grid(name: str, type_: str, *rows: tuple[str, tuple[str | None, ...]], **head: object) -> Act:
    """A document of the shirt, entered as a matrix: colours, and quantities in S, M, L and XL."""
    price = head.pop("price", None)
    cells = [{"colourId": Id(f"colour {colour}"), "cells": list(row)} for colour, row in rows]
    content = {"type": type_, "businessDate": In(), "reference": "DEMO", **head}
    content["styles"] = [{"styleId": Id("TEE"), "rows": cells, "unitPrice": price}]
    return Act(name, _GRID, content)


def _matrix(data: Json) -> Iterator[tuple[str, ...]]:
    (grid,) = data["apparelVariantsGrids"]
    for row in grid["rows"]:
        yield (
            f"{grid['styleCode']} {row['colourCode']}",
            *row["onHand"],
            row["onHandTotal"],
            f"{row['sellThrough']} %",
        )


APPAREL = Trader(
    name="Demo 服装",
    edition="apparel",
    settings={"costingMethod": "MOVING_AVERAGE"},
    items=(),
    parties=(
        {"code": "MILL", "name": "绍兴针织厂", "isSupplier": True, "country": "China"},
        {"code": "WALK-IN", "name": "门店散客", "isCustomer": True, "country": "China"},
    ),
    places=({"code": "SHOP", "name": "西湖店", "kind": "STORE"},),
    day=(
        Act("white", _COLOUR, {"code": "WHITE", "name": "白色"}, prefix="colour "),
        Act("navy", _COLOUR, {"code": "NAVY", "name": "藏青"}, prefix="colour "),
        Act(
            "sizes",
            _SIZES,
            {"code": "TOPS", "name": "上装", "sizes": ["S", "M", "L", "XL"]},
            prefix="sizes ",
        ),
        Act(
            "style",
            _STYLE,
            {
                "code": "TEE",
                "name": "纯棉圆领衫",
                "sizeGroupId": Id("sizes TOPS"),
                "season": "summer",
                "listPrice": "89",
                "purchasePrice": "32",
                "colourIds": [Id("colour WHITE"), Id("colour NAVY")],
            },
        ),
        _grid(
            "receipt",
            "receipt",
            ("WHITE", ("20", "40", "30", "10")),
            ("NAVY", ("10", "30", "30", "10")),
            partyId=Id("MILL"),
            placeId=Id("MAIN"),
            price="32",
        ),
        _grid(
            "transfer",
            "transfer",
            ("WHITE", ("8", "12", "10", "4")),
            ("NAVY", ("4", "10", "8", None)),
            placeId=Id("MAIN"),
            toPlaceId=Id("SHOP"),
        ),
        _grid(
            "sale",
            "issue",
            ("WHITE", ("3", "12", "5", None)),
            ("NAVY", (None, "6", "2", None)),
            partyId=Id("WALK-IN"),
            placeId=Id("SHOP"),
            price="89",
        ),
    ),
    reports=(
        Report(
            "left in the shop",
            """
query DemoMatrix($style: ID!, $shop: ID!) {
  apparelVariantsGrids(ids: [$style], placeId: $shop) {
    styleCode rows { colourCode onHand onHandTotal sellThrough }
  }
}""",
            ("colour", "S", "M", "L", "XL", "all", "sold"),
            frozenset({"S", "M", "L", "XL", "all", "sold"}),
            _matrix,
            {"style": "TEE", "shop": "SHOP"},
        ),
    ),
)
