"""Where what became a line of a document stood in what was sent, so that a refusal leads back to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.plugin_api import LineDraft, Refusal, Refused

Origin = tuple[str | int, ...] | None
"""A path; None where nobody sent it."""
Told = tuple[LineDraft, Origin]
"""A line with its origin."""


def distinct(refusals: Iterable[Refusal]) -> Refused:
    """The same, each once: several lines of a document may stem from one field."""
    found: list[Refusal] = []
    for one in refusals:
        if one not in found:
            found.append(one)
    return Refused(*found)


def placed(refusals: Iterable[Refusal], origins: Sequence[Origin]) -> Refused:
    """Core's paths lead to lines of the document; the caller is told where he sent what they are about."""
    return distinct(_placed(one, origins) for one in refusals)


def _placed(refusal: Refusal, origins: Sequence[Origin]) -> Refusal:
    match refusal.path:
        case ("lines", int(n), *rest) if n < len(origins):
            origin = origins[n]
            path = () if origin is None else (*origin, *rest)
            return Refusal(refusal.code, path, refusal.details)
    return refusal
