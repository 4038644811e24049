"""Apparel: the rules of :mod:`plugins.apparel_variants`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plugins.apparel_variants.rules import matrix, sizes
from tests.scenarios.fields import Fields
from tests.scenarios.model import Scenario


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``apparel``."""
    given = Fields("given", scenario.given)

    def size_curve(_: str, step: Fields) -> dict[str, Decimal]:
        percent = given.raw("percent")
        weights = {size: Decimal(str(part)) for size, part in percent.items()}
        spread = sizes.size_curve(step.number("total"), weights)
        return {size: Decimal(n) for size, n in spread.items()}

    def variants(_: str, step: Fields) -> list[str]:
        return ["-".join(one) for one in matrix.combinations(given.raw("attributes"))]

    def variant_count(_: str, step: Fields) -> Decimal:
        return Decimal(len(matrix.combinations(given.raw("attributes"))))

    return {"size_curve": size_curve, "variants": variants, "variant_count": variant_count}
