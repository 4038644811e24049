"""The module's settings in GraphQL."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from core.plugin_api import module_settings, update_module_settings
from plugins.apparel_variants.refusals import NAME
from plugins.apparel_variants.settings import ApparelSettings
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


def _about(name: str) -> str:
    return ApparelSettings.model_fields[name].description or ""


@object_type(permission="settings.read")
class ApparelVariantsSettings:
    """What the tenant decided for apparel variants."""

    code_separator: str = field(_about("code_separator"))
    give_barcodes: bool = field(_about("give_barcodes"))
    barcode_prefix: str = field(_about("barcode_prefix"))

    @classmethod
    def of(cls, record: ApparelSettings) -> ApparelVariantsSettings:
        return cls(**record.model_dump())


@input_type
class ApparelVariantsUpdateSettingsInput:
    """Settings to change. What is left out stays, null sets one back to its default."""

    command_id: UUID = field(COMMAND_ID)
    code_separator: str | None = field(_about("code_separator"), default=UNSET)
    give_barcodes: bool | None = field(_about("give_barcodes"), default=UNSET)
    barcode_prefix: str | None = field(_about("barcode_prefix"), default=UNSET)


@payload_type
class ApparelVariantsSettingsPayload(Payload):
    """The settings as they are now."""

    settings: ApparelVariantsSettings | None = field("The settings; null if refused.", default=None)


class Queries:
    """The module's settings."""

    @query_field(permission="settings.read")
    async def apparel_variants_settings(self, info: Info) -> ApparelVariantsSettings:
        """What the tenant decided for apparel variants."""
        async with info.context.reading() as tx:
            return ApparelVariantsSettings.of(await module_settings(tx, NAME))


class Mutations:
    """Changing the module's settings."""

    @mutation_field(permission="settings.write")
    async def apparel_variants_update_settings(
        self,
        info: Info,
        input: Annotated[ApparelVariantsUpdateSettingsInput, argument("The changes.")],
    ) -> ApparelVariantsSettingsPayload:
        """Change settings of apparel variants, all or none."""
        context = info.context
        told = {name: getattr(input, name) for name in ApparelSettings.model_fields}
        changes = {name: value for name, value in told.items() if value is not UNSET}
        changed = await update_module_settings(
            context.database, context.principal, input.command_id, NAME, changes
        )
        assert isinstance(changed, ApparelSettings)
        return ApparelVariantsSettingsPayload(settings=ApparelVariantsSettings.of(changed))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
