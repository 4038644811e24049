"""Every limit of the API, and the one walk that holds a document to them before validation.

Validation itself is the first thing an attacker makes expensive: a field repeated a thousand times
costs it half a second and no rule inside it sees that coming. So a document is measured first, in a
single pass that visits each node once, with each fragment measured once however often it is spread
(reliability rule 16).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)

from core.errors import BAD_TEXT, Refusal, define

MIB = 1024 * 1024

MAX_BODY = MIB
MAX_BULK_BODY = 16 * MIB
MAX_DOCUMENT = 64 * 1024
"""Bytes of one request: in all, for a bulk operation, and of the GraphQL document in it."""

MAX_JSON_DEPTH = 32
MAX_TOKENS = 800
MAX_DEPTH = 15
MAX_ALIASES = 15
MAX_DIRECTIVES = 10
MAX_SELECTIONS = 400
MAX_REPEATS = 20
MAX_FRAGMENTS = 30
MAX_OPERATIONS = 1
MAX_DIGITS = 40

DEFAULT_PAGE = 50
MAX_PAGE = 100
MAX_COST = 5000
USUAL_LIST = 10
"""How many objects a list without pages counts as, where its field does not say."""

MAX_LINES = 1000
MAX_BULK = 1000
"""Lines per document, documents per bulk operation."""

QUERY_SECONDS = 20
MUTATION_SECONDS = 60
POSTING_SECONDS = 10
"""After this the server gives up a request; a posting sooner, unless it is a bulk."""

MAX_STREAMS = 500
MAX_TENANT_STREAMS = 50
"""Subscriptions that one process serves at once: in all, and of one tenant."""

QUERY_TOO_LARGE = define(
    "QUERY_TOO_LARGE",
    en="This GraphQL document is too large: {measure} may be at most {limit}.",
    zh="该 GraphQL 文档过大:{measure} 最多为 {limit}。",
)


_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def unstorable(text: str) -> bool:
    """Whether the text holds NUL, another control character or half a surrogate pair, which the
    database would refuse later and less clearly."""
    return _UNSTORABLE.search(text) is not None


def too_large(measure: str, limit: int) -> Refusal:
    """The refusal of a document that is over one of the limits above."""
    return Refusal(QUERY_TOO_LARGE, details={"measure": measure, "limit": limit})


def excess(document: DocumentNode) -> Refusal | None:
    """The first limit that this document breaks, or None."""
    found = Measures(document)
    if found.bad_text:
        return Refusal(BAD_TEXT, details={"field": "query"})
    for measure, actual, limit in (
        ("operations", found.operations, MAX_OPERATIONS),
        ("fragments", len(found.fragments), MAX_FRAGMENTS),
        ("selections", found.selections, MAX_SELECTIONS),
        ("aliases", found.aliases, MAX_ALIASES),
        ("directives", found.directives, MAX_DIRECTIVES),
        ("repeated names", found.repeats, MAX_REPEATS),
        ("digits of a number", found.digits, MAX_DIGITS),
        ("depth", found.depth, MAX_DEPTH),
    ):
        if actual > limit:
            return too_large(measure, limit)
    return None


class Measures:
    """What one walk over a document counts, each node once.

    ``repeats``: how often one response name stands in one place, inline fragments counted with what
    surrounds them, as execution merges them. ``depth`` follows fragments, without what lies below
    ``__schema`` and ``__type``.
    """

    def __init__(self, document: DocumentNode) -> None:
        self.operations = self.selections = self.aliases = self.directives = 0
        self.repeats = self.digits = self.depth = 0
        self.bad_text = False
        self.fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._depths: dict[str, int] = {}
        for definition in document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                self._fragment_depth(definition.name.value)
            elif isinstance(definition, OperationDefinitionNode):
                self.operations += 1
                self._inputs(definition.variable_definitions, definition.directives)
                self.depth = max(self.depth, self._place(definition.selection_set))

    def _fragment_depth(self, name: str) -> int:
        if name not in self._depths and name in self.fragments:
            self._depths[name] = 0  # a fragment that spreads itself: validation will name it
            fragment = self.fragments[name]
            self._inputs(fragment.directives)
            self._depths[name] = self._place(fragment.selection_set)
        return self._depths.get(name, 0)

    def _place(self, selections: SelectionSetNode) -> int:
        """Count everything in one place of the answer; its depth below here."""
        names: Counter[str] = Counter()
        depth = self._merge(selections, names)
        self.repeats = max(self.repeats, *names.values(), 0)
        return depth

    def _merge(self, selections: SelectionSetNode, names: Counter[str]) -> int:
        depth = 0
        for node in selections.selections:
            self.selections += 1
            self._inputs(node.directives)
            if isinstance(node, FieldNode):
                depth = max(depth, self._field(node, names))
            elif isinstance(node, InlineFragmentNode):
                depth = max(depth, self._merge(node.selection_set, names))
            elif isinstance(node, FragmentSpreadNode):
                names[f"...{node.name.value}"] += 1
                depth = max(depth, self._fragment_depth(node.name.value))
        return depth

    def _field(self, node: FieldNode, names: Counter[str]) -> int:
        self.aliases += node.alias is not None
        names[(node.alias or node.name).value] += 1
        self._inputs(node.arguments)
        below = self._place(node.selection_set) if node.selection_set else 0
        return 0 if node.name.value in ("__schema", "__type") else 1 + below

    def _inputs(self, *groups: Sequence[Node] | None) -> None:
        """Directives, and the values in arguments, variables and directives."""
        waiting = [node for group in groups for node in group or ()]
        while waiting:
            node = waiting.pop()
            self.directives += isinstance(node, DirectiveNode)
            if isinstance(node, IntValueNode | FloatValueNode):
                self.digits = max(self.digits, len(node.value))
            elif isinstance(node, StringValueNode):
                self.bad_text |= unstorable(node.value)
            for key in node.keys:
                value = getattr(node, key)
                if isinstance(value, Node):
                    waiting.append(value)
                elif isinstance(value, tuple):
                    waiting.extend(value)
