"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.apparel_variants.graphql import (
    entry,
    grids,
    packs,
    palette,
    runs,
    sales,
    spreads,
    style_mutations,
    styles,
)
from schema.plugin_api import gathered

PARTS = (palette, styles, style_mutations, grids, runs, sales, entry, packs, spreads)

EXTENSION = gathered(part.EXTENSION for part in PARTS)
