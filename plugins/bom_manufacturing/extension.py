"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.bom_manufacturing.bills.graphql import asking, bills, saving
from plugins.bom_manufacturing.planning.graphql import answers, forecasts, items, ordering, plans
from plugins.bom_manufacturing.recipes.graphql import recipes, usage
from plugins.bom_manufacturing.subcontracting.graphql import actions
from plugins.bom_manufacturing.subcontracting.graphql import orders as subcontracting
from plugins.bom_manufacturing.vocabulary import BomManufacturingNegative
from plugins.bom_manufacturing.work_orders.graphql import queries as work_orders
from plugins.bom_manufacturing.work_orders.graphql import working
from schema.plugin_api import Extension, gathered

PARTS = (
    *(bills, asking, saving),
    *(work_orders, working),
    *(subcontracting, actions),
    *(items, forecasts, plans, answers, ordering),
    *(recipes, usage),
)

WORDS = Extension(settings={"negative_at_processor": BomManufacturingNegative})

EXTENSION = gathered([WORDS, *(part.EXTENSION for part in PARTS)])
