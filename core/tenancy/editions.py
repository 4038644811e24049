"""Editions: named presets of settings that a new tenant starts with (P5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import define, refuse

UNKNOWN_EDITION = define(
    "UNKNOWN_EDITION",
    en="There is no edition {edition}. Editions are: {editions}.",
    zh="没有版本 {edition}。可用版本:{editions}。",
)

EDITIONS: Mapping[str, Mapping[str, Any]] = {
    "general": {"reserve_on_order": "off"},
    "standard": {},
}
"""Code of the edition and the settings in which it differs from the defaults."""


def preset(edition: str) -> dict[str, Any]:
    """The settings of an edition. Refuses an unknown one with the list of those there are."""
    if edition not in EDITIONS:
        raise refuse(
            UNKNOWN_EDITION, "edition", edition=edition, editions=", ".join(sorted(EDITIONS))
        )
    return dict(EDITIONS[edition])
