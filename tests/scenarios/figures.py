"""Compares what a ledger scenario expects with what the books say.

Every figure is read through :class:`Books`, which the runner fills from the product's own queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from tests.scenarios.compare import differences
from tests.scenarios.model import Broken

Figure = Decimal | Fraction | None


@dataclass(frozen=True, slots=True)
class Where:
    """Which stock is meant; a part that is None is not told apart."""

    item: str | None
    place: str | None = None
    lot: str | None = None


class Books(Protocol):
    """What can be read of the books at a moment."""

    def balance(self, where: Where) -> Mapping[str, Figure]:
        """``qty``, ``value`` and ``unit_cost`` on hand."""

    def move(self, step: str, where: Where) -> Mapping[str, Figure]:
        """``qty`` and ``value`` a step moved, ``balance_qty`` and ``balance_value`` after it."""

    def layers(self, where: Where) -> list[list[Figure]]:
        """The layers left, oldest first, as quantity and unit cost."""

    def account(self, name: str, item: str) -> Decimal:
        """The value that went to ``cogs``, ``true_up`` or ``expensed``."""


BALANCE_FIGURES = ("qty", "value", "unit_cost")
MOVE_FIGURES = ("qty", "value", "balance_qty", "balance_value")
ACCOUNTS = ("cogs", "true_up", "expensed")


def differing(expect: Mapping[str, Any], books: Books) -> Iterator[str]:
    """Every figure that differs, one sentence each."""
    for row in expect.get("balances", ()):
        where, label = _where(row, BALANCE_FIGURES)
        yield from _figures(f"balance {label}", row, BALANCE_FIGURES, books.balance(where))
    for row in expect.get("moves", ()):
        step = str(row["step"])
        told = {key: value for key, value in row.items() if key != "step"}
        where, _ = _where(told, MOVE_FIGURES)
        yield from _figures(f"move {step}", told, MOVE_FIGURES, books.move(step, where))
    for row in expect.get("layers", ()):
        where, label = _where(row, ("layers",))
        yield from differences(f"layers {label}", row["layers"], books.layers(where))
    for account in ACCOUNTS:
        for item, value in expect.get(account, {}).items():
            yield from differences(f"{account} {item}", value, books.account(account, str(item)))


def _where(row: Mapping[str, Any], figures: tuple[str, ...]) -> tuple[Where, str]:
    """What a row is about. Broken where it says something that is not compared."""
    if unknown := row.keys() - {"item", "loc", "lot", *figures}:
        raise Broken(f"expects the unknown {', '.join(sorted(unknown))}")
    if not any(figure in row for figure in figures):
        raise Broken(f"expects no figure of {row}")
    parts = [None if row.get(key) is None else str(row[key]) for key in ("item", "loc", "lot")]
    return Where(*parts), " ".join(part for part in parts if part)


def _figures(
    label: str, row: Mapping[str, Any], names: tuple[str, ...], actual: Mapping[str, Figure]
) -> Iterator[str]:
    for name in names:
        if name in row:
            yield from differences(f"{label} {name}", row[name], actual[name])
