"""Barcodes of GS1: from what a scanner sends, or a person types, to values (A7).

Three of the answers are matters of policy, in which readers differ:

- Elements that need others (a batch number needs its GTIN) may stand alone here, because labels spread
  them over several codes. ``complete=True`` demands them: :data:`NEEDS_COMPLETE`.
- A Digital Link may use the words of its first edition for keys (``/gtin/``, ``/sscc/``), and a GTIN of 13
  digits; shorter GTINs in it are refused, as the standard wants 14.
- A number in the query of a Digital Link that is no application identifier is refused, a word is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from biip import ParseConfig, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gs1_element_strings import GS1ElementString

from core.plugin_api import Refusal, Refused, define, raise_any, refuse
from plugins.food_batches.gs1_syntax import Entry, table
from plugins.food_batches.rules.dates import gs1_date

GTIN_LENGTH = define(
    "FOOD_BATCHES_GTIN_LENGTH",
    en="{gtin} is no GTIN: it must have 8, 12, 13 or 14 digits.",
    zh="{gtin} 不是有效的 GTIN:须为 8、12、13 或 14 位数字。",
)
GTIN_CHECK_DIGIT = define(
    "FOOD_BATCHES_GTIN_CHECK_DIGIT",
    en="The check digit of {gtin} is wrong: it ends in {digit} and should end in {expected}.",
    zh="{gtin} 校验码错误:末位为 {digit},应为 {expected}。",
)
UNREADABLE = define(
    "FOOD_BATCHES_SCAN_UNREADABLE",
    en="This is no barcode that can be read here: {text}.",
    zh="无法识别的条码:{text}。",
)
UNKNOWN_ELEMENT = define(
    "FOOD_BATCHES_SCAN_UNKNOWN_ELEMENT",
    en="The barcode goes on with {text}, which is no element of GS1.",
    zh="条码中的 {text} 不是有效的 GS1 应用标识符。",
)
BAD_ELEMENT = define(
    "FOOD_BATCHES_SCAN_BAD_ELEMENT",
    en="({ai}) {value} is not of the form {format}.",
    zh="({ai}) {value} 不符合格式 {format}。",
)
BAD_CHECK_DIGIT = define(
    "FOOD_BATCHES_SCAN_CHECK_DIGIT",
    en="The check digit of ({ai}) {value} is wrong: it is {digit} and should be {expected}.",
    zh="({ai}) {value} 校验码错误:为 {digit},应为 {expected}。",
)
REPEATED = define(
    "FOOD_BATCHES_SCAN_REPEATED",
    en="({ai}) stands there twice: {value} and {other}.",
    zh="({ai}) 重复且不一致:{value} 与 {other}。",
)
CONFLICT = define(
    "FOOD_BATCHES_SCAN_CONFLICT",
    en="({ai}) and ({other}) cannot stand on the same goods.",
    zh="({ai}) 与 ({other}) 不能同时使用。",
)
INCOMPLETE = define(
    "FOOD_BATCHES_SCAN_INCOMPLETE",
    en="({ai}) says nothing without {needed} beside it.",
    zh="({ai}) 须与 {needed} 一起使用。",
)
BAD_LINK = define(
    "FOOD_BATCHES_SCAN_BAD_LINK",
    en="{text} is no GS1 Digital Link.",
    zh="{text} 不是有效的 GS1 数字链接。",
)

_CONFIG = ParseConfig(gs1_element_strings_verify_date=False)
"""Dates are read here: which century they mean depends on a day that is given."""
GS = "\x1d"
"""What scanners send for FNC1, the separator."""
LONGEST = 2000
"""Characters of a scan; the largest GS1 symbol holds fewer."""

NEEDS_COMPLETE = frozenset({INCOMPLETE})
"""The refusals that come only where a scan has to be complete."""

_KEY_WORDS = {
    **{"gtin": "01", "itip": "8006", "gmn": "8013", "cpid": "8010", "gln": "414", "payTo": "415"},
    **{"gsrnp": "8017", "gsrn": "8018", "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401"},
    **{"gsin": "402", "grai": "8003", "giai": "8004"},
    **{"cpv": "22", "lot": "10", "ser": "21", "glnx": "254", "refNo": "8020", "cpsn": "8011"},
    **{"srin": "8019"},
}
_GOODS = ("00", "01", "02", "03", "8006")
"""Elements that name goods: without one, a bare text is not taken for a message."""
_SERIALISED = ("253", "255", "8003")
"""Keys whose serial number is optional, but not under a signature (8030)."""
_MARK = re.compile(r"[A-Za-z][0-9A-Za-z]")
_GTIN_LENGTHS = {"E0": (12, 14), "E3": (13, 13), "E4": (8, 8), "I1": (14, 14)}
"""Symbology identifiers (ISO/IEC 15424) of plain GTINs: how many digits follow at least, and how many
belong to the GTIN where an add-on comes after it."""
_MESSAGES = frozenset({"C1", "e0", "e1", "e2", "d2", "Q3", "J1"})
"""Those of element strings: GS1-128, DataBar and composites, DataMatrix, QR, DotCode."""
_BRACKETED = re.compile(r"\((\d{2,4})\)((?:\\\(|[^(])*)")
_URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE)
_MEANT_AS_MESSAGE = re.compile(r"0[0-3][0-9]{14}.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """One value of a barcode. ``day`` is its date, ``number`` its quantity, count or measure."""

    ai: str
    value: str
    day: date | None = None
    number: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned: ``text`` without the scanner's mark of the symbology, and its elements. A code
    that is not GS1's, a shop's own, has no elements."""

    text: str
    elements: tuple[Element, ...] = ()

    def find(self, *ais: str) -> Element | None:
        """The first element of these, in this order."""
        by_ai = {element.ai: element for element in self.elements}
        return next((by_ai[ai] for ai in ais if ai in by_ai), None)

    def value(self, *ais: str) -> str | None:
        found = self.find(*ais)
        return found.value if found else None

    @property
    def gtin(self) -> str | None:
        """The item, as 14 digits: its own, or that of the content of a logistic unit."""
        return self.value("01", "02")

    @property
    def lot(self) -> str | None:
        return self.value("10")

    @property
    def serial(self) -> str | None:
        return self.value("21")

    @property
    def produced_on(self) -> date | None:
        """The day of production, else that of packing."""
        found = self.find("11", "13")
        return found.day if found else None

    @property
    def expires_on(self) -> date | None:
        """The last day of use; where none is given, the day before which goods are best."""
        found = self.find("17", "7003", "15")
        return found.day if found else None

    @property
    def net_weight(self) -> Decimal | None:
        """Kilograms, from 310n."""
        found = next((one for one in self.elements if one.ai.startswith("310")), None)
        return found.number if found else None

    @property
    def count(self) -> Decimal | None:
        """Pieces: of a variable-count item, or in a logistic unit."""
        found = self.find("30", "37")
        return found.number if found else None


def check_gtin(gtin: str) -> Iterator[Refusal]:
    """Why digits are no GTIN-8, -12, -13 or -14, with the check digit they should have."""
    if len(gtin) not in (8, 12, 13, 14) or not _digits(gtin):
        yield Refusal(GTIN_LENGTH, (), {"gtin": _shown(gtin)})
        return
    expected = gs1_standard_check_digit(gtin[:-1])
    if int(gtin[-1]) != expected:
        details = {"gtin": gtin, "digit": int(gtin[-1]), "expected": expected}
        yield Refusal(GTIN_CHECK_DIGIT, (), details)


def scan(text: str, today: date, *, complete: bool = False) -> Scan:
    """Read what a scanner sent or a person typed. Raises Refused with all that is wrong with it.

    Understood are element strings (behind a symbology identifier or FNC1, which may be written ``^``, or
    bare), their bracketed form, Digital Links, composites, and plain GTINs. ``today`` settles the century
    of dates.
    """
    if len(text) > LONGEST:
        raise refuse(UNREADABLE, text=_shown(text))
    parts = [_part(part, today) for part in re.split(r"\|(?=\])", text)]
    elements = [element for part in parts for element in part.elements]
    raise_any(check_combination(elements, complete=complete))
    return Scan("|".join(part.text for part in parts), tuple(dict.fromkeys(elements)))


def check_combination(elements: Iterable[Element], *, complete: bool) -> Iterator[Refusal]:
    """Why elements may not stand on the same goods; with ``complete`` also what is missing beside them."""
    present: dict[str, str] = {}
    for element in elements:
        other = present.setdefault(element.ai, element.value)
        if other != element.value:
            details = {"ai": element.ai, "value": other, "other": element.value}
            yield Refusal(REPEATED, (), details)
    for ai in present:
        for other in table()[ai].conflicts(present):
            yield Refusal(CONFLICT, (), {"ai": ai, "other": other})
    for ai in present if complete else ():
        for needed in table()[ai].missing(present):
            yield Refusal(INCOMPLETE, (), {"ai": ai, "needed": needed})
    for ai in _SERIALISED if complete and "8030" in present else ():
        if ai in present and len(present[ai]) <= table()[ai].mandatory:
            yield Refusal(INCOMPLETE, (), {"ai": "8030", "needed": f"{ai} + serial"})


def element_string(elements: Iterable[Element]) -> str:
    """Elements as one message, with separators where the standard wants them."""
    parts = [
        f"{element.ai}{element.value}{'' if table()[element.ai].predefined else GS}"
        for element in elements
    ]
    return "".join(parts).removesuffix(GS)


def bracketed(elements: Iterable[Element]) -> str:
    """Elements as people read them: ``(01)09520123456788(10)ABC``."""
    return "".join(f"({one.ai}){one.value.replace('(', chr(92) + '(')}" for one in elements)


def _part(text: str, today: date) -> Scan:
    """One carrier: what follows a symbology identifier, or a text without one."""
    if not text.startswith("]"):
        return _unmarked(text, today)
    mark, data = text[1:3], text[3:]
    if not _MARK.fullmatch(mark):
        raise refuse(UNREADABLE, text=_shown(text))
    if mark in _GTIN_LENGTHS:
        shortest, longest = _GTIN_LENGTHS[mark]
        if len(data) < shortest:
            raise refuse(GTIN_LENGTH, gtin=_shown(data))
        return _gtin(data[:longest])
    if _is_address(data):
        return _link(data, today)
    return _message(data, today) if mark in _MESSAGES else Scan(data)


def _unmarked(text: str, today: date) -> Scan:
    if not text:
        raise refuse(UNREADABLE, text="")
    if _is_address(text):
        return _link(text, today)
    if text.startswith("^"):
        return _message(text.replace("^", GS), today)
    if text.startswith("("):
        return _from_brackets(text, today)
    if text.startswith(GS) or _MEANT_AS_MESSAGE.fullmatch(text):
        return _message(text, today)
    if len(text) in (8, 12, 13, 14) and _digits(text):
        return _gtin(text)
    try:
        found = _message(text, today)
    except Refused:
        return Scan(text)
    return found if found.find(*_GOODS) else Scan(text)  # 2024 is a shop's own code, not variant 24


def _gtin(digits: str) -> Scan:
    raise_any(check_gtin(digits))
    return Scan(digits, (Element("01", digits.zfill(14)),))


def _message(text: str, today: date) -> Scan:
    """An element string. Each separated segment is read to its end: what is left over of a value that
    is too long is an error, never the next element."""
    elements = []
    for segment in text.removeprefix(GS).removesuffix(GS).split(GS):
        rest = segment
        while rest:
            entry = _entry(rest)
            length = len(entry.ai) + entry.mandatory
            value = rest[len(entry.ai) : length] if entry.predefined else rest[len(entry.ai) :]
            elements.append(_element(entry, value, today))
            rest = rest[len(entry.ai) + len(value) :]
    if not elements:
        raise refuse(UNREADABLE, text="")
    return Scan(GS + element_string(elements), tuple(elements))


def _from_brackets(text: str, today: date) -> Scan:
    pairs = _BRACKETED.findall(text)
    if "".join(f"({ai}){value}" for ai, value in pairs) != text:
        raise refuse(UNREADABLE, text=_shown(text))
    elements = tuple(
        _element(_entry(ai, whole=True), value.strip().replace(r"\(", "("), today)
        for ai, value in pairs
    )
    return Scan(GS + element_string(elements), elements)


def _link(text: str, today: date) -> Scan:
    """A Digital Link: a key and its qualifiers in the path, attributes in the query."""
    try:
        if not _URL.fullmatch(text):
            raise ValueError(text)
        parts = urlsplit(text)
        path = [unquote(part, errors="strict") for part in parts.path.split("/")[1:]]
        query = [
            (name, unquote(value, errors="strict"))
            for name, mark, value in (part.partition("=") for part in parts.query.split("&"))
            if mark and _digits(name)
        ]
    except ValueError:
        raise refuse(BAD_LINK, text=_shown(text)) from None
    names = table()
    steps = [(_KEY_WORDS.get(key, key), value) for key, value in pairwise(path)]
    for start in range(len(path) - 2, -1, -2):
        (key, value), *following = steps[start::2]
        entry = names.get(key)
        if entry is not None and entry.qualifiers is not None:
            break
    else:
        raise refuse(BAD_LINK, text=_shown(text))
    used = [name for name, _ in following]
    in_order = not used or any(_within(used, one) for one in entry.qualifiers)
    out_of_place = [
        name
        for name, _ in query
        if name in names
        and (not names[name].attribute or any(name in one for one in entry.qualifiers))
    ]
    if not in_order or out_of_place:
        raise refuse(BAD_LINK, text=_shown(text))
    if key == "01" and len(value) == 13:
        value = value.zfill(14)
    pairs = [(key, value), *following, *query]
    elements = tuple(_element(_entry(ai, whole=True), told, today) for ai, told in pairs)
    return Scan(text, elements)


def _within(used: list[str], sequence: tuple[str, ...]) -> bool:
    """Whether qualifiers come in the order of a sequence, with gaps but without repeats."""
    rest = iter(sequence)
    return all(name in rest for name in used)


def _entry(text: str, *, whole: bool = False) -> Entry:
    """The table's entry of the AI that a text begins with, or is. Raises Refused."""
    try:
        ai = GS1ApplicationIdentifier.extract(text).ai
    except ParseError:
        ai = ""
    if ai not in table() or (whole and ai != text):
        raise refuse(UNKNOWN_ELEMENT, text=_shown(text) or "FNC1")
    return table()[ai]


def _element(entry: Entry, value: str, today: date) -> Element:
    """One element by its AI, of the right form and with the right check digits. Raises Refused."""
    day = _check_parts(entry, value, today)
    found = None
    if value and value.isascii():
        with suppress(ParseError):
            found = GS1ElementString.parse(f"{entry.ai}{value}", config=_CONFIG)
    if found is None or found.value != value:
        form = GS1ApplicationIdentifier.extract(entry.ai).format.partition("+")[2]
        raise refuse(BAD_ELEMENT, ai=entry.ai, value=_shown(value), format=form)
    number = Decimal(value) if entry.ai in ("30", "37") else found.decimal
    return Element(entry.ai, value, day, number)


def _check_parts(entry: Entry, value: str, today: date) -> date | None:
    """Check digits, dates and times within a value, as far as it has their form; the first date. Raises
    Refused."""
    day, start = None, 0
    for component in entry.components:
        part = value[start : start + component.length]
        start += component.length
        if len(part) < component.length or not _digits(part):
            continue
        if "csum" in component.checks:
            expected = gs1_standard_check_digit(part[:-1])
            if int(part[-1]) != expected:
                details = {"ai": entry.ai, "value": value, "digit": int(part[-1])}
                raise refuse(BAD_CHECK_DIGIT, **details, expected=expected)
        if "yymmd0" in component.checks or "yymmdd" in component.checks:
            if "yymmdd" in component.checks and part.endswith("00"):
                raise refuse(BAD_ELEMENT, ai=entry.ai, value=value, format="YYMMDD")
            day = day or gs1_date(part, today)
        if "hhmi" in component.checks and not (part[:2] < "24" and part[2:] < "60"):
            raise refuse(BAD_ELEMENT, ai=entry.ai, value=value, format="HHMM")
    return day


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def _shown(text: str) -> str:
    """As much of a text as a message can bear, without what does not print."""
    return "".join(c if c.isprintable() else " " for c in text[:64])
