"""What a work order allows to be posted, and what it keeps of it: decided under the lock, with records."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from core.plugin_api import Posting, Refusal, Row, Write
from plugins.bom_manufacturing.work_orders.rules import (
    CLOSED,
    MORE_THAN_CHARGED,
    NOT_A_WORK_ORDER,
    OUTDATED,
    PRODUCT_FIRST,
    STOPPED,
)
from plugins.bom_manufacturing.work_orders.tables import work_charge, work_order
from plugins.bom_manufacturing.work_orders.types import CLOSING, ISSUE, ORDER, RECEIPT, TYPES

KEPT = "bom_manufacturing"
_CODES = frozenset(type_.code for type_ in TYPES)
_ZERO = Decimal(0)


class WorkPosting:
    """A document of one of the module's types on its way into the books."""

    def __init__(self, posting: Posting) -> None:
        self.posting, self.document = posting, posting.document
        self.code = self.document.type_code
        self.ours = self.code in _CODES

    @cached_property
    def order(self) -> Row | None:
        """What is kept of the order."""
        key = self.document.id if self.code == ORDER else self.document.source_id
        return None if key is None else self.posting.view.row(work_order, document_id=key)

    @cached_property
    def told(self) -> dict[str, Any]:
        """What a report said of itself."""
        return dict(self.document.extensions.get(KEPT, {}))

    def refusals(self) -> Iterator[Refusal]:
        """Why it may not be posted."""
        if not self.ours:
            return
        if self.order is None:
            yield Refusal(NOT_A_WORK_ORDER, ("sourceId",))
            return
        if self.code == ORDER:
            role = "consume" if self.order["kind"] == "disassemble" else "produce"
            if self.document.lines[0].role != role:  # written anew as any document of core's
                yield Refusal(PRODUCT_FIRST, ("lines", 0, "role"))
        undone = self.posting.reverses
        if self.order["status"] == "closed" and not (undone and self.code == CLOSING):
            yield Refusal(CLOSED)
        elif self.order["status"] == "stopped" and self.code in (ISSUE, RECEIPT) and not undone:
            yield Refusal(STOPPED)
        elif self.code == RECEIPT and not undone:
            yield from self._refusals_of_report(self.order)

    def _refusals_of_report(self, order: Row) -> Iterator[Refusal]:
        seen = self.told.get("seen")
        if seen is not None and [Decimal(str(one)) for one in seen] != seen_of(order):
            yield Refusal(OUTDATED)
            return
        view = self.posting.view
        charges = view.rows(work_charge, document_id=order["document_id"])
        open_ = sum((row["amount"] for row in charges), _ZERO) - order["absorbed"]
        extra = self.document.extra_cost or _ZERO
        if not 0 <= extra <= open_:
            details = {"amount": extra, "charged": open_}
            yield Refusal(MORE_THAN_CHARGED, ("extraCost",), details)

    def writes(self) -> Iterator[Write]:
        """What the order keeps of it."""
        if not self.ours or self.order is None or self.code not in (RECEIPT, CLOSING):
            return
        key = {"document_id": self.order["document_id"]}
        if self.code == CLOSING:
            status = "open" if self.posting.reverses else "closed"
            yield Write(work_order, {**key, "status": status})
            return
        way = -1 if self.posting.reverses else 1
        yield Write(
            work_order,
            {
                **key,
                "reported": self.order["reported"] + self._reported(way),
                "scrapped": self.order["scrapped"] + way * self._figure("scrapped"),
                "absorbed": self.order["absorbed"] + way * (self.document.extra_cost or _ZERO),
            },
        )

    def _figure(self, name: str) -> Decimal:
        return Decimal(str(self.told.get(name, 0)))

    def _reported(self, way: int) -> Decimal:
        """How much of the product was good; a receipt that says nothing of it says it by its lines, which
        are negative on a reversal."""
        if "reported" in self.told:
            return way * self._figure("reported")
        own = (line.base_quantity for line in self.document.lines if line.source_line == 1)
        return sum(own, _ZERO)


def seen_of(order: Row) -> list[Decimal]:
    """What a report was reckoned on: where it differs, another one came between."""
    return [order["reported"], order["scrapped"], order["absorbed"]]
