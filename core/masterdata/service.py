"""Steps that every service of master data takes inside its transaction."""

from __future__ import annotations

from uuid import UUID

from core.db.database import Transaction
from core.errors import DUPLICATE, Refused, refuse
from core.masterdata.rules import not_found, stale
from core.masterdata.tables import R, Register


async def get(tx: Transaction, register: Register[R], record_id: UUID, *path: str) -> R:
    """The record. Refuses NOT_FOUND: what another tenant has does not exist."""
    found = await register.by_id(tx, [record_id])
    if record_id not in found:
        raise Refused(not_found(record_id, *path))
    return found[record_id]


async def get_revision(tx: Transaction, register: Register[R], record_id: UUID, seen: int) -> R:
    """The record, if nobody wrote since the caller read revision ``seen`` (STALE_REVISION)."""
    found = await get(tx, register, record_id, "id")
    if problems := stale(seen, found.revision):
        raise Refused(*problems)
    return found


async def refuse_taken(
    tx: Transaction, register: Register[R], record_id: UUID, code: str, key: str
) -> None:
    """Refuse a code that another record has. Exact under the change mark's lock."""
    owner = (await register.by_code(tx, [key])).get(key)
    if owner is not None and owner.id != record_id:
        raise refuse(DUPLICATE, "code", field="code", value=code)


async def refuse_existing(tx: Transaction, register: Register[R], record_id: UUID) -> None:
    """Refuse an id that is in use: creating never writes over."""
    if await register.by_id(tx, [record_id]):
        raise refuse(DUPLICATE, "id", field="id", value=str(record_id))
