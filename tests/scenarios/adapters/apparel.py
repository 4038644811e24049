"""Apparel: the rules of :mod:`plugins.apparel_variants`; what depends on a variant's attributes is answered
by the bills of material, picks by the stock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plugins.apparel_variants.rules import matrix, packagings, sizes
from tests.scenarios.adapters import bom, picking
from tests.scenarios.adapters.stock import Stock
from tests.scenarios.fields import Fields
from tests.scenarios.model import Scenario


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``apparel``."""
    made = bom.operations(scenario)
    return {
        **_matrices(Fields("given", scenario.given)),
        **_packs(Fields("given", scenario.given)),
        **picking.operations(Stock(scenario)),
        "bom_price": made["bom_price"],
        "explode": made["explode"],
    }


def _matrices(given: Fields) -> Mapping[str, Any]:
    def size_curve(_: str, step: Fields) -> dict[str, Decimal]:
        percent = given.raw("percent")
        weights = {size: Decimal(str(part)) for size, part in percent.items()}
        spread = sizes.size_curve(step.number("total"), weights)
        return {size: Decimal(n) for size, n in spread.items()}

    def variants(_: str, step: Fields) -> list[str]:
        return ["-".join(map(str, one)) for one in matrix.combinations(given.raw("attributes"))]

    def variant_count(_: str, step: Fields) -> Decimal:
        return Decimal(len(matrix.combinations(given.raw("attributes"))))

    return {"size_curve": size_curve, "variants": variants, "variant_count": variant_count}


def _packs(given: Fields) -> Mapping[str, Any]:
    def pack_size(_: str, step: Fields) -> int:
        return sizes.pieces(given.raw("ratio"))

    def ratio_pack(_: str, step: Fields) -> dict[str, Decimal]:
        return sizes.packed(given.raw("ratio"), step.number("packs"))

    def packs_from_stock(_: str, step: Fields) -> int:
        there = {size: Decimal(n) for size, n in given.raw("on_hand").items()}
        return sizes.whole_packs(given.raw("ratio"), there)

    def spread(_: str, step: Fields) -> dict[str, Decimal]:
        left_out = step.texts("without") or ()
        offered = {
            name: Decimal(n) for name, n in given.raw("packagings").items() if name not in left_out
        }
        return dict(packagings.spread(step.number("qty"), offered))

    return {
        "pack_size": pack_size,
        "ratio_pack": ratio_pack,
        "packs_from_stock": packs_from_stock,
        "packagings": spread,
    }
