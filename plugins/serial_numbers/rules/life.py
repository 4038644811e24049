"""The life of a unit: where it can be, and from where it may go where."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What became of a unit."""

    IN_STOCK = "in_stock"
    RESERVED = "reserved"  # in stock, and promised to an order: shown, never stored
    IN_TRANSIT = "in_transit"
    IN_WORK = "in_work"
    IN_REPAIR = "in_repair"
    AT_PROCESSOR = "at_processor"
    SOLD = "sold"
    RETURNED = "returned"  # to the supplier
    CONSUMED = "consumed"  # became part of something else
    ISSUED = "issued"  # used by ourselves, or given away
    SCRAPPED = "scrapped"
    LOST = "lost"
    INACTIVE = "inactive"  # its receipt was reversed: there are no such goods


STORED = tuple(state for state in State if state is not State.RESERVED)
PRESENT = frozenset({State.IN_STOCK, State.RESERVED, State.IN_REPAIR, State.AT_PROCESSOR})
"""In one of our places."""
WAITING = {"in_transit": State.IN_TRANSIT, "in_work": State.IN_WORK}
"""What a unit is where goods wait for an order or a dispatch."""
OURS = PRESENT | {*WAITING.values()}

GONE_TO = {
    "customer": State.SOLD,
    "supplier": State.RETURNED,
    "scrap": State.SCRAPPED,
    "production": State.CONSUMED,
    "production_variance": State.LOST,
    "gain_loss": State.LOST,
    "internal_use": State.ISSUED,
    "other": State.ISSUED,
}
"""What a unit is that went to an account."""

_BACK_FROM = {
    "customer": {State.SOLD},
    "supplier": {State.RETURNED},
    "production": {State.CONSUMED},
    "gain_loss": {State.LOST},
    "internal_use": {State.ISSUED},
    "other": {State.ISSUED, State.LOST},
}


def may_come(state: State | None, account: str) -> bool:
    """Whether a unit may come in from an account. One that nobody knows may, but for a return: a
    customer brings back only what was sold."""
    if state in (None, State.INACTIVE):
        return account != "customer"
    return state in _BACK_FROM.get(account, ())


def may_leave(state: State | None, account: str | None) -> bool:
    """Whether a unit in one of our places may go to an account, or to another place (None)."""
    if account in ("customer", "internal_use"):
        return state is State.IN_STOCK
    return state in PRESENT


def gone_to(account: str, *, undone: bool) -> State:
    """What a unit is afterwards that leaves us for an account. What leaves because its arrival is undone
    was never there, unless a customer has it again."""
    if undone and account != "customer":
        return State.INACTIVE
    return GONE_TO.get(account, State.ISSUED)
