"""Matrices of styles: what is there of each colour and size, what was sold, what may be promised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import Transaction, availability
from plugins.apparel_variants import tables
from plugins.apparel_variants.records import Colour, Size, Style, Variant
from plugins.apparel_variants.rules.matrix import Matrix
from plugins.apparel_variants.stock import figures

Key = UUID | None


@dataclass(frozen=True, slots=True)
class Span:
    """Where to look at stock and sales, and over which days at sales."""

    place_id: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows and columns of a style, and the item in each cell that is made."""

    style: Style
    colours: tuple[Colour | None, ...]
    sizes: tuple[Size | None, ...]
    items: Mapping[tuple[Key, Key], UUID]

    @property
    def rows(self) -> tuple[Key, ...]:
        return tuple(colour.id if colour else None for colour in self.colours)

    @property
    def columns(self) -> tuple[Key, ...]:
        return tuple(size.id if size else None for size in self.sizes)

    def matrix(self, by_item: Mapping[UUID, Decimal]) -> Matrix[Key, Key]:
        """Figures of items, as a matrix."""
        cells = {key: by_item[item] for key, item in self.items.items() if item in by_item}
        return Matrix(self.rows, self.columns, cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """A style's figures: on hand, what of it may be sold or promised, and what was sold."""

    layout: Layout
    on_hand: Matrix[Key, Key]
    available: Matrix[Key, Key]
    sold: Matrix[Key, Key]


async def layouts(tx: Transaction, style_ids: Collection[UUID]) -> dict[UUID, Layout]:
    """The matrices of styles, in a few statements however many there are."""
    styles = await tables.styles(tx, style_ids)
    variants: dict[UUID, list[Variant]] = {key: [] for key in styles}
    for variant in await tables.variants_of_styles(tx, list(styles)):
        variants[variant.style_id].append(variant)
    every = [variant for some in variants.values() for variant in some]
    colours = await tables.colours(tx, {one.colour_id for one in every if one.colour_id})
    groups = await tables.size_groups(
        tx, {style.size_group_id for style in styles.values() if style.size_group_id}
    )
    sizes = {size.id: size for group in groups.values() for size in group.sizes}
    found: dict[UUID, Layout] = {}
    for key, style in styles.items():
        await asyncio.sleep(0)  # others who ask this process shall not wait for all of them
        found[key] = _layout(style, variants[key], colours, sizes)
    return found


async def grids(tx: Transaction, style_ids: Collection[UUID], span: Span) -> AsyncIterator[Grid]:
    """The figures of styles, in a few statements however many there are."""
    found = await layouts(tx, style_ids)
    items = [item for layout in found.values() for item in layout.items.values()]
    sold = await figures.sold(tx, items, span.place_id, span.since, span.until)
    there = await availability(tx, [(item, span.place_id) for item in items])
    for layout in found.values():
        await asyncio.sleep(0)  # as above
        known = {(item, span.place_id) for item in layout.items.values()} & there.keys()
        yield Grid(
            layout,
            layout.matrix({key[0]: there[key].on_hand for key in known}),
            layout.matrix({key[0]: there[key].available for key in known}),
            layout.matrix(sold),
        )


def _layout(
    style: Style,
    variants: Sequence[Variant],
    colours: Mapping[UUID, Colour],
    sizes: Mapping[UUID, Size],
) -> Layout:
    rows = {one.colour_id: colours[one.colour_id] if one.colour_id else None for one in variants}
    columns = {one.size_id: sizes[one.size_id] if one.size_id else None for one in variants}
    return Layout(
        style,
        tuple(sorted(rows.values(), key=lambda one: one.code if one else "")),
        tuple(sorted(columns.values(), key=lambda one: one.position if one else -1)),
        {(one.colour_id, one.size_id): one.item_id for one in variants},
    )
