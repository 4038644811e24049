"""Styles and their variants on the real database."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.errors import Refused
from core.ids import uuid7
from core.plugin_api import attributes_of_items
from plugins.apparel_variants import palette, styles, tables
from plugins.apparel_variants.records import StyleDraft, VariantDraft
from plugins.apparel_variants.rules.codes import is_gtin
from tests.plugins.apparel_variants.boutique import Boutique, codes

D = Decimal


async def shirt(boutique: Boutique, **more: Any) -> tuple[UUID, UUID, list[UUID]]:
    """A shirt in red and blue, S to L; its id, the red, and the size group with its sizes."""
    red, blue = await boutique.colour("RED", "红"), await boutique.colour("BLUE", "蓝")
    sizes = await boutique.sizes("TOPS", "S", "M", "L")
    facts = {"colour_ids": (red, blue), "size_group_id": sizes[0], "list_price": D(99), **more}
    return await boutique.style("T1", name="衬衫", **facts), red, sizes


async def update(boutique: Boutique, style: UUID, revision: int, **changes: Any) -> None:
    who = boutique.shop.database, boutique.shop.principal
    await styles.update_style(*who, uuid7(), style, revision, changes)  # type: ignore[arg-type]  # by name


async def test_a_style_makes_its_variants_as_items(boutique: Boutique) -> None:
    style, _, _ = await shirt(boutique, season="summer", year=2026, band="2")
    found, variants = await boutique.known(style)
    assert (found.season, found.year, found.band, found.revision) == ("summer", 2026, "2", 1)
    assert len(variants) == 6
    items = await boutique.items("T1")
    assert [item["code"] for item in items] == [
        *("T1-BLUE-L", "T1-BLUE-M", "T1-BLUE-S", "T1-RED-L", "T1-RED-M", "T1-RED-S")
    ]
    assert {item["listPrice"] for item in items} == {"99"}
    assert items[0]["name"] == "衬衫 蓝 L"
    barcodes = [code["code"] for item in items for code in item["barcodes"]]
    assert len(set(barcodes)) == 6
    assert all(code.startswith("20") and is_gtin(code) for code in barcodes)


async def test_all_of_a_style_or_nothing(boutique: Boutique) -> None:
    await boutique.shop.item("T1-RED-M")
    with pytest.raises(Refused) as refused:
        await shirt(boutique)
    assert [code for code, _ in codes(refused)] == ["DUPLICATE"]
    assert [item["code"] for item in await boutique.items("T1")] == ["T1-RED-M"]
    async with boutique.transaction() as tx:
        assert await tables.taken(tx, tables.style, "T1") is None
        assert await tables.next_number(tx, "20") == 0


async def test_the_same_command_makes_it_once(boutique: Boutique) -> None:
    draft, command = StyleDraft(code="ONE", name="one"), uuid7()
    who = boutique.shop.database, boutique.shop.principal
    made = await asyncio.gather(*(styles.create_style(*who, command, draft) for _ in range(3)))
    assert len(set(made)) == 1
    _, (variant,) = await boutique.known(made[0])
    assert (variant.colour_id, variant.size_id) == (None, None)


async def test_styles_made_at_once_share_no_barcode(boutique: Boutique) -> None:
    red, (group, *_) = await boutique.colour("RED"), await boutique.sizes("TOPS", "S", "M", "L")
    facts: dict[str, Any] = {"colour_ids": (red,), "size_group_id": group}
    await asyncio.gather(*(boutique.style(f"Q{n}", **facts) for n in range(5)))
    barcodes = [code["code"] for item in await boutique.items("Q") for code in item["barcodes"]]
    assert len(set(barcodes)) == 15


async def test_a_number_that_somebody_has_is_passed_over(boutique: Boutique) -> None:
    first = await boutique.style("A")
    _, (variant,) = await boutique.known(first)
    (item,) = await boutique.items("A")
    async with boutique.transaction() as tx:  # as if the counter had not been kept
        await tables.put_counter(tx, "20", 0)
    await boutique.style("B")
    (other,) = await boutique.items("B")
    assert item["barcodes"][0]["code"] == "2000000000008"
    assert other["barcodes"][0]["code"] == "2000000000015"
    assert variant.style_id == first


async def test_what_makes_no_variant_is_refused(boutique: Boutique) -> None:
    _, red, sizes = await shirt(boutique)
    trousers = await boutique.sizes("LEGS", "30", "32")
    wrong = (
        VariantDraft(colour_id=uuid7(), size_id=sizes[1]),
        VariantDraft(colour_id=red, size_id=trousers[1]),
        VariantDraft(colour_id=red, size_id=sizes[1], barcode="4006381333932"),
        VariantDraft(colour_id=red, size_id=sizes[1]),
    )
    with pytest.raises(Refused) as refused:
        await boutique.style("T2", size_group_id=sizes[0], variants=wrong)
    assert codes(refused) == [
        ("APPAREL_VARIANTS_UNKNOWN_COLOUR", ("variants", 0, "colourId")),
        ("APPAREL_VARIANTS_UNKNOWN_SIZE", ("variants", 1, "sizeId")),
        ("APPAREL_VARIANTS_BAD_BARCODE", ("variants", 2, "barcode")),
        ("APPAREL_VARIANTS_VARIANT_EXISTS", ("variants", 3)),
    ]
    for draft, told in (
        ({"variants": ()}, ("APPAREL_VARIANTS_NO_VARIANTS", ())),
        ({"year": 26}, ("INVALID", ("year",))),
        ({"list_price": D(-1)}, ("INVALID", ("listPrice",))),
        ({"size_group_id": red}, ("NOT_FOUND", ("sizeGroupId",))),
        ({"category_id": red}, ("NOT_FOUND", ("categoryId",))),
    ):
        with pytest.raises(Refused) as refused:
            await boutique.style("T3", **draft)
        assert codes(refused) == [told]
    with pytest.raises(Refused) as refused:
        await boutique.style("T1")
    assert codes(refused) == [("DUPLICATE", ("code",))]


async def test_a_price_of_the_style_holds_where_none_is_of_its_own(boutique: Boutique) -> None:
    red, (group, s, m) = await boutique.colour("RED"), await boutique.sizes("TOPS", "S", "M")
    apart = (
        VariantDraft(colour_id=red, size_id=s),
        VariantDraft(colour_id=red, size_id=m, list_price=D(120), code="BIG", name="big"),
    )
    style = await boutique.style("T1", size_group_id=group, list_price=D(99), variants=apart)
    await update(boutique, style, 1, list_price=D(89), purchase_price=D(40))
    (small,), (big,) = await boutique.items("T1"), await boutique.items("BIG")
    assert (small["listPrice"], small["purchasePrice"]) == ("89", "40")
    assert (big["listPrice"], big["purchasePrice"], big["name"]) == ("120", "40", "big")
    with pytest.raises(Refused) as refused:
        await update(boutique, style, 1, name="late")
    assert codes(refused) == [("STALE_REVISION", ("revision",))]
    await update(boutique, style, 2, active=False)
    assert [item["active"] for item in await boutique.items("T1")] == [False]
    await update(boutique, style, 3, active=True)
    assert [item["active"] for item in await boutique.items("T1")] == [True]


async def test_colours_are_added_to_a_style(boutique: Boutique) -> None:
    style, red, sizes = await shirt(boutique)
    green = await boutique.colour("GREEN")
    who = boutique.shop.database, boutique.shop.principal
    more = StyleDraft(code="", name="", colour_ids=(red, green))
    await styles.add_variants(*who, uuid7(), style, 1, more)
    found, variants = await boutique.known(style)
    assert found.revision == 2
    assert len(variants) == 9
    # in order: blue, green, red, each from S to L
    assert [one.size_id for one in variants] == sizes[1:] * 3
    with pytest.raises(Refused) as refused:
        await styles.add_variants(*who, uuid7(), style, 2, more)
    assert codes(refused) == [("APPAREL_VARIANTS_NO_VARIANTS", ())]


async def test_sizes_change_places_and_go_while_nobody_has_them(boutique: Boutique) -> None:
    style, _, (group, s, m, large) = await shirt(boutique, size_ids=None)
    swapped = await boutique.sizes("TOPS", "M", "S", "L", "XL", id_=group)
    assert swapped[1:4] == [m, s, large]
    _, variants = await boutique.known(style)
    assert [one.size_id for one in variants] == [m, s, large] * 2
    assert len(await boutique.sizes("TOPS", "S", "M", "L", id_=group)) == 4
    with pytest.raises(Refused) as refused:
        await boutique.sizes("TOPS", "S", "M", id_=group)
    assert codes(refused) == [("APPAREL_VARIANTS_SIZE_IN_USE", ("sizes",))]
    for wrong, told in (
        ((), ("LIMIT_EXCEEDED", ("sizes",))),
        (("S", "S"), ("DUPLICATE", ("sizes", 1))),
    ):
        with pytest.raises(Refused) as refused:
            await boutique.sizes("X", *wrong)
        assert codes(refused) == [told]


async def test_colours_are_renamed_and_have_codes_of_their_own(boutique: Boutique) -> None:
    red = await boutique.colour("RED")
    who = boutique.shop.database, boutique.shop.principal
    assert await palette.save_colour(*who, uuid7(), red, "RED", "crimson") == red
    with pytest.raises(Refused) as refused:
        await boutique.colour("RED")
    assert codes(refused) == [("DUPLICATE", ("code",))]
    with pytest.raises(Refused) as refused:
        await palette.save_colour(*who, uuid7(), uuid7(), "BLUE", "blue")
    assert codes(refused) == [("NOT_FOUND", ("id",))]


async def test_the_database_keeps_one_variant_per_colour_and_size(boutique: Boutique) -> None:
    style, _, _ = await shirt(boutique)
    plain = await boutique.style("PLAIN")
    _, (only,) = await boutique.known(plain)
    _, (first, *_) = await boutique.known(style)
    row = {**asdict(first), "item_id": only.item_id}
    with pytest.raises(sa.exc.IntegrityError):
        async with boutique.transaction() as tx:
            await tables.put(tx, tables.variant, [row])
    nothing = {"item_id": first.item_id, "style_id": plain, "colour_id": None, "size_id": None}
    with pytest.raises(sa.exc.IntegrityError):  # none counts as one
        async with boutique.transaction() as tx:
            await tables.put(tx, tables.variant, [nothing])


async def test_other_modules_read_what_a_variant_is(boutique: Boutique) -> None:
    style, _, _ = await shirt(boutique)
    plain = await boutique.style("PLAIN")
    _, (first, *_) = await boutique.known(style)
    _, (only,) = await boutique.known(plain)
    async with boutique.transaction() as tx:
        found = await attributes_of_items(tx, [first.item_id, only.item_id, uuid7()])
    name = "apparel_variants"
    assert found == {
        first.item_id: {f"{name}.style": "T1", f"{name}.colour": "BLUE", f"{name}.size": "S"},
        only.item_id: {f"{name}.style": "PLAIN"},
    }


async def test_a_size_that_goes_while_a_style_takes_it(boutique: Boutique) -> None:
    """Whoever comes first has it; the other is refused, and nothing is half done."""
    for n in range(8):
        group, *_ = await boutique.sizes(f"G{n}", "S", "M")
        done = await asyncio.gather(
            boutique.style(f"T{n}", size_group_id=group, size_ids=None),
            boutique.sizes(f"G{n}", "S", id_=group),
            return_exceptions=True,
        )
        style, sizes = done
        if isinstance(sizes, BaseException):
            assert isinstance(sizes, Refused)
            assert [r.code for r in sizes.refusals] == ["APPAREL_VARIANTS_SIZE_IN_USE"]
        assert isinstance(style, UUID)
        _, variants = await boutique.known(style)
        assert len(variants) == (2 if isinstance(sizes, Refused) else 1)
