"""What an indicator is: declared by core and by plugins alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from core.db.database import Transaction
from core.indicators.rules import UNJUDGED, Better, Bounds, Measured, Span, Unit

Measure = Callable[[Transaction, Span, UUID | None], Awaitable[Measured | None]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure that managers look at.

    ``code`` is, of a plugin's, its name, a dot and a word. ``measure`` is awaited in a transaction that only
    reads, once per span, for two seconds at most: with set-based statements, few however many items there
    are. It gets a span of business dates and a place, which stands for all below it, or None for all of ours;
    it answers None where there is nothing to measure. ``permissions`` are those needed besides
    ``reports.read``: ``cost.read`` of whatever shows costs.
    """

    code: str
    en: str
    zh: str
    about: str
    about_zh: str
    unit: Unit
    better: Better
    measure: Measure
    bounds: Bounds = UNJUDGED
    permissions: tuple[str, ...] = ()
