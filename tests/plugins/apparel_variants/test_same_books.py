"""A matrix writes what the same lines write, in one document or each in its own."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.plugins.apparel_variants.boutique import Boutique
from tests.plugins.apparel_variants.tailor import COLOUR, DAY, GROUP, POST_GRID, STYLE, Tailor
from tests.plugins.apparel_variants.test_entry import place
from tests.shop import Json, line

TYPES = (
    *("other_in", "receipt", "purchase_order", "sales_order", "issue", "transfer", "count", "loss"),
    *("return_from_customer", "scrap", "internal_use", "other_out", "gain", "opening"),
)
PRICED = ("other_in", "receipt", "opening", "gain", "purchase_order", "return_from_customer")
STOCK = """query($n: Int) { stock(first: $n) { nodes { item { code } place { code } quantity value } } }"""
TWINS = ("MATRIX", "LINES", "APART")


class Twins:
    """Three styles alike: one is posted as a matrix, one line by line, one document by document."""

    def __init__(self, tailor: Tailor, dice: Random) -> None:
        self.tailor = tailor
        self.dice = dice
        self.colours: list[str] = []
        self.sizes: list[str] = []
        self.styles: dict[str, Json] = {}

    async def make(self) -> None:
        """Random colours and sizes, some of which a colour does not come in."""
        dice, tailor = self.dice, self.tailor
        names = [f"C{n}" for n in range(dice.randint(1, 4))]
        self.colours = [
            (await tailor.done(COLOUR, code=one, name=one))["colour"]["id"] for one in names
        ]
        sent = {"code": "G", "name": "g", "sizes": [f"{n}" for n in range(dice.randint(1, 4))]}
        group = (await tailor.done(GROUP, **sent))["sizeGroup"]
        self.sizes = [size["id"] for size in group["sizes"]]
        cells = [(colour, size) for colour in self.colours for size in self.sizes]
        made = [cell for cell in cells if dice.random() < 0.8] or cells
        variants = [{"colourId": colour, "sizeId": size} for colour, size in made]
        for code in TWINS:
            facts = {"code": code, "name": code, "sizeGroupId": group["id"], "variants": variants}
            self.styles[code] = (await tailor.done(STYLE, **facts))["style"]

    def item(self, code: str, colour: int, size: int) -> str | None:
        wanted = f"{code}-C{colour}-{size}"
        found = (one["item"] for one in self.styles[code]["variants"])
        return next((str(one["id"]) for one in found if one["code"] == wanted), None)

    def quantities(self, type_: str) -> dict[tuple[int, int], str]:
        """A quantity in some of the cells that are made."""
        lowest = 0 if type_ == "count" else 1
        return {
            (colour, size): str(self.dice.randint(lowest, 9))
            for colour in range(len(self.colours))
            for size in range(len(self.sizes))
            if self.item(TWINS[0], colour, size) and self.dice.random() < 0.6
        }

    async def as_matrix(
        self, type_: str, cells: dict[tuple[int, int], str], **head: Any
    ) -> list[str]:
        rows = [
            {
                "colourId": colour,
                "cells": [cells.get((row, column)) for column in range(len(self.sizes))],
            }
            for row, colour in enumerate(self.colours)
        ]
        price = head.pop("price")
        entry = {"styleId": self.styles[TWINS[0]]["id"], "sizeIds": self.sizes, "unitPrice": price}
        entry["rows"] = [one for one in rows if any(one["cells"])]
        sent = {"type": type_, "businessDate": DAY, "styles": [entry], **head}
        return [error["code"] for error in (await self.tailor.do(POST_GRID, **sent))["errors"]]

    def lines(
        self, code: str, cells: dict[tuple[int, int], str], price: str | None
    ) -> Iterator[Json]:
        for (colour, size), quantity in cells.items():
            item = self.item(code, colour, size)
            assert item is not None
            yield line(item, quantity, price)

    async def stock(self, code: str) -> dict[tuple[str, str], tuple[str, str]]:
        found = await self.tailor.shop.ask(STOCK, n=100)
        return {
            (one["item"]["code"].removeprefix(code), one["place"]["code"]): (
                one["quantity"],
                one["value"],
            )
            for one in found["stock"]["nodes"]
            if one["item"]["code"].startswith(code)
        }


@pytest.mark.parametrize("seed", range(6))
async def test_a_matrix_writes_what_its_lines_write(boutique: Boutique, seed: int) -> None:
    tailor, dice = Tailor(boutique), Random(seed)
    twins = Twins(tailor, dice)
    await twins.make()
    there = await place(tailor, "SHOP")
    main = tailor.shop.places["MAIN"]
    posted = 0
    for type_ in ("other_in", "receipt", *(dice.choice(TYPES) for _ in range(10))):
        cells = twins.quantities(type_)
        if not cells:
            continue
        head = {"placeId": dice.choice([main, main, there])}
        if type_ == "transfer":
            head["toPlaceId"] = there if head["placeId"] == main else main
        price = f"{dice.randint(1, 999)}.{dice.randint(0, 99):02}" if type_ in PRICED else None
        refused = await twins.as_matrix(type_, cells, price=price, **head)
        shop = tailor.shop
        payload = await shop.post(type_, *twins.lines(TWINS[1], cells, price), **head)
        assert [error["code"] for error in payload["errors"]] == refused
        if not refused:
            posted += 1
            for one in twins.lines(TWINS[2], cells, price):
                await shop.posted(type_, one, **head)
        matrix, lines, apart = [await twins.stock(code) for code in TWINS]
        assert matrix == lines == apart, type_
    assert posted >= 4
