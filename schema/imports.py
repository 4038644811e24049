"""Importing items and parties from CSV files."""

from __future__ import annotations

import base64
import binascii
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.errors import INVALID, refuse
from core.imports import service
from core.imports.columns import Kind, Placed, by_header, header_key
from core.imports.files import decoded, read
from core.imports.service import Imported, Problem
from schema.access import PART, field, input_type, mutation_field, object_type, query_field
from schema.context import Info
from schema.errors import Payload, UserError, payload_type, user_error
from schema.masterdata import COMMAND_ID, argument, one_of


@strawberry.enum(description="What the rows of a file become.")
class ImportKind(Enum):
    """Each kind has a mutation of its own."""

    ITEM = enum_value("item", description="Items: `importItems`.")
    PARTY = enum_value("party", description="Suppliers and customers: `importParties`.")


@object_type(permission=PART)
class ImportColumn:
    """A column that a file may have."""

    header: str = field("Its header in your language.")
    headers: list[str] = field("Both headers that it is known by, in any case.", size=2)
    about: str = field("What its cells mean, in your language.")
    required: bool = field("Whether a file must have it, filled in every row.")
    module: str | None = field("The module that it belongs to; null where it is core's.")

    @classmethod
    def of(cls, placed: Placed, language: str) -> ImportColumn:
        column, zh = placed.column, language == "zh"
        return cls(
            header=column.zh if zh else column.en,
            headers=[column.en, column.zh],
            about=column.about_zh if zh else column.about,
            required=column.required,
            module=placed.module,
        )


@input_type
class ImportInput:
    """A file to import, as text or as it lies on the disk."""

    command_id: UUID = field(COMMAND_ID)
    csv: str | None = field(
        "The text of the file: a header, then a row per object; separated by comma, semicolon or tab.",
        default=None,
    )
    base64: str | None = field(
        "The bytes of the file in Base64, in UTF-8 or GB18030, instead of its text.", default=None
    )
    dry_run: bool = field("Say what is wrong, and save nothing.", default=False)
    all_or_nothing: bool = field(
        "Save nothing if one row is refused; then at most 1,000 rows.", default=False
    )


@object_type(permission=PART)
class ImportProblem:
    """Why a row was refused."""

    line: int = field("The number of its first line in the file; the header is line 1.")
    column: str | None = field(
        "The header of the column, as the file has it; null where it is the row as a whole."
    )
    error: UserError = field("The reason.")

    @classmethod
    def of(cls, problem: Problem, info: Info) -> ImportProblem:
        error = user_error(problem.refusal, info.context.language)
        return cls(line=problem.line, column=problem.column, error=error)


@payload_type
class ImportPayload(Payload):
    """What became of a file. A row that no problem is told of was saved, or would be in a dry run."""

    rows: int | None = field("How many rows it has.", default=None)
    saved: int | None = field("How many were saved; in a dry run, how many would be.", default=None)
    problems: list[ImportProblem] | None = field(
        "Everything that is wrong with the others, in the order of lines.", default=None, size=100
    )

    @classmethod
    def of(cls, done: Imported, info: Info) -> ImportPayload:
        problems = [ImportProblem.of(problem, info) for problem in done.problems]
        return cls(rows=done.rows, saved=done.saved, problems=problems)


class Queries:
    """What can be imported."""

    @query_field(permission="catalogue.read")
    async def import_columns(
        self, info: Info, kind: Annotated[ImportKind, argument("What the rows become.")]
    ) -> list[ImportColumn]:
        """The columns that a file may have, with those of the modules that are on: an empty file of these
        headers is a template."""
        placed = service.columns_for(Kind(str(kind.value)), info.context.principal.modules)
        return [ImportColumn.of(one, info.context.language) for one in placed]


class Mutations:
    """Importing files."""

    @mutation_field(permission="catalogue.write", bulk=True)
    async def import_items(
        self, info: Info, input: Annotated[ImportInput, argument("The file.")]
    ) -> ImportPayload:
        """Make and change items from a file of at most 5,000 rows: a row of a code that is there changes that
        item, and an empty cell leaves what is there. Rows are saved each on its own, some hundreds in
        a transaction; sent again with the same command id, none is saved twice."""
        return await _imported(info, input, Kind.ITEM)

    @mutation_field(permission="parties.write", bulk=True)
    async def import_parties(
        self, info: Info, input: Annotated[ImportInput, argument("The file.")]
    ) -> ImportPayload:
        """Make and change suppliers and customers from a file, like `importItems`."""
        return await _imported(info, input, Kind.PARTY)


async def _imported(info: Info, input: ImportInput, kind: Kind) -> ImportPayload:
    context = info.context
    known = by_header(service.columns_for(kind, context.principal.modules))
    table = read(_text(input), lambda name: header_key(name) in known, service.MOST_ROWS)
    done = await service.import_rows(
        context.database,
        context.principal,
        input.command_id,
        kind,
        table,
        dry_run=input.dry_run,
        all_or_none=input.all_or_nothing,
    )
    return ImportPayload.of(done, info)


def _text(input: ImportInput) -> str:
    one_of(csv=input.csv, base64=input.base64)
    if input.csv is not None:
        return input.csv
    try:
        return decoded(base64.b64decode(input.base64 or "", validate=True))
    except (binascii.Error, ValueError):
        reason = "This is no Base64."
        raise refuse(INVALID, "base64", reason=reason, reason_zh="不是有效的 Base64。") from None
