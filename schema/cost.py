"""What a query may cost: the number of objects it can bring back, reckoned before it runs.

Each object counts one; what lies below a list counts as often as the page is long. A page size in a
variable counts as the value sent. Fragments are reckoned once per type they stand on, so the reckoning
itself stays linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema.limits import DEFAULT_PAGE, MAX_PAGE, USUAL_LIST
from schema.protect import facts_of

_WRAPPERS = frozenset({"edges", "nodes", "node", "pageInfo"})


class Cost:
    """Reckons one operation of a document that has passed validation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, int] = {}
        self._variables = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        } | dict(variables)
        root = schema.get_root_type(operation.operation)
        self.total = self._below(operation.selection_set, root)

    def _below(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> int:
        if selections is None:
            return 0
        return sum(self._selection(node, parent) for node in selections.selections)

    def _selection(self, node: Any, parent: GraphQLNamedType | None) -> int:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        assert isinstance(node, InlineFragmentNode)
        condition = node.type_condition
        inner = self._schema.get_type(condition.name.value) if condition else parent
        return self._below(node.selection_set, inner)

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            fragment = self._fragments[name]
            parent = self._schema.get_type(fragment.type_condition.name.value)
            self._known[name] = self._below(fragment.selection_set, parent)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> int:
        field = getattr(parent, "fields", {}).get(node.name.value)
        if field is None or node.selection_set is None:
            return (
                0  # a value of an object already counted, or introspection with limits of its own
            )
        below = self._below(node.selection_set, get_named_type(field.type))
        if node.name.value in _WRAPPERS and parent and parent.name.endswith(("Connection", "Edge")):
            return below
        return self._length(node, field) * (1 + below)

    def _length(self, node: FieldNode, field: GraphQLField) -> int:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if "first" in field.args:
            size = self._value(given.get("first"))
            return (
                size
                if isinstance(size, int) and 0 <= size <= MAX_PAGE
                else (DEFAULT_PAGE if size is None else MAX_PAGE)
            )
        if "ids" in field.args:
            ids = self._value(given.get("ids"))
            return len(ids) if isinstance(ids, list | tuple) else MAX_PAGE
        if is_list_type(get_nullable_type(field.type)):
            return facts_of(field).get("size") or USUAL_LIST
        return 1

    def _value(self, node: ValueNode | None) -> Any:
        """A literal's or variable's value, as far as a length can be read from it."""
        found: Any = node
        if isinstance(node, VariableNode):
            found = self._variables.get(node.name.value)
        if isinstance(found, IntValueNode):
            return int(found.value)
        if isinstance(found, ListValueNode):
            return found.values
        return None if isinstance(found, ValueNode) and found.kind == "null_value" else found
