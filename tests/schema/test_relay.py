"""Global ids and cursors: opaque, exact, and of no use when forged."""

from __future__ import annotations

import datetime as dt
from base64 import urlsafe_b64encode
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.errors import Refused
from schema.relay import (
    Page,
    connection,
    decode_cursor,
    decode_id,
    encode_cursor,
    encode_id,
    page_of,
    uuid_of,
)
from tests.schema.toy import PretendedDatabase, run, toy_context

AN_ID = UUID("018f4e2a-0000-7000-8000-00000000abcd")


def refusal(error: Refused) -> tuple[str, tuple[str | int, ...]]:
    return error.refusals[0].code, error.refusals[0].path


def test_a_global_id_is_its_type_and_uuid() -> None:
    global_id = encode_id("Item", AN_ID)
    assert decode_id(global_id) == ("Item", AN_ID)
    assert uuid_of(global_id, "Item") == AN_ID


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "Item",
        str(AN_ID),
        encode_id("Item", AN_ID)[:-4],
        encode_id("Item", AN_ID) + "\n",
        encode_id("Item", AN_ID).rstrip("="),
        urlsafe_b64encode(f"Item:{str(AN_ID).upper()}".encode()).decode(),
        urlsafe_b64encode(f"Item:{AN_ID.hex}".encode()).decode(),
        encode_id("Party", AN_ID),
        "x" * 100_000,
        "é",
    ],
)
def test_every_wrong_id_is_one_that_does_not_exist(wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        uuid_of(wrong, "Item", "lines", 2, "item")
    assert refusal(refused.value) == ("NOT_FOUND", ("lines", 2, "item"))


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (("可乐", AN_ID), (str, UUID)),
        ((-5, AN_ID), (int, UUID)),
        ((Decimal("1.50"), dt.date(2026, 1, 31)), (Decimal, dt.date)),
        ((dt.datetime(2026, 1, 31, 8, 30, 0, 123456, dt.UTC),), (dt.datetime,)),
    ],
)
def test_a_cursor_brings_back_what_went_in(values: tuple[Any, ...], key: tuple[type, ...]) -> None:
    assert decode_cursor(encode_cursor(values), key) == values


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "é",
        encode_cursor([]),
        encode_cursor(["a"]),
        encode_cursor(["a", AN_ID, 1]),
        encode_cursor([1, AN_ID]),
        encode_cursor([True, AN_ID]),
        encode_cursor([None, AN_ID]),
        encode_cursor(["a\0", AN_ID]),
        encode_cursor(["a", "not a uuid"]),
        urlsafe_b64encode(b'{"a": 1}').decode(),
        urlsafe_b64encode(b"[" * 2000).decode(),
    ],
)
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(Refused) as refused:
        decode_cursor(forged, (str, UUID))
    assert refusal(refused.value) == ("BAD_CURSOR", ("after",))
    if forged == encode_cursor([True, AN_ID]):
        with pytest.raises(Refused):
            decode_cursor(forged, (int, UUID))


def test_pages_have_limits() -> None:
    assert page_of(None) == Page(50)
    assert page_of(100).limit == 101
    for first, code in ((101, "LIMIT_EXCEEDED"), (-1, "BAD_PAGE")):
        with pytest.raises(Refused) as refused:
            page_of(first)
        assert refusal(refused.value) == (code, ("first",))


def test_an_empty_page_knows_whether_there_is_more() -> None:
    page = connection(Page(0), ["a"], node=str, cursor=lambda row: (row,))
    assert (page.nodes, page.page_info.has_next_page, page.page_info.end_cursor) == ([], True, None)


async def test_pages_follow_each_other_to_the_end() -> None:
    seen: list[str] = []
    after = "null"
    while True:
        query = f"""{{ toys(first: 100, after: {after}) {{
            totalCount nodes {{ name }} edges {{ cursor node {{ name }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
        async with toy_context(PretendedDatabase()) as context:
            result = await run(context, query)
        assert result.data
        page = result.data["toys"]
        assert page["totalCount"] == 250
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasPreviousPage"] == bool(seen)
        seen += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f'"{page["pageInfo"]["endCursor"]}"'
    assert seen == [f"toy {n:03}" for n in range(250)]
