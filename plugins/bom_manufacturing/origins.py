"""Where what became a line of a document stood in what was sent, so that a refusal leads back to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.plugin_api import LineDraft, Refusal, Refused

Origin = tuple[str | int, ...] | Mapping[str, str] | None
"""A path; where the line is the input itself, what its fields are called there; None where nobody sent it."""
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
            return Refusal(refusal.code, _path(origins[n], rest), refusal.details)
    return refusal


def _path(origin: Origin, rest: Sequence[str | int]) -> tuple[str | int, ...]:
    if origin is None:
        return ()
    if isinstance(origin, Mapping):
        return (*[origin.get(str(one), one) for one in rest[:1]], *rest[1:])
    return (*origin, *rest)
