"""A shop with the module on, as a stranger sees it."""

from __future__ import annotations

from uuid import UUID

from core.db.database import Database
from core.ids import uuid7
from core.parties import service as parties
from core.parties.rules import PartyDraft
from core.places import service as places
from core.places.rules import PlaceDraft
from plugins.food_batches import plugin
from schema.compose import ComposedSchema
from schema.relay import decode_id, encode_id
from tests.core.extension.making import switch_on
from tests.shop import Shop

MODULE = "food_batches"


async def open_shop(db: Database, schema: ComposedSchema) -> Shop:
    """A tenant that has the module on."""
    shop = await Shop.open(db, schema=schema, modules={MODULE})
    await switch_on(db, shop.principal, MODULE)
    return shop


async def food(shop: Shop, code: str, **facts: object) -> str:
    """An item that is kept by batch; its global id."""
    item = await shop.item(code)
    async with shop.database.transaction(shop.principal.tenant_id) as tx:
        assert list(await plugin.save_attributes(tx, "item", {uuid_in(item): facts})) == []
    return item


async def party(shop: Shop, code: str) -> str:
    """Somebody who buys and sells; the global id."""
    draft = PartyDraft(code=code, name=code, is_supplier=True, is_customer=True)
    made = await parties.create_party(shop.database, shop.principal, uuid7(), draft)
    return encode_id("Party", made.id)


async def store(shop: Shop, code: str) -> str:
    """Another warehouse; its global id."""
    draft = PlaceDraft(code=code, name=code, kind="warehouse")
    made = await places.create_place(shop.database, shop.principal, uuid7(), draft)
    shop.places[code] = encode_id("Place", made.id)
    return shop.places[code]


def uuid_in(global_id: str) -> UUID:
    """The UUID in a global id."""
    decoded = decode_id(global_id)
    assert decoded is not None
    return decoded[1]
