"""From a document's text to an answer, through every gate in order.

Size, tokens, the walk of ``limits``, validation: their outcome depends on the text alone and is kept
by its hash. Then what depends on the request: which operation, introspection, cost. Then execution,
with a deadline (reliability rule 16).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    parse,
    specified_rules,
    type_from_ast,
    validate,
)
from graphql.execution import Executor as GraphQLExecutor
from graphql.execution import create_source_event_stream, execute
from graphql.utilities import validate_input_value
from strawberry.execution import optimized_is_awaitable

from core.deadline import within
from core.errors import Language, Refusal, define
from schema.context import Context
from schema.cost import Cost
from schema.errors import (
    BAD_REQUEST,
    GRAPHQL_INVALID,
    GRAPHQL_SYNTAX,
    MAX_ERRORS,
    NOT_ACCEPTABLE,
    UNAVAILABLE,
    format_errors,
    format_refusal,
    refusal_of,
)
from schema.limits import (
    MAX_BODY,
    MAX_COST,
    MAX_DEPTH,
    MAX_DOCUMENT,
    MAX_TOKENS,
    MUTATION_SECONDS,
    POSTING_SECONDS,
    QUERY_SECONDS,
    excess,
    too_large,
)
from schema.protect import facts_of

BODY_TOO_LARGE = define(
    "BODY_TOO_LARGE",
    en="The request is larger than {limit} bytes.",
    zh="请求超过 {limit} 字节。",
)
METHOD_NOT_ALLOWED = define(
    "METHOD_NOT_ALLOWED",
    en="A mutation must be sent with POST.",
    zh="变更(mutation)必须使用 POST 发送。",
)
INTROSPECTION_DENIED = define(
    "INTROSPECTION_DENIED",
    en="Introspection is for developers: it needs the permission settings.write. The schema is"
    " published as a file.",
    zh="内省仅供开发者使用,需要 settings.write 权限。模式另以文件形式发布。",
)
ONE_LEDGER_MUTATION = define(
    "ONE_LEDGER_MUTATION",
    en="{field} must be the only mutation in its request.",
    zh="{field} 必须是请求中唯一的变更(mutation)。",
)
DEADLINE_EXCEEDED = define(
    "DEADLINE_EXCEEDED",
    en="The server gave up after {seconds} seconds. If this was a mutation, send it again with the"
    " same commandId to learn its outcome.",
    zh="服务器在 {seconds} 秒后放弃处理。若为变更(mutation),请用相同的 commandId 重新发送以获知结果。",
)

CACHED_DOCUMENTS = 1000
_IS_AWAITABLE: Any = optimized_is_awaitable


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. ``size`` is that of the whole body; ``safe`` requests may only read;
    ``waited`` are the seconds it already took."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None
    size: int = 0
    safe: bool = False
    waited: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer's body. ``refused`` says why nothing came of the request: the code, or None."""

    body: dict[str, Any]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may run, or why it may not."""

    document: DocumentNode | None = None
    operation: OperationDefinitionNode | None = None
    introspects: bool = False
    bulk: bool = False
    permissions: tuple[str, ...] = ()
    seconds: float = QUERY_SECONDS
    refusal: Refusal | None = None
    errors: tuple[GraphQLError, ...] = ()

    @property
    def subscribes(self) -> bool:
        """Whether it is a subscription."""
        operation = self.operation and self.operation.operation
        return operation is OperationType.SUBSCRIPTION


class Executor:
    """Runs documents against one schema, or one view of it."""

    def __init__(self, schema: strawberry.Schema, *, introspection: bool = False) -> None:
        self._schema: GraphQLSchema = schema._schema
        self._executor = schema.execution_context_class
        self._introspection = introspection
        self._cache: OrderedDict[bytes, Prepared] = OrderedDict()

    def prepare(self, query: str) -> Prepared:
        """Parse, measure and validate, or remember having done so."""
        key = hashlib.sha256(query.encode()).digest()
        prepared = self._cache.get(key)
        if prepared is None:
            prepared = self._cache[key] = _prepare(self._schema, query)
            if len(self._cache) > CACHED_DOCUMENTS:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return prepared

    def is_bulk(self, query: str) -> bool:
        """Whether a document asks for a bulk operation, whose body may be larger than others."""
        return len(query.encode("utf-8", "replace")) <= MAX_DOCUMENT and self.prepare(query).bulk

    def subscribes(self, query: str) -> bool:
        """Whether a document is a subscription, whose answers come one by one."""
        return (
            len(query.encode("utf-8", "replace")) <= MAX_DOCUMENT and self.prepare(query).subscribes
        )

    async def run(self, request: Request, context: Context) -> Answer:
        """The answer to a request; never raises but for cancellation."""
        prepared = self._admitted(request, context)
        if isinstance(prepared, Answer):
            return prepared
        if prepared.subscribes:
            return _refused(Refusal(NOT_ACCEPTABLE), context.language)
        return await self._execute(prepared, request, context)

    async def subscribe(self, request: Request, context: Context) -> AsyncIterable[Any] | Answer:
        """The events of a subscription, each to be answered with :meth:`tell`, or the answer where there
        are none. ``context`` stays open for as long as somebody listens."""
        prepared = self._admitted(request, context)
        if isinstance(prepared, Answer):
            return prepared
        assert prepared.document
        built = GraphQLExecutor.build(
            self._schema,
            prepared.document,
            context_value=context,
            raw_variable_values=dict(request.variables),
            operation_name=request.operation_name,
            max_coercion_errors=MAX_ERRORS,
            hide_suggestions=True,
        )
        found: Any
        if isinstance(built, list):
            found = ExecutionResult(None, built)
        else:
            found = create_source_event_stream(built)
            found = await found if isawaitable(found) else found
        if isinstance(found, ExecutionResult):
            return self._answer(found, prepared, request, context.language)
        events: AsyncIterable[Any] = found
        return events

    async def tell(self, event: Any, request: Request, context: Context) -> Answer:
        """One event of a subscription as its document asks for it, in a context of its own."""
        return await self._execute(self.prepare(request.query), request, context, event)

    def _admitted(self, request: Request, context: Context) -> Prepared | Answer:
        """The document of a request that may run, or why it may not."""
        if len(request.query.encode()) > MAX_DOCUMENT:
            return _refused(too_large("bytes", MAX_DOCUMENT), context.language)
        prepared = self.prepare(request.query)
        if prepared.errors:
            code = prepared.refusal.code if prepared.refusal else GRAPHQL_INVALID
            return Answer({"errors": format_errors(prepared.errors, context.language, code)}, code)
        refusal = prepared.refusal or self._gates(prepared, request, context)
        return _refused(refusal, context.language) if refusal else prepared

    def _gates(self, prepared: Prepared, request: Request, context: Context) -> Refusal | None:
        """What depends on who asks and with which variables."""
        assert prepared.document
        assert prepared.operation
        name = prepared.operation.name
        if request.operation_name and request.operation_name != (name and name.value):
            return Refusal(BAD_REQUEST, details={"reason": "no operation has this operationName"})
        if request.safe and prepared.operation.operation is not OperationType.QUERY:
            return Refusal(METHOD_NOT_ALLOWED)
        if prepared.introspects and not (self._introspection or context.may("settings.write")):
            return Refusal(INTROSPECTION_DENIED)
        if request.size > MAX_BODY and not prepared.bulk:
            return Refusal(BODY_TOO_LARGE, details={"limit": MAX_BODY})
        cost = Cost(self._schema, prepared.document, prepared.operation, request.variables)
        return too_large("cost", MAX_COST) if cost.total > MAX_COST else None

    async def _execute(
        self, prepared: Prepared, request: Request, context: Context, event: Any = None
    ) -> Answer:
        try:
            working = self._work(prepared, request, context, event)
            done = await within(prepared.seconds - request.waited, working)
        except TimeoutError:
            late = Refusal(DEADLINE_EXCEEDED, details={"seconds": prepared.seconds})
            return _refused(late, context.language)
        except Exception as fault:
            return _refused(refusal_of(fault), context.language)
        return self._answer(done, prepared, request, context.language)

    async def _work(
        self, prepared: Prepared, request: Request, context: Context, event: Any
    ) -> ExecutionResult:
        assert prepared.document
        async with context:
            result = execute(
                self._schema,
                prepared.document,
                root_value=event,
                context_value=context,
                variable_values=dict(request.variables),
                operation_name=request.operation_name,
                max_coercion_errors=MAX_ERRORS,
                hide_suggestions=True,
                is_awaitable=_IS_AWAITABLE,
                executor_class=self._executor,
            )
            return await result if isawaitable(result) else result

    def _answer(
        self, result: ExecutionResult, prepared: Prepared, request: Request, language: Language
    ) -> Answer:
        if not result.errors:
            return Answer({"data": result.data})
        if result.data is None and not any(error.path for error in result.errors):
            found = self._coercion_errors(prepared, request) or result.errors
            errors = format_errors(found, language)
            return Answer({"errors": errors}, errors[0]["extensions"]["code"])
        errors = format_errors(result.errors, language)
        # Where nothing came of the request, whoever only reads the status must know to try again.
        gone = result.data is None and errors[0]["extensions"]["code"] == UNAVAILABLE
        return Answer({"errors": errors, "data": result.data}, UNAVAILABLE if gone else None)

    def _coercion_errors(self, prepared: Prepared, request: Request) -> list[GraphQLError]:
        """Which variable values do not fit, each with its path: the library only says it in words."""
        found: list[GraphQLError] = []
        assert prepared.operation
        for definition in prepared.operation.variable_definitions or ():
            name = definition.variable.name.value
            type_: Any = type_from_ast(self._schema, definition.type)

            def note(error: GraphQLError, path: list[str | int], name: str = name) -> None:
                where = [name, *map(str, path)]
                facts = {**(error.extensions or {}), "inputPath": where}
                found.append(GraphQLError(error.message, extensions=facts))

            if name in request.variables:
                validate_input_value(request.variables[name], type_, note, hide_suggestions=True)
        return found


def _refused(refusal: Refusal, language: Language) -> Answer:
    return Answer({"errors": [format_refusal(refusal, language)]}, refusal.code)


def _prepare(schema: GraphQLSchema, query: str) -> Prepared:
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
        refusal = excess(document)
    except GraphQLError as error:
        return _unparsed(error)
    except RecursionError:
        refusal = too_large("depth", MAX_DEPTH)
    if refusal:
        return Prepared(refusal=refusal)
    errors = validate(
        schema, document, specified_rules, MAX_ERRORS, True, allow_empty_selection_sets=False
    )
    return Prepared(errors=tuple(errors)) if errors else _described(schema, document)


def _unparsed(error: GraphQLError) -> Prepared:
    for sign, measure, limit in (
        ("more than", "tokens", MAX_TOKENS),
        ("nested too deeply", "depth", MAX_DEPTH),
    ):
        if sign in error.message and "Parsing aborted" in error.message:
            return Prepared(refusal=too_large(measure, limit))
    return Prepared(errors=(error,), refusal=Refusal(GRAPHQL_SYNTAX))


def _described(schema: GraphQLSchema, document: DocumentNode) -> Prepared:
    """What the gates need to know of a valid document."""
    operation = next(
        (node for node in document.definitions if isinstance(node, OperationDefinitionNode)), None
    )
    root = schema.get_root_type(operation.operation) if operation else None
    if operation is None or root is None:
        return Prepared(refusal=Refusal(BAD_REQUEST, details={"reason": "it has no operation"}))
    names = _root_names(document, operation)
    facts = {name: facts_of(root.fields[name]) for name in names if name in root.fields}
    ledger = next((name for name, fact in facts.items() if fact.get("ledger")), None)
    if ledger and len(names) > 1:
        return Prepared(refusal=Refusal(ONE_LEDGER_MUTATION, details={"field": ledger}))
    bulk = any(fact.get("bulk") for fact in facts.values())
    return Prepared(
        document,
        operation,
        introspects=not {"__schema", "__type"}.isdisjoint(names),
        bulk=bulk,
        permissions=tuple(fact["permission"] for fact in facts.values()),
        seconds=_seconds(operation.operation, posting=ledger is not None and not bulk),
    )


def _seconds(operation: OperationType, *, posting: bool) -> float:
    """How long a request may take."""
    if operation is not OperationType.MUTATION:
        return QUERY_SECONDS
    return POSTING_SECONDS if posting else MUTATION_SECONDS


def _root_names(document: DocumentNode, operation: OperationDefinitionNode) -> list[str]:
    """The root fields an operation asks for, as often as it does, through its fragments."""
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    names: list[str] = []
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            names.append(node.name.value)
        elif isinstance(node, InlineFragmentNode):
            waiting.extend(node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode):
            # Each once, as execution has it; the valid document has no cycles.
            fragment = fragments.pop(node.name.value, None)
            waiting.extend(fragment.selection_set.selections if fragment else ())
    return names
