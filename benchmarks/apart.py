"""What is measured without HTTP, by itself: a database of its own, a tenant, documents through the door."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from core.commands import Asked
from core.db import migrate, roles
from core.db.cluster import TUNE
from core.db.database import Database, rows
from core.db.embedded import EmbeddedServer
from core.documents.records import DocumentDraft, LineDraft
from core.extension.registry import registry
from core.ids import uuid7
from core.ledger.posting import post_many
from core.ledger.requests import Post
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from core.tenancy.rules import Principal, permissions_of

T = TypeVar("T")

DAY = date(2026, 3, 2)


def apart(
    name: str,
    work: Callable[[Database], Awaitable[T]],
    *,
    before: Callable[[Database], Awaitable[None]] | None = None,
) -> T:
    """Do something in a database of its own. What happened ``before`` is cleaned up behind, as the database
    does by itself within minutes."""
    folder = Path(tempfile.mkdtemp(prefix=f"tallybook-{name}-"))
    server = EmbeddedServer(folder, tune=TUNE).open()
    try:
        migrate.upgrade(server.url(roles.OWNER), registry().components)
        if before is not None:
            asyncio.run(_with_database(server.url(roles.APP), before))
            with psycopg.connect(server.url(roles.OWNER), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        return asyncio.run(_with_database(server.url(roles.APP), work))
    finally:
        if server.close():
            shutil.rmtree(server.cluster.home)
            shutil.rmtree(server.cluster.socket, ignore_errors=True)
            shutil.rmtree(folder)


async def _with_database(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    db = Database.connect(url)
    try:
        return await work(db)
    finally:
        await db.close()


async def tenant(db: Database, name: str) -> Principal:
    """A new tenant's administrator."""
    made = await tenancy.create_tenant(db, name)
    member = await tenancy.add_user(db, made.id, f"{name}@example.com".replace(" ", ""))
    held = ("administrator",)
    return Principal(member.user_id, member.email, made.id, made.name, held, permissions_of(held))


def tallying(name: str, work: Callable[[Database, Principal], Awaitable[T]]) -> T:
    """Do something with a new tenant in a database of its own. Raises RuntimeError where the books do not
    tally afterwards."""

    async def verified(db: Database) -> T:
        who = await tenant(db, name)
        found = await work(db, who)
        await tally(db, who)
        return found

    return apart(name, verified)


async def tally(db: Database, who: Principal) -> None:
    """Raises RuntimeError where the books of a tenant do not tally."""
    if wrong := await verify(db, who.tenant_id):
        raise RuntimeError(f"the books differ: {wrong[:5]}")


async def main_place(db: Database, who: Principal) -> UUID:
    """The warehouse that every tenant begins with."""
    async with db.snapshot(who.tenant_id) as tx:
        ((place,),) = await rows(tx, "SELECT id FROM place WHERE code = 'MAIN'")
    found: UUID = place
    return found


def document(type_: str, place: UUID, lines: Sequence[LineDraft], **head: Any) -> Post:
    """A request to post one."""
    draft = DocumentDraft(uuid7(), type_, DAY, tuple(lines), place_id=place, **head)
    return Post(Asked.of(uuid7(), "postDocument", {"id": draft.id}), draft)


async def posted(db: Database, who: Principal, wanted: Sequence[Post]) -> None:
    """Post them all. Raises RuntimeError where one is refused."""
    for verdict in await post_many(db, who, wanted):
        if verdict.outcome is None:
            raise RuntimeError(f"a document was refused: {verdict.refusals[:3]}")
