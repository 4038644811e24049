"""What a demo tenant is made of: master data, the documents of one day, and what is shown of it, in the words
of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class In:
    """A date so many days after the day of the demo."""

    days: int = 0


@dataclass(frozen=True, slots=True)
class Id:
    """The global id of what was made under this code."""

    code: str


@dataclass(frozen=True, slots=True)
class Step:
    """One document. ``source`` names the step it goes back to; its lines go back to the lines with
    the same number there, unless it is a landed cost, which has none. A line is item code, quantity,
    and its price where it has one; ``each`` holds what else the lines say, in their order."""

    name: str
    type: str
    lines: tuple[tuple[str, ...], ...] = ()
    party: str | None = None
    place: str | None = None
    to_place: str | None = None
    source: str | None = None
    extra: Mapping[str, Any] | None = None
    each: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One mutation of a module, sent with ``content`` and a command id. Whatever has a code and an id in
    its answer can be named later (:class:`Id`), behind ``prefix``, and what was made without a code as
    ``made``; ``document`` in it counts as the document of a step."""

    name: str
    mutation: str
    content: Json
    prefix: str = ""
    made: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A table shown of a tenant at the end of the day. ``rows`` makes it of the answer; columns named in
    ``figures`` are numbers; ``variables`` of the query are ids, by the codes they were made under."""

    title: str
    query: str
    columns: tuple[str, ...]
    figures: frozenset[str]
    rows: Callable[[Json], Iterable[tuple[str, ...]]]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trader:
    """A demo tenant. Items, parties and places are inputs of the API."""

    name: str
    settings: Json
    items: tuple[Json, ...]
    parties: tuple[Json, ...]
    places: tuple[Json, ...]
    day: tuple[Step | Act, ...]
    edition: str = "standard"
    reports: tuple[Report, ...] = ()
