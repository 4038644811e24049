"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.serial_numbers.graphql import claims, items, lines, queries, units
from plugins.serial_numbers.graphql.vocabulary import SerialNumbersUniqueWithin
from schema.plugin_api import DocumentLine, DocumentLineInput, Extension, Item, Lot, gathered

EXTENSION = gathered(
    [
        Extension(
            fields={Item: items.ItemFields, DocumentLine: lines.LineFields, Lot: units.LotFields},
            inputs={**items.INPUTS, DocumentLineInput: lines.INPUT},
            queries=queries.Queries,
            settings={"unique_within": SerialNumbersUniqueWithin},
        ),
        Extension(queries=claims.Queries, mutations=claims.Mutations),
    ]
)
