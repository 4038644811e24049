"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.food_batches.graphql import (
    alerts,
    batches,
    items,
    lines,
    near,
    opening,
    parties,
    recall,
    records,
    samples,
    scan,
    settings,
    trace,
)
from schema.plugin_api import gathered

PARTS = (
    items,
    parties,
    batches,
    lines,
    opening,
    near,
    records,
    settings,
    trace,
    recall,
    scan,
    alerts,
    samples,
)

EXTENSION = gathered(part.EXTENSION for part in PARTS)
