"""What the text of a cell means. Each function refuses (IMPORT_CELL) what it cannot read for certain: an
import that guesses is found out months later. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from core.errors import Refused, define, refuse

BAD_CELL = define(
    "IMPORT_CELL",
    en="{value} cannot be read: {reason}.",
    zh="无法识别“{value}”:{reason_zh}。",
)

_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,12})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YES = frozenset({"yes", "y", "true", "1", "是", "√"})
_NO = frozenset({"no", "n", "false", "0", "否", "×"})
_LONGEST_QUOTE = 60


def cell_number(text: str) -> Decimal:
    """A number in plain notation. Thousands separators, exponents and full-width digits are refused: in one
    country 1,234 is a thousand, in another little more than one."""
    if not _NUMBER.fullmatch(text):
        raise _bad(
            text,
            "write the number plainly, such as 1234.50, with a point and no thousands separators",
            "请使用普通数字格式,如 1234.50,不带千位分隔符,数字须为半角",
        )
    return Decimal(text)


def cell_whole(text: str) -> int:
    """A whole number."""
    if not _WHOLE.fullmatch(text):
        raise _bad(text, "write a whole number, such as 12", "请填写整数,如 12")
    return int(text)


def cell_flag(text: str) -> bool:
    """Yes or no, 是 or 否."""
    told = text.casefold()
    if told not in _YES | _NO:
        raise _bad(text, "write yes or no", "请填写“是”或“否”")
    return told in _YES


def cell_day(text: str) -> date:
    """A day as 2026-01-31; other spellings mean other days elsewhere."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _bad(text, "write the day as 2026-01-31", "请按 2026-01-31 的格式填写日期")


def cell_choice(choices: Mapping[str, str]) -> Callable[[str], str]:
    """One of a few words; ``choices`` leads from each spelling, in lower case, to what it means."""

    def read(text: str) -> str:
        if text.casefold() not in choices:
            words = ", ".join(choices)
            raise _bad(text, f"write one of: {words}", f"请填写以下之一:{words}")
        return choices[text.casefold()]

    return read


def _bad(text: str, reason: str, reason_zh: str) -> Refused:
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    return refuse(BAD_CELL, value=shown, reason=reason, reason_zh=reason_zh)
