"""Serial numbers: the rules of :mod:`plugins.serial_numbers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import refuse
from plugins.serial_numbers.posting import WRONG_COUNT
from plugins.serial_numbers.rules import entry
from tests.scenarios.fields import Fields
from tests.scenarios.model import Scenario


def operations(scenario: Scenario) -> Mapping[str, Any]:
    """The operations of module ``serial``."""

    def serial_range(_: str, step: Fields) -> list[int | str]:
        return [_plain(number) for number in entry.checked(entry.expand(step.text("text")))]

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
    }


def _plain(number: str) -> int | str:
    """A number that is all digits goes by its value, as scenarios write it."""
    return int(number) if number.isascii() and number.isdigit() else number
