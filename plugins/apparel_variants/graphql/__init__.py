"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.apparel_variants.graphql import entry, grids, packs, palette, runs, settings, styles
from schema.plugin_api import Extension, Item


def _joined(name: str, *parts: type) -> type:
    """One class with the fields of many. Two parts that declare the same are a mistake, and told."""
    members: dict[str, object] = {}
    for part in parts:
        own = {key: value for key, value in vars(part).items() if not key.startswith("__")}
        if twice := members.keys() & own.keys():
            raise ValueError(f"two parts declare {sorted(twice)}")
        members |= own
    return type(name, (), {**members, "__module__": __name__})


EXTENSION = Extension(
    fields={Item: styles.ItemFields},
    queries=_joined(
        "Queries",
        *(palette.Queries, styles.Queries, grids.Queries),
        *(runs.Queries, packs.Queries, settings.Queries),
    ),
    mutations=_joined(
        "Mutations",
        *(palette.Mutations, styles.Mutations, entry.Mutations),
        *(packs.Mutations, settings.Mutations),
    ),
)
