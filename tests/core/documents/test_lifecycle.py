"""The whole table of states and events: what it allows is listed here, all else is refused."""

from __future__ import annotations

from itertools import product

import pytest

from core.documents.lifecycle import (
    ALREADY_EXECUTED,
    NOT_YET_APPROVED,
    WRONG_STATE,
    Event,
    State,
    next_state,
    shown_as,
)
from core.documents.progress import Progress
from core.errors import Refusal

ALLOWED_STOCK = {
    "draft": {
        "edit": "draft",
        "delete": "deleted",
        "submit": "submitted",
        "approve": "approved",
        "post": "posted",
    },
    "submitted": {"approve": "approved", "reject": "draft"},
    "approved": {"unapprove": "draft", "post": "posted"},
    "posted": {"reverse": "reversed"},
}
ALLOWED_ORDER = {
    "draft": {"edit": "draft", "delete": "deleted", "submit": "submitted", "approve": "approved"},
    "submitted": {"approve": "approved", "reject": "draft"},
    "approved": {"unapprove": "draft", "execute": "approved", "close": "closed"},
    "closed": {"reopen": "approved"},
}


@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_step(state: State, event: Event, order: bool) -> None:
    allowed = ALLOWED_ORDER if order else ALLOWED_STOCK
    expected = allowed.get(state.value, {}).get(event.value)
    found = next_state(state, event, order=order)
    if expected is None:
        assert isinstance(found, Refusal)
    else:
        assert found == expected


@pytest.mark.parametrize("progress", [Progress.PARTIAL, Progress.DONE])
def test_what_was_executed_is_not_unapproved(progress: Progress) -> None:
    refusal = next_state(State.APPROVED, Event.UNAPPROVE, order=True, progress=progress)
    assert isinstance(refusal, Refusal)
    assert refusal.code == ALREADY_EXECUTED


def test_an_order_that_is_done_is_neither_executed_nor_closed() -> None:
    for event in (Event.EXECUTE, Event.CLOSE):
        refusal = next_state(State.APPROVED, event, order=True, progress=Progress.DONE)
        assert isinstance(refusal, Refusal)
        assert refusal.code == WRONG_STATE
        assert "done" in refusal.message()
        partial = next_state(State.APPROVED, event, order=True, progress=Progress.PARTIAL)
        assert isinstance(partial, State)


def test_posting_waits_for_the_approval_that_is_asked() -> None:
    for state in (State.DRAFT, State.SUBMITTED):
        refusal = next_state(state, Event.POST, approval_required=True)
        assert isinstance(refusal, Refusal)
        assert refusal.code == NOT_YET_APPROVED
    assert next_state(State.APPROVED, Event.POST, approval_required=True) is State.POSTED


def test_readers_see_progress() -> None:
    assert shown_as(State.APPROVED, Progress.NONE) == "approved"
    assert shown_as(State.APPROVED, Progress.PARTIAL) == "partial"
    assert shown_as(State.CLOSED, Progress.PARTIAL) == "closed"
