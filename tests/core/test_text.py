"""Text at the door: cleaned, keyed, abbreviated, searched."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from core.canonical import canonical
from core.errors import Refused
from core.ids import uuid7
from core.search import patterns, spaced
from core.text import clean, clean_code, code_key, mnemonic


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800", "a\tb", "line\nbreak", "\x1b[31m"])
def test_what_cannot_be_stored_or_shown_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        clean(text, "name", 100)
    assert refused.value.refusals[0].code == "BAD_TEXT"


@pytest.mark.parametrize("text", ["A\u202eB", "A\u200bB", "\ufeffA", "A\u2066B", "A\u00adB"])
def test_codes_hide_nothing(text: str) -> None:
    assert clean(text, "name", 100)
    with pytest.raises(Refused):
        clean_code(text)


def test_equal_text_is_stored_as_equal() -> None:
    assert clean(" Cafe\u0301 ", "name", 100) == "Caf\u00e9"
    assert clean("a\nb", "address", 100, multiline=True) == "a\nb"
    assert code_key("Straße", case_sensitive=False) == code_key("STRASSE", case_sensitive=False)
    assert code_key("a", case_sensitive=True) != code_key("A", case_sensitive=True)


def test_empty_and_long_text_is_refused() -> None:
    for text, code in ((" ", "REQUIRED"), ("x" * 11, "TOO_LONG")):
        with pytest.raises(Refused) as refused:
            clean(text, "name", 10)
        assert refused.value.refusals[0].code == code


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("可口可乐 330ml", "KKKL330M"),
        ("重庆火锅底料", "CQHGDL"),
        ("WHITE HANGING HEART T-LIGHT HOLDER", "WHHTLH"),
        ("Café Crème", "CC"),
        ("👍", ""),
    ],
)
def test_mnemonics_are_first_letters(name: str, short: str) -> None:
    assert mnemonic(name) == short


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("可", "可口可乐"),
        ("可乐", "百事可乐 500ml"),
        ("乐 500", "百事可乐 500ml"),
        ("500ML", "百事可乐 500ml"),
        ("ite", "WHITE"),
        ("wh", "WHITE"),
        ("sku-00", "SKU-0012"),
        ("straße", "STRASSE"),
    ],
)
def test_a_search_finds(query: str, text: str) -> None:
    assert all(_like(pattern, spaced([text])) for pattern in patterns(query))


@pytest.mark.parametrize(
    ("query", "text"),
    [("乐可", "可口可乐"), ("%", "可乐"), ("100%", "1000"), ("a_c", "abc"), ("hi", "white")],
)
def test_a_search_does_not_find(query: str, text: str) -> None:
    assert not all(_like(pattern, spaced([text])) for pattern in patterns(query))


def test_a_search_has_limits() -> None:
    assert patterns("  ") == []
    with pytest.raises(Refused):
        patterns("a b c d e f g h i")
    with pytest.raises(Refused):
        patterns("x" * 101)


def test_ids_follow_the_clock() -> None:
    ids = [uuid7() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(i.version == 7 for i in ids)
    assert sorted(i.int >> 80 for i in ids) == [i.int >> 80 for i in ids]


@dataclass
class _Line:
    price: Decimal
    note: str | None = None


def test_canonical_json_spells_records_like_mappings() -> None:
    record, mapping = _Line(Decimal("1.50")), {"price": "1.5"}
    assert canonical({"lines": (record,)}) == canonical({"lines": [mapping]})


def test_canonical_json_survives_what_clients_send() -> None:
    assert canonical({"b": "\ud800", "a": None}) == b'{"b":"\xed\xa0\x80"}'


def _like(pattern: str, text: str) -> bool:
    literal = pattern[1:-1].replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\")
    return literal in text
