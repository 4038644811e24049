"""The floor: the rows of a posting, written by one function call in a copy of the product's database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.pgbench import pgbench
from benchmarks.sizes import Sizes
from benchmarks.turns import Turn
from benchmarks.world import World
from core.db import roles
from core.db.embedded import DATABASE, SUPERUSER, EmbeddedServer

FLOOR = "floor"

FloorKind = Literal["uniform", "numbered", "hot", "many"]
"""*uniform*: clients share nothing but items. *numbered*: they number without gaps, as the product.
*hot*: every document takes the same item. *many*: each client in a tenant of its own."""

_ITEMS = """
\\set a random(1, :items / 3)
\\set b random(:items / 3 + 1, 2 * (:items / 3))
\\set c random(2 * (:items / 3) + 1, :items)
"""
"""Three different items, each from another third, in the order of their locks."""

SCRIPTS: dict[FloorKind, str] = {
    "uniform": _ITEMS
    + "\\set counter 2 + :client_id % :tenants\nSELECT floor_post(1, :counter, ARRAY[:a, :b, :c]::int[]);",
    "numbered": _ITEMS + "SELECT floor_post(1, 1, ARRAY[:a, :b, :c]::int[]);",
    "hot": _ITEMS
    + "\\set counter 2 + :client_id % :tenants\nSELECT floor_post(1, :counter, ARRAY[1, :b, :c]::int[]);",
    "many": _ITEMS
    + "\\set shop 2 + :client_id % :tenants\nSELECT floor_post(:shop, :shop, ARRAY[:a, :b, :c]::int[]);",
}


def create(server: EmbeddedServer, world: World) -> None:
    """Copy the product's database, which nobody may be using, and add the function to the copy."""
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                *map(sql.Identifier, (FLOOR, DATABASE, roles.OWNER))
            )
        )
        # A function's statements are planned once, as prepared ones are.
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET plan_cache_mode = force_generic_plan").format(
                sql.Identifier(FLOOR)
            )
        )
    furnish(server.url(SUPERUSER, FLOOR), [(shop.id, shop.day) for shop in world.shops])
    for database in (FLOOR, DATABASE):
        with psycopg.connect(server.url(SUPERUSER, database), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def furnish(url: str, shops: Sequence[tuple[UUID, str]]) -> None:
    """Add the function, and for each tenant what it needs to know, with the day it posts on."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((Path(__file__).parent / "floor.sql").read_bytes())
        for no, (tenant, day) in enumerate(shops, 1):
            connection.execute(_SHOP, {"no": no, "tenant": tenant, "day": day})
            connection.execute(_STOCK, {"no": no, "tenant": tenant})


_SHOP = """
INSERT INTO floor_shop SELECT %(no)s, %(tenant)s, m.user_id, p.id, c.id, u.id, a.id, a.name, %(day)s
FROM membership m
JOIN place p ON p.tenant_id = m.tenant_id AND p.code = 'MAIN'
JOIN place c ON c.tenant_id = m.tenant_id AND c.account = 'customer'
JOIN unit u ON u.tenant_id = m.tenant_id
    AND u.id = (SELECT min(base_unit_id::text)::uuid FROM item WHERE tenant_id = m.tenant_id)
JOIN party a ON a.tenant_id = m.tenant_id
WHERE m.tenant_id = %(tenant)s
"""
_STOCK = """
INSERT INTO floor_item SELECT %(no)s, row_number() OVER (ORDER BY id), id FROM item
WHERE tenant_id = %(tenant)s
"""


def run(server: EmbeddedServer, kind: FloorKind, sizes: Sizes, clients: int) -> Turn:
    """One turn of the floor."""
    items = sizes.items_each if kind == "many" else sizes.items
    return pgbench(
        server,
        SUPERUSER,
        FLOOR,
        SCRIPTS[kind],
        clients=clients,
        warm_up=sizes.warm_up,
        seconds=sizes.seconds,
        variables={"items": items, "tenants": sizes.tenants},
    )


def post_once(url: str) -> None:
    """One document of the first shop, numbered as the product numbers."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT floor_post(1, 1, ARRAY[1, 2, 3])")
