"""Who a bearer token stands for, remembered for moments: every request asks.

A process remembers only while it hears the notices of all others (``core.db.notices``). A change of a
membership, a token or a module sends the tenant's id with its transaction, and is answered once every
process has forgotten the tenant's sign-ins: the very next request, wherever it goes, finds what is now.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Collection
from uuid import UUID

from core.db import notices
from core.db.database import Database, RawTransaction, Transaction
from core.extension.registry import registry
from core.tenancy import tables
from core.tenancy.directory import tables as directory
from core.tenancy.rules import Principal, permissions_of

CHANNEL = "tallybook_words"
"""The notices of changes, each the id of a tenant."""
_CACHE_LIMIT = 10_000


async def authenticate(db: Database, token: str) -> Principal | None:
    """Who bears this token, or None if it is unknown, expired or revoked."""
    return await db.companion(SignIns).bearer(token_hash(token))


async def forget(tx: RawTransaction) -> None:
    """Let every process forget the sign-ins of the tenant when the transaction commits."""
    await notices.send(tx, CHANNEL, [str(tx.tenant_id)])


async def forgotten(db: Database) -> None:
    """Wait until they have, after the commit and before the answer."""
    await notices.heard_by_all(db)


async def modules_on(tx: Transaction) -> frozenset[str]:
    """The names of the modules that the tenant has switched on and this process knows."""
    stored = await tables.read_modules(tx)
    return frozenset(name for name, row in stored.items() if row.enabled and registry().get(name))


def permissions_in(modules: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The permissions that these modules add, each with the roles that carry it."""
    return {
        permission.code: permission.roles
        for plugin in registry()
        if plugin.name in modules
        for permission in plugin.manifest.permissions
    }


def token_hash(token: str) -> bytes:
    """What is kept of a token. A fast hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class SignIns:
    """The sign-ins that a process remembers of one database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._looking: dict[bytes, asyncio.Future[Principal | None]] = {}
        self._changes = 0
        self._listening = False

    async def close(self) -> None:
        self.listening(False)

    async def bearer(self, key: bytes) -> Principal | None:
        """Who bears the token of this hash."""
        if not self._listening:
            return await self._look_up(key)
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        looking = self._looking.get(key)
        if looking is None:
            # One look for all who ask meanwhile: a busy token would take every connection of the pool.
            looking = self._looking[key] = asyncio.ensure_future(self._look_up(key))
            looking.add_done_callback(lambda done: self._looked(key, done))
        return await asyncio.shield(looking)

    def heard(self, word: str) -> None:
        """Something has changed in the tenant of this id."""
        tenant_id = UUID(word)
        self._forget([key for key, (_, who) in self._known.items() if who.tenant_id == tenant_id])

    def listening(self, listening: bool) -> None:
        """Whether changes are heard from now on; what was not, may have been missed."""
        self._listening = listening
        self._forget([*self._known])

    def _forget(self, keys: list[bytes]) -> None:
        self._changes += 1
        self._looking.clear()  # who asks from now on must not be told what was read before
        for key in keys:
            del self._known[key]

    def _looked(self, key: bytes, look: asyncio.Future[Principal | None]) -> None:
        if self._looking.get(key) is look:
            del self._looking[key]

    async def _look_up(self, key: bytes) -> Principal | None:
        began, before = time.monotonic(), self._changes
        async with self._db.directory(read_only=True) as sql:
            bearer = await directory.find_bearer(sql, key)
        if bearer is None:
            self._known.pop(key, None)
            return None
        async with self._db.snapshot(bearer.tenant_id) as tx:
            on = await modules_on(tx)
        principal = Principal(
            user_id=bearer.user_id,
            email=bearer.email,
            tenant_id=bearer.tenant_id,
            tenant_name=bearer.tenant_name,
            roles=bearer.roles,
            permissions=permissions_of(bearer.roles, permissions_in(on)),
            modules=on,
        )
        if len(self._known) >= _CACHE_LIMIT:
            self._known.clear()
        # What was read before a change that has been forgotten meanwhile must not be remembered after it.
        if self._listening and before == self._changes:
            self._known[key] = (began + notices.PATIENCE, principal)
        return principal
