"""Reservation: :mod:`core.ledger.availability`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from core.ledger.availability import Cell, reservable, shown
from tests.scenarios.adapters import picking
from tests.scenarios.adapters.stock import Stock, answer
from tests.scenarios.compare import Record
from tests.scenarios.fields import Fields
from tests.scenarios.model import Scenario


def cell_operations(stock: Stock) -> dict[str, Any]:
    """What can be done to one cell; counting does some of it too."""

    def change(name: str, apply: Callable[[Cell], Cell]) -> Record:
        kept = stock.find(name)
        kept.cell = apply(kept.cell)
        return answer(kept.cell)

    def state(_: str, step: Fields) -> Record:
        return answer(stock.find(step.text("cell")).cell)

    def allocate(_: str, step: Fields) -> Record:
        quantity, backorder = step.number("qty"), step.flag("allow_backorder")
        return change(
            step.text("cell"), lambda cell: cell.allocate(quantity, allow_backorder=backorder)
        )

    def release(_: str, step: Fields) -> Record:
        quantity = step.number("qty")
        return change(step.text("cell"), lambda cell: cell.release(quantity))

    def ship(_: str, step: Fields) -> Record:
        quantity = step.number("qty")
        return change(step.text("cell"), lambda cell: cell.ship(quantity))

    def adjust_to(_: str, step: Fields) -> Record:
        counted, trim = step.number("qty"), step.flag("trim_reservation")
        return change(
            step.text("cell"), lambda cell: cell.adjust_to(counted, trim_reservation=trim)
        )

    def threshold(_: str, step: Fields) -> Record:
        mark = step.number("qty")
        return change(step.text("cell"), lambda cell: cell.with_threshold(mark))

    def reallocate(_: str, step: Fields) -> Record:
        demand = step.number("demand")
        return change(step.text("cell"), lambda cell: cell.reallocate(demand))

    def projected(_: str, step: Fields) -> Record:
        reserve, move = step.number("reserve", Decimal(0)), step.number("move", Decimal(0))

        def apply(cell: Cell) -> Cell:
            # A movement takes its own reservation along (rule read in erpnext's work order tests).
            taken_back, more = max(-reserve, Decimal(0)), max(reserve, Decimal(0))
            return cell.release(taken_back).allocate(more, allow_backorder=True).ship(abs(move))

        change(step.text("cell"), apply)
        cell = stock.find(step.text("cell")).cell
        return Record(on_hand=cell.on_hand, reserved=cell.allocated, projected=cell.projected)

    return {
        "state": state,
        "allocate": allocate,
        "release": release,
        "ship": ship,
        "adjust_to": adjust_to,
        "threshold": threshold,
        "reallocate": reallocate,
        "projected": projected,
    }


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``reservation``."""
    stock = Stock(scenario)

    def available(_: str, step: Fields) -> Decimal:
        rows = stock.of(step.text("item"), step.texts("loc"))
        total = sum((kept.cell.available for kept in rows), Decimal(0))
        return total if step.flag("allow_negative") else shown(total)

    def reserve_any(_: str, step: Fields) -> Decimal:
        rows = stock.of(step.text("item"), None)
        wanted = reservable((kept.cell.available for kept in rows), step.number("qty"))
        left = wanted
        for kept in rows:
            part = min(left, kept.cell.saleable)
            kept.cell = kept.cell.allocate(part)
            left -= part
        return wanted

    return {
        **cell_operations(stock),
        "available": available,
        "reserve_any": reserve_any,
        **picking.operations(stock),
    }
