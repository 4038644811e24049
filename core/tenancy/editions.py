"""Editions: named presets of modules and settings, never a fork (P5).

Which modules an edition has is told by the modules themselves (``Manifest.editions``): core names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import define, refuse
from core.tenancy.settings import Settings
from core.text import clean_code

UNKNOWN_EDITION = define(
    "UNKNOWN_EDITION",
    en="There is no edition {edition}. Editions are: {editions}.",
    zh="没有版本 {edition}。可用版本:{editions}。",
)


@dataclass(frozen=True, slots=True)
class Edition:
    """A preset. ``settings`` are those in which it differs from the defaults."""

    code: str
    title: str
    title_zh: str
    settings: Mapping[str, Any] = field(default_factory=dict)


EDITIONS: dict[str, Edition] = {
    edition.code: edition
    for edition in (
        Edition(
            "general", "General", "通用版", {"negative_stock": "allow", "reserve_on_order": "off"}
        ),
        Edition("standard", "Standard", "标准版"),
        Edition("food", "Food", "食品版", {"cost_scope": "item_lot"}),
        Edition("apparel", "Apparel", "服装版"),
        Edition(
            "electronics",
            "Electronics",
            "电子版",
            {"costing_method": "specific", "cost_scope": "serial"},
        ),
        Edition("production", "Production", "生产版"),
        Edition(
            "discrete-manufacturing",
            "Discrete manufacturing",
            "离散制造版",
            {"costing_method": "standard"},
        ),
        Edition(
            "catering",
            "Catering chain",
            "餐饮门店版",
            {"negative_stock": "allow", "reserve_on_order": "off"},
        ),
        Edition("no-inventory", "No inventory", "无库存版", {"reserve_on_order": "off"}),
    )
}
"""Every edition by its code."""


def edition_of(code: str) -> Edition:
    """The edition of this code. Refuses an unknown one with the list of those there are."""
    code = clean_code(code, "edition")
    if code not in EDITIONS:
        raise refuse(UNKNOWN_EDITION, "edition", edition=code, editions=", ".join(sorted(EDITIONS)))
    return EDITIONS[code]


def preset(edition: Edition) -> Settings:
    """The settings that a new tenant of this edition starts with."""
    return Settings.model_validate(edition.settings)


def changes(before: Edition, after: Edition, now: Settings) -> dict[str, Any]:
    """The settings that move with a tenant from one edition to another, and to what.

    What the new edition says is set. What only the old one said goes back to its default, unless the
    tenant has decided otherwise since.
    """
    old, new, default = preset(before), preset(after), Settings()
    wanted = {
        name: getattr(default, name)
        for name in before.settings
        if getattr(now, name) == getattr(old, name)
    } | {name: getattr(new, name) for name in after.settings}
    return {name: value for name, value in wanted.items() if value != getattr(now, name)}
