"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.apparel_variants.graphql import entry, grids, packs, palette, runs, settings, styles
from schema.plugin_api import Extension, Item


class Queries(
    palette.Queries, styles.Queries, grids.Queries, runs.Queries, packs.Queries, settings.Queries
):
    """Everything that can be asked."""


class Mutations(
    palette.Mutations, styles.Mutations, entry.Mutations, packs.Mutations, settings.Mutations
):
    """Everything that can be done."""


EXTENSION = Extension(fields={Item: styles.ItemFields}, queries=Queries, mutations=Mutations)
