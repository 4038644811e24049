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
    recalling,
    records,
    samples,
    scan,
    trace,
)
from plugins.food_batches.graphql.vocabulary import FoodBatchesLicenceKind, FoodBatchesLicencePolicy
from schema.plugin_api import Extension, gathered

PARTS = (
    items,
    parties,
    batches,
    lines,
    opening,
    near,
    records,
    trace,
    recall,
    recalling,
    scan,
    alerts,
    samples,
)

WORDS = Extension(
    settings={
        "licence_policy": FoodBatchesLicencePolicy,
        "licence_kinds": FoodBatchesLicenceKind,
    }
)

EXTENSION = gathered([WORDS, *(part.EXTENSION for part in PARTS)])
