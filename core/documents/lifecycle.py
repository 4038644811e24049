"""The states of a document and the events that change them, as one table (ledger rule 2).

    draft ──submit──▶ submitted ──approve──▶ approved ──post──▶ posted ──reverse──▶ reversed
      ▲                   │                     │
      └──── reject ───────┴──── unapprove ──────┘     an order: approved ◀──close, reopen──▶ closed

For an *order*, approval is the posting: it is never posted again, and instead it is executed,
closed and reopened. Approving a draft submits it on the way. What was executed is progress, kept
in rows of its own.
"""

from __future__ import annotations

from enum import StrEnum

from core.documents.progress import Progress
from core.errors import Refusal, define


class State(StrEnum):
    """What is stored of a document; a deleted draft is gone."""

    DRAFT = "draft"  # may be edited and deleted
    SUBMITTED = "submitted"  # waits for approval, content frozen
    APPROVED = "approved"  # content final; an order's promises stand
    POSTED = "posted"  # in the books, for ever
    CLOSED = "closed"  # an order whose rest will not come
    REVERSED = "reversed"  # its mirror is in the books too
    DELETED = "deleted"  # only ever an answer, never stored


class Event(StrEnum):
    """What people do to a document."""

    EDIT = "edit"
    DELETE = "delete"
    SUBMIT = "submit"
    REJECT = "reject"
    APPROVE = "approve"
    UNAPPROVE = "unapprove"
    POST = "post"
    EXECUTE = "execute"
    CLOSE = "close"
    REOPEN = "reopen"
    REVERSE = "reverse"


WRONG_STATE = define(
    "WRONG_STATE",
    en="A document that is {state} cannot take the step “{event}”.",
    zh="状态为“{state}”的单据不能执行“{event}”。",
)
ALREADY_EXECUTED = define(
    "ALREADY_EXECUTED",
    en="Part of this document has been carried out, so it cannot be unapproved.",
    zh="单据已部分或全部执行,不能反审核。",
)
NOT_YET_APPROVED = define(
    "NOT_YET_APPROVED",
    en="This document must be approved before it is posted.",
    zh="单据须先审核才能记账。",
)

_STEPS: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.EDIT): State.DRAFT,
    (State.DRAFT, Event.DELETE): State.DELETED,
    (State.DRAFT, Event.SUBMIT): State.SUBMITTED,
    (State.DRAFT, Event.APPROVE): State.APPROVED,
    (State.SUBMITTED, Event.APPROVE): State.APPROVED,
    (State.SUBMITTED, Event.REJECT): State.DRAFT,
    (State.APPROVED, Event.UNAPPROVE): State.DRAFT,
}
_STOCK_STEPS: dict[tuple[State, Event], State] = _STEPS | {
    (State.DRAFT, Event.POST): State.POSTED,
    (State.SUBMITTED, Event.POST): State.POSTED,
    (State.APPROVED, Event.POST): State.POSTED,
    (State.POSTED, Event.REVERSE): State.REVERSED,
}
_ORDER_STEPS: dict[tuple[State, Event], State] = _STEPS | {
    (State.APPROVED, Event.EXECUTE): State.APPROVED,
    (State.APPROVED, Event.CLOSE): State.CLOSED,
    (State.CLOSED, Event.REOPEN): State.APPROVED,
}


def next_state(
    state: State,
    event: Event,
    *,
    order: bool = False,
    progress: Progress = Progress.NONE,
    approval_required: bool = False,
) -> State | Refusal:
    """The state after the event, or why it cannot happen.

    An approved document is unapproved only while nothing of it was executed (rule read in
    jshERP: 部分采购/完成采购的单据不能进行反审核). An order that is done takes nothing more and has
    nothing left to close.
    """
    target = (_ORDER_STEPS if order else _STOCK_STEPS).get((state, event))
    done = progress is Progress.DONE
    if target is None or (done and event in (Event.EXECUTE, Event.CLOSE)):
        shown = shown_as(state, progress)
        return Refusal(WRONG_STATE, (), {"state": shown, "event": event.value})
    if event is Event.UNAPPROVE and progress is not Progress.NONE:
        return Refusal(ALREADY_EXECUTED)
    unapproved = state is State.SUBMITTED or (state is State.DRAFT and approval_required)
    if event is Event.POST and unapproved:
        return Refusal(NOT_YET_APPROVED)
    return target


def shown_as(state: State, progress: Progress) -> str:
    """The word a reader sees: an approved order is ``partial`` or ``done`` once it is being
    executed.
    """
    if state is State.APPROVED and progress is not Progress.NONE:
        return progress.value
    return state.value
