"""Barcodes of GS1: the standard's own examples, real products, and round trips."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from plugins.food_batches import gs1
from plugins.food_batches.gs1 import GS, Element, Scan, bracketed, check_gtin, element_string, scan
from plugins.food_batches.gs1_syntax import table

HERE = Path(__file__)
FIXTURE = HERE.parents[2] / "fixtures" / "gs1" / "examples.jsonl"
SHARED = next((up / "shared/data" for up in HERE.parents if (up / "shared/data").is_dir()), None)
TODAY = date(2026, 3, 1)

SETTINGS = {
    "complete": (
        "AI combination rule: validateAIrequisites",
        "validateDigSigRequiresSerialisedKey",
    ),
    "key words of links": ("https://a/sscc/006141411234567890",),
    "GTIN-13 in links": (
        "https://id.gs1.org/01/9520123456788?17=201225&3103=000195&3922=0299",
        "https://a/01/02345673",
        "https://a/01/416000336108",
    ),
    "numbers in queries": ("https://a/01/12312312312333?99=ABC&999=faux",),
}
"""The examples whose verdict is a matter of policy; only the first is a setting here (`complete_scans`)."""


def examples(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


def disagreement(example: dict[str, Any]) -> str | None:
    """How the verdict on an example differs from what the example says."""
    kind, text = example["kind"], example["input"]
    try:
        found = scan(text, TODAY, complete=kind.startswith("AI combination"))
    except Refused as refused:
        return f"{text!r} is refused: {refused}" if example["valid"] else None
    if not example["valid"]:
        return f"{text!r} is read as {found}"
    expected = example["expect"]
    if isinstance(expected, dict):
        told: Any = {one.ai: _typed(one, expected[one.ai]) for one in found.elements}
    elif kind.startswith("scan data"):
        told = _as_engine(found)
    else:
        told = "^" + element_string(found.elements).replace(GS, "^") if expected else ""
    return None if told == expected else f"{text!r}: {told!r}, not {expected!r}"


def _typed(element: Element, like: str) -> str:
    if element.day is not None and "-" in like:
        return f"{element.day} (day 00 = last day of month)"
    if element.number is not None:
        return str(element.number)
    return element.value


def _as_engine(found: Scan) -> str:
    """The examples write FNC1 as a caret, and put a backslash before a caret that begins plain data."""
    if found.elements:
        return found.text.replace(GS, "^")
    plain = found.text.lstrip("\\").startswith("^")
    return f"\\{found.text}" if plain else found.text


@pytest.mark.parametrize("example", [*examples(FIXTURE)], ids=lambda one: one["input"] or "empty")
def test_examples_of_the_standard(example: dict[str, Any]) -> None:
    assert disagreement(example) is None


def test_all_examples_of_the_standard() -> None:
    if SHARED is None:
        pytest.skip("the examples do not lie beside the repository")
    found = list(examples(SHARED / "gs1/gs1_examples.jsonl"))
    assert len(found) == 114
    assert [wrong for one in found if (wrong := disagreement(one))] == []


def test_what_depends_on_a_setting_does() -> None:
    """Without the setting, those of its examples that were refused only for being alone are read."""
    needy = [one for one in examples(FIXTURE) if one["kind"].endswith(SETTINGS["complete"])]
    refused = [one["input"] for one in needy if not one["valid"]]
    assert refused
    for text in refused:
        with pytest.raises(Refused) as why:
            scan(text, TODAY, complete=True)
        assert {one.code for one in why.value.refusals} <= gs1.NEEDS_COMPLETE
        assert scan(text, TODAY).elements


def test_real_products() -> None:
    if SHARED is None:
        pytest.skip("the products do not lie beside the repository")
    path = SHARED / "open-food-facts/products_sample.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        products = list(csv.DictReader(file))
    wrong = {row["gtin"] for row in products if row["check_digit_ok"] == "0"}
    refused = {row["gtin"]: list(check_gtin(row["gtin"])) for row in products}
    assert (len(products), len(wrong)) == (5000, 100)
    assert {gtin for gtin, why in refused.items() if why} == wrong
    for gtin in wrong:
        (refusal,) = refused[gtin]
        assert refusal.code == gs1.GTIN_CHECK_DIGIT
        assert not list(check_gtin(f"{gtin[:-1]}{refusal.details['expected']}"))


@pytest.mark.parametrize(
    ("gtin", "code"),
    [
        ("4006381333931", None),
        ("96385074", None),
        ("036000291452", None),
        ("09520123456788", None),
        ("4006381333932", gs1.GTIN_CHECK_DIGIT),
        ("400638133393", gs1.GTIN_CHECK_DIGIT),
        ("40063813339", gs1.GTIN_LENGTH),
        ("", gs1.GTIN_LENGTH),
        ("400638133393x", gs1.GTIN_LENGTH),
        ("４００６３８１３３３９３１", gs1.GTIN_LENGTH),
    ],
)
def test_gtins(gtin: str, code: str | None) -> None:
    assert [one.code for one in check_gtin(gtin)] == ([code] if code else [])


def test_a_label_of_food() -> None:
    label = "(01)96901234567895(10)AB-1(11)260115(15)260700(17)260831(3103)001250(30)12(21)S1(37)7"
    with pytest.raises(Refused) as refused:
        scan(label, TODAY)
    assert [one.code for one in refused.value.refusals] == [gs1.CONFLICT]
    found = scan(label.removesuffix("(37)7"), TODAY)
    assert (found.gtin, found.lot, found.serial) == ("96901234567895", "AB-1", "S1")
    assert (found.produced_on, found.expires_on) == (date(2026, 1, 15), date(2026, 8, 31))
    assert (found.net_weight, found.count) == (Decimal("1.25"), Decimal(12))
    assert scan("(01)96901234567895(15)260700", TODAY).expires_on == date(2026, 7, 31)
    assert scan("(02)96901234567895(37)24", TODAY).gtin == "96901234567895"
    assert scan("(01)96901234567895(7003)2608311530", TODAY).expires_on == date(2026, 8, 31)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(01)96901234567896", gs1.BAD_CHECK_DIGIT),
        ("^0196901234567896", gs1.BAD_CHECK_DIGIT),
        ("https://id.gs1.org/01/96901234567896", gs1.BAD_CHECK_DIGIT),
        ("]E04006381333932", gs1.GTIN_CHECK_DIGIT),
        ("4006381333932", gs1.GTIN_CHECK_DIGIT),
        ("(17)261331", "FOOD_BATCHES_BAD_DATE"),
        ("(7003)2608312460", gs1.BAD_ELEMENT),
        ("(10)", gs1.BAD_ELEMENT),
        ("(30)", gs1.BAD_ELEMENT),
        ("(10)批次", gs1.BAD_ELEMENT),
        ("(10)A(10)B", gs1.REPEATED),
        ("https://[::1/01/96901234567895", gs1.BAD_LINK),
        ("https://id.gs1.org/01/96901234567895/21/A/10/B", gs1.BAD_LINK),
        ("https://id.gs1.org/01/96901234567895/10/%FF", gs1.BAD_LINK),
        ("]", gs1.UNREADABLE),
        ("]C1", gs1.UNREADABLE),
        ("^", gs1.UNREADABLE),
        ("(", gs1.UNREADABLE),
        ("9" * 5000, gs1.UNREADABLE),
    ],
)
def test_bad_scans_are_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        scan(text, TODAY)
    assert [one.code for one in refused.value.refusals] == [code]


@given(st.text(max_size=60) | st.from_regex(r"(\]\w\w|\^|\(|https?://\S*|[0-9]{2})[ -~\x1d]*"))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        scan(text, TODAY)
    except Refused as refused:
        for one in refused.refusals:
            assert one.message("en")
            assert one.message("zh")


@pytest.mark.parametrize("text", ["A-100", "货架 12", "2024", "HELLO WORLD"])
def test_a_shops_own_code_is_nobodys(text: str) -> None:
    assert scan(text, TODAY) == Scan(text)


gtins = st.text("0123456789", min_size=13, max_size=13).map(
    lambda digits: f"{digits}{gs1_standard_check_digit(digits)}"
)
lots = st.text("ABCxyz0189-/.!%(", min_size=1, max_size=20)
dates = st.dates(date(2000, 1, 1), date(2070, 12, 31))


@given(gtins, lots, dates, st.integers(0, 999_999), st.integers(1, 99_999_999))
def test_what_is_written_is_read(gtin: str, lot: str, day: date, grams: int, count: int) -> None:
    written = [
        Element("01", gtin),
        Element("10", lot),
        Element("17", f"{day:%y%m%d}", day),
        Element("3103", f"{grams:06}", None, Decimal(grams).scaleb(-3)),
        Element("30", str(count), None, Decimal(count)),
    ]
    message = element_string(written)
    for text in (
        message,
        GS + message,
        "^" + message.replace(GS, "^"),
        f"]C1{message}",
        f"]d2{message}",
    ):
        assert list(scan(text, TODAY).elements) == written
    assert list(scan(bracketed(written), TODAY).elements) == written


@given(gtins, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(gtin: str, place: int, more: int) -> None:
    wrong = str((int(gtin[place]) + more) % 10)
    assert list(check_gtin(gtin[:place] + wrong + gtin[place + 1 :]))


def test_the_table_is_whole() -> None:
    assert set(_GS1_APPLICATION_IDENTIFIERS) <= table().keys()
    assert table()["8003"].mandatory == 14
    assert not table()["10"].predefined
    assert table()["3103"].predefined
    assert table()["01"].qualifiers == (("22", "10", "21"), ("235",))
