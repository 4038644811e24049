"""How a total is spread over sizes, and a quantity over packagings, in GraphQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, NOT_FOUND, refuse
from plugins.apparel_variants.graphql.palette import READ
from plugins.apparel_variants.rules import sizes
from plugins.apparel_variants.rules.packagings import spread
from plugins.apparel_variants.stock.items import packagings
from schema.plugin_api import (
    PART,
    Extension,
    Info,
    Unit,
    field,
    input_type,
    object_type,
    query_field,
    units_by_id,
    uuid_of,
)

MOST_SIZES = 200
"""Sizes on a curve."""


@object_type(permission=PART)
class ApparelVariantsCurveShare:
    """What a size gets of a total."""

    size: str = field("The size.")
    quantity: int = field("How many pieces.")


@object_type(permission=PART)
class ApparelVariantsPackaging:
    """So many of a unit."""

    unit_key: strawberry.Private[UUID]
    quantity: Decimal = field("How many.")

    @field
    async def unit(self, info: Info) -> Unit | None:
        """The unit: a box, a piece."""
        return await info.context.load(units_by_id, self.unit_key)


@input_type
class ApparelVariantsCurveInput:
    """How much of the whole a size takes."""

    size: str = field("The size, once.")
    weight: Decimal = field(
        "Its weight, such as its per cent; weights need not add up to a hundred."
    )


class Queries:
    """Size curves, and packagings."""

    @query_field(permission=READ)
    async def apparel_variants_size_curve(
        self,
        info: Info,
        total: Annotated[Decimal, strawberry.argument(description="How many pieces in all.")],
        curve: Annotated[
            list[ApparelVariantsCurveInput],
            strawberry.argument(description="The sizes in their order; at most 200."),
        ],
    ) -> list[ApparelVariantsCurveShare]:
        """Spread pieces over sizes in whole pieces by largest remainder, of equal ones the earlier."""
        if len(curve) > MOST_SIZES:
            raise refuse(LIMIT_EXCEEDED, "curve", field="curve", limit=MOST_SIZES)
        weights = {n: one.weight for n, one in enumerate(curve)}
        spread = sizes.size_curve(total, weights)
        return [
            ApparelVariantsCurveShare(size=one.size, quantity=spread[n])
            for n, one in enumerate(curve)
        ]

    @query_field(permission=READ)
    async def apparel_variants_packagings(
        self,
        info: Info,
        item_id: Annotated[strawberry.ID, strawberry.argument(description="The item.")],
        quantity: Annotated[Decimal, strawberry.argument(description="How much, in base units.")],
        without: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Units that are not to be used."),
        ] = None,
    ) -> list[ApparelVariantsPackaging]:
        """How a quantity of an item is packed (装箱) in its units: pallets first, then boxes, the rest in
        pieces."""
        key = uuid_of(item_id, "Item", "itemId")
        avoided = {uuid_of(one, "Unit", "without", n) for n, one in enumerate(without or ())}
        async with info.context.reading() as tx:
            units = await packagings(tx, key)
        if not units:
            raise refuse(NOT_FOUND, "itemId", id=item_id)
        offered = {unit: holds for unit, holds in units.items() if unit not in avoided}
        return [
            ApparelVariantsPackaging(unit_key=unit, quantity=number)
            for unit, number in spread(quantity, offered).items()
        ]


EXTENSION = Extension(queries=Queries)
