"""How serial numbers are entered: one by one, as ranges, as a start and how many more; and counted up."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from core.plugin_api import LIMIT_EXCEEDED, Refused, clean, define, refuse

MOST = 10_000
"""Numbers in one document."""
LONGEST = 64
"""Characters of a number."""

NOT_COUNTABLE = define(
    "SERIAL_NUMBERS_NOT_COUNTABLE",
    en="{number} has no digits to count up from.",
    zh="{number} 中没有可递增的数字。",
)
BAD_RANGE = define(
    "SERIAL_NUMBERS_BAD_RANGE",
    en="{text} is not a range: both ends must be alike but for the digits, the smaller one first.",
    zh="{text} 不是有效区间:两端除数字外须相同,且由小到大。",
)
TWICE = define(
    "SERIAL_NUMBERS_TWICE",
    en="{number} stands there twice.",
    zh="序列号 {number} 重复。",
)

_DIGITS = re.compile(r"\d+(?=\D*$)", re.ASCII)
_SEPARATORS = re.compile(r"[,;\uff0c\uff1b\u3001\s]+")
"""Commas and semicolons of both scripts, the enumeration comma, blanks and line breaks."""
_FREE = ("~", "\uff5e")
_TO = r"[-~\uff5e]"
_LOOSE = re.compile(r"\s*([+~\uff5e])\s*|\s+(-)\s+")
_MORE = re.compile(r"(.+)\+(\d+)", re.ASCII)


def count_up(start: str, count: int) -> Iterator[str]:
    """So many numbers from ``start`` on: the last run of digits is counted up and keeps its width."""
    found = _DIGITS.search(start)
    if found is None:
        raise refuse(NOT_COUNTABLE, number=start)
    width, first = len(found[0]), int(found[0])
    before, after = start[: found.start()], start[found.end() :]
    return (f"{before}{first + n:0{width}}{after}" for n in range(count))


def before_digits(number: str) -> str:
    """What stands before the digits that are counted up."""
    found = _DIGITS.search(number)
    return number if found is None else number[: found.start()]


def expand(text: str, following: str | None = None) -> list[str]:
    """The numbers that a text stands for, in its order: ``7, 10-15, 20+3`` (20 and three after it).

    A hyphen makes a range only between two numbers that differ in their last digits, so that ``SN-001``
    is a number. Where ``following`` is the next free number, ``~`` stands for it, and for the one after
    those that were taken by it before. Raises Refused.
    """
    close = _LOOSE.sub(lambda found: found[1] or found[2], text)
    numbers: list[str] = []
    for word in _SEPARATORS.split(close):
        if word[:1] in _FREE and following is not None:
            taken = list(_word(following + word[1:], MOST - len(numbers)))
            numbers += taken
            _, following = count_up(taken[-1], 2)
        elif word:
            numbers.extend(_word(word, MOST - len(numbers)))
    return numbers


def asks_for_free(text: str) -> bool:
    """Whether ``expand`` needs to know the next free number for a text."""
    close = _LOOSE.sub(lambda found: found[1] or found[2], text)
    return any(word[:1] in _FREE for word in _SEPARATORS.split(close) if word)


def checked(numbers: Iterable[str]) -> list[str]:
    """Numbers as they are stored. Raises Refused for what cannot be one, with the path of its place."""
    kept: list[str] = []
    seen: set[str] = set()
    for n, number in enumerate(numbers):
        if n >= MOST:
            raise too_many()
        code = clean(number, "numbers", LONGEST)
        if code in seen:
            raise refuse(TWICE, n, number=code)
        seen.add(code)
        kept.append(code)
    return kept


def next_free(start: str, taken: Collection[str], count: int) -> list[str]:
    """The first numbers from ``start`` on that nobody has."""
    if count > MOST:
        raise too_many()
    known, found = set(taken), list[str]()
    for number in count_up(start, count + len(known)):
        if len(found) == count:
            break
        if number not in known:
            found.append(number)
    return found


def too_many() -> Refused:
    """The refusal of more numbers than a document takes."""
    return refuse(LIMIT_EXCEEDED, field="serialNumbers", limit=MOST)


def _word(word: str, room: int) -> Iterable[str]:
    if more := _MORE.fullmatch(word):
        return _counted(more[1], int(more[2]) + 1 if len(more[2]) < 9 else MOST + 1, room)
    for hyphen in re.finditer(_TO, word):
        first, last = word[: hyphen.start()], word[hyphen.end() :]
        if (count := _between(first, last)) is not None:
            if count < 1:
                raise refuse(BAD_RANGE, text=word)
            numbers = _counted(first, count, room)
            if numbers[-1] != last:
                raise refuse(BAD_RANGE, text=word)
            return numbers
    return _counted(word, 1, room) if _DIGITS.search(word) else [word]


def _counted(start: str, count: int, room: int) -> list[str]:
    if count > room:
        raise too_many()
    return list(count_up(start, count))


def _between(first: str, last: str) -> int | None:
    """How many numbers there are from one to another; None where they are not alike."""
    one, other = _DIGITS.search(first), _DIGITS.search(last)
    if one is None or other is None:
        return None
    if _DIGITS.sub("", first) != _DIGITS.sub("", last) or one.start() != other.start():
        return None
    return int(other[0]) - int(one[0]) + 1
