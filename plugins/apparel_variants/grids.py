"""Matrices of styles: what is there of each colour and size, and documents entered as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    DOCUMENT_TYPES,
    DUPLICATE,
    NOT_FOUND,
    UNKNOWN_TYPE,
    Asked,
    Database,
    DocumentDraft,
    Effect,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    Verdict,
    availability,
    define,
    lines_of_documents,
    post_many,
    raise_any,
    refuse,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.records import Colour, Size, Style, Variant
from plugins.apparel_variants.refusals import NO_SUCH_VARIANT, UNKNOWN_COLOUR, UNKNOWN_SIZE
from plugins.apparel_variants.rules.matrix import Matrix, check_lines, check_rows
from plugins.apparel_variants.stock import figures
from plugins.apparel_variants.stock.items import priced

Key = UUID | None

NO_MATRIX = define(
    "APPAREL_VARIANTS_NO_MATRIX",
    en="A document of type {type} is not entered as a matrix.",
    zh="{type} 类型的单据不能按二维表录入。",
)
_EFFECTS = frozenset(
    {
        *(Effect.ORDER, Effect.RECEIVE, Effect.ISSUE, Effect.MOVE, Effect.DISPATCH),
        *(Effect.ARRIVE, Effect.COUNT, Effect.DROP),
    }
)
"""Of documents whose lines each move one item, all alike."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where to look at stock, and over which days at sales."""

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
    sold = await figures.sold(tx, items, span.since, span.until)
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


@dataclass(frozen=True, slots=True)
class RowEntry:
    """Quantities of one colour; None where nothing was entered."""

    colour_id: Key
    cells: Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class StyleEntry:
    """What was entered of a style. Columns are ``size_ids``, or all of the style's own."""

    style_id: UUID
    rows: Sequence[RowEntry]
    size_ids: Sequence[UUID] | None = None
    unit_price: Decimal | None = None


async def post_grid(
    db: Database,
    principal: Principal,
    command: Asked,
    head: DocumentDraft,
    entered: Sequence[StyleEntry],
) -> Verdict:
    """Post one document with a line for each cell that was filled in. Raises Refused; paths of core's
    refusals lead to the cell."""
    type_ = DOCUMENT_TYPES.get(head.type)
    if type_ is None:
        raise refuse(UNKNOWN_TYPE, "type", type=head.type)
    if type_.effect not in _EFFECTS:
        raise refuse(NO_MATRIX, "type", type=head.type)
    async with db.snapshot(principal.tenant_id) as tx:
        known = await layouts(tx, {one.style_id for one in entered})
        back = await _source_lines(tx, head.source_id)
    refusals: list[Refusal] = []
    lines: list[LineDraft] = []
    places: list[tuple[str | int, ...]] = []
    for n, one in enumerate(entered):
        layout = known.get(one.style_id)
        if layout is None:
            refusals.append(Refusal(NOT_FOUND, ("styles", n, "styleId"), {"id": str(one.style_id)}))
            continue
        wrong = [r.under("styles", n) for r in _check(layout, one)]
        refusals += wrong
        if wrong:
            continue
        for path, item, quantity in _filled(layout, one, zeros=type_.effect is Effect.COUNT):
            if item is None:
                refusals.append(_unmade(layout, one, path).under("styles", n))
                continue
            source_line = back.get(item)
            lines.append(
                LineDraft(item, quantity, unit_price=one.unit_price, source_line=source_line)
            )
            places.append(("styles", n, *path))
    raise_any([*refusals, *check_lines(len(lines))])
    (verdict,) = await post_many(db, principal, [Post(command, replace(head, lines=tuple(lines)))])
    if verdict.outcome is None:
        async with db.snapshot(principal.tenant_id) as tx:
            items = await priced(tx, [line.item_id for line in lines])
        cells = {items[line.item_id].code: n for n, line in enumerate(lines)}
        raise Refused(*(_placed(refusal, places, cells) for refusal in verdict.refusals))
    return verdict


async def _source_lines(tx: Transaction, source_id: UUID | None) -> dict[UUID, int]:
    """The line of each item in the document that a matrix goes back to; the first of several."""
    if source_id is None:
        return {}
    stored = (await lines_of_documents(tx, [source_id])).get(source_id, {})
    return {line.item_id: no for no, line in sorted(stored.items(), reverse=True)}


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


def _columns(layout: Layout, entry: StyleEntry) -> tuple[Key, ...]:
    return layout.columns if entry.size_ids is None else tuple(entry.size_ids)


def _check(layout: Layout, entry: StyleEntry) -> Iterator[Refusal]:
    code = layout.style.code
    columns = _columns(layout, entry)
    for n, size in enumerate(columns):
        if size not in layout.columns:
            yield Refusal(UNKNOWN_SIZE, ("sizeIds", n), {"style": code})
        elif size in columns[:n]:
            yield Refusal(DUPLICATE, ("sizeIds", n), {"field": "sizeIds", "value": str(size)})
    seen: set[Key] = set()
    for n, row in enumerate(entry.rows):
        if row.colour_id not in layout.rows:
            yield Refusal(UNKNOWN_COLOUR, ("rows", n, "colourId"))
        elif row.colour_id in seen:
            details = {"field": "colourId", "value": str(row.colour_id)}
            yield Refusal(DUPLICATE, ("rows", n, "colourId"), details)
        seen.add(row.colour_id)
    yield from check_rows((row.cells for row in entry.rows), len(columns), code)


def _filled(
    layout: Layout, entry: StyleEntry, *, zeros: bool
) -> Iterator[tuple[tuple[str | int, ...], UUID | None, Decimal]]:
    """The cells that were filled in, with their items; zero says something only where it was counted."""
    columns = _columns(layout, entry)
    for r, row in enumerate(entry.rows):
        for c, quantity in enumerate(row.cells):
            if quantity is None or (quantity == 0 and not zeros):
                continue
            item = layout.items.get((row.colour_id, columns[c]))
            yield ("rows", r, "cells", c), item, quantity


def _unmade(layout: Layout, entry: StyleEntry, path: tuple[str | int, ...]) -> Refusal:
    row, column = int(path[1]), int(path[3])
    size_id, colour_id = _columns(layout, entry)[column], entry.rows[row].colour_id
    colour = next((one.code for one in layout.colours if one and one.id == colour_id), "")
    size = next((one.code for one in layout.sizes if one and one.id == size_id), "")
    details = {"style": layout.style.code, "colour": colour, "size": size}
    return Refusal(NO_SUCH_VARIANT, path, details)


def _placed(
    refusal: Refusal, places: Sequence[tuple[str | int, ...]], cells: Mapping[str, int]
) -> Refusal:
    """Core's paths lead to lines, or only name the item; the caller filled in cells, and a price per
    style."""
    if refusal.path[:1] != ("lines",):
        return refusal
    n = refusal.path[1] if len(refusal.path) > 1 else cells.get(str(refusal.details.get("item")))
    if not isinstance(n, int):
        return Refusal(refusal.code, ("styles",), refusal.details)
    price = refusal.path[2:] == ("unitPrice",)
    return Refusal(
        refusal.code, (*places[n][:2], "unitPrice") if price else places[n], refusal.details
    )
