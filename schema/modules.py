"""The modules and editions of a tenant, and how they are switched."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

from core.errors import Language
from core.tenancy import edition_change, modules
from core.tenancy.directory import tables as directory
from core.tenancy.edition_change import EditionChange
from core.tenancy.editions import EDITIONS
from core.tenancy.modules import Switch
from schema.access import field, input_type, mutation_field, object_type, query_field
from schema.context import Info
from schema.errors import Payload, UserError, payload_type, user_error
from schema.masterdata import COMMAND_ID, argument


@object_type(permission="settings.read")
class Module:
    """A part of the product that a tenant may have or not: what it adds is there only while it is on."""

    name: str = field("Its name, as it is switched by.")
    title: str = field("Its title in your language.")
    summary: str = field("What it is good for, in your language.")
    version: str = field("Its version, which the operator installed.")
    enabled: bool = field("Whether it is on for this tenant.")
    requires: list[str] = field("The names of modules that must be on for it.", size=3)
    conflicts: list[str] = field("The names of modules that must be off for it.", size=3)

    @classmethod
    def of(cls, switch: Switch, language: Language) -> Module:
        about, zh = switch.plugin.manifest, language == "zh"
        return cls(
            name=about.name,
            title=about.title_zh if zh else about.title,
            summary=about.summary_zh if zh else about.summary,
            version=about.version,
            enabled=switch.enabled,
            requires=list(about.requires),
            conflicts=list(about.conflicts),
        )

    @field
    async def obstacles(self, info: Info) -> list[UserError]:
        """Why it could not be switched over now; empty where nothing is known to stand in the way."""
        context = info.context
        async with context.reading() as tx:
            found = await modules.obstacles(tx, self.name)
        return [user_error(refusal, context.language) for refusal in found]


@object_type(permission="settings.read")
class Edition:
    """A preset of modules and settings, for a kind of business."""

    code: str = field("What `changeEdition` takes.")
    title: str = field("Its title in your language.")
    current: bool = field("Whether it is the one that this tenant has.")
    modules: list[str] = field("The names of modules that it switches on.", size=5)
    offered: list[str] = field("The names of modules that it leaves as they are.", size=5)


@input_type
class SwitchModuleInput:
    """A module to switch."""

    command_id: UUID = field(COMMAND_ID)
    name: str = field("Its name; query `modules` for the list.")


@input_type
class ChangeEditionInput:
    """The edition to have."""

    command_id: UUID = field(COMMAND_ID)
    edition: str = field("Its code; query `editions` for the list.")


@payload_type
class ModulePayload(Payload):
    """The module as it is now."""

    module: Module | None = field("The module; null if refused.", default=None)


@payload_type
class EditionPayload(Payload):
    """What came of the change."""

    enabled: list[str] | None = field(
        "The names of modules that were switched on.", default=None, size=5
    )
    disabled: list[str] | None = field(
        "The names of modules that were switched off.", default=None, size=5
    )
    settings: list[str] | None = field("The settings that were changed.", default=None, size=5)
    unchanged: list[UserError] | None = field(
        "What the edition would have otherwise, and why it stays as it was; `path` begins with `modules`"
        " or `settings` and the name.",
        default=None,
        size=5,
    )

    @classmethod
    def of(cls, done: EditionChange, language: Language) -> EditionPayload:
        return cls(
            enabled=list(done.enabled),
            disabled=list(done.disabled),
            settings=[to_camel_case(name) for name in done.settings],
            unchanged=[user_error(refusal, language) for refusal in done.unchanged],
        )


class Queries:
    """What there is to switch."""

    @query_field(permission="settings.read")
    async def modules(self, info: Info) -> list[Module]:
        """Every module that is installed, those it requires before it."""
        async with info.context.reading() as tx:
            switches = await modules.list_switches(tx)
        return [Module.of(switch, info.context.language) for switch in switches]

    @query_field(permission="settings.read")
    async def editions(self, info: Info) -> list[Edition]:
        """The editions that a tenant can have."""
        context = info.context
        async with context.reading() as tx:
            tenant = await directory.find_tenant(tx.sql, tx.tenant_id)
        assert tenant is not None
        found = []
        for edition in EDITIONS.values():
            on, offered = edition_change.modules_of(edition.code)
            found.append(
                Edition(
                    code=edition.code,
                    title=edition.title_zh if context.language == "zh" else edition.title,
                    current=edition.code == tenant.edition,
                    modules=sorted(on),
                    offered=sorted(offered),
                )
            )
        return found


Switching = Annotated[SwitchModuleInput, argument("Which.")]


class Mutations:
    """Switching."""

    @mutation_field(permission="settings.write")
    async def enable_module(self, info: Info, input: Switching) -> ModulePayload:
        """Switch a module on, for everybody in the tenant and from the next request on. Refused where
        modules that it requires are off (MODULE_REQUIRES), where one that is on excludes it
        (MODULE_CONFLICT), and where the module itself has a reason."""
        context = info.context
        await modules.enable(context.database, context.principal, input.command_id, input.name)
        return await _switched(info, input.name)

    @mutation_field(permission="settings.write")
    async def disable_module(self, info: Info, input: Switching) -> ModulePayload:
        """Switch a module off. What it keeps stays and is hidden. Refused where another needs it
        (MODULE_REQUIRED), and where the module itself has a reason, as when stock would be stranded."""
        context = info.context
        await modules.disable(context.database, context.principal, input.command_id, input.name)
        return await _switched(info, input.name)

    @mutation_field(permission="settings.write")
    async def change_edition(
        self, info: Info, input: Annotated[ChangeEditionInput, argument("Which.")]
    ) -> EditionPayload:
        """Give the tenant another edition, with its data in place. What cannot be switched or set any more
        stays as it was, and is told with its reason."""
        context = info.context
        done = await edition_change.change_edition(
            context.database,
            context.principal.tenant_id,
            context.principal.user_id,
            input.command_id,
            input.edition,
        )
        return EditionPayload.of(done, context.language)


async def _switched(info: Info, name: str) -> ModulePayload:
    """The module as it is after the commit; a snapshot beside the service's transaction is over by now."""
    context = info.context
    plugin = modules.plugin_of(name)
    async with context.database.snapshot(context.principal.tenant_id) as tx:
        switches = await modules.list_switches(tx)
    found = next(switch for switch in switches if switch.plugin is plugin)
    return ModulePayload(module=Module.of(found, context.language))
