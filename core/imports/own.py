"""The columns of core's own: what a spreadsheet of items or of parties has. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.catalogue.records import BarcodeDraft
from core.errors import refuse
from core.imports.cells import BAD_CELL, cell_choice, cell_flag, cell_number
from core.imports.columns import ImportColumn, Kind

_BETWEEN = re.compile(r"[\s|、,,;;]+")
_METHODS = {
    "moving_average": "moving_average",
    "移动平均": "moving_average",
    "fifo": "fifo",
    "先进先出": "fifo",
    "standard": "standard",
    "标准成本": "standard",
    "specific": "specific",
    "个别计价": "specific",
}
_KINDS = {"stocked": "stocked", "商品": "stocked", "service": "service", "服务": "service"}


def _as(field: str, read: Callable[[str], Any] = str) -> Callable[[str], Mapping[str, Any]]:
    return lambda text: {field: read(text)}


def _barcodes(text: str) -> tuple[BarcodeDraft, ...]:
    return tuple(BarcodeDraft(code=code) for code in _BETWEEN.split(text) if code)


def _units(text: str) -> tuple[tuple[str, str], ...]:
    """Further units and how many base units each is: ``box=24 pallet=960``."""
    found = []
    for part in _BETWEEN.split(text):
        unit, equals, factor = part.partition("=")
        if not (unit and equals and factor):
            reason, reason_zh = "write units as box=24 case=1/3", "请按 箱=24 的格式填写"
            raise refuse(BAD_CELL, value=part[:60], reason=reason, reason_zh=reason_zh)
        numerator, _, denominator = factor.partition("/")
        found.append((unit, cell_number(numerator), cell_number(denominator or "1")))
    return tuple(found)  # type: ignore[arg-type]  # unit, numerator, denominator


def _item(
    field: str,
    headers: tuple[str, str],
    about: tuple[str, str],
    read: Callable[[str], Any] = str,
    *,
    required: bool = False,
) -> ImportColumn:
    return ImportColumn(Kind.ITEM, field, *headers, *about, _as(field, read), required)


def _party(
    field: str,
    headers: tuple[str, str],
    about: tuple[str, str],
    read: Callable[[str], Any] = str,
    *,
    required: bool = False,
) -> ImportColumn:
    return ImportColumn(Kind.PARTY, field, *headers, *about, _as(field, read), required)


_CODE = (
    "The company's own code: a row of a code that is there changes what it names; what is empty stays.",
    "企业自编编码。已存在的编码按本行更新,空单元格保持原值。",
)
_NAME = ("Its name, at most 255 characters.", "名称,最多 255 个字符。")
_MNEMONIC = ("Its mnemonic code; made from the name if empty.", "助记码,留空则由名称生成。")
_PRICE = ("Per base unit, in plain decimals.", "按基本单位,普通小数格式。")

COLUMNS = (
    _item("code", ("Code", "编码"), _CODE, required=True),
    _item("name", ("Name", "名称"), _NAME, required=True),
    _item(
        "kind",
        ("Kind", "类型"),
        ("stocked or service; stocked if empty.", "商品或服务,留空为商品。"),
        cell_choice(_KINDS),
    ),
    _item(
        "category_id",
        ("Category", "分类"),
        ("The code of a category that is there.", "已有分类的编码。"),
    ),
    _item(
        "base_unit_id",
        ("Unit", "单位"),
        ("Code or name of the unit stock is kept in.", "基本单位的编码或名称。"),
    ),
    _item(
        "units",
        ("Further units", "辅助单位"),
        (
            "Further units and how many base units each is, such as box=24.",
            "辅助单位与换算,如 箱=24。",
        ),
        _units,
    ),
    _item(
        "barcodes",
        ("Barcodes", "条码"),
        ("Its barcodes, with blanks between.", "条码,多个以空格分隔。"),
        _barcodes,
    ),
    _item("mnemonic", ("Mnemonic", "助记码"), _MNEMONIC),
    _item("list_price", ("List price", "销售价"), _PRICE, cell_number),
    _item("purchase_price", ("Purchase price", "采购价"), _PRICE, cell_number),
    _item("standard_cost", ("Standard cost", "标准成本"), _PRICE, cell_number),
    _item(
        "weight", ("Weight", "重量"), ("Kilograms of a base unit.", "千克/基本单位。"), cell_number
    ),
    _item("volume", ("Volume", "体积"), ("Litres of a base unit.", "升/基本单位。"), cell_number),
    _item(
        "costing_method",
        ("Costing method", "计价方法"),
        (
            "moving_average, fifo, standard or specific; as the settings say if empty.",
            "移动平均、先进先出、标准成本或个别计价,留空按系统设置。",
        ),
        cell_choice(_METHODS),
    ),
    _party("code", ("Code", "编码"), _CODE, required=True),
    _party("name", ("Name", "名称"), _NAME, required=True),
    _party(
        "is_supplier",
        ("Supplier", "供应商"),
        ("yes or no; one of both must be yes.", "是或否,供应商与客户至少一项为是。"),
        cell_flag,
    ),
    _party(
        "is_customer",
        ("Customer", "客户"),
        ("yes or no; one of both must be yes.", "是或否,供应商与客户至少一项为是。"),
        cell_flag,
    ),
    _party("mnemonic", ("Mnemonic", "助记码"), _MNEMONIC),
    _party("country", ("Country", "国家"), ("Their country.", "国家或地区。")),
    _party("address", ("Address", "地址"), ("Their address.", "地址。")),
    _party("phone", ("Phone", "电话"), ("Their telephone number.", "联系电话。")),
    _party("tax_number", ("Tax number", "税号"), ("Their tax number.", "税号。")),
)
