"""Lines of documents, which name the numbers of their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from core.plugin_api import REQUIRED, Refused, refuse
from plugins.serial_numbers.rules import entry
from plugins.serial_numbers.rules.records import told
from schema.plugin_api import (
    PART,
    DocumentLine,
    InputField,
    field,
    input_type,
    object_type,
)


@object_type(permission=PART)
class SerialNumbersLine:
    """The numbers that a line was sent with."""

    numbers: list[str] = field("The numbers, in the order in which they were sent.", size=10)
    count: int = field("How many there are.")


class LineFields:
    """What a line of a document shows."""

    @field
    def serial_numbers(self, line: strawberry.Parent[DocumentLine]) -> SerialNumbersLine | None:
        """The numbers it was sent with; null where it named none. Which units a line took that named
        none is in the history of those units."""
        numbers = told(line.record.extensions)
        return None if numbers is None else SerialNumbersLine(numbers=numbers, count=len(numbers))


@input_type
class SerialNumbersLineInput:
    """The units of a line, each of which counts one of its quantity; at most 10,000. What is sent in
    several ways adds up.

    Goods that come in, and counts, need them; goods that leave without are those that came first. On a
    count they are all that was found at the place. The line's `lotCode` names the batch of its units: new
    ones come to belong to it; without numbers, goods that leave are of it; a count is of it alone.
    """

    numbers: list[str] | None = field("The numbers, one by one, as they are.", default=None)
    text: str | None = field(
        "Numbers as people write them: `7, 10-15, 20+3` (20 and the three after it).", default=None
    )
    start: str | None = field(
        "The first of `count` numbers, of which the digits go up.", default=None
    )
    count: int | None = field("How many there are from `start` on.", default=None)


def read(sent: SerialNumbersLineInput) -> Mapping[str, Any]:
    numbers = list(sent.numbers or ())
    if len(numbers) > entry.MOST:
        raise entry.too_many()
    if sent.text is not None:
        numbers += _at("text", lambda: entry.expand(sent.text or ""))
    if sent.start is not None or sent.count is not None:
        if sent.start is None or sent.count is None:
            missing = "start" if sent.start is None else "count"
            raise refuse(REQUIRED, missing, field=missing)
        start, count = sent.start, sent.count
        if not 0 < count <= entry.MOST:
            raise entry.too_many()
        numbers += _at("start", lambda: list(entry.count_up(start, count)))
    return {"numbers": _at("numbers", lambda: entry.checked(numbers))}


def _at(name: str, numbers: Any) -> list[str]:
    """What the function answers; refusals seen from this field."""
    try:
        found: list[str] = numbers()
    except Refused as refused:
        raise Refused(*(refusal.under(name) for refusal in refused.refusals)) from None
    return found


INPUT = InputField(SerialNumbersLineInput, read, "The numbers of its units.")
