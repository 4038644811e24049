"""Documents entered as a matrix: orders, receipts, transfers, counts, sales, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from core.plugin_api import (
    DOCUMENT_TYPES,
    DUPLICATE,
    NOT_FOUND,
    UNKNOWN_TYPE,
    Asked,
    Database,
    DocumentDraft,
    DocumentType,
    Effect,
    Line,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    Verdict,
    add_to_draft,
    define,
    lines_of_documents,
    post_many,
    raise_any,
    refuse,
    run_command,
)
from plugins.apparel_variants.grids import Key, Layout, layouts
from plugins.apparel_variants.refusals import NO_SUCH_VARIANT, UNKNOWN_COLOUR, UNKNOWN_SIZE
from plugins.apparel_variants.rules.matrix import check_lines, check_rows
from plugins.apparel_variants.stock.figures import progress
from plugins.apparel_variants.stock.items import Priced, priced

T = TypeVar("T")
Path = tuple[str | int, ...]

NO_MATRIX = define(
    "APPAREL_VARIANTS_NO_MATRIX",
    en="A document of type {type} is not entered as a matrix.",
    zh="{type} 类型的单据不能按二维表录入。",
)
NOT_IN_MATRIX = define(
    "APPAREL_VARIANTS_NOT_IN_MATRIX",
    en="{item}: {reason} A matrix has no {field}: keep it as a draft, fill that in at the item's line"
    " there, and post the draft.",
    zh="{item}:{reason_zh}二维表无法填写 {field}:请先存为草稿,在草稿的明细行补充后再过账。",
)
NO_QUANTITY = define(
    "APPAREL_VARIANTS_NO_QUANTITY",
    en="No cell has a quantity: fill in at least one.",
    zh="未填写任何数量,请至少填写一个单元格。",
)
_EFFECTS = frozenset(
    {
        *(Effect.ORDER, Effect.RECEIVE, Effect.ISSUE, Effect.MOVE, Effect.DISPATCH),
        *(Effect.ARRIVE, Effect.COUNT, Effect.DROP),
    }
)
"""Of documents whose lines each move one item, all alike."""
_OF_STYLE = (("unitPrice",), ("discountPct",), ("taxRate",), ("dueOn",))
"""What is entered once for all cells of a style."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


_OF_LINES = frozenset(_camel(one.name) for one in fields(LineDraft))
"""What core's own lines have; what else a path leads into is another module's."""


@dataclass(frozen=True, slots=True)
class RowEntry:
    """Quantities of one colour; None where nothing was entered. ``lot_code`` names the lot of all of them."""

    colour_id: Key
    cells: Sequence[Decimal | None]
    lot_code: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for each line of a style; what is None follows from the document that it goes back to, or
    from the variant."""

    unit_price: Decimal | None = None
    discount_pct: Decimal | None = None
    tax_rate: Decimal | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class StyleEntry:
    """What was entered of a style. Columns are ``size_ids``, or all of the style's own."""

    style_id: UUID
    rows: Sequence[RowEntry]
    size_ids: Sequence[UUID] | None = None
    terms: Terms = field(default_factory=Terms)


async def post_grid(
    db: Database,
    principal: Principal,
    command: Asked,
    head: DocumentDraft,
    entered: Sequence[StyleEntry],
) -> Verdict:
    """Post one document with a line for each cell that was filled in. Raises Refused; paths of core's
    refusals lead to the cell."""
    async with db.snapshot(principal.tenant_id) as tx:
        ready = await _ready(tx, head, entered)
    (verdict,) = await post_many(db, principal, [Post(command, ready.draft)])
    if verdict.outcome is None:
        raise Refused(*map(ready.placed, verdict.refusals))
    return verdict


async def draft_grid(
    db: Database,
    principal: Principal,
    command: Asked,
    head: DocumentDraft,
    entered: Sequence[StyleEntry],
) -> UUID:
    """The same as a draft, for somebody else to check and to post; where the draft is there, what was
    entered is added to it. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        ready = await _ready(tx, head, entered)
        try:
            await add_to_draft(tx, principal.user_id, ready.draft)
        except Refused as refused:
            raise Refused(*map(ready.placed, refused.refusals)) from None
        return {"id": head.id}

    asked = {"input": command.hash.hex()}
    outcome = await run_command(db, principal.tenant_id, command.id, command.operation, asked, work)
    return UUID(outcome["id"])


@dataclass(frozen=True, slots=True)
class _Ready:
    """A document whose lines came of cells: the cell of each line, and a line of each item's code."""

    draft: DocumentDraft
    cells: Sequence[Path]
    items: Mapping[str, int]
    codes: Sequence[str]

    def placed(self, refusal: Refusal) -> Refusal:
        """Core's paths lead to lines, or only name the item; the caller filled in cells, and a price per
        style."""
        if refusal.path[:1] != ("lines",):
            return refusal
        path = refusal.path
        n = path[1] if len(path) > 1 else self.items.get(str(refusal.details.get("item")))
        if not isinstance(n, int):
            return Refusal(refusal.code, ("styles",), refusal.details)
        if len(path) > 2 and path[2] not in _OF_LINES:
            return _elsewhere(refusal, str(path[2]), self.cells[n], self.codes[n])
        if path[2:] == ("lotCode",):
            return Refusal(refusal.code, (*self.cells[n][:4], "lotCode"), refusal.details)
        of_style = path[2:] in _OF_STYLE
        where = (*self.cells[n][:2], path[2]) if of_style else self.cells[n]
        return Refusal(refusal.code, where, refusal.details)


async def _ready(tx: Transaction, head: DocumentDraft, entered: Sequence[StyleEntry]) -> _Ready:
    type_ = DOCUMENT_TYPES.get(head.type)
    if type_ is None:
        raise refuse(UNKNOWN_TYPE, "type", type=head.type)
    if type_.effect not in _EFFECTS:
        raise refuse(NO_MATRIX, "type", type=head.type)
    known = await layouts(tx, {one.style_id for one in entered})
    items = await priced(tx, [key for one in known.values() for key in one.items.values()])
    back = await _open_lines(tx, type_, head.source_id)
    refusals: list[Refusal] = []
    lines: list[LineDraft] = []
    cells: list[Path] = []
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
            lot = one.rows[int(path[1])].lot_code
            drafts = [
                replace(draft, lot_code=lot)
                for draft in _lines(type_, items[item], quantity, one.terms, back.get(item, ()))
            ]
            lines += drafts
            cells += [("styles", n, *path)] * len(drafts)
    raise_any(refusals)
    if not lines:
        raise refuse(NO_QUANTITY, "styles")
    raise_any(check_lines(len(lines)))
    codes = [items[line.item_id].code for line in lines]
    by_code = {code: n for n, code in enumerate(codes)}
    return _Ready(replace(head, lines=tuple(lines)), cells, by_code, codes)


@dataclass(slots=True)
class _Open:
    """A line of the document that a matrix goes back to, and what of it may still come or go."""

    line: Line
    left: Decimal


async def _open_lines(
    tx: Transaction, type_: DocumentType, source_id: UUID | None
) -> dict[UUID, list[_Open]]:
    """The lines of each item in the document that a matrix goes back to, in their order."""
    if source_id is None:
        return {}
    done = await progress(tx, source_id)
    found: dict[UUID, list[_Open]] = {}
    stored = (await lines_of_documents(tx, [source_id])).get(source_id, {})
    for no, line in sorted(stored.items()):
        executed, returned = done.get(no, (Decimal(0), Decimal(0)))
        left = (line.quantity or Decimal(0)) - (returned if type_.returns else executed)
        found.setdefault(line.item_id, []).append(_Open(line, max(left, Decimal(0))))
    return found


def _lines(
    type_: DocumentType,
    item: Priced,
    quantity: Decimal,
    terms: Terms,
    back: Sequence[_Open],
) -> list[LineDraft]:
    """The lines of a cell: one, or, where it goes back to several lines of its item, as much of each as is
    open there. The last takes what is beyond, which core admits or refuses."""
    draft = LineDraft(
        item.item_id,
        quantity,
        unit_price=terms.unit_price,
        discount_pct=terms.discount_pct or Decimal(0),
        tax_rate=terms.tax_rate or Decimal(0),
        due_on=terms.due_on,
    )
    if not back:
        if terms.unit_price is None and type_.party == "customer" and not type_.returns:
            return [replace(draft, unit_price=item.list_price)]
        return [draft]
    found: list[LineDraft] = []
    for one in back:
        part = quantity if one is back[-1] else min(quantity, one.left)
        if part <= 0 and not (one is back[-1] and not found):
            continue
        quantity -= part
        one.left -= part
        line = one.line
        found.append(
            replace(
                draft,
                quantity=part,
                source_line=line.no,
                unit_price=_told(terms.unit_price, line.base_cost),
                discount_pct=_told(terms.discount_pct, line.discount_pct),
                tax_rate=_told(terms.tax_rate, line.tax_rate),
            )
        )
    return found


def _told(told: T | None, of_source: T) -> T:
    return of_source if told is None else told


def _elsewhere(refusal: Refusal, field_: str, cell: Path, item: str) -> Refusal:
    """The refusal of what another module wants to be told in its own field of a line: ``code`` is its
    own."""
    told = {"item": item, "field": field_, "code": refusal.code}
    told |= {"reason": refusal.message(), "reason_zh": refusal.message("zh")}
    return Refusal(NOT_IN_MATRIX, cell, told)


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
) -> Iterator[tuple[Path, UUID | None, Decimal]]:
    """The cells that were filled in, with their items; zero says something only where it was counted."""
    columns = _columns(layout, entry)
    for r, row in enumerate(entry.rows):
        for c, quantity in enumerate(row.cells):
            if quantity is None or (quantity == 0 and not zeros):
                continue
            item = layout.items.get((row.colour_id, columns[c]))
            yield ("rows", r, "cells", c), item, quantity


def _unmade(layout: Layout, entry: StyleEntry, path: Path) -> Refusal:
    row, column = int(path[1]), int(path[3])
    size_id, colour_id = _columns(layout, entry)[column], entry.rows[row].colour_id
    colour = next((one.code for one in layout.colours if one and one.id == colour_id), "")
    size = next((one.code for one in layout.sizes if one and one.id == size_id), "")
    details = {"style": layout.style.code, "colour": colour, "size": size}
    return Refusal(NO_SUCH_VARIANT, path, details)
