"""Values that plugins add to inputs of core: from the field named after the plugin to plain data.

An input that plugins may extend is an :class:`Extensible`. The composed schema hands what was sent for
plugins to the input under one key that no field can have; the input keeps it in ``extensions``, by
plugin, as :attr:`schema.hookspecs.InputField.read` gives it, and whoever makes the core's draft of the
input passes it on (:func:`sent_for_plugins`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
import structlog

from core.canonical import plain
from core.errors import Refused, refuse
from core.extension.failures import MODULE_FAILED
from core.masterdata.rules import Extensions
from schema.access import input_type
from schema.hookspecs import InputField

SENT = "~extensions"
"""Where the values of an input hold those of its plugin fields. No GraphQL name looks like this."""

Read = Mapping[str, Mapping[str, Any] | Refused | None]
Convert = Callable[[Any], Any]

_log = structlog.get_logger("tallybook.plugins")


@input_type
class Extensible:
    """An input to which plugins may add a field."""

    extensions: strawberry.Private[Read | None] = None
    """What was sent for plugins, or why a plugin does not take it. None, and so not in the hash of
    the command, where nothing was sent."""


def collecting(fields: Mapping[str, tuple[str, InputField]]) -> Convert:
    """What an extended input of the composed schema does with its values: those of plugin fields
    (name in the API → plugin, field) are set apart from those of core."""

    def collect(value: dict[str, Any]) -> dict[str, Any]:
        sent = {fields[name]: value.pop(name) for name in fields.keys() & value.keys()}
        return {**value, SENT: sent} if sent else value

    return collect


def read(
    sent: Mapping[tuple[str, InputField], Any], conversion: Callable[[type], Convert | None]
) -> Read:
    """What the plugins make of the values sent for them."""
    return {
        plugin: None if value is None else _read(plugin, field, value, conversion)
        for (plugin, field), value in sorted(sent.items(), key=lambda one: one[0][0])
    }


def _read(
    plugin: str, field: InputField, value: Any, conversion: Callable[[type], Convert | None]
) -> Mapping[str, Any] | Refused:
    build = conversion(field.type)
    assert build is not None  # it is an input type, as composition has seen
    try:
        found = dict(field.read(build(value)))
        plain(found)  # raises for what is not plain data
    except Refused as refused:
        return refused
    except Exception as fault:
        _log.error("plugin failed", plugin=plugin, hook="read", exc_info=fault)
        return refuse(MODULE_FAILED, module=plugin)
    return found


def sent_for_plugins(value: Extensible, *path: str | int) -> Extensions:
    """What an input holds for plugins. Raises Refused, at the plugin's field below ``path``."""
    refusals = []
    found: dict[str, Mapping[str, Any] | None] = {}
    for plugin, given in (value.extensions or {}).items():
        if isinstance(given, Refused):
            refusals += [refusal.under(*path, plugin) for refusal in given.refusals]
        else:
            found[plugin] = given
    if refusals:
        raise Refused(*refusals)
    return found


def kept_with_document(value: Extensible, *path: str | int) -> Mapping[str, Any]:
    """The same, as a document keeps it: as JSON, so that a plugin is given the same whether the
    document was stored meanwhile or not."""
    kept: Mapping[str, Any] = plain(sent_for_plugins(value, *path))
    return kept
