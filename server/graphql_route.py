"""GraphQL over HTTP, by the specification of that name, and over server-sent events.

Two media types, and a third for subscriptions (``server/event_stream.py``).
``application/graphql-response+json`` answers a request that was not executed with a 4xx.
``application/json`` is the old way: there a document that could not be executed is still a well-formed
request, and its answer a 200 that carries errors. What is no GraphQL request at all is a 4xx in both.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from core.db.database import OUTCOME_UNKNOWN, Database
from core.deadline import within
from core.errors import BAD_TEXT, Language, Refusal, Refused, refuse
from core.tenancy.rules import Principal
from schema.context import Context
from schema.errors import (
    BAD_JSON,
    BAD_REQUEST,
    BAD_USER_INPUT,
    GRAPHQL_INVALID,
    GRAPHQL_SYNTAX,
    INTERNAL,
    NOT_ACCEPTABLE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    format_refusal,
    refusal_of,
)
from schema.execute import (
    BODY_TOO_LARGE,
    DEADLINE_EXCEEDED,
    INTROSPECTION_DENIED,
    METHOD_NOT_ALLOWED,
    ONE_LEDGER_MUTATION,
    Answer,
    Executor,
)
from schema.execute import Request as GraphQLRequest
from schema.limits import MAX_BODY, MAX_BULK_BODY, QUERY_TOO_LARGE
from schema.streams import SERVER_STOPPING, TOO_MANY_STREAMS, Asked, Streams, answers
from schema.views import Views
from server.event_stream import EVENTS, EventStream, only, started
from server.json_input import check_text, query_in, read_json

SPEC = "application/graphql-response+json"
LEGACY = "application/json"
MAX_TOKEN = 512
SIGN_IN_SECONDS = 5
"""After this the database does not answer; what is left of the deadline would not do either."""

_STATUS = {
    UNAUTHENTICATED: 401,
    METHOD_NOT_ALLOWED: 405,
    NOT_ACCEPTABLE: 406,
    BODY_TOO_LARGE: 413,
    UNSUPPORTED_MEDIA_TYPE: 415,
    TOO_MANY_STREAMS: 429,
    INTERNAL: 500,
    UNAVAILABLE: 503,
    SERVER_STOPPING: 503,
    OUTCOME_UNKNOWN: 503,
    DEADLINE_EXCEEDED: 504,
}
_WELL_FORMED = frozenset({GRAPHQL_SYNTAX, GRAPHQL_INVALID, BAD_USER_INPUT})
"""Refusals that the old media type answers with 200."""
NOT_EXECUTED = (
    frozenset(_STATUS)
    | _WELL_FORMED
    | {
        BAD_JSON,
        BAD_REQUEST,
        BAD_TEXT,
        INTROSPECTION_DENIED,
        ONE_LEDGER_MUTATION,
        QUERY_TOO_LARGE,
    }
)
"""Every code that a request can be refused with as a whole."""

Authenticate = Callable[[Database, str], Awaitable[Principal | None]]


class GraphQLRoute:
    """The endpoint ``/graphql``."""

    def __init__(
        self,
        views: Views,
        database: Callable[[], Database],
        authenticate: Authenticate,
    ) -> None:
        self._views = views
        self._database = database
        self._authenticate = authenticate
        self.streams = Streams()

    async def __call__(self, request: Request) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        media = media_of(request.headers.get("accept"))
        try:
            answer = await self._answer(request, language, media)
            if isinstance(answer, EventStream):
                return answer
            if media == EVENTS and answer.refused is None:
                return only(answer)
        except Refused as refused:
            refusal = refused.refusals[0]
            answer = Answer({"errors": [format_refusal(refusal, language)]}, refusal.code)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as fault:
            refusal = refusal_of(fault)
            answer = Answer({"errors": [format_refusal(refusal, language)]}, refusal.code)
        return respond(answer, media or LEGACY)

    async def _answer(
        self, request: Request, language: Language, media: str | None
    ) -> Answer | EventStream:
        if media is None:
            raise refuse(NOT_ACCEPTABLE)
        _check_method(request)
        began = time.monotonic()
        try:
            principal = await within(SIGN_IN_SECONDS, self._principal(request))
        except TimeoutError:
            raise refuse(UNAVAILABLE) from None
        waited = time.monotonic() - began
        reads = request.method == "GET"
        executor = self._views.of(principal.modules)
        read = _read_query(request) if reads else await _read_post(request, executor)
        asked = replace(read, waited=waited)
        if takes_events(request.headers.get("accept")) and executor.subscribes(asked.query):
            who = partial(self._authenticate, self._database(), _token(request))
            lasting = Asked(asked, language, self._database(), self._views, who)
            return await started(answers(lasting, principal, self.streams))
        return await executor.run(asked, Context(self._database(), principal, language))

    async def _principal(self, request: Request) -> Principal:
        principal = await self._authenticate(self._database(), _token(request))
        if principal is None:
            raise refuse(UNAUTHENTICATED)
        return principal


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
        raise refuse(UNAUTHENTICATED)
    return token


def language_of(header: str) -> Language:
    """The first language of ``Accept-Language`` that we speak; English where there is none."""
    ranked: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        ranked.append((weight, tag.strip().lower()[:2]))
    for weight, tag in sorted(ranked, key=lambda entry: -entry[0]):
        if weight > 0 and tag in ("en", "zh"):
            return "zh" if tag == "zh" else "en"
    return "en"


def media_of(accept: str | None) -> str | None:
    """The media type to answer with; None where none of ours is wanted."""
    if not accept:
        return LEGACY
    wanted = _wanted(accept)
    if SPEC in wanted:
        return SPEC
    if not wanted.isdisjoint({LEGACY, "application/*", "*/*"}):
        return LEGACY
    return EVENTS if EVENTS in wanted else None


def takes_events(accept: str | None) -> bool:
    """Whether a subscription may be answered with its events."""
    return EVENTS in _wanted(accept or "")


def _wanted(accept: str) -> set[str]:
    return {part.partition(";")[0].strip().lower() for part in accept.split(",")}


def status_of(refused: str | None, *, old: bool) -> int:
    """The status of an answer, by the code its request was refused with as a whole and by whether it
    comes in the old media type."""
    if refused is None or (old and refused in _WELL_FORMED):
        return 200
    return _STATUS.get(refused, 400)


def respond(answer: Answer, media: str) -> Response:
    """The HTTP answer, with the status its media type asks for."""
    status = status_of(answer.refused, old=media == LEGACY)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if media == EVENTS:  # what does not come to a stream has a status, and says why as ever
        media = SPEC
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tallybook"'
    if status == 405:
        headers["Allow"] = "POST"
    if status in (429, 503):
        headers["Retry-After"] = "1"
    return Response(
        orjson.dumps(answer.body), status, headers, media_type=f"{media}; charset=utf-8"
    )


def _check_method(request: Request) -> None:
    if request.method == "POST":
        kind, _, parameters = request.headers.get("content-type", "").partition(";")
        charset = parameters.lower().replace(" ", "").replace('"', "")
        plain = request.headers.get("content-encoding", "identity").lower() == "identity"
        known = charset in ("", "charset=utf-8", "charset=utf8")
        if kind.strip().lower() != "application/json" or not known or not plain:
            raise refuse(UNSUPPORTED_MEDIA_TYPE)


def _read_query(request: Request) -> GraphQLRequest:
    asked: dict[str, Any] = {}
    for key, value in request.query_params.multi_items():
        if key in asked:
            raise _bad(f"the parameter {key[:50]} stands there twice")
        asked[key] = value
    check_text(asked)
    for key in ("variables", "extensions"):
        if key in asked:
            asked[key] = read_json(asked[key].encode()) if asked[key] else None
    if asked.get("operationName") == "":
        asked["operationName"] = None
    return _request(asked, size=len(request.url.query), safe=True)


async def _read_post(request: Request, executor: Executor) -> GraphQLRequest:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BULK_BODY:
            raise refuse(BODY_TOO_LARGE, limit=MAX_BULK_BODY)
    if len(body) > MAX_BODY and not executor.is_bulk(query_in(bytes(body))):
        raise refuse(BODY_TOO_LARGE, limit=MAX_BODY)
    asked = read_json(bytes(body))
    if not isinstance(asked, dict):
        raise _bad("the body must be one JSON object; batches are not supported")
    return _request(asked, size=len(body), safe=False)


def _request(asked: Mapping[str, Any], *, size: int, safe: bool) -> GraphQLRequest:
    query = asked.get("query")
    variables = asked.get("variables")
    name = asked.get("operationName")
    if not isinstance(query, str) or not query:
        raise _bad("query must be a string, the GraphQL document")
    if not isinstance(variables, dict | None):
        raise _bad("variables must be an object")
    if not isinstance(name, str | None):
        raise _bad("operationName must be a string")
    if not isinstance(asked.get("extensions"), dict | None):
        raise _bad("extensions must be an object")
    return GraphQLRequest(query, variables or {}, name, size, safe)


def _bad(reason: str) -> Refused:
    return Refused(Refusal(BAD_REQUEST, details={"reason": reason}))
