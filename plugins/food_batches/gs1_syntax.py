"""The official table of application identifiers (``gs1_syntax.txt``, GS1 AISBL, Apache-2.0), read.

``biip`` knows what a single element looks like. This table says besides which digits are check digits and
dates, which elements need or exclude each other, and what a Digital Link is made of. A new release of the
table takes the place of the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("gs1_syntax.txt")
_ENTRY = re.compile(
    r"(?P<first>\d{2,4})(?:-(?P<last>\d{2,4}))?(?P<flags>\s+[^\w\s#\[]+)?\s+(?P<rest>.+)"
)
_COMPONENT = re.compile(r"\[?[NXYZ](?P<upto>\.\.)?(?P<length>\d+)\]?(?:,(?P<checks>\S+))?")


@dataclass(frozen=True, slots=True)
class Component:
    """A part of an element's value: how long it is at most, and what it has to be."""

    length: int
    variable: bool
    optional: bool
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One application identifier (AI).

    ``predefined`` ones need no separator after them, ``attribute`` ones may stand in the query of a Digital
    Link. Each of ``requires`` is a list of alternatives, of which one must be there; an alternative is a
    set of patterns, in which ``n`` is any digit. ``qualifiers`` is None unless the AI is the key of a
    Digital Link; then each of them is a sequence that may follow it, with gaps.
    """

    ai: str
    predefined: bool
    attribute: bool
    components: tuple[Component, ...]
    requires: tuple[tuple[tuple[str, ...], ...], ...]
    excludes: tuple[str, ...]
    qualifiers: tuple[tuple[str, ...], ...] | None

    @property
    def mandatory(self) -> int:
        """How many characters a value has at least; what is beyond is optional or variable."""
        return sum(c.length for c in self.components if not c.optional and not c.variable)

    def missing(self, present: Collection[str]) -> Iterator[str]:
        """What this element needs and does not find beside it, in words of the table."""
        for alternatives in self.requires:
            if not any(all(_any(part, present) for part in one) for one in alternatives):
                yield ", ".join("+".join(one) for one in alternatives)

    def conflicts(self, present: Collection[str]) -> list[str]:
        """The elements beside it that may not be there."""
        return [
            other
            for other in present
            if other != self.ai and any(_fits(pattern, other) for pattern in self.excludes)
        ]


@cache
def table() -> Mapping[str, Entry]:
    """Every application identifier by its digits."""
    found: dict[str, Entry] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        matched = _ENTRY.fullmatch(text)
        assert matched is not None, f"the table has a line that cannot be read: {line}"
        first, last = matched["first"], matched["last"] or matched["first"]
        for number in range(int(first), int(last) + 1):
            ai = str(number).zfill(len(first))
            found[ai] = _entry(ai, matched["flags"] or "", matched["rest"].split())
    return found


def _entry(ai: str, flags: str, words: list[str]) -> Entry:
    components, requires, excludes = [], [], []
    qualifiers: tuple[tuple[str, ...], ...] | None = None
    for word in words:
        name, _, value = word.partition("=")
        if name == "req":
            requires.append(tuple(tuple(one.split("+")) for one in value.split(",")))
        elif name == "ex":
            excludes += value.split(",")
        elif name == "dlpkey":
            qualifiers = tuple(tuple(one.split(",")) for one in value.split("|")) if value else ()
        else:
            matched = _COMPONENT.fullmatch(word)
            assert matched is not None, f"AI {ai} has a part that cannot be read: {word}"
            checks = tuple((matched["checks"] or "").split(","))
            length, variable = int(matched["length"]), matched["upto"] is not None
            components.append(Component(length, variable, word.startswith("["), checks))
    return Entry(
        ai,
        "*" in flags,
        "?" in flags,
        tuple(components),
        tuple(requires),
        tuple(excludes),
        qualifiers,
    )


def _any(pattern: str, present: Collection[str]) -> bool:
    return any(_fits(pattern, ai) for ai in present)


def _fits(pattern: str, ai: str) -> bool:
    return len(pattern) == len(ai) and all(p in ("n", a) for p, a in zip(pattern, ai, strict=True))
