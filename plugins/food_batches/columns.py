"""What spreadsheets of items and of parties may tell of food."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.plugin_api import (
    INVALID,
    ImportColumn,
    ImportKind,
    cell_choice,
    cell_day,
    cell_flag,
    cell_whole,
    clean,
    refuse,
)

_LIFE = re.compile(
    r"(\d{1,5})\s*(days?|d|天|日|months?|m|个月|月|years?|y|年)", re.ASCII | re.IGNORECASE
)
_SHARE = re.compile(r"(\d{1,4})\s*/\s*(\d{1,4})", re.ASCII)
_LICENCE = re.compile(r"(\S+)(?:\s+(\S+))?")
_STORAGE = {
    "ambient": "ambient",
    "常温": "ambient",
    "cool": "cool",
    "阴凉": "cool",
    "chilled": "chilled",
    "冷藏": "chilled",
    "frozen": "frozen",
    "冷冻": "frozen",
}
_LONGEST_NOTE = 255


def _as(name: str, read: Callable[[str], Any]) -> Callable[[str], Mapping[str, Any]]:
    return lambda text: {name: read(text)}


def _text(name: str) -> Callable[[str], Mapping[str, Any]]:
    return _as(name, lambda text: clean(text, name, _LONGEST_NOTE))


def _shelf_life(text: str) -> Mapping[str, Any]:
    """``180 days``, ``12 months``, ``2 years``, ``180天``, ``12个月``, ``2年``."""
    match = _LIFE.fullmatch(text)
    if match is None:
        reason = "Write a shelf life as 180 days or 12 months."
        raise refuse(INVALID, reason=reason, reason_zh="保质期请填写为 180天 或 12个月。")
    value, unit = int(match[1]), match[2].casefold()
    if unit[0] in "y年":
        value *= 12
    in_days = unit[0] in "d天日"
    return {"shelf_life_value": value, "shelf_life_unit": "days" if in_days else "months"}


def _minimum(text: str) -> Mapping[str, Any]:
    """Days, or a share of the whole shelf life as ``2/3``."""
    part = _SHARE.fullmatch(text)
    told = {"minimum_days": None, "minimum_numerator": None, "minimum_denominator": None}
    if part is None:
        return told | {"minimum_days": cell_whole(text)}
    return told | {"minimum_numerator": int(part[1]), "minimum_denominator": int(part[2])}


def _licence(kind: str) -> Callable[[str], Mapping[str, Any]]:
    """A licence's number and, after a blank, its last day."""

    def read(text: str) -> Mapping[str, Any]:
        match = _LICENCE.fullmatch(text)
        if match is None:
            reason = "Write the number of the licence and its last day, as SC123 2027-01-31."
            raise refuse(
                INVALID, reason=reason, reason_zh="请填写证号与有效期,如 SC123 2027-01-31。"
            )
        until = cell_day(match[2]) if match[2] else None
        return {"licences": [{"kind": kind, "number": match[1], "valid_until": until}]}

    return read


COLUMNS = (
    ImportColumn(
        ImportKind.ITEM,
        "batchControl",
        "Batch control",
        "批次管理",
        "yes or no: whether it is kept by batch; yes if another column tells something of it as food.",
        "是或否;填写了其他食品列时默认为是。",
        _as("batch_control", cell_flag),
    ),
    ImportColumn(
        ImportKind.ITEM,
        "shelfLife",
        "Shelf life",
        "保质期",
        "How long it keeps, as 180 days or 12 months.",
        "保质期,如 180天、12个月。",
        _shelf_life,
    ),
    ImportColumn(
        ImportKind.ITEM,
        "storage",
        "Storage",
        "贮存条件",
        "ambient, cool, chilled or frozen.",
        "常温、阴凉、冷藏或冷冻。",
        _as("storage", cell_choice(_STORAGE)),
    ),
    ImportColumn(
        ImportKind.ITEM,
        "storageNote",
        "Storage note",
        "贮存说明",
        "More on how to keep it, such as 2–6 °C.",
        "贮存说明,如 2–6 ℃。",
        _text("storage_note"),
    ),
    ImportColumn(
        ImportKind.ITEM,
        "nearExpiryDays",
        "Near-expiry days",
        "临期天数",
        "From how many days before expiry it is near it, if other than the settings say.",
        "到期前多少天算临期,留空按系统设置。",
        _as("near_days", cell_whole),
    ),
    ImportColumn(
        ImportKind.ITEM,
        "specification",
        "Specification",
        "规格",
        "Its specification, which records have to tell.",
        "规格,进货与销售记录须载明。",
        _text("specification"),
    ),
    ImportColumn(
        ImportKind.PARTY,
        "minimumLife",
        "Minimum life",
        "最低剩余保质期",
        "What life a customer wants goods to have left: days, or a share as 2/3.",
        "客户要求的最低剩余保质期:天数或比例,如 2/3。",
        _minimum,
    ),
    ImportColumn(
        ImportKind.PARTY,
        "licences",
        "Food licence",
        "食品经营许可证",
        "A supplier's licence to trade in food and its last day, as JY123 2027-01-31; replaces those kept.",
        "食品经营许可证号与有效期,如 JY123 2027-01-31;覆盖已登记的证照。",
        _licence("food_trade"),
    ),
)
