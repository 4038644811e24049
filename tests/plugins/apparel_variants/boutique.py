"""A shop that sells clothes, spoken to through its services and through GraphQL over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.ids import uuid7
from core.plugin_api import Transaction
from plugins.apparel_variants import palette, styles, tables
from plugins.apparel_variants.records import Style, StyleDraft, Variant
from tests.shop import Json, Shop

NAME = "apparel_variants"


@dataclass
class Boutique:
    """The shop, and what tests do in it."""

    shop: Shop

    def transaction(self) -> Any:
        return self.shop.database.transaction(self.shop.principal.tenant_id)

    async def colour(self, code: str, name: str | None = None) -> UUID:
        who = self.shop.database, self.shop.principal
        return await palette.save_colour(*who, uuid7(), None, code, name or code)

    async def sizes(self, code: str, *sizes: str, id_: UUID | None = None) -> list[UUID]:
        """A size group; its id, and those of its sizes."""
        who = self.shop.database, self.shop.principal
        group = await palette.save_size_group(*who, uuid7(), id_, code, code, sizes)
        async with self.transaction() as tx:
            (found,) = (await tables.size_groups(tx, [group])).values()
        return [group, *(size.id for size in found.sizes)]

    async def style(self, code: str, **facts: Any) -> UUID:
        draft = StyleDraft(code=code, name=facts.pop("name", code), **facts)
        who = self.shop.database, self.shop.principal
        return await styles.create_style(*who, uuid7(), draft)

    async def known(self, style: UUID) -> tuple[Style, list[Variant]]:
        tx: Transaction
        async with self.transaction() as tx:
            found = (await tables.styles(tx, [style]))[style]
            return found, await tables.variants_of_styles(tx, [style])

    async def items(self, search: str) -> list[Json]:
        """Items of core's whose codes begin so, by code."""
        found = await self.shop.ask(
            "query($s: String) { items(first: 100, filter: {search: $s, active: null}) { nodes { id code"
            " name listPrice purchasePrice active barcodes { code } } } }",
            s=search,
        )
        nodes = [node for node in found["items"]["nodes"] if node["code"].startswith(search)]
        return sorted(nodes, key=lambda node: str(node["code"]))


def codes(refused: Any) -> list[tuple[str, Sequence[str | int]]]:
    """Codes and paths of what was refused."""
    return [(refusal.code, refusal.path) for refusal in refused.value.refusals]
