"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from plugins.bom_manufacturing.graphql import (
    asking,
    bills,
    saving,
    settings,
    subcontracting,
    subcontracting_actions,
)
from schema.plugin_api import gathered

EXTENSION = gathered(
    part.EXTENSION
    for part in (bills, asking, saving, settings, subcontracting, subcontracting_actions)
)
