"""The deep check of the books: all of history is played again from nothing (rule 7.2).

It shares no figure with what it checks: pools, layers and balances are taken back to their beginning by
their own entries, where they must be empty, and then every event must come out as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from core.db.database import Transaction
from core.errors import Refused
from core.ledger import history, loading
from core.ledger.records import Leg, Position
from core.ledger.replay import replay
from core.ledger.state import State

_BEGINNING = Position(date.min, 0, 0)
_TOGETHER = 200
"""Items played again at a time, as far as conversions do not tie more of them together."""


async def differences(tx: Transaction) -> list[str]:
    """Every event that would come out differently today, in plain words.

    A tenant that books late news on the day it comes (``backdated = post_now``) has events that are
    valued out of their order on purpose; its history is not played again.
    """
    found: list[str] = []
    for items in _batches(await history.families(tx)):
        state = (await loading.read(tx, items)).state
        if state.rules.backdated == "repost":
            found += await _again(tx, state)
    return found


async def _again(tx: Transaction, state: State) -> list[str]:
    past = await history.since(tx, state, list(state.items), _BEGINNING)
    await history.rewind(tx, state, past, _BEGINNING)
    found = [f"history: {told}" for told in _left_over(state)]
    try:
        result = replay(state, past.events, [], reversed_=past.reversed)
    except Refused as refused:
        return [*found, *(f"history: {refusal.message()}" for refusal in refused.refusals)]
    for posted in result.corrections:
        changes = [*posted.legs.values(), *posted.layers.values()]
        event = posted.flow.event
        item = state.items[posted.flow.item].code
        found.append(f"history: {item}, posting {event.sequence}: differs by {_told(changes)}")
    return found


def _left_over(state: State) -> Iterator[str]:
    """What its entries do not explain: before the first of them there was nothing."""
    for balance, quantity in state.books.balances.items():
        if quantity:
            yield f"{state.items[balance.item].code}: {quantity} on hand before its first entry"
    for pool in state.books.pools.values():
        if pool.quantity or pool.value or pool.layers:
            item = state.items[pool.key.item].code
            yield f"{item}: {pool.quantity} worth {pool.value} before its first entry"


def _told(changes: list[Leg]) -> str:
    return ", ".join(f"{leg.quantity} worth {leg.value}" for leg in changes)


def _batches(families: list[set[UUID]]) -> Iterator[set[UUID]]:
    batch: set[UUID] = set()
    for family in families:
        batch |= family
        if len(batch) >= _TOGETHER:
            yield batch
            batch = set()
    if batch:
        yield batch
