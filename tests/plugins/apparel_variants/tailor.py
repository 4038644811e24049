"""What tests of a clothes shop do over HTTP."""

from __future__ import annotations

from typing import Any

from core.ids import uuid7
from tests.plugins.apparel_variants.boutique import Boutique
from tests.shop import Json

COLOUR = """mutation($i: ApparelVariantsColourInput!) { apparelVariantsSaveColour(input: $i) {
  colour { id code name } errors { code path } } }"""
GROUP = """mutation($i: ApparelVariantsSizeGroupInput!) { apparelVariantsSaveSizeGroup(input: $i) {
  sizeGroup { id sizes { id code } } errors { code path } } }"""
STYLE = """mutation($i: ApparelVariantsCreateStyleInput!) { apparelVariantsCreateStyle(input: $i) {
  style { id code revision season year band listPrice sizeGroup { code } variants { item { id code }
    colour { code } size { code } style { code } } } errors { code message path } } }"""
UPDATE = """mutation($i: ApparelVariantsUpdateStyleInput!) { apparelVariantsUpdateStyle(input: $i) {
  style { revision listPrice active } errors { code path } } }"""
ADD = """mutation($i: ApparelVariantsAddVariantsInput!) { apparelVariantsAddVariants(input: $i) {
  style { revision variants { item { code } } } errors { code path } } }"""
POST_GRID = """mutation($i: ApparelVariantsPostGridInput!) { apparelVariantsPostGrid(input: $i) {
  document { id number net lines(first: 50) { nodes { no quantity item { code } } } }
  errors { code message path } } }"""
GRIDS = """query($ids: [ID!]!, $place: ID) { apparelVariantsGrids(ids: $ids, placeId: $place) {
  styleCode sizes { code } rows { colourCode onHand onHandTotal available availableTotal sold soldTotal
    sellThrough } totals { onHand onHandTotal available availableTotal sold soldTotal sellThrough } } }"""
RUNS = """query($f: ApparelVariantsRunFilterInput, $n: Int, $a: String) {
  apparelVariantsBrokenRuns(filter: $f, first: $n, after: $a) { totalCount
    pageInfo { hasNextPage endCursor }
    nodes { style { code } colour { code } sizes onHand missing longestRun } } }"""
PACK = """mutation($i: ApparelVariantsCreatePackInput!) { apparelVariantsCreatePack(input: $i) {
  pack { pieces item { id code } lines { quantity variant { size { code } } } }
  errors { code path } } }"""
CONVERT = """mutation($i: ApparelVariantsConvertPacksInput!) { apparelVariantsConvertPacks(input: $i) {
  document { type { code } } errors { code path } } }"""
RECEIVE = """mutation($i: ApparelVariantsReceivePacksInput!) { apparelVariantsReceivePacks(input: $i) {
  receipt { id type { code } } opening { type { code } reference } errors { code path } } }"""
DAY = "2026-03-02"


class Tailor:
    """What the story does over HTTP."""

    def __init__(self, boutique: Boutique) -> None:
        self.shop = boutique.shop

    async def do(self, mutation: str, **sent: Any) -> Json:
        """The payload of a mutation."""
        sent.setdefault("commandId", str(uuid7()))
        (payload,) = (await self.shop.ask(mutation, i=sent)).values()
        made: Json = payload
        return made

    async def done(self, mutation: str, **sent: Any) -> Json:
        """The payload, which must have no errors."""
        payload = await self.do(mutation, **sent)
        assert payload["errors"] == [], payload
        return payload

    async def refused(self, mutation: str, **sent: Any) -> list[tuple[str, list[str]]]:
        """Codes and paths of a payload's errors."""
        payload = await self.do(mutation, **sent)
        return [(error["code"], error["path"]) for error in payload["errors"]]

    async def shirt(self, **more: Any) -> Json:
        """A shirt in blue and red, S to L; with ids by what they are called."""
        made: Json = {}
        for code in ("RED", "BLUE"):
            colour = (await self.done(COLOUR, code=code, name=code.lower()))["colour"]
            made[code] = colour["id"]
        sent = {"code": "TOPS", "name": "tops", "sizes": ["S", "M", "L"]}
        group = (await self.done(GROUP, **sent))["sizeGroup"]
        made |= {size["code"]: size["id"] for size in group["sizes"]} | {"group": group["id"]}
        facts = {"code": "T1", "name": "Shirt", "sizeGroupId": group["id"], "listPrice": "99"}
        facts |= {"colourIds": [made["RED"], made["BLUE"]], **more}
        made["style"] = (await self.done(STYLE, **facts))["style"]
        return made

    async def post(self, shirt: Json, type_: str, *rows: Json, **head: Any) -> Json:
        """The payload of a document of one style, entered as a matrix."""
        entry = {"styleId": shirt["style"]["id"], "rows": list(rows)}
        entry["unitPrice"] = head.pop("unitPrice", None)
        if "sizeIds" in head:
            entry["sizeIds"] = head.pop("sizeIds")
        head.setdefault("placeId", self.shop.places["MAIN"])
        return await self.do(POST_GRID, type=type_, businessDate=DAY, styles=[entry], **head)

    async def posted(self, shirt: Json, type_: str, *rows: Json, **head: Any) -> Json:
        """The document, which must not be refused."""
        payload = await self.post(shirt, type_, *rows, **head)
        assert payload["errors"] == [], payload
        document: Json = payload["document"]
        return document

    async def grid(self, shirt: Json, **more: Any) -> Json:
        """The matrix of the shirt."""
        found = await self.shop.ask(GRIDS, ids=[shirt["style"]["id"]], **more)
        (grid,) = found["apparelVariantsGrids"]
        made: Json = grid
        return made


def row(colour: str, *cells: str | None) -> Json:
    return {"colourId": colour, "cells": list(cells)}
