"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.bom_manufacturing.graphql import (
    asking,
    bills,
    forecasts,
    plan_answers,
    planning_items,
    plans,
    recipes,
    saving,
    settings,
    subcontracting,
    subcontracting_actions,
    usage,
    work_orders,
    working,
)
from schema.plugin_api import gathered

EXTENSION = gathered(
    part.EXTENSION
    for part in (
        *(bills, asking, saving, settings),
        *(planning_items, forecasts, plans, plan_answers),
        *(work_orders, working),
        *(subcontracting, subcontracting_actions),
        *(recipes, usage),
    )
)
