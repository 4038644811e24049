"""What each tenant is shown of the one schema: a view per set of modules, never per tenant.

A view is a schema of its own. What is off is not hidden in it but absent: from introspection, from
validation and its suggestions, from ``node(id:)``. Documents are parsed and validated per view.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from core.extension.registry import Registry
from schema.compose import ComposedSchema
from schema.execute import Executor

MAX_VIEWS = 16
"""Views kept at once; the least recently used goes first. Editions make few. A view is made in about ten
milliseconds and takes half a megabyte, besides the documents that were prepared for it."""


class Views:
    """The executors of one process, by module set."""

    def __init__(
        self, schema: ComposedSchema, plugins: Registry, *, introspection: bool = False
    ) -> None:
        self._schema, self._plugins = schema, plugins
        self._introspection = introspection
        self._made: OrderedDict[frozenset[str], Executor] = OrderedDict()

    def of(self, modules: Iterable[str]) -> Executor:
        """What runs documents for tenants that have these modules, and so those they require."""
        on = self._plugins.closed(modules)
        made = self._made.get(on)
        if made is None:
            view = self._schema.view(on)
            made = self._made[on] = Executor(view, introspection=self._introspection)
            if len(self._made) > MAX_VIEWS:
                self._made.popitem(last=False)
        self._made.move_to_end(on)
        return made
