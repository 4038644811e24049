"""Errors as the API shows them.

Two kinds. A *user error* is part of a mutation's payload: the caller can correct it. A *top-level
error* says that the request itself could not be carried out: not signed in, over a limit, not valid
GraphQL, or our own fault. Both carry a code of the published enum ``ErrorCode`` and a sentence in the
caller's language; neither ever carries SQL, a file path or a class name (reliability rule 17).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, NewType, TypeVar, dataclass_transform
from uuid import uuid4

import psycopg
import sqlalchemy as sa
import structlog
from graphql import GraphQLEnumType, GraphQLEnumValue, GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition
from strawberry.utils.str_converters import to_camel_case

from core.db.database import OUTCOME_UNKNOWN, OutcomeUnknownError
from core.errors import Language, Refusal, Refused, codes, define
from schema.access import PART, field, guarded_field, interface_type, object_type
from schema.scalars import plain

MAX_ERRORS = 5
MAX_MESSAGE = 500
MAX_QUOTED = 200
"""Errors in one answer; characters of a message of the library, and of a word of the caller's that
a refusal repeats."""

INTERNAL = define(
    "INTERNAL",
    en="Unexpected error. Tell the operator this id: {id}.",
    zh="发生意外错误。请将此编号告知管理员:{id}。",
)
UNAVAILABLE = define(
    "UNAVAILABLE",
    en="The database does not answer at the moment. Try again, a mutation with the same commandId.",
    zh="数据库暂时没有响应。请重试;变更(mutation)请使用相同的 commandId。",
)
BAD_REQUEST = define(
    "BAD_REQUEST", en="The request is not understood: {reason}", zh="无法理解该请求:{reason}"
)
GRAPHQL_SYNTAX = define(
    "GRAPHQL_SYNTAX",
    en="The document is not written in GraphQL.",
    zh="该文档不符合 GraphQL 语法。",
)
GRAPHQL_INVALID = define(
    "GRAPHQL_INVALID",
    en="The document does not fit the schema.",
    zh="该文档与模式不符。",
)
BAD_USER_INPUT = define(
    "BAD_USER_INPUT",
    en="A variable or argument has a value that its type does not allow.",
    zh="变量或参数的值不符合其类型。",
)

UNAUTHENTICATED = define(
    "UNAUTHENTICATED",
    en="Sign in first: send a valid token in the header Authorization: Bearer ….",
    zh="请先登录:在请求头 Authorization: Bearer … 中提供有效的令牌。",
)
UNSUPPORTED_MEDIA_TYPE = define(
    "UNSUPPORTED_MEDIA_TYPE",
    en="Send the request as application/json in UTF-8, without compression.",
    zh="请以 application/json(UTF-8、不压缩)发送请求。",
)
NOT_ACCEPTABLE = define(
    "NOT_ACCEPTABLE",
    en="The answer comes as application/graphql-response+json or application/json, that to a subscription"
    " as text/event-stream.",
    zh="响应格式仅为 application/graphql-response+json 或 application/json,订阅(subscription)为"
    " text/event-stream。",
)

BAD_JSON = define(
    "BAD_JSON", en="The request is not valid JSON: {reason}.", zh="请求不是有效的 JSON:{reason}。"
)

T = TypeVar("T")

_log = structlog.get_logger("tallybook.graphql")

ErrorCode = NewType("ErrorCode", str)


def error_code_definition(further: Iterable[str] = ()) -> ScalarDefinition:
    """The enum ``ErrorCode`` over every code that the API can answer with: core's, and those of
    plugins, which are given.

    Strawberry makes enums from Python enums only; refusals are defined next to their rules, so the
    enum is made when the schema is composed and handed over as a finished GraphQL type.
    """
    sentences = codes()
    enum = GraphQLEnumType(
        "ErrorCode",
        {
            code: GraphQLEnumValue(code, description=sentences[code]["en"])
            for code in sorted({*_api_codes(), *further})
        },
        description="Why something was refused. Codes are stable; sentences may be reworded.",
    )
    return ScalarDefinition(
        name=enum.name,
        description=enum.description,
        specified_by_url=None,
        serialize=None,
        parse_value=None,
        parse_literal=None,
        implementation=enum,  # type: ignore[arg-type]  # an enum type stands for a scalar
    )


def _api_codes() -> set[str]:
    # Those that core and schema can name. What the command line and the start-up of the database and
    # of plugins refuse with is defined too as soon as they are imported, but no client ever sees it.
    return codes_within("core", "schema", but=("core.db", "core.extension.registry"))


def codes_within(*packages: str, but: Iterable[str] = ()) -> set[str]:
    """The codes that the loaded modules of these packages can name. The value counts, not the name of
    the variable that holds it."""
    without, known = set(but), codes()
    return {
        value
        for name, module in tuple(sys.modules.items())
        if not _around(name).isdisjoint(packages) and _around(name).isdisjoint(without)
        for value in tuple(vars(module).values())
        if isinstance(value, str) and value in known
    }


def _around(module: str) -> set[str]:
    """A module and the packages it lies in, by name."""
    parts = module.split(".")
    return {".".join(parts[:n]) for n in range(1, len(parts) + 1)}


@object_type(permission=PART)
class UserError:
    """One reason why a mutation did not do what was asked."""

    code: ErrorCode = field("What programs branch on.")
    message: str = field("The reason, in the language of the Accept-Language header.")
    path: list[str] = field(
        'Where in `input` the reason lies, such as ["lines", "2", "quantity"];'
        " empty when it concerns the whole."
    )
    details: JSON | None = field("The figures and names that the message mentions, if any.")


@interface_type(permission=PART)
class Payload:
    """What every mutation answers with. A payload with errors has nothing else in it."""

    errors: list[UserError] = field(
        "Why nothing was done; empty when it was.", default_factory=list
    )


@dataclass_transform(kw_only_default=True, field_specifiers=(field, guarded_field))
def payload_type(cls: type[T]) -> type[T]:
    """A mutation's answer: a subclass of :class:`Payload` whose own fields are nullable."""
    return object_type(permission=PART)(cls)


def user_error(refusal: Refusal, language: Language) -> UserError:
    """A refusal as a mutation's payload shows it; path parts take the API's spelling."""
    refusal = _brief(refusal)
    return UserError(
        code=ErrorCode(refusal.code),
        message=refusal.message(language),
        path=list(_spelled(refusal)),
        details=JSON(plain(dict(refusal.details))) if refusal.details else None,
    )


def user_errors(refused: Refused, language: Language) -> list[UserError]:
    """All refusals of one answer."""
    return [user_error(refusal, language) for refusal in refused.refusals]


def _brief(refusal: Refusal) -> Refusal:
    """Without the length of what was sent: a wrong role of 1 MB is not sent back three times."""
    details = {
        name: f"{value[:MAX_QUOTED]}…"
        if isinstance(value, str) and len(value) > MAX_QUOTED
        else value
        for name, value in refusal.details.items()
    }
    return Refusal(refusal.code, refusal.path, details)


def _spelled(refusal: Refusal) -> Sequence[str]:
    return [to_camel_case(part) if isinstance(part, str) else str(part) for part in refusal.path]


def format_refusal(refusal: Refusal, language: Language) -> dict[str, Any]:
    """A refusal as a top-level error."""
    refusal = _brief(refusal)
    extensions: dict[str, Any] = {"code": refusal.code}
    if refusal.path:
        extensions["inputPath"] = _spelled(refusal)
    if refusal.details:
        extensions["details"] = plain(dict(refusal.details))
    return {"message": refusal.message(language), "extensions": extensions}


def format_errors(
    errors: Sequence[GraphQLError], language: Language, code: str = BAD_USER_INPUT
) -> list[dict[str, Any]]:
    """Top-level errors for the answer, at most five. ``code`` is that of errors without one."""
    return [
        answer for error in errors[:MAX_ERRORS] for answer in _format_error(error, language, code)
    ][:MAX_ERRORS]


def _format_error(error: GraphQLError, language: Language, code: str) -> list[dict[str, Any]]:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    where: dict[str, Any] = {}
    if error.locations:
        where["locations"] = [{"line": p.line, "column": p.column} for p in error.locations]
    if error.path:
        where["path"] = error.path
    if isinstance(cause, Refused):
        return [{**format_refusal(refusal, language), **where} for refusal in cause.refusals]
    if cause is not None and not isinstance(cause, GraphQLError):
        return [{**format_refusal(refusal_of(cause, path=error.path), language), **where}]
    extensions = {"code": code, **(error.extensions or {})}
    message = error.message[:MAX_MESSAGE]
    if language != "en":  # the library speaks English only
        message = f"{Refusal(str(extensions['code'])).message(language)}({message})"
    return [{"message": message, **where, "extensions": extensions}]


def refusal_of(fault: BaseException, **facts: Any) -> Refusal:
    """What the caller is told of a fault. Ours is logged under a new id, and that is all they learn."""
    if isinstance(fault, OutcomeUnknownError):
        return Refusal(OUTCOME_UNKNOWN)
    if isinstance(fault, DATABASE_FAULTS):
        _log.warning("database unavailable", exc_info=fault, **facts)
        return Refusal(UNAVAILABLE)
    fault_id = uuid4().hex
    _log.error("unexpected error", id=fault_id, exc_info=fault, **facts)
    return Refusal(INTERNAL, details={"id": fault_id})


# No connection, none free in time, a lock or a statement that took too long: all pass by themselves.
DATABASE_FAULTS = (
    psycopg.OperationalError,
    sa.exc.OperationalError,
    sa.exc.TimeoutError,
    sa.exc.PendingRollbackError,  # the connection broke in an earlier statement of the request
)
