"""What a refused request must have left behind: nothing in the tables, nothing of ours in the answer."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import psycopg

# Imported for its tables: every module of the product declares its own.
import schema.compose
from core.db.metadata import metadata
from tests.shop import Json

assert schema.compose

TABLES = sorted(name for name, table in metadata.tables.items() if table.info.get("tenant"))

INSIDES = re.compile(
    r"""\b(select|insert\s+into|delete\s+from)\s.*\s(from|values|where)\b  # SQL
    | \b(line\s\d+,\sin|Traceback)\b | \.py\b                              # stacks
    | (?<![\w/])/(work|tmp|home|usr|var|root|etc)/                         # paths
    | psycopg | sqlalchemy | strawberry | graphql[._-]core | pydantic | asyncio
    | <(class|function|object|[a-z_.]+\sobject)\b | \bobject\sat\s0x
    | \b(?!UserError\b)[A-Z][A-Za-z]+(Error|Exception|Violation)\b         # classes
    | \b(core|schema|server)\.[a-z_]+\.
    | _(key|pkey|fkey|check|idx)\b | violates | \bconstraint\b | relation\s"
    | app\.tenant | row-level""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that tell how the server is built: SQL, stacks, paths, libraries, constraints."""


def insides(text: str) -> str | None:
    """The first word in an answer that tells how the server is built."""
    found = INSIDES.search(text)
    return found.group() if found else None


def refusals(answer: Json, name: str) -> list[Json]:
    """All errors of a mutation's answer, of the request, the payload and its verdicts, each with
    ``code``, ``message``, ``path`` into the input and ``details``."""
    found = [
        {
            "code": error["extensions"]["code"],
            "message": error["message"],
            "path": error["extensions"].get("inputPath", []),
            "details": error["extensions"].get("details"),
        }
        for error in answer.get("errors", ())
    ]
    payload = (answer.get("data") or {}).get(name)
    for part in (payload, *(payload.get("verdicts") or ())) if payload else ():
        found += part["errors"]
    return found


class Rows:
    """How many rows each table has of a tenant, and what stands in them, seen past row-level security."""

    def __init__(self, superuser_url: str, tenant: UUID) -> None:
        self._url, self._tenant = superuser_url, tenant

    def read(self) -> dict[str, tuple[Any, ...]]:
        """By table: the number of rows, and a sum over the hashes of them."""
        parts = [
            f"SELECT '{name}', count(*),"
            # A save reserves its marks before it is decided; one that nobody has is seen by nobody.
            " coalesce(sum(hashtextextended((to_jsonb(t) - 'change')::text, 0)), 0)"
            f" FROM {name} t WHERE tenant_id = %(tenant)s"
            for name in TABLES
        ]
        with psycopg.connect(self._url) as connection:
            query = " UNION ALL ".join(parts).encode()
            found = connection.execute(query, {"tenant": self._tenant}).fetchall()
        return {row[0]: row[1:] for row in found}
