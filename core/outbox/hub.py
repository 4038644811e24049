"""Who listens to events in this process, and what reaches them.

The relay (``relay.py``) sends each event to every process; here it goes to those of its tenant who asked
for its topic. Nobody is waited for: a listener holds a bounded number of events, and one that is too slow
loses them all and is told so. So is everybody where notices were not heard for a while. Whoever is told
of a gap reads anew what he shows.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import structlog

from core.db.database import Database
from core.ids import NIL

MAX_WAITING = 100
"""Events that wait for one listener at most."""
MAX_WORD = 7_900
"""Bytes of one event on its way: a notice takes less than 8,000."""

_log = structlog.get_logger("tallybook.events")


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that has happened, or a gap: with ``missed``, events were lost here and nothing else is
    told. ``payload`` is plain JSON, in which ids and decimals are text; of one that was too long only the
    ids are left."""

    topic: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    id: UUID = NIL
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    missed: bool = False


class Listener:
    """What one listener waits for: ``async for heard in listener``, until it is closed."""

    def __init__(self, hub: Hub, tenant_id: UUID, topics: Collection[str]) -> None:
        self._hub, self.tenant_id, self._topics = hub, tenant_id, frozenset(topics)
        self._waiting: deque[Heard] = deque()
        self._news = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Heard:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()

    def tell(self, heard: Heard) -> None:
        """Add an event that it asked for; where too many wait, all of them become a gap."""
        if heard.topic not in self._topics:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.miss()
        else:
            self._waiting.append(heard)
            self._news.set()

    def miss(self) -> None:
        """What waits is dropped, and whatever was not heard with it."""
        self._waiting.clear()
        self._waiting.append(Heard(missed=True))
        self._news.set()

    def close(self) -> None:
        """Hear nothing more; what waits is still told."""
        self._closed = True
        self._news.set()
        self._hub.forget(self)


class Hub:
    """The listeners of one process and one database."""

    def __init__(self, db: Database) -> None:
        self._listeners: dict[UUID, set[Listener]] = defaultdict(set)

    async def close(self) -> None:
        for some in [*self._listeners.values()]:
            for listener in [*some]:
                listener.close()

    def listen(self, tenant_id: UUID, topics: Collection[str]) -> Listener:
        """Hear what happens in a tenant from now on, under these topics; to be closed."""
        listener = Listener(self, tenant_id, topics)
        self._listeners[tenant_id].add(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        some = self._listeners[listener.tenant_id]
        some.discard(listener)
        if not some:
            del self._listeners[listener.tenant_id]

    def heard(self, word: str) -> None:
        """An event came from the relay."""
        if not self._listeners:
            return
        try:
            tenant, id_, topic, at, payload = json.loads(word)
            tenant_id = UUID(tenant)
            heard = Heard(topic, payload, UUID(id_), datetime.fromisoformat(at))
        except ValueError:
            _log.warning("an event is not understood", word=word[:200])
            return
        for listener in self._listeners.get(tenant_id, ()):
            listener.tell(heard)

    def listening(self, listening: bool) -> None:
        """Whether events are heard from now on; those that were not, are lost."""
        if listening:
            for some in self._listeners.values():
                for listener in some:
                    listener.miss()


def word_of(
    tenant_id: UUID, id_: UUID, topic: str, payload: Mapping[str, Any], at: datetime
) -> str:
    """An event as the relay sends it, with the ids of its payload alone where it is too long, or with
    none where even these are."""
    for content in (payload, _ids(payload), {}):
        told = [str(tenant_id), str(id_), topic, at.isoformat(), content]
        word = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        if len(word.encode()) <= MAX_WORD:
            break
    return word


def _ids(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in payload.items() if name == "id" or name.endswith("_id")}
