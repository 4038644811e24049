"""A real catalogue as styles: the products of AdventureWorks, by model, colour and size."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from core.db.database import rows
from plugins.apparel_variants.records import VariantDraft
from tests.plugins.apparel_variants.boutique import Boutique

HERE = Path(__file__).resolve()
SHARED = next((up / "shared/data" for up in HERE.parents if (up / "shared/data").is_dir()), None)
Product = dict[str, str]


def products() -> list[Product]:
    """The rows of the file."""
    if SHARED is None:
        pytest.skip("the products do not lie beside the repository")
    path = SHARED / "adventureworks/Production.Product.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def model(product: Product) -> str:
    """The style of a product: its model, or itself where it has none."""
    key = product["ProductModelID"]
    return f"M{key}" if key else product["ProductNumber"]


def rank(size: str) -> tuple[int, str]:
    """Letters in their order, then numbers in theirs."""
    letters = ("S", "M", "L", "XL")
    return (letters.index(size), "") if size in letters else (len(letters), size)


async def test_504_products_are_styles_with_colour_and_size(boutique: Boutique) -> None:
    found = products()
    colours = {
        name: await boutique.colour(name) for name in sorted({p["Color"] for p in found} - {""})
    }
    names = sorted({p["Size"] for p in found} - {""}, key=rank)
    group, *sizes = await boutique.sizes("AW", *names)
    size_ids: dict[str, UUID] = dict(zip(names, sizes, strict=True))
    models: dict[str, list[Product]] = {}
    for product in found:
        models.setdefault(model(product), []).append(product)
    for code, some in models.items():
        variants = tuple(
            VariantDraft(
                colour_id=colours.get(one["Color"]),
                size_id=size_ids.get(one["Size"]),
                code=one["ProductNumber"],
                name=one["Name"],
                list_price=Decimal(one["ListPrice"]),
                purchase_price=Decimal(one["StandardCost"]),
            )
            for one in some
        )
        sized = any(one["Size"] for one in some)
        await boutique.style(code, size_group_id=group if sized else None, variants=variants)

    async with boutique.transaction() as tx:
        kept = await rows(
            tx,
            "SELECT i.code, i.name, s.code, coalesce(c.code, ''), coalesce(z.code, ''), i.list_price"
            " FROM apparel_variants_variant v"
            " JOIN item i ON i.tenant_id = v.tenant_id AND i.id = v.item_id"
            " JOIN apparel_variants_style s ON s.tenant_id = v.tenant_id AND s.id = v.style_id"
            " LEFT JOIN apparel_variants_colour c ON c.tenant_id = v.tenant_id AND c.id = v.colour_id"
            " LEFT JOIN apparel_variants_size z ON z.tenant_id = v.tenant_id AND z.id = v.size_id"
            " WHERE v.tenant_id = %s",
            tx.tenant_id,
        )
    assert len(kept) == len(found) == 504
    told = {
        (p["ProductNumber"], p["Name"], model(p), p["Color"], p["Size"], Decimal(p["ListPrice"]))
        for p in found
    }
    assert set(kept) == told
    for column, of in ((2, model), (3, lambda p: p["Color"]), (4, lambda p: p["Size"])):
        assert Counter(row[column] for row in kept) == Counter(map(of, found))
