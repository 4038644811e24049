"""Serial numbers: the rules of :mod:`plugins.serial_numbers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import refuse
from plugins.serial_numbers.refusals import (
    HAS_LEFT,
    NOT_ALLOWED,
    TAKEN,
    UNKNOWN,
    WRONG_COUNT,
    WRONG_PLACE,
)
from plugins.serial_numbers.rules import entry, life
from plugins.serial_numbers.rules.life import State
from tests.scenarios.adapters import picking
from tests.scenarios.adapters.stock import Stock
from tests.scenarios.compare import AnyOf
from tests.scenarios.fields import Fields
from tests.scenarios.model import NotYet, Scenario

# The names that the sources give to our states and to what happens to a unit (`domain.md` §9).
NAMES = {
    State.IN_STOCK: AnyOf(("in_stock", "in stock", "available", "active")),
    State.IN_TRANSIT: AnyOf(("in_transit", "in transit")),
    State.IN_REPAIR: AnyOf(("in_repair", "in repair", "repair")),
    State.AT_PROCESSOR: AnyOf(("at_processor", "with_subcontractor", "subcontracted")),
    State.SOLD: AnyOf(("sold", "delivered", "issued")),
    State.RETURNED: AnyOf(("returned", "returned_to_supplier")),
    State.CONSUMED: AnyOf(("consumed",)),
    State.ISSUED: AnyOf(("issued", "used")),
    State.SCRAPPED: AnyOf(("scrapped",)),
    State.LOST: AnyOf(("lost",)),
    State.INACTIVE: AnyOf(("inactive",)),
}
BACK = AnyOf(("in_stock", "in stock", "returned", "available", "active"))
"""What a customer brought back: it lies in stock again, which some call returned until it is put away."""
COMES = {
    **dict.fromkeys(("receive", "receipt", "create"), "supplier"),
    **dict.fromkeys(("return", "return_in", "customer_return", "restock"), "customer"),
    **dict.fromkeys(("find", "found"), "gain_loss"),
}
LEAVES = {
    **dict.fromkeys(("issue", "sell", "sale", "deliver", "ship"), "customer"),
    **dict.fromkeys(("return_out", "return_to_supplier", "supplier_return"), "supplier"),
    **dict.fromkeys(("scrap",), "scrap"),
    **dict.fromkeys(("consume",), "production"),
    **dict.fromkeys(("lose", "lost"), "gain_loss"),
}
MOVES = {
    **dict.fromkeys(("transfer", "move", "restock"), State.IN_STOCK),
    **dict.fromkeys(("dispatch", "send"), State.IN_TRANSIT),
    **dict.fromkeys(("repair", "to_repair", "send_to_repair"), State.IN_REPAIR),
    **dict.fromkeys(("subcontract", "to_processor"), State.AT_PROCESSOR),
}
UNDOES = ("reverse", "cancel", "reverse_receipt", "cancel_receipt")
THROUGHOUT = ("tenant", "throughout", "all", "global", "company")


@dataclass(slots=True)
class Unit:
    """A unit in the course of a scenario; ``left`` says that it has been gone since it came."""

    state: State
    place: str | None = None
    left: bool = False


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``serial``."""

    def serial_range(_: str, step: Fields) -> list[int | str]:
        following = step.text("next", None)
        found = entry.checked(entry.expand(step.text("text"), following))
        return [_plain(number) for number in found]

    def serial_list(_: str, step: Fields) -> list[str]:
        found = entry.checked(entry.expand(step.text("text")))
        wanted = step.whole("qty", None)
        if wanted is not None and wanted != len(found):
            raise refuse(WRONG_COUNT, item="", quantity=wanted, count=len(found))
        return found

    def serial_generate(_: str, step: Fields) -> list[str]:
        return entry.next_free(step.text("start"), (), step.whole("count"))

    return {
        "serial_range": serial_range,
        "serial_list": serial_list,
        "serial_generate": serial_generate,
        "serial_event": _lives(),
        "serial_register": _register(),
        **picking.operations(Stock(scenario)),
    }


def _lives() -> Any:
    """What happens to units, one event after the other."""
    units: dict[tuple[str, str], Unit] = {}

    def serial_event(_: str, step: Fields) -> AnyOf:
        number, event = step.text("serial"), step.text("event")
        key = step.text("item", ""), number
        place, source, target = (step.text(name, None) for name in ("loc", "from", "to"))
        if step.number("qty", None) not in (None, 1):
            raise refuse(WRONG_COUNT, item=key[0], quantity=step.number("qty"), count=1)
        unit = units.get(key)
        if unit is None and event not in COMES:
            if event not in (*LEAVES, *MOVES, *UNDOES, "arrive"):
                raise NotYet(f"event {event}")
            raise refuse(UNKNOWN, item=key[0], number=number)
        unit = unit or Unit(State.INACTIVE)
        _happen(unit, event, source or place, target or place, number)
        units[key] = unit
        came_back = COMES.get(event) == "customer" and unit.state is State.IN_STOCK
        return BACK if came_back else NAMES[unit.state]

    return serial_event


def _happen(unit: Unit, event: str, source: str | None, target: str | None, number: str) -> None:
    """Carry an event out on a unit. Raises Refused where its life does not allow it."""
    state = unit.state
    back = event == "restock" and state in life.PRESENT  # put away, or mended
    if event in COMES and not back:
        ok = life.may_come(None if state is State.INACTIVE else state, COMES[event])
        _must(ok, unit, number)
        unit.state, unit.place = State.IN_STOCK, target
    elif event in UNDOES:
        if state not in life.PRESENT or unit.left:
            raise refuse(HAS_LEFT, item="", number=number, state=state.value)
        unit.state = life.gone_to("supplier", undone=True)
    elif event in LEAVES:
        _must(life.may_leave(state, LEAVES[event]), unit, number)
        _must_lie(unit, source, number)
        unit.state, unit.left = life.gone_to(LEAVES[event], undone=False), True
    elif event == "arrive":
        _must(state is State.IN_TRANSIT, unit, number)
        unit.state, unit.place = State.IN_STOCK, target
    elif event in MOVES:
        _must(life.may_leave(state, None), unit, number)
        if event in ("transfer", "move", "dispatch", "send"):
            _must_lie(unit, source, number)
        unit.state, unit.place = MOVES[event], target or unit.place
    else:
        raise NotYet(f"event {event}")


def _must(allowed: bool, unit: Unit, number: str) -> None:
    if not allowed:
        raise refuse(NOT_ALLOWED, item="", number=number, state=unit.state.value)


def _must_lie(unit: Unit, place: str | None, number: str) -> None:
    if None not in (place, unit.place) and place != unit.place:
        raise refuse(WRONG_PLACE, item="", number=number, place=unit.place, wanted=place)


def _register() -> Any:
    """Numbers that are taken, within their item or throughout."""
    known: set[tuple[str, str]] = set()

    def serial_register(_: str, step: Fields) -> str:
        item, number, unique = step.text("item"), step.text("serial"), step.text("unique", "item")
        if unique not in ("item", *THROUGHOUT):
            raise NotYet(f"unique {unique}")
        [code] = entry.checked([number])
        if (item, code) in known:
            raise refuse(NOT_ALLOWED, item=item, number=code, state=State.IN_STOCK.value)
        if unique in THROUGHOUT and any(code == other for _, other in known):
            raise refuse(TAKEN)
        known.add((item, code))
        return "accepted"

    return serial_register


def _plain(number: str) -> int | str:
    """A number that is all digits goes by its value, as scenarios write it."""
    return int(number) if number.isascii() and number.isdigit() else number
