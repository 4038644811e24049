"""The one door: everything that moves stock, value or promises goes through here (ledger rule 3).

Requests of one tenant that arrive while a posting is under way are locked, read, decided and written in
one transaction (rule 3.9); a request that finds nobody before it is a batch of one. What needs history
(late news, reversal, landed cost) leaves the batch and goes alone, on a lane of its own, and so do bulks,
whose order is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg

from core.commands import CommandRaceError
from core.db.database import Database, Lane
from core.db.lanes import Again, Lanes
from core.errors import DUPLICATE, Refusal, Refused, define
from core.extension.failures import MODULE_FAILED
from core.extension.observers import Observers
from core.extension.records import Posted
from core.extension.registry import registry
from core.ledger import batch, late
from core.ledger.requests import Request, Turn, Verdict
from core.ledger.seal import mark_due
from core.ledger.stock import OUT_OF_STOCK
from core.ledger.writing import ConflictError
from core.tenancy.rules import Principal

T = TypeVar("T")

MAX_BATCH = 128
"""Documents decided in one transaction; a larger bulk is cut (rule 3.9)."""
MAX_LINES = 2000
"""Lines decided in one transaction, unless one document alone has more."""
POSTING_LANES = 2
"""Lanes for single requests: one tenant is posted while another's commit is flushed."""

BATCH_SECONDS = 10
"""After this a lane gives up on its connection; who waits for the batch has had their answer by then."""
LONG_SECONDS = 60
"""The same for replays and bulks."""

_ATTEMPTS = 8

UNIT_ELSEWHERE = define(
    "UNIT_ELSEWHERE",
    en="This unit is already in another place.",
    zh="该单件已在其他地点。",
)
BUSY = define(
    "BUSY",
    en="Others are working on the same goods. Send the same command again.",
    zh="其他人正在操作相同的货品,请用相同的 commandId 重试。",
)

_CONSTRAINTS = {
    "document_pkey": DUPLICATE,
    "balance_oversold": OUT_OF_STOCK,
    "balance_unit": UNIT_ELSEWHERE,
    "balance_unit_in_one_place": UNIT_ELSEWHERE,
}
"""The last guards of the database (rule 3.7), in the words of the refusal they stand for."""
_UNREAD = frozenset({"lot_pkey", "lot_tenant_id_item_id_code_key", "pool_pkey"})
"""Break where a posting makes what is there, because it is empty and nobody said that it would be needed: a
plugin that does not tell of the lots it names. Alone, with all that there ever was, it is decided anew."""


async def post(db: Database, principal: Principal, request: Request) -> Verdict:
    """Carry out one request. Its refusals come back in the verdict.

    A command that was carried out before is answered as it was then. Raises OutcomeUnknownError if the
    connection breaks at COMMIT. Who is cancelled while waiting may find it carried out nevertheless: the
    same command tells.
    """
    desk, turn = db.companion(_Desk), Turn(principal.user_id, request)
    verdict = await desk.together.join(principal.tenant_id, turn, turn.lines)
    if verdict is None:
        verdict = await desk.alone.join(principal.tenant_id, turn)
    _tell(db, principal, [verdict])
    return verdict


async def post_many(
    db: Database, principal: Principal, requests: Sequence[Request]
) -> list[Verdict]:
    """Carry out requests in order, each with a verdict of its own (rule 2.4)."""
    desk = db.companion(_Desk)
    verdicts: list[Verdict] = []
    for start in range(0, len(requests), MAX_BATCH):
        turns = [Turn(principal.user_id, r) for r in requests[start : start + MAX_BATCH]]
        verdicts += await desk.bulk.join(principal.tenant_id, turns)
    _tell(db, principal, verdicts)
    return verdicts


def _tell(db: Database, principal: Principal, verdicts: Sequence[Verdict]) -> None:
    """After the commit: what is new is to be sealed, and told to the modules that want to know."""
    if any(verdict.outcome for verdict in verdicts):
        mark_due(principal.tenant_id)
    if principal.modules:
        new = [
            Posted(stored.document.id, stored.document.type_code, stored.number, stored.state)
            for stored in (verdict.stored for verdict in verdicts)
            if stored is not None and stored.number is not None
        ]
        db.companion(Observers).tell(principal.tenant_id, principal.modules, new)


class _Desk:
    """The lanes of one process: single requests, what goes alone, and bulks do not wait for each other,
    but for the locks of what they share."""

    def __init__(self, db: Database) -> None:
        lanes = [db.lane() for _ in range(POSTING_LANES)]
        self.together: Lanes[Turn, Verdict | None] = Lanes(
            lanes, _together, jobs=MAX_BATCH, weight=MAX_LINES, seconds=BATCH_SECONDS
        )
        self.alone: Lanes[Turn, Verdict] = Lanes(
            [db.lane()], _alone, jobs=1, weight=1, seconds=LONG_SECONDS
        )
        self.bulk: Lanes[list[Turn], list[Verdict]] = Lanes(
            [db.lane()], _bulk, jobs=1, weight=1, seconds=LONG_SECONDS
        )

    async def close(self) -> None:
        for lanes in (self.together, self.alone, self.bulk):
            await lanes.close()


async def _together(
    lane: Lane, tenant_id: UUID, turns: list[Turn]
) -> Sequence[Verdict | Again | None]:
    return await _batch(lane, tenant_id, turns, ordered=False)


async def _alone(lane: Lane, tenant_id: UUID, turns: list[Turn]) -> list[Verdict]:
    return [await _one(lane, tenant_id, turn) for turn in turns]


async def _bulk(lane: Lane, tenant_id: UUID, bulks: list[list[Turn]]) -> list[list[Verdict]]:
    return [await _in_order(lane, tenant_id, turns) for turns in bulks]


async def _in_order(lane: Lane, tenant_id: UUID, turns: list[Turn]) -> list[Verdict]:
    """Runs of documents that may share a batch go together; order is kept."""
    verdicts: list[Verdict] = []
    while rest := turns[len(verdicts) :]:
        for verdict in await _batch(lane, tenant_id, rest, ordered=True):
            if verdict is None:
                verdict = await _one(lane, tenant_id, turns[len(verdicts)])
            if isinstance(verdict, Again):
                break
            verdicts.append(verdict)
    return verdicts


async def _batch(
    lane: Lane, tenant_id: UUID, turns: list[Turn], *, ordered: bool
) -> Sequence[Verdict | Again | None]:
    """One transaction for all of them. A batch that fails as a whole is replayed singly (rule 3.8), with
    all that there ever was of its items."""

    async def once() -> list[Verdict | Again | None]:
        async with lane.transaction(tenant_id) as tx:
            return await batch.together(tx, turns, ordered=ordered)

    try:
        return await _retrying(once)
    except Refused as busy:
        return [Verdict(refusals=busy.refusals)] * len(turns)
    except psycopg.IntegrityError as error:
        if len(turns) == 1 and error.diag.constraint_name not in _UNREAD:
            return [Verdict(refusals=(_refusal(error),))]
    return [await _one(lane, tenant_id, turn) for turn in turns]


async def _one(lane: Lane, tenant_id: UUID, turn: Turn) -> Verdict:
    """A posting of its own transaction, with as much history as it needs."""
    reach: frozenset[UUID] = frozenset()

    async def once() -> Verdict:
        nonlocal reach
        try:
            async with lane.transaction(tenant_id) as tx:
                return await batch.alone(tx, turn, reach)
        except late.GrewError as grew:
            reach = grew.items
            raise

    try:
        return await _retrying(once)
    except Refused as refused:
        return Verdict(refusals=refused.refusals)
    except psycopg.IntegrityError as error:
        return Verdict(refusals=(_refusal(error),))


async def _retrying(once: Callable[[], Awaitable[T]]) -> T:
    """Run a whole transaction again where it lost a race (rule 3.8), and once where its connection had
    died unnoticed while nobody used it: nothing of it was committed."""
    lost = 0
    for _ in range(_ATTEMPTS):
        try:
            return await once()
        except (CommandRaceError, ConflictError, late.GrewError):
            continue
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            continue
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != "command_pkey":
                raise
        except psycopg.OperationalError as error:
            lost += 1
            if lost > 1 or error.sqlstate not in _CONNECTION_LOST:
                raise
    raise Refused(Refusal(BUSY))


_CONNECTION_LOST = frozenset({None, "57P01", "57P02", "08003", "08006"})
"""No state at all where the server is gone; it was told to shut down, or crashed."""


def _refusal(error: psycopg.IntegrityError) -> Refusal:
    name = error.diag.constraint_name or ""
    code = _CONSTRAINTS.get(name)
    if code is None:
        return _refusal_of_module(error, name)
    details = {"field": "id", "value": "", "item": "?", "place": "?", "wanted": "?", "available": 0}
    return Refusal(code, ("id",) if code == DUPLICATE else ("lines",), details)


def _refusal_of_module(error: psycopg.IntegrityError, constraint: str) -> Refusal:
    """What a constraint on a plugin's table stands for, by its manifest. Raises the error for others."""
    table = error.diag.table_name or ""
    for plugin in registry():
        tables = plugin.manifest.tables
        if tables is not None and tables.named(table) is not None:
            code = plugin.manifest.refusals.get(constraint, MODULE_FAILED)
            return Refusal(code, ("lines",), {"module": plugin.name})
    raise error
