"""The module's settings in GraphQL."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.plugin_api import module_settings, update_module_settings
from plugins.bom_manufacturing.settings import NAME, ManufacturingSettings
from schema.plugin_api import (
    COMMAND_ID,
    UNSET,
    Extension,
    Info,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    query_field,
)


@strawberry.enum(description="Whether stock at a processor's may go below zero.")
class BomManufacturingNegative(Enum):
    """Refused, or allowed and reported."""

    FORBID = enum_value("forbid", description="What would go below zero is refused.")
    ALLOW = enum_value("allow", description="It is allowed, and reported.")


def _about(name: str) -> str:
    return ManufacturingSettings.model_fields[name].description or ""


@object_type(permission="settings.read")
class BomManufacturingSettings:
    """What the tenant decided for manufacturing."""

    over_production_pct: Decimal = field(_about("over_production_pct"))
    release_short: bool = field(_about("release_short"))
    negative_at_processor: BomManufacturingNegative = field(_about("negative_at_processor"))

    @classmethod
    def of(cls, record: ManufacturingSettings) -> BomManufacturingSettings:
        policy = BomManufacturingNegative(record.negative_at_processor)
        return cls(**record.model_dump() | {"negative_at_processor": policy})


@input_type
class BomManufacturingUpdateSettingsInput:
    """Settings to change. What is left out stays, null sets one back to its default."""

    command_id: UUID = field(COMMAND_ID)
    over_production_pct: Decimal | None = field(_about("over_production_pct"), default=UNSET)
    release_short: bool | None = field(_about("release_short"), default=UNSET)
    negative_at_processor: BomManufacturingNegative | None = field(
        _about("negative_at_processor"), default=UNSET
    )


@payload_type
class BomManufacturingSettingsPayload(Payload):
    """The settings as they are now."""

    settings: BomManufacturingSettings | None = field(
        "The settings; null if refused.", default=None
    )


class Queries:
    """The module's settings."""

    @query_field(permission="settings.read")
    async def bom_manufacturing_settings(self, info: Info) -> BomManufacturingSettings:
        """What the tenant decided for manufacturing."""
        async with info.context.reading() as tx:
            return BomManufacturingSettings.of(await module_settings(tx, NAME))


class Mutations:
    """Changing the module's settings."""

    @mutation_field(permission="settings.write")
    async def bom_manufacturing_update_settings(
        self,
        info: Info,
        input: Annotated[BomManufacturingUpdateSettingsInput, argument("The changes.")],
    ) -> BomManufacturingSettingsPayload:
        """Change settings of manufacturing, all or none."""
        context = info.context
        told = {name: getattr(input, name) for name in ManufacturingSettings.model_fields}
        changes = {
            name: value.value if isinstance(value, Enum) else value
            for name, value in told.items()
            if value is not UNSET
        }
        changed = await update_module_settings(
            context.database, context.principal, input.command_id, NAME, changes
        )
        assert isinstance(changed, ManufacturingSettings)
        return BomManufacturingSettingsPayload(settings=BomManufacturingSettings.of(changed))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
