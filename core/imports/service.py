"""Importing a table: rows become drafts, and these are saved like any others, some hundreds at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from core import commands
from core.catalogue import service as catalogue
from core.catalogue.records import ItemDraft, ItemSave, ItemUnitDraft
from core.catalogue.tables import categories, list_units
from core.commands import Answer, never
from core.db.database import Database, Transaction
from core.errors import LIMIT_EXCEEDED, Refusal, define, refuse
from core.extension.registry import registry
from core.ids import uuid7
from core.imports.columns import Headers, Kind, Placed, Told, by_header, column_of, matched, told
from core.imports.files import Table
from core.imports.own import COLUMNS
from core.masterdata.rules import Verdict
from core.parties import service as parties
from core.parties.rules import PartyDraft, PartySave
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings
from core.text import code_key

ROW_TWICE = define(
    "IMPORT_ROW_TWICE",
    en="{value} stands in line {line} already.",
    zh="{value} 已出现在第 {line} 行。",
)
NO_SUCH = define(
    "IMPORT_NO_SUCH",
    en="There is no {value}: make it first, or correct the cell.",
    zh="不存在 {value},请先建立或更正。",
)

MOST_ROWS = 5_000
"""Rows of one request."""
CHUNK = 500
"""Rows that are saved in one transaction, behind which the tenant's other writes wait."""
MOST_AT_ONCE = catalogue.BULK_LIMIT
"""Rows of which all or none are saved: they are one transaction."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row, and with which column of it."""

    line: int
    column: str | None
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows there were, how many were saved (in a dry run: would be), and what was wrong with the
    others."""

    rows: int
    saved: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _References:
    """What cells can name, by what they may call it."""

    categories: Mapping[str, UUID]
    units: Mapping[str, UUID]


def columns_for(kind: Kind, modules: Collection[str]) -> list[Placed]:
    """The columns of a kind for a tenant with these modules, core's first."""
    own = [Placed(None, column) for column in COLUMNS if column.kind is kind]
    plugged = [
        p for p in registry().import_columns if p.module in modules and p.column.kind is kind
    ]
    return own + plugged


async def import_rows(
    db: Database,
    principal: Principal,
    command_id: UUID,
    kind: Kind,
    table: Table,
    *,
    dry_run: bool = False,
    all_or_none: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """Save the rows of a table, each on its own, or none if one is refused and ``all_or_none``. A dry run
    tells what would be, and saves nothing.

    Sent again with the same command id, rows that were saved are not saved a second time. Refuses a header
    that does not fit, and more rows than one transaction holds where all or none are wanted.
    """
    if all_or_none and len(table.rows) > MOST_AT_ONCE:
        raise refuse(LIMIT_EXCEEDED, field="rows", limit=MOST_AT_ONCE)
    headers = matched(table.header, by_header(columns_for(kind, principal.modules)))
    problems: list[Problem] = []
    drafts: dict[int, ItemDraft | PartyDraft] = {}
    async with db.snapshot(principal.tenant_id) as tx:
        references = await _references(tx)
        sensitive = (await load_settings(tx)).codes_case_sensitive
    seen: dict[str, int] = {}
    for row in table.rows:
        said = told(row, headers)
        made = said if isinstance(said, list) else _draft(kind, said, headers, references)
        if not isinstance(made, list):
            made = _twice(made, row.line, seen, headers, sensitive) or made
        if isinstance(made, list):
            problems += [Problem(row.line, _column(r, headers), r) for r in made]
        else:
            drafts[row.line] = made
    # What is only tried must not be taken for the command itself, which may come with another file.
    basis = uuid7() if dry_run else command_id
    undo = _always if dry_run else _any_refused if all_or_none else never
    if not dry_run:
        await _remember(db, principal, command_id, kind, table, all_or_none=all_or_none)
    saved = 0
    lines = [] if all_or_none and problems and not dry_run else sorted(drafts)
    size = MOST_AT_ONCE if all_or_none else CHUNK
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        ids = [uuid5(basis, str(line)) for line in part]
        verdicts = await _save(db, principal, kind, ids, [drafts[line] for line in part], undo)
        for line, verdict in zip(part, verdicts, strict=True):
            problems += [
                Problem(line, column_of(refusal.path, headers), refusal)
                for refusal in verdict.refusals
            ]
        good = sum(not verdict.refusals for verdict in verdicts)
        saved += 0 if all_or_none and good < len(part) and not dry_run else good
        progress(len(part))
    problems.sort(key=lambda one: one.line)
    return Imported(len(table.rows), saved, tuple(problems))


async def _remember(
    db: Database, who: Principal, command_id: UUID, kind: Kind, table: Table, *, all_or_none: bool
) -> None:
    """Bind the command to this file, before its rows take ids derived from it. Raises COMMAND_REUSED."""
    content = hashlib.sha256(repr(table).encode()).hexdigest()
    asked = {"file": content, "allOrNone": all_or_none}

    async def nothing(tx: Transaction) -> dict[str, str]:
        return {}

    await commands.run(db, who.tenant_id, command_id, f"import{kind.value.title()}", asked, nothing)


def _always(answers: Iterable[Answer]) -> bool:
    return True


def _any_refused(answers: Iterable[Answer]) -> bool:
    return any(isinstance(answer, tuple) for answer in answers)


async def _save(
    db: Database,
    principal: Principal,
    kind: Kind,
    ids: Sequence[UUID],
    drafts: Sequence[Any],
    undo: Callable[[Iterable[Answer]], bool],
) -> list[Verdict]:
    if kind is Kind.ITEM:
        items = [
            ItemSave(command_id=id_, draft=draft) for id_, draft in zip(ids, drafts, strict=True)
        ]
        return await catalogue.save_items(db, principal, items, undo=undo)
    people = [
        PartySave(command_id=id_, draft=draft) for id_, draft in zip(ids, drafts, strict=True)
    ]
    return await parties.save_parties(db, principal, people, undo=undo)


async def _references(tx: Transaction) -> _References:
    units = await list_units(tx)
    groups = await categories.all(tx, categories.query(tx))
    return _References(
        {group.code.casefold(): group.id for group in groups},
        {name.casefold(): unit.id for unit in units for name in (unit.name, unit.code)},
    )


def _draft(
    kind: Kind, said: Told, headers: Headers, references: _References
) -> ItemDraft | PartyDraft | list[Refusal]:
    """The draft that a row describes, or what it names that is not there."""
    own, unknown = dict(said.own), list[Refusal]()

    def found(known: Mapping[str, UUID], value: str, field: str) -> UUID | None:
        if value.casefold() not in known:
            unknown.append(Refusal(NO_SUCH, (field,), {"value": value}))
        return known.get(value.casefold())

    for field, known in (
        ("category_id", references.categories),
        ("base_unit_id", references.units),
    ):
        if field in own:
            own[field] = found(known, own[field], field)
    if "units" in own:
        own["units"] = tuple(
            ItemUnitDraft(
                unit_id=found(references.units, unit, "units") or UUID(int=0),
                numerator=numerator,
                denominator=denominator,
            )
            for unit, numerator, denominator in own["units"]
        )
    if unknown:
        return unknown
    own["extensions"] = said.modules or None
    return ItemDraft(**own) if kind is Kind.ITEM else PartyDraft(**own)


def _twice(
    draft: ItemDraft | PartyDraft,
    line: int,
    seen: dict[str, int],
    headers: Headers,
    sensitive: bool,
) -> list[Refusal]:
    """Refusals for a code or a barcode that an earlier row has: which of both was meant, nobody knows."""
    names = [("code", code_key(draft.code, case_sensitive=sensitive), draft.code)]
    if isinstance(draft, ItemDraft):
        names += [("barcodes", one.code, one.code) for one in draft.barcodes or ()]
    refusals = []
    for field, key, value in names:
        first = seen.setdefault(f"{field} {key}", line)
        if first != line:
            refusals.append(Refusal(ROW_TWICE, (field,), {"value": value, "line": first}))
    return refusals


def _column(refusal: Refusal, headers: Headers) -> str | None:
    """Where a refusal of this module stands: its path is a header, or a field of core's."""
    (first, *_) = (*refusal.path, None)
    if any(first == header for header, _ in headers):
        return str(first)
    return column_of(refusal.path, headers)
