"""Saving a bill of material over GraphQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import Refusal, Refused, clean
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills.graphql.bills import BomManufacturingBom, bills_by_id
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules.records import (
    ONE,
    ZERO,
    Alternate,
    Bom,
    Kind,
    Line,
    Operation,
    Output,
    Supply,
)
from plugins.bom_manufacturing.vocabulary import BomManufacturingOutputKind, BomManufacturingSupply
from schema.plugin_api import (
    COMMAND_ID,
    Extension,
    Info,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    payload_type,
    uuid_of,
)

LONGEST_TEXT = 100
"""Characters of the name of an attribute, and of a value."""


@input_type
class BomManufacturingConditionInput:
    """Values of an attribute, one of which a variant must have."""

    attribute: str = field("The attribute, such as the colour.")
    values: list[str] = field("The values, one of which must hold.")


@input_type
class BomManufacturingAlternateInput:
    """What may stand in for a component (替代料)."""

    item_id: strawberry.ID = field("The item.")
    priority: int = field("The lowest is taken first.", default=1)
    ratio: Decimal = field("How much of it replaces one of the component.", default=ONE)


@input_type
class BomManufacturingLineInput:
    """A component, for the output quantity of its bill."""

    item_id: strawberry.ID = field("The component.")
    quantity: Decimal = field("How much is needed, before losses, in its base unit.")
    scrap_percent: Decimal = field("Scrap (损耗率), added: 3000 with 5 % are 3150.", default=ZERO)
    setup_loss: Decimal = field("What is lost once, however much is made.", default=ZERO)
    multiple: Decimal | None = field("The need is rounded up to multiples of this.", default=None)
    phantom: bool = field("Whether what it is made of takes its place (虚拟件).", default=False)
    supply: BomManufacturingSupply = field(
        "How it gets to the work.", default=BomManufacturingSupply.ISSUE
    )
    valid_from: dt.date | None = field("The first day; null for always.", default=None)
    valid_until: dt.date | None = field("The last day; null for ever.", default=None)
    conditions: list[BomManufacturingConditionInput] = field(
        "All must hold; none for every variant.", default_factory=list
    )
    alternates: list[BomManufacturingAlternateInput] = field(
        "What may stand in.", default_factory=list
    )


@input_type
class BomManufacturingOutputInput:
    """What comes out besides, for the output quantity; worth a share of the cost or a fixed value."""

    item_id: strawberry.ID = field("What comes out.")
    quantity: Decimal = field("How much, in its base unit.")
    kind: BomManufacturingOutputKind = field(
        "Whether it is wanted.", default=BomManufacturingOutputKind.BY_PRODUCT
    )
    share_percent: Decimal = field("Its share of the cost.", default=ZERO)
    unit_value: Decimal | None = field("The fixed value of one.", default=None)


@input_type
class BomManufacturingOperationInput:
    """Work that is done."""

    minutes: Decimal = field("For each cycle.")
    hour_rate: Decimal = field("What an hour costs.")
    setup_minutes: Decimal = field("Once, before the first.", default=ZERO)
    efficiency_percent: Decimal = field("At 50, a cycle takes twice as long.", default=Decimal(100))
    cycle_quantity: Decimal = field("How much of the product a cycle makes.", default=ONE)
    whole_cycles: bool = field("Whether a cycle that was begun is paid whole.", default=True)


@input_type
class BomManufacturingSaveBomInput:
    """A version of how an item is made, all of it at once: what is left out is gone afterwards."""

    command_id: UUID = field(COMMAND_ID)
    item_id: strawberry.ID = field("What is made.")
    version: str = field("Its name, unique for the item; at most 50 characters.")
    revision: int | None = field(
        "The revision you saw, to save over it; left out for a new version.", default=None
    )
    output_quantity: Decimal = field("How much the lines are for, in base units.", default=ONE)
    valid_from: dt.date | None = field("The first day; null for always.", default=None)
    valid_until: dt.date | None = field("The last day; null for ever.", default=None)
    lines: list[BomManufacturingLineInput] = field(f"Its components, at most {check.MOST_LINES}.")
    outputs: list[BomManufacturingOutputInput] = field(
        "What comes out besides.", default_factory=list
    )
    operations: list[BomManufacturingOperationInput] = field(
        "The work, in its order.", default_factory=list
    )


@payload_type
class BomManufacturingBomPayload(Payload):
    """The version as it stands now."""

    bom: BomManufacturingBom | None = field("The version; null if it was refused.", default=None)


class Mutations:
    """Saving bills."""

    @mutation_field(permission="bom_manufacturing.write")
    async def bom_manufacturing_save_bom(
        self,
        info: Info,
        input: Annotated[BomManufacturingSaveBomInput, argument("What to save.")],
    ) -> BomManufacturingBomPayload:
        """Save a version of how an item is made. What would make an item of itself, by any version on any
        day, is refused."""
        context = info.context
        asked = strawberry.asdict(input)
        asked.pop("command_id")
        key = await bills.save(
            context.database,
            context.principal,
            input.command_id,
            _bom(input),
            input.revision,
            asked,
        )
        async with context.database.snapshot(context.principal.tenant_id) as tx:
            return BomManufacturingBomPayload(bom=(await bills_by_id(tx, [key])).get(key))


def _bom(sent: BomManufacturingSaveBomInput) -> Bom:
    return Bom(
        item=uuid_of(sent.item_id, "Item", "itemId"),
        lines=tuple(_line(n, one) for n, one in enumerate(sent.lines)),
        output_quantity=sent.output_quantity,
        version=clean(sent.version, "version", check.LONGEST_VERSION),
        valid_from=sent.valid_from,
        valid_until=sent.valid_until,
        outputs=tuple(
            Output(
                uuid_of(one.item_id, "Item", "outputs", n, "itemId"),
                one.quantity,
                Kind(str(one.kind.value)),
                one.share_percent,
                one.unit_value,
            )
            for n, one in enumerate(sent.outputs)
        ),
        operations=tuple(
            Operation(
                one.minutes,
                one.hour_rate,
                one.setup_minutes,
                one.efficiency_percent,
                one.cycle_quantity,
                one.whole_cycles,
            )
            for one in sent.operations
        ),
    )


def _line(n: int, sent: BomManufacturingLineInput) -> Line:
    return Line(
        item=uuid_of(sent.item_id, "Item", "lines", n, "itemId"),
        quantity=sent.quantity,
        scrap_pct=sent.scrap_percent,
        setup_loss=sent.setup_loss,
        multiple=sent.multiple,
        phantom=sent.phantom,
        supply=Supply(str(sent.supply.value)),
        valid_from=sent.valid_from,
        valid_until=sent.valid_until,
        conditions=_conditions(n, sent.conditions),
        alternates=tuple(
            Alternate(
                uuid_of(one.item_id, "Item", "lines", n, "alternates", m, "itemId"),
                one.priority,
                one.ratio,
            )
            for m, one in enumerate(sent.alternates)
        ),
    )


def _conditions(
    n: int, sent: Iterable[BomManufacturingConditionInput]
) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for m, one in enumerate(sent):
        path = ("lines", n, "conditions", m)
        try:
            name = clean(one.attribute, "attribute", LONGEST_TEXT)
            values = frozenset(clean(value, "values", LONGEST_TEXT) for value in one.values)
        except Refused as refused:
            raise Refused(*(one.under(*path) for one in refused.refusals)) from None
        if name in found:
            raise Refused(Refusal(check.SAME_ATTRIBUTE, (*path, "attribute"), {"attribute": name}))
        found[name] = values
    return found


EXTENSION = Extension(mutations=Mutations)
