"""Whether what the product answers is what the scenario expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.decimals import rounded


class Record(dict[str, Any]):
    """An answer with named parts, of which a scenario may mention some; a plain mapping is
    complete.
    """


class AnyOf(tuple[str, ...]):
    """One answer under all the names it goes by."""

    __slots__ = ()


def decimals(number: Decimal | int) -> int:
    """How many decimals were written."""
    exponent = Decimal(number).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def is_number(value: Any) -> bool:
    """Numbers, but not true and false."""
    return isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool)


def figure_agrees(expected: Decimal | int, actual: Decimal | Fraction | int) -> bool:
    """Agreement at the number of decimals written."""
    return rounded(actual, decimals(expected)) == expected


def differences(where: str, expected: Any, actual: Any) -> Iterator[str]:
    """What differs, one sentence each; nothing if all agrees."""
    if is_number(expected) and is_number(actual):
        if not figure_agrees(expected, actual):
            yield f"{where}: expected {expected}, is {shown(actual)}"
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        yield from _mapping_differences(where, expected, actual)
    elif _is_list(expected) and _is_list(actual):
        if len(expected) != len(actual):
            yield f"{where}: expected {shown(expected)}, is {shown(actual)}"
            return
        for place, (one, other) in enumerate(zip(expected, actual, strict=True), start=1):
            yield from differences(f"{where}[{place}]", one, other)
    elif isinstance(actual, AnyOf):
        if expected not in actual:
            yield f"{where}: expected {expected}, is {actual[0]}"
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{where}: expected {shown(expected)}, is {shown(actual)}"


def _mapping_differences(
    where: str, expected: Mapping[Any, Any], actual: Mapping[Any, Any]
) -> Iterator[str]:
    theirs = {str(key): value for key, value in expected.items()}
    ours = {str(key): value for key, value in actual.items()}
    for key, value in theirs.items():
        if key in ours:
            yield from differences(f"{where}.{key}", value, ours[key])
        else:
            yield f"{where}.{key}: expected {shown(value)}, is not there"
    if not isinstance(actual, Record):
        for key in sorted(ours.keys() - theirs.keys()):
            yield f"{where}.{key}: is {shown(ours[key])}, not expected"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | AnyOf)


def shown(value: Any) -> str:
    """A value as a reader wants it: fractions as decimals, lists and mappings as in the file."""
    if isinstance(value, Fraction):
        return f"{rounded(value, 6).normalize():f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) + "}"
    if _is_list(value):
        return "[" + ", ".join(shown(part) for part in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
