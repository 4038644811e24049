"""What the module adds to GraphQL: each file declares its part, joined here."""

from __future__ import annotations

from plugins.bom_manufacturing.graphql import asking, bills, saving
from schema.plugin_api import Extension


def _joined(*parts: type) -> type:
    """One class with the fields of all. Two parts that declare the same are a mistake of ours, and told."""
    members: dict[str, object] = {}
    for part in parts:
        own = {name: member for name, member in vars(part).items() if not name.startswith("__")}
        if twice := members.keys() & own.keys():
            raise ValueError(f"two parts declare {twice}")
        members |= own
    return type("Queries", (), {**members, "__module__": __name__})


EXTENSION = Extension(queries=_joined(bills.Queries, asking.Queries), mutations=saving.Mutations)
