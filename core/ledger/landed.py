"""How a landed cost is shared among the lines of the receipt that it belongs to."""

from __future__ import annotations

from decimal import Decimal

from core.documents.amounts import Basis as SharedBy
from core.documents.amounts import BasisLine, allocate_cost
from core.documents.records import Document, Line, Source
from core.documents.types import Effect
from core.ledger.records import ZERO
from core.ledger.state import State


def landed_shares(state: State, document: Document, source: Source) -> dict[int, Decimal]:
    """What each stocked line of the source bears of the document's extra cost. Raises Refused."""
    chosen = {line.source_line: line for line in document.lines}
    lines = [
        s.line
        for no, s in sorted(source.lines.items())
        if s.line.stocked
        and (s.line.role == "produce" or source.type.effect is not Effect.CONVERT)
        and (not chosen or no in chosen)
    ]
    basis = [_basis_line(state, line, chosen.get(line.no)) for line in lines]
    by = SharedBy(document.cost_basis or SharedBy.AMOUNT)
    shares = allocate_cost(document.extra_cost or ZERO, by, basis, state.rules.amount_dp)
    return {line.no: share for line, share in zip(lines, shares, strict=True)}


def _basis_line(state: State, line: Line, manual: Line | None) -> BasisLine:
    item, quantity = state.items[line.item_id], line.base_quantity
    return BasisLine(
        quantity=quantity,
        amount=line.net,
        weight=quantity * (item.weight or ZERO),
        volume=quantity * (item.volume or ZERO),
        manual=manual.net if manual else ZERO,
    )
