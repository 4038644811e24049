"""The ASGI application.

``/graphql`` answers GraphQL, and shows the explorer to browsers where that is allowed. ``/live`` says
that the process runs, ``/ready`` that it reaches its database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from typing import TYPE_CHECKING, Any

import strawberry
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from core.db.config import make_ready, open_database
from core.db.database import Database
from core.ledger.seal import keep_sealed
from core.tenancy.service import authenticate
from schema.compose import core_schema
from schema.execute import Executor
from server import logs
from server.explorer import STATIC, explorer_page, wants_page
from server.graphql_route import Authenticate, GraphQLRoute

if TYPE_CHECKING:
    from core.db.embedded import EmbeddedServer

_READY_SECONDS = 2


class ServerSettings(BaseSettings):
    """The environment variables of the server itself."""

    model_config = SettingsConfigDict(env_prefix="TALLYBOOK_")

    explorer: bool = False
    """``TALLYBOOK_EXPLORER``: show the explorer page, and answer introspection to whoever is signed
    in. For development and demonstration."""
    explorer_token: str | None = None
    """``TALLYBOOK_EXPLORER_TOKEN``: sign the explorer in with this token. Whoever opens the page
    has it."""


def create_app(
    *,
    database: Database | None = None,
    schema: strawberry.Schema | None = None,
    settings: ServerSettings | None = None,
    identify: Authenticate = authenticate,
) -> Starlette:
    """The application as uvicorn runs it. What is not given comes from the environment."""
    logs.configure()
    server = Server(database, settings or ServerSettings())
    executor = Executor(schema or core_schema(), introspection=server.settings.explorer)
    server.graphql = GraphQLRoute(executor, server.database, identify)
    return Starlette(
        routes=[
            Route("/", server.home),
            Route("/graphql", server.endpoint, methods=["GET", "POST"]),
            Route("/live", server.live),
            Route("/ready", server.ready),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=server.lifespan,
    )


class Server:
    """What the endpoints of one process share."""

    graphql: GraphQLRoute

    def __init__(self, database: Database | None, settings: ServerSettings) -> None:
        self.settings = settings
        self._database = database

    def database(self) -> Database:
        """The pool, once the application has started."""
        if self._database is None:
            raise RuntimeError("the application has not started")
        return self._database

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Open the database of the environment, unless one was given."""
        if self._database is not None:
            yield
            return
        async with AsyncExitStack() as stack:
            address = stack.enter_context(open_database())
            await asyncio.to_thread(make_ready, address)
            if address.embedded is not None:
                await stack.enter_async_context(_watched(address.embedded))
            self._database = Database.connect(address.app_url)
            stack.push_async_callback(self._database.close)
            await stack.enter_async_context(_meanwhile(keep_sealed(self._database)))
            yield
        self._database = None

    async def endpoint(self, request: Request) -> Response:
        """GraphQL, or the explorer for a browser."""
        if self.settings.explorer and wants_page(request):
            return explorer_page(self.settings.explorer_token)
        return await self.graphql(request)

    async def home(self, request: Request) -> Response:
        """Browsers go to the explorer; elsewhere there is nothing to see."""
        if self.settings.explorer:
            return RedirectResponse("/graphql", 307)
        return JSONResponse({"graphql": "/graphql"})

    async def live(self, request: Request) -> Response:
        """The process runs."""
        return JSONResponse({"live": True})

    async def ready(self, request: Request) -> Response:
        """The database answers: a connection is taken from the pool, which pings it first."""
        try:
            async with asyncio.timeout(_READY_SECONDS), self.database().directory():
                return JSONResponse({"ready": True})
        except Exception:
            return JSONResponse({"ready": False}, 503)


def _watched(embedded: EmbeddedServer) -> AbstractAsyncContextManager[None]:
    from core.db.embedded import keep_running  # not importable on Windows

    return _meanwhile(keep_running(embedded))


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something for as long as the application does."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
