"""Lines that a module split by lot: each part is carried out as a line of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from core.decimals import rounded
from core.documents.records import Document, Line
from core.errors import Refusal, define
from core.extension.records import LotPart
from core.ledger.records import ZERO

NOT_A_UNIT = define(
    "NOT_A_UNIT",
    en="{lot} of {item} is a lot of many pieces, not one of its units.",
    zh="{item} 的 {lot} 是多件批次,不是单件编号。",
)


def pieces(line: Line, parts: Sequence[LotPart], dp: int) -> Iterator[tuple[LotPart, Line]]:
    """A line for each part. The amount is split by running total, so that they come to the whole."""
    seen = given = ZERO
    for part in parts:
        seen += part.quantity
        until = rounded(line.net * seen / line.quantity, dp) if line.quantity else line.net
        yield part, replace(line, lot_code=part.lot_code, quantity=part.quantity, net=until - given)
        given = until


def at_line(refusal: Refusal, no: int) -> Refusal:
    """A refusal as a line of the document has it; what is short is told of all lines (``stock.short``)."""
    inner = () if refusal.path == ("lines",) else refusal.path
    return Refusal(refusal.code, ("lines", no - 1, *inner), refusal.details)


def output_share(document: Document, line: Line, made: Decimal) -> Decimal | None:
    """The share in percent that an output of a conversion, or a part of it, has in the cost; ``made`` is
    how much of the whole line there is with it. None is the rest, for the last part of the first output."""
    outputs = [other for other in document.lines if other.role == "produce"]
    whole = document.lines[line.no - 1].base_quantity
    percent = line.share or ZERO
    if line.no == outputs[0].no:
        if made == whole:
            return None
        percent = 100 - sum((other.share or ZERO for other in outputs[1:]), ZERO)
    return percent if line.base_quantity == whole else percent * line.base_quantity / whole
