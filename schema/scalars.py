"""Scalars of the API: exact on the way in, exact on the way out.

Decimals travel as strings only. The library's own scalar takes JSON numbers too and loses digits
without a word, and takes "NaN"; in a ledger neither may happen (reliability rule 5).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

INTEGER_DIGITS = 18
FRACTION_DIGITS = 12

_DECIMAL = re.compile(r"-?(\d+)(?:\.(\d+))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def bad_input(sentence: str) -> NoReturn:
    """Refuse a value where it stands; the library adds the path to it."""
    raise GraphQLError(sentence, extensions={"code": "BAD_USER_INPUT"})


def parse_decimal(value: object) -> Decimal:
    """A finite decimal in plain notation, at most 18 digits before the point and 12 after it."""
    if not isinstance(value, str):
        bad_input('Decimal must be a string such as "12.50", so that no digit is lost.')
    match = _DECIMAL.fullmatch(value) if len(value) <= 64 else None
    if match is None:
        bad_input('Decimal must be written plainly, such as "-12.50": digits, one point.')
    integer, fraction = match[1].lstrip("0"), match[2] or ""
    if len(integer) > INTEGER_DIGITS or len(fraction) > FRACTION_DIGITS:
        bad_input(
            f"Decimal may have at most {INTEGER_DIGITS} digits before the point"
            f" and {FRACTION_DIGITS} after it."
        )
    number = Decimal(value)
    return number if number else abs(number)  # there is no negative zero in a ledger


def serialize_decimal(value: Decimal | int) -> str:
    """Plain notation, never an exponent: ``1E+3`` is written ``1000``. A float is a fault of ours."""
    if isinstance(value, float):
        raise TypeError("a float has found its way into an exact figure")
    return format(Decimal(value), "f")


def _parse_text(
    value: object, pattern: re.Pattern[str], convert: Callable[[str], Any], sentence: str
) -> Any:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        bad_input(sentence)
    try:
        return convert(value)
    except (ValueError, OverflowError):
        bad_input(sentence)


def parse_date(value: object) -> dt.date:
    """A calendar day, ``2026-01-31``."""
    day: dt.date = _parse_text(
        value, _DATE, dt.date.fromisoformat, 'Date must be a day such as "2026-01-31".'
    )
    return day


def parse_moment(value: object) -> dt.datetime:
    """A moment with its offset; without one nobody could say when it was."""
    moment: dt.datetime = _parse_text(
        value,
        _MOMENT,
        lambda text: dt.datetime.fromisoformat(text).astimezone(dt.UTC),
        'DateTime must carry an offset, such as "2026-01-31T08:30:00+08:00".',
    )
    return moment


def serialize_moment(value: dt.datetime) -> str:
    """In UTC, ending in ``Z``."""
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def parse_uuid(value: object) -> UUID:
    """A UUID in its canonical form with hyphens."""
    found: UUID = _parse_text(
        value, _UUID, UUID, 'UUID must look like "018f4e2a-0000-7000-8000-000000000000".'
    )
    return found


def plain(value: Any) -> Any:
    """``value`` as JSON can say it: decimals, days, moments and ids as strings."""
    if isinstance(value, Decimal):
        return serialize_decimal(value)
    if isinstance(value, dt.datetime):
        return serialize_moment(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            'An exact decimal number as a string in plain notation, such as `"12.50"`: at most'
            f" {INTEGER_DIGITS} digits before the point and {FRACTION_DIGITS} after it."
            " JSON numbers are refused, because they lose digits."
        ),
        serialize=serialize_decimal,
        parse_value=parse_decimal,
    ),
    dt.date: strawberry.scalar(
        name="Date",
        description="A calendar day, such as `2026-01-31`.",
        serialize=dt.date.isoformat,
        parse_value=parse_date,
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "A moment with its offset, such as `2026-01-31T08:30:00+08:00`. Answers are in UTC."
        ),
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=serialize_moment,
        parse_value=parse_moment,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID in its canonical form. New ids are best of version 7, made by you.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc9562",
        serialize=str,
        parse_value=parse_uuid,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value. Decimals, days and ids inside it are strings.",
        serialize=plain,
        parse_value=lambda value: value,
    ),
}
