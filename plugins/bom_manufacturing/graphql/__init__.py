"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.bom_manufacturing.graphql import (
    asking,
    bills,
    forecasts,
    ordering,
    plan_answers,
    planning_items,
    plans,
    recipes,
    saving,
    subcontracting,
    subcontracting_actions,
    usage,
    work_order_queries,
    working,
)
from plugins.bom_manufacturing.graphql.vocabulary import BomManufacturingNegative
from schema.plugin_api import Extension, gathered

PARTS = (
    *(bills, asking, saving),
    *(planning_items, forecasts, plans, plan_answers),
    *(work_order_queries, working, ordering),
    *(subcontracting, subcontracting_actions),
    *(recipes, usage),
)

WORDS = Extension(settings={"negative_at_processor": BomManufacturingNegative})

EXTENSION = gathered([WORDS, *(part.EXTENSION for part in PARTS)])
