"""Columns of plugins: refused at start where no file could have them, or nobody would store them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Transaction
from core.errors import Refusal, Refused
from core.extension.registry import Plugin, Registry
from core.imports.columns import ImportColumn, Kind
from tests.core.extension.making import plugin


async def save_attributes(
    tx: Transaction, kind: str, values: Mapping[UUID, Mapping[str, Any] | None]
) -> Iterable[Refusal]:
    return []


def teller(name: str, *headers: tuple[str, str], stores: bool = True) -> Plugin:
    """A plugin with columns of these headers for items."""

    def import_columns() -> list[ImportColumn]:
        return [
            ImportColumn(Kind.ITEM, "hue", en, zh, "Its hue.", "色调。", lambda text: {"hue": text})
            for en, zh in headers
        ]

    return plugin(name, import_columns, *([save_attributes] if stores else []))


def test_columns_are_known_with_their_plugin() -> None:
    found = Registry([teller("teller", ("Hue", "色调"))]).import_columns
    assert [(one.module, one.column.en) for one in found] == [("teller", "Hue")]


@pytest.mark.parametrize(
    "plugins",
    [
        [teller("teller", ("Hue", "名称"))],  # core has it
        [teller("teller", ("CODE", "色调"))],  # in any case
        [teller("one", ("Hue", "色调")), teller("teller", ("hue ", "色相"))],
        [teller("teller", ("Hue", "色调"), stores=False)],
    ],
)
def test_columns_that_cannot_be(plugins: list[Plugin]) -> None:
    with pytest.raises(Refused, match="teller") as caught:
        Registry(plugins)
    assert [refusal.code for refusal in caught.value.refusals] == ["BAD_PLUGIN"]
