"""Scalars: exact both ways, and plain in what they write."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import (
    parse_date,
    parse_decimal,
    parse_moment,
    parse_uuid,
    plain,
    serialize_decimal,
    serialize_moment,
)


@given(
    st.decimals(
        min_value=Decimal("-999999999999999999"),
        max_value=Decimal("999999999999999999"),
        places=12,
    )
)
def test_decimals_come_back_as_they_went(number: Decimal) -> None:
    back = parse_decimal(serialize_decimal(number))
    assert back == number
    assert back.as_tuple().exponent == number.as_tuple().exponent


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-12"), "0.000000000001"),
        (Decimal("1.50"), "1.50"),
        (5, "5"),
    ],
)
def test_decimals_are_written_plainly(number: Decimal | int, written: str) -> None:
    assert serialize_decimal(number) == written


def test_a_float_is_not_written_at_all() -> None:
    with pytest.raises(TypeError):
        serialize_decimal(0.1)  # type: ignore[arg-type]


def test_there_is_no_negative_zero() -> None:
    assert str(parse_decimal("-0.00")) == "0.00"


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (parse_date, "2026-02-30"),
        (parse_date, "20260101"),
        (parse_date, "2026-01-01T00:00:00Z"),
        (parse_date, 20260101),
        (parse_moment, "2026-01-01T00:00:00"),
        (parse_moment, "2026-01-01"),
        (parse_moment, "2026-01-01T25:00:00Z"),
        (parse_moment, "0001-01-01T00:00:00+14:00"),
        (parse_moment, "2026-W01-1T00:00:00Z"),
        (parse_uuid, "018f4e2a00007000800000000000abcd"),
        (parse_uuid, "{018f4e2a-0000-7000-8000-00000000abcd}"),
        (parse_uuid, "urn:uuid:018f4e2a-0000-7000-8000-00000000abcd"),
        (parse_uuid, None),
    ],
)
def test_other_spellings_are_refused(parse: Any, value: object) -> None:
    with pytest.raises(GraphQLError) as refused:
        parse(value)
    assert refused.value.extensions == {"code": "BAD_USER_INPUT"}


def test_moments_are_kept_and_shown_in_utc() -> None:
    moment = parse_moment("2026-01-31T08:30:00.5+08:00")
    assert moment == dt.datetime(2026, 1, 31, 0, 30, 0, 500_000, dt.UTC)
    assert serialize_moment(moment) == "2026-01-31T00:30:00.500000Z"


def test_plain_says_everything_as_json_can() -> None:
    assert plain({"a": (Decimal("1.0"), dt.date(2026, 1, 1), UUID(int=1), None, True, 3)}) == {
        "a": ["1.0", "2026-01-01", str(UUID(int=1)), None, True, 3]
    }
