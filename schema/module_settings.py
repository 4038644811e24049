"""The settings of a module in GraphQL: a query and a mutation, made from the model in its manifest.

A module declares what a tenant decides once, as a model with defaults and descriptions, and gets
``myModuleSettings`` and ``myModuleUpdateSettings``. What the model may hold:

* ``bool``, ``int``, ``str``, ``Decimal``, ``date``, ``datetime``, ``UUID``; any of these ``| None``;
* words (``Literal`` or an enum), whose GraphQL enum the plugin names in ``Extension.settings``;
* ``ItemId``, ``PartyId`` and ``PlaceId`` of ``core.plugin_api``: the setting ``scrap_place_id`` is shown as
  ``scrapPlace``, ``scrap_place_ids`` as ``scrapPlaces``; ids of what is not there are refused;
* frozen models of all these, for entries with several fields; and tuples, ``tuple[X, ...]``, of any.

A float has no exact value and is refused at start, like whatever else GraphQL could not show.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from pydantic import BaseModel
from strawberry.utils.str_converters import to_camel_case

from core.db.database import Transaction
from core.errors import LIMIT_EXCEEDED, NOT_FOUND, Refusal, raise_any, refuse
from core.extension.manifest import Refers
from core.extension.registry import Plugin
from core.ledger.views.present import module_settings
from core.tenancy.modules import update_module_settings
from schema.access import PART, field, input_type, mutation_field, object_type, query_field
from schema.catalogue import Item, items_by_id
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.hookspecs import Extension
from schema.masterdata import COMMAND_ID, UNSET, argument
from schema.parties import Party, parties_by_id
from schema.places import Place, places_by_id
from schema.relay import uuid_of

MOST = 100
"""Entries in each list of settings."""
_READ, _WRITE = "settings.read", "settings.write"
_SCALARS = frozenset({bool, int, str, Decimal, date, datetime, UUID})

Path = tuple[str | int, ...]
Batch = Callable[[Transaction, list[UUID]], Awaitable[Mapping[UUID, Any]]]

_OBJECTS: Mapping[str, tuple[Any, Any]] = {
    "item": (Item, items_by_id),
    "party": (Party, parties_by_id),
    "place": (Place, places_by_id),
}


@dataclass(frozen=True, slots=True)
class _Named:
    """An object that a caller named by its id."""

    batch: Batch
    id: UUID
    sent: str
    path: Path


Read = Callable[[Any, Path, list[_Named]], Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of a type are shown and read. ``batch`` finds the objects that they are the ids of."""

    shown: Any
    sent: Any
    show: Callable[[Any], Any] = lambda value: value
    read: Read = lambda sent, path, named: sent
    many: bool = False
    optional: bool = False
    batch: Any = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """The GraphQL types of a model."""

    output: Any
    input: Any
    kinds: Mapping[str, _Kind]

    def of(self, record: BaseModel) -> Any:
        shown = {n: k.show(getattr(record, n)) for n, k in self.kinds.items() if not k.batch}
        return self.output(_record=record, **shown)

    def said(self, sent: Any, path: Path, named: list[_Named], *, clears: bool) -> dict[str, Any]:
        """What an input says, in the words of the model; ``clears`` if null sets a field back."""
        found: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            value = getattr(sent, name)
            if value is not UNSET and (value is not None or clears or kind.optional):
                found[name] = (
                    None if value is None else kind.read(value, (*path, to_camel_case(name)), named)
                )
        return found


def settings_of(plugin: Plugin, prefix: str, words: Mapping[str, type[Enum]]) -> Extension:
    """What the schema gains by the settings of a module; ``words`` are the enums of those that are words,
    ``prefix`` is how the names of its types begin. Raises TypeError for a setting that it cannot show."""
    model, name = plugin.manifest.settings, plugin.name
    types = _Types(prefix, words)
    title = plugin.manifest.title
    # Within a sentence; a title that begins with an abbreviation stays as it is.
    title = title if title[1:2].isupper() else title[:1].lower() + title[1:]
    about = f"What the tenant decided for {title}."
    shape = types.settings(model, about)
    return Extension(
        queries=_queries(name, about, shape), mutations=_mutations(name, title, shape, types)
    )


def _queries(module: str, about: str, shape: _Shape) -> type:
    async def settings(self: Any, info: Info) -> Any:
        async with info.context.reading() as tx:
            return shape.of(await module_settings(tx, module))

    settings.__doc__ = about
    settings.__annotations__ = {"info": Info, "return": shape.output}
    return type("Queries", (), {f"{module}_settings": query_field(permission=_READ)(settings)})


def _mutations(module: str, title: str, shape: _Shape, types: _Types) -> type:
    payload = types.payload(shape)

    async def update(self: Any, info: Info, input: Any) -> Any:
        context, named = info.context, list[_Named]()
        changes = shape.said(input, (), named, clears=True)
        if named:
            async with context.database.snapshot(context.principal.tenant_id) as tx:
                await _check_known(tx, named)
        changed = await update_module_settings(
            context.database, context.principal, input.command_id, module, changes
        )
        return payload(settings=shape.of(changed))

    update.__doc__ = f"Change settings of {title}, all or none."
    sent = Annotated[shape.input, argument("The changes.")]  # type: ignore[name-defined]  # made just now
    update.__annotations__ = {"info": Info, "input": sent, "return": payload}
    made = mutation_field(permission=_WRITE)(update)
    return type("Mutations", (), {f"{module}_update_settings": made})


async def _check_known(tx: Transaction, named: Iterable[_Named]) -> None:
    """Refuse (NOT_FOUND) ids of objects that the tenant does not have."""
    ids: dict[Batch, list[UUID]] = {}
    for one in named:
        ids.setdefault(one.batch, []).append(one.id)
    known = {(batch, id_) for batch, asked in ids.items() for id_ in await batch(tx, asked)}
    raise_any(
        Refusal(NOT_FOUND, one.path, {"id": one.sent})
        for one in named
        if (one.batch, one.id) not in known
    )


class _Types:
    """The types of one module's settings, whose names begin with ``prefix``."""

    def __init__(self, prefix: str, words: Mapping[str, type[Enum]]) -> None:
        self._prefix, self._words = prefix, words
        self._entries: dict[type[BaseModel], _Shape] = {}

    def settings(self, model: type[BaseModel], about: str) -> _Shape:
        kinds = self._kinds(model)
        if unknown := self._words.keys() - self._choices(model):
            raise TypeError(f"there are no settings {sorted(unknown)} that are words")
        sent = {
            name: (kind.sent | None, field(_about(model, name), default=UNSET))
            for name, kind in kinds.items()
        }
        lists = "; lists replace" if any(kind.many for kind in kinds.values()) else ""
        input_about = (
            f"Settings to change. What is left out stays, null sets one back to its default{lists}."
        )
        input_ = _made(
            f"{self._prefix}UpdateSettingsInput",
            input_about,
            {"command_id": (UUID, field(COMMAND_ID)), **sent},
        )
        output = self._output(f"{self._prefix}Settings", about, model, kinds)
        return _Shape(object_type(permission=_READ)(output), input_type(input_), kinds)

    def payload(self, shape: _Shape) -> Any:
        told = {
            "settings": (shape.output | None, field("The settings; null if refused.", default=None))
        }
        name = f"{self._prefix}SettingsPayload"
        return payload_type(_made(name, "The settings as they are now.", told, base=Payload))

    def _entry(self, model: type[BaseModel]) -> _Shape:
        """The types of a model within the settings."""
        if model not in self._entries:
            kinds, about = self._kinds(model), (model.__doc__ or "").strip()
            sent = {
                name: (kind.sent, field(_about(model, name)))
                if model.model_fields[name].is_required()
                else (kind.sent | None, field(_about(model, name), default=UNSET))
                for name, kind in kinds.items()
            }
            name = f"{self._prefix}{model.__name__}"
            output = self._output(name, about, model, kinds)
            input_ = _made(f"{name}Input", about, sent)
            self._entries[model] = _Shape(
                object_type(permission=PART)(output), input_type(input_), kinds
            )
        return self._entries[model]

    def _output(
        self, name: str, about: str, model: type[BaseModel], kinds: Mapping[str, _Kind]
    ) -> type:
        shown: dict[str, tuple[Any, Any]] = {"_record": (strawberry.Private[Any], None)}  # type: ignore[misc]  # an annotation, made by the library
        for setting, kind in kinds.items():
            about_it = _about(model, setting)
            if kind.batch:
                objects = f"{setting.removesuffix('_ids')}s" if kind.many else setting[:-3]
                shown[objects] = (None, _objects(setting, kind, about_it))
            else:
                shown[setting] = (kind.shown, field(about_it))
        return _made(name, about, shown)

    def _kinds(self, model: type[BaseModel]) -> dict[str, _Kind]:
        hints = get_type_hints(model, include_extras=True)
        kinds = {name: self._kind(name, hints[name]) for name in model.model_fields}
        for name, kind in kinds.items():
            if kind.batch and not name.endswith("_ids" if kind.many else "_id"):
                raise TypeError(
                    f"{name} holds ids: its name must end with _id, or _ids for several"
                )
        return kinds

    def _kind(self, name: str, hint: Any) -> _Kind:
        origin, parts = get_origin(hint), get_args(hint)
        if origin is Annotated:
            refers = next((part for part in parts if isinstance(part, Refers)), None)
            return _reference(refers) if refers else self._kind(name, parts[0])
        if origin in (Union, UnionType) and NoneType in parts and len(parts) == 2:
            (inner,) = (part for part in parts if part is not NoneType)
            return _optional(self._kind(name, inner))
        if origin is tuple and parts[1:] == (Ellipsis,):
            one = self._kind(name, parts[0])
            if one.batch and (one.many or one.optional):
                raise TypeError(f"{name} holds ids: several are tuple[PlaceId, ...] and the like")
            return _many(one)
        if origin is Literal:
            return self._word(name, parts)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self._word(name, [one.value for one in hint])
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return self._nested(hint)
        if hint in _SCALARS:
            return _Kind(hint, hint)
        raise TypeError(f"the setting {name} has a type that settings cannot have: {hint}")

    def _nested(self, model: type[BaseModel]) -> _Kind:
        shape = self._entry(model)

        def read(sent: Any, path: Path, named: list[_Named]) -> Any:
            return shape.said(sent, path, named, clears=False)

        return _Kind(shape.output, shape.input, shape.of, read)

    def _word(self, name: str, values: Iterable[Any]) -> _Kind:
        enum = self._words.get(name)
        if enum is None:
            raise TypeError(
                f"the setting {name} is one of some words: Extension.settings names none"
            )
        if {one.value for one in enum} != set(values):
            raise TypeError(f"{enum.__name__} has other values than the setting {name}")
        return _Kind(
            enum,
            enum,
            lambda value: enum(value.value if isinstance(value, Enum) else value),
            lambda sent, path, named: sent.value,
        )

    def _choices(self, model: type[BaseModel]) -> set[str]:
        """The names in use for words, those within entries included."""
        models = [model, *self._entries]
        return {name for one in models for name in one.model_fields if name in self._words}


def _optional(kind: _Kind) -> _Kind:
    def show(value: Any) -> Any:
        return None if value is None else kind.show(value)

    return replace(kind, shown=kind.shown | None, show=show, optional=True)


def _many(kind: _Kind) -> _Kind:
    def show(values: tuple[Any, ...]) -> list[Any]:
        return [kind.show(value) for value in values]

    def read(sent: list[Any], path: Path, named: list[_Named]) -> list[Any]:
        if len(sent) > MOST:
            raise refuse(LIMIT_EXCEEDED, *path, field=path[-1], limit=MOST)
        return [kind.read(one, (*path, n), named) for n, one in enumerate(sent)]

    shown, sent = GenericAlias(list, kind.shown), GenericAlias(list, kind.sent)
    return replace(kind, shown=shown, sent=sent, show=show, read=read, many=True)


def _reference(refers: Refers) -> _Kind:
    shown, batch = _OBJECTS[refers.kind]

    def read(sent: str, path: Path, named: list[_Named]) -> str:
        found = uuid_of(sent, shown.__name__, *path)
        named.append(_Named(batch, found, sent, path))
        return str(found)

    return _Kind(shown, strawberry.ID, read=read, batch=batch)


def _objects(setting: str, kind: _Kind, about: str) -> Any:
    """A field for the objects that a setting holds the ids of; null for whoever may not see such."""

    async def one(self: Any, info: Info) -> Any:
        key = getattr(self._record, setting)
        return key and await info.context.load(kind.batch, key)

    async def several(self: Any, info: Info) -> Any:
        keys = getattr(self._record, setting) or ()
        found = [info.context.load(kind.batch, key) for key in keys]
        return [value for coming in found if (value := await coming)]

    resolver = several if kind.many else one
    resolver.__doc__ = about
    resolver.__annotations__ = {"info": Info, "return": kind.shown | None}
    return field(resolver)


def _about(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].description or ""


def _made(
    name: str, about: str, fields: Mapping[str, tuple[Any, Any]], *, base: type = object
) -> type:
    """A class of these fields, each with its annotation and what stands behind it."""
    members = {key: value for key, (_, value) in fields.items() if value is not None}
    hints = {key: hint for key, (hint, _) in fields.items() if hint is not None}
    own = {"__annotations__": hints, "__doc__": about, "__module__": __name__}
    return type(name, () if base is object else (base,), {**members, **own})
