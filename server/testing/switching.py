"""What every plugin must keep while it is switched on and off, over HTTP. As in ``promises.py``, each
answers with what is broken, one sentence each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog
from graphql import (
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_input_object_type,
    is_object_type,
    is_required_argument,
    print_schema,
)
from strawberry.utils.str_converters import to_camel_case

from core.db.database import Database
from core.errors import Refused
from core.extension.observers import Observers
from core.extension.registry import Plugin, Registry, registry
from core.ledger.verify import verify
from schema.compose import composed_schema
from schema.context import Lasting
from schema.execute import Answer, Executor, Request
from schema.export import undescribed
from schema.extend import pascal
from schema.protect import facts_of
from server.app import ServerSettings
from server.testing.shop import Json, Shop, with_modules
from server.testing.trade import trade

LISTEN_SECONDS = 1.0
"""How long a subscription is listened to, and may take to let go."""
STOCK = """query($after: String) { stock(first: 100, after: $after) {
  nodes { item { id } place { id } lot { id } quantity value } pageInfo { hasNextPage endCursor } } }"""

INDICATORS = """{ indicators(since: "2026-01-01", until: "2026-12-31", by: MONTH) {
  code figure { value } errors { code message } } }"""


def composition(plugin: Plugin) -> list[str]:
    """With it and what it requires, the schema composes, and every word of it is described."""
    names = registry().closed([plugin.name])
    alone = Registry(other for other in registry() if other.name in names)
    try:
        view = composed_schema(alone).view(names)
    except Refused as refused:
        return [refusal.message() for refusal in refused.refusals]
    return [f"{name} has no description" for name in undescribed(view._schema)]


async def switching(database: Database, plugin: Plugin) -> list[str]:
    """On, off and on again: what is off cannot be seen, and neither the schema of core nor the books
    change by it."""
    shop = await Shop.open(database, settings=ServerSettings(explorer=True))
    await trade(shop)
    required = [name for name in _in_order(plugin) if name != plugin.name]
    for name in required:
        await shop.switch(name, on=True)
    states = [await _state(shop)]
    found: list[str] = []
    for on in (True, False, True, False):
        if errors := await shop.try_switch(plugin.name, on=on):
            return [*found, f"switching it {'on' if on else 'off'} is refused: {errors}"]
        states.append(await _state(shop))
    (off, stock), (on_sdl, _), *_ = states
    if {sdl for sdl, _ in states[::2]} != {off}:
        found.append("the schema without it differs after it was on")
    if states[3][0] != on_sdl:
        found.append("the schema with it differs after it was off")
    if any(other != stock for _, other in states):
        found.append("switching it changed the books")
    return found + await verify(database, shop.principal.tenant_id)


async def ordinary_day(database: Database, plugin: Plugin) -> list[str]:
    """In an ordinary shop, each of its hooks answers in time and without a fault, and what it keeps
    agrees with the books."""
    shop = await Shop.open(database)
    for name in _in_order(plugin):
        await shop.switch(name, on=True)
    with _logged(plugin.name) as faults:
        refused = await trade(shop)
        await database.companion(Observers).settle()
        measured = (await shop.ask(INDICATORS))["indicators"]
    refused += [error for one in measured for error in one["errors"]]
    failed = [e["message"] for e in refused if e["code"] in ("MODULE_FAILED", "INTERNAL")]
    return [*failed, *faults, *await verify(database, shop.principal.tenant_id)]


async def deciding(database: Database, plugin: Plugin) -> list[str]:
    """What a tenant decides for it is taken as it is shown, and nothing leads back to the defaults."""
    if not plugin.manifest.settings.model_fields:
        return []
    names = registry().closed([plugin.name])
    types = composed_schema(registry()).view(names)._schema
    query, mutation = f"{plugin.name}_settings", f"{plugin.name}_update_settings"
    query, mutation = to_camel_case(query), to_camel_case(mutation)
    input_ = f"{pascal(plugin.name)}UpdateSettingsInput"
    chosen = _selection(types.get_type(f"{pascal(plugin.name)}Settings"), plugin)
    change = f"""mutation($input: {input_}!) {{ {mutation}(input: $input) {{
      settings {chosen} errors {{ code message path }} }} }}"""
    shop = await Shop.open(database)
    for name in _in_order(plugin):
        await shop.switch(name, on=True)
    shown = (await shop.ask(f"{{ {query} {chosen} }}"))[query]
    may: Any = types.get_type(input_)
    found = []
    for sent in (_sent(shown, may), dict.fromkeys(may.fields)):
        asked = {**sent, "commandId": str(uuid4())}
        answer = (await shop.ask(change, input=asked))[mutation]
        if answer != {"settings": shown, "errors": []}:
            found.append(f"{mutation} of {sent} answers {answer}, not {shown}")
    return found


def _selection(type_: Any, plugin: Plugin) -> str:
    """All that a type of the plugin's holds; of objects of core their ids."""
    names = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if not is_object_type(inner):
            names.append(name)
        elif inner.name.startswith(pascal(plugin.name)):
            names.append(f"{name} {_selection(inner, plugin)}")
        else:
            names.append(f"{name} {{ id }}")
    return f"{{ {' '.join(names)} }}"


def _sent(shown: Json, input_: Any) -> Json:
    """What was shown, as an input takes it."""
    found: Json = {}
    for name, field in input_.fields.items():
        inner = get_named_type(field.type)
        if name.endswith("Ids") and (objects := shown.get(f"{name[:-3]}s")) is not None:
            found[name] = [one["id"] for one in objects]
        elif name.endswith("Id") and name[:-2] in shown:
            found[name] = shown[name[:-2]] and shown[name[:-2]]["id"]
        elif name in shown and is_input_object_type(inner):
            value = shown[name]
            several = isinstance(value, list)
            found[name] = [_sent(one, inner) for one in value] if several else _sent(value, inner)
        elif name in shown:
            found[name] = shown[name]
    return found


async def listening(database: Database, plugin: Plugin) -> list[str]:
    """Each of its subscriptions that needs no argument begins to listen without a fault, and lets go when it
    shall."""
    names = registry().closed([plugin.name])
    view = composed_schema(registry()).view(names)
    root = view._schema.subscription_type
    own = {
        name: field
        for name, field in (root.fields if root else {}).items()
        if facts_of(field).get("plugin") == plugin.name
        if not any(is_required_argument(argument) for argument in field.args.values())
    }
    if not own:
        return []
    shop = await Shop.open(database)
    for name in _in_order(plugin):
        await shop.switch(name, on=True)
    principal, executor, found = with_modules(shop.principal, names), Executor(view), list[str]()
    for name, field in own.items():
        inner = "{ __typename }" if is_object_type(get_named_type(field.type)) else ""
        async with Lasting(database, principal) as context:
            events = await executor.subscribe(
                Request(f"subscription {{ {name} {inner} }}", {}), context
            )
            found += [f"{name}: {fault}" async for fault in _listened(events)]
    return found


async def _listened(events: AsyncIterable[Any] | Answer) -> AsyncIterator[str]:
    if isinstance(events, Answer):
        yield f"it does not begin: {events.body}"
        return
    steps = aiter(events)
    coming = asyncio.ensure_future(anext(steps, None))
    await asyncio.wait({coming}, timeout=LISTEN_SECONDS)
    if coming.done() and (fault := coming.exception()) is not None:
        yield f"it failed: {fault}"
    coming.cancel()
    await asyncio.wait({coming}, timeout=LISTEN_SECONDS)
    if not coming.done():
        yield "it does not let go"


def _in_order(plugin: Plugin) -> list[str]:
    names = registry().closed([plugin.name])
    return [other.name for other in registry() if other.name in names]


async def _state(shop: Shop) -> tuple[str, list[Json]]:
    """The schema as the tenant sees it, and its stock."""
    told: Any = await shop.ask(get_introspection_query())
    stock: list[Json] = []
    after = None
    while True:
        page = (await shop.ask(STOCK, after=after))["stock"]
        stock += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return print_schema(build_client_schema(told)), stock


@contextmanager
def _logged(name: str) -> Iterator[list[str]]:
    """What the log says against a plugin meanwhile, one sentence each."""
    found: list[str] = []
    with structlog.testing.capture_logs() as entries:
        yield found
        found += [
            f"{entry['event']}: {entry.get('hook', '')} {_fault(entry)}"
            for entry in entries
            if name in (entry.get("plugin"), entry.get("module"))
            if entry["log_level"] in ("warning", "error")
        ]


def _fault(entry: Mapping[str, Any]) -> str:
    fault = entry.get("exc_info")
    return f"{type(fault).__name__}: {fault}" if fault else str(entry.get("fault", ""))
