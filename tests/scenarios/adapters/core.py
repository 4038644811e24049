"""Documents, orders and indicators: :mod:`core.documents` and :mod:`core.ledger.indicators`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.documents.lifecycle import Event, State, next_state, shown_as
from core.documents.progress import Ordered, Progress
from core.errors import Refusal, Refused
from core.ledger.indicators import turnover
from tests.scenarios.compare import AnyOf, Record
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

# The names that the sources give to our states (`domain.md` §4).
NAMES = {
    "draft": AnyOf(("draft", "unapproved")),
    "submitted": AnyOf(("submitted", "pending")),
    "posted": AnyOf(("posted", "approved")),
    "partial": AnyOf(("partial", "partly", "partly_executed", "partially_executed")),
    "done": AnyOf(("done", "executed", "completed", "complete", "fully_executed")),
}
WHOLLY = ("all", "full", "rest", "done", "complete", "finish")


@dataclass(slots=True)
class Document:
    """A document in the course of a scenario. What a scenario reverses is not an order."""

    order: bool
    state: State = State.DRAFT
    progress: Progress = Progress.NONE

    def take(self, event: Event) -> None:
        """Carry the event out, or raise its refusal."""
        found = next_state(self.state, event, order=self.order, progress=self.progress)
        if isinstance(found, Refusal):
            raise Refused(found)
        self.state = found


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The ``calc`` operations of module ``core``."""
    return {**_documents(scenario), **order_operations(), "turnover": _turnover}


def _documents(scenario: Scenario) -> Mapping[str, Any]:
    posted = {
        step.fields.get("document")
        for step in scenario.steps
        if step.fields.get("event") in ("post", "reverse")
    }
    documents: dict[str, Document] = {}

    def document(_: str, step: Fields) -> AnyOf:
        name, event = step.text("document"), step.text("event")
        new = name not in documents
        found = documents.setdefault(name, Document(order=name not in posted))
        if not (new and event in ("create", "save", "draft")):
            _carry_out(found, event)
        word = shown_as(found.state, found.progress)
        return NAMES.get(word, AnyOf((word,)))

    return {"document": document}


def _carry_out(document: Document, event: str) -> None:
    """An event by its own name; executing comes as ``execute`` or as a word that says how much."""
    if event in tuple(Event) and event != Event.EXECUTE:
        document.take(Event(event))
        if event == Event.APPROVE and not document.order:
            document.take(Event.POST)  # what these scenarios call approved is in the books with us
        return
    wholly = any(word in event for word in WHOLLY)
    if not (wholly or "part" in event or event == Event.EXECUTE):
        raise NotYet(f"event {event}")
    document.take(Event.EXECUTE)
    again = document.progress is Progress.PARTIAL and event == Event.EXECUTE
    document.progress = Progress.DONE if wholly or again else Progress.PARTIAL


def order_operations() -> Mapping[str, Any]:
    """What is done against orders, in whichever module: one rule of core."""
    orders: dict[str, Ordered] = {}
    reports: dict[str, tuple[Decimal, Document]] = {}

    def stand(name: str) -> Record:
        return Record(done=orders[name].done, open=orders[name].open)

    def open_(_: str, step: Fields) -> None:
        over = step.number("over_pct", Decimal(0))
        orders[step.text("order")] = Ordered(step.number("qty"), over)

    def set_over(_: str, step: Fields) -> None:
        over, name = step.number("over_pct"), step.text("order", None)
        for each in [name] if name else list(orders):
            orders[each] = replace(orders[each], over_pct=over)

    def do(step_id: str, step: Fields) -> Record:
        name, quantity = step.text("order"), step.number("qty")
        orders[name] = orders[name].take(quantity)
        reports[step_id] = (quantity, Document(order=False, state=State.POSTED))
        return stand(name)

    def undo(_: str, step: Fields) -> Record:
        name = step.text("order")
        quantity, report = reports[step.text("ref")]
        report.take(Event.REVERSE)
        orders[name] = orders[name].give_back(quantity)
        return stand(name)

    return {"open": open_, "set_over": set_over, "do": do, "undo": undo}


def _turnover(_: str, step: Fields) -> Fraction:
    return turnover(step.number("cogs"), step.number("opening"), step.number("closing"))
