"""What can be asked about units."""

from __future__ import annotations

from typing import Annotated

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, refuse, today
from plugins.serial_numbers import lookup, tables
from plugins.serial_numbers.graphql.items import READ
from plugins.serial_numbers.graphql.units import SerialNumbersUnit
from plugins.serial_numbers.graphql.vocabulary import SerialNumbersState
from plugins.serial_numbers.rules import entry
from plugins.serial_numbers.rules.life import State
from plugins.serial_numbers.rules.records import Unit
from schema.plugin_api import (
    PART,
    After,
    Connection,
    First,
    Info,
    argument,
    connection,
    field,
    object_type,
    optional_uuid,
    page_of,
    query_field,
    uuid_of,
)

ItemId = Annotated[strawberry.ID, argument("The item.")]


@object_type(permission=PART)
class SerialNumbersComparison:
    """What was scanned at a place against what should lie there (按序列号盘点)."""

    missing: list[SerialNumbersUnit] | None = field(
        "Should be there, and was not scanned.", size=10
    )
    elsewhere: list[SerialNumbersUnit] | None = field(
        "Was scanned, and should be at another place, or under way.", size=10
    )
    unexpected: list[str] = field("Was scanned, and is in none of our places.", size=10)


class Queries:
    """Units, found and compared."""

    @query_field(permission=READ)
    async def serial_numbers_unit(
        self,
        info: Info,
        number: Annotated[
            str,
            argument(
                "What is printed on it: its number; an IMEI, also in groups or without check digit; a"
                " GS1 element string with a serial number (21)."
            ),
        ],
        item_id: Annotated[
            strawberry.ID | None, argument("Of this item; of all if left out.")
        ] = None,
    ) -> list[SerialNumbersUnit]:
        """The units that carry a number: one, unless several items share it; none where nobody knows it."""
        item = optional_uuid(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            found, on = await lookup.find(tx, number, item), await today(tx)
        return [SerialNumbersUnit.of(unit, on) for unit in found]

    @query_field(permission=READ)
    async def serial_numbers_units(
        self,
        info: Info,
        item_id: ItemId,
        states: Annotated[
            list[SerialNumbersState] | None, argument("In these states; in any if left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[SerialNumbersUnit]:
        """An item's units, by their numbers."""
        page = page_of(first, after, key=(str,))
        item = uuid_of(item_id, "Item", "itemId")
        wanted = list(State) if states is None else [State(str(one.value)) for one in states]
        async with info.context.reading() as tx:
            on = await today(tx)
            start = page.after[0] if page.after else None
            found = await tables.units_of_item(tx, item, wanted, start, page.limit)

        async def count() -> int:
            async with info.context.reading() as tx:
                return await tables.count_units(tx, item, wanted)

        def node(unit: Unit) -> SerialNumbersUnit:
            return SerialNumbersUnit.of(unit, on)

        return connection(page, found, node=node, cursor=lambda one: (one.number,), count=count)

    @query_field(permission=READ)
    async def serial_numbers_next(
        self,
        info: Info,
        item_id: ItemId,
        count: Annotated[int, argument("How many; at most 10,000.")],
        start: Annotated[
            str | None, argument("From this number on; from the item's first if left out.")
        ] = None,
    ) -> list[str]:
        """The next free numbers of an item: the last run of digits is counted up and keeps its width.
        They are nobody's until a document takes them."""
        if not 0 <= count <= entry.MOST:
            raise refuse(LIMIT_EXCEEDED, "count", field="count", limit=entry.MOST)
        item = uuid_of(item_id, "Item", "itemId")
        async with info.context.reading() as tx:
            return await lookup.next_free(tx, item, start, count)

    @query_field(permission=READ)
    async def serial_numbers_expand(
        self,
        info: Info,
        item_id: ItemId,
        text: Annotated[
            str,
            argument(
                "Numbers as people write them: `7, 10-15, 20+3`, and `~` for the item's next free number:"
                " `~+3`."
            ),
        ],
    ) -> list[str]:
        """The numbers that a text stands for, to be looked at before a document takes them."""
        item = uuid_of(item_id, "Item", "itemId")
        following = None
        if entry.asks_for_free(text):
            async with info.context.reading() as tx:
                [following] = await lookup.next_free(tx, item, None, 1)
        return entry.checked(entry.expand(text, following))

    @query_field(permission=READ)
    async def serial_numbers_compare(
        self,
        info: Info,
        item_id: ItemId,
        place_id: Annotated[strawberry.ID, argument("The place itself, not what is below it.")],
        numbers: Annotated[list[str], argument("The numbers scanned; at most 10,000.")],
    ) -> SerialNumbersComparison:
        """What a scan of a place found: what is missing there, what belongs elsewhere, what nobody
        expects. It moves nothing; a count with these numbers does."""
        item, place = uuid_of(item_id, "Item", "itemId"), uuid_of(place_id, "Place", "placeId")
        scanned = entry.checked(numbers)
        async with info.context.reading() as tx:
            found, on = await lookup.compare(tx, item, place, scanned), await today(tx)
        return SerialNumbersComparison(
            missing=[SerialNumbersUnit.of(unit, on) for unit in found.missing],
            elsewhere=[SerialNumbersUnit.of(unit, on) for unit in found.elsewhere],
            unexpected=found.unexpected,
        )
