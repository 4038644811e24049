"""The ASGI application.

``/graphql`` answers GraphQL, and shows the explorer to browsers where that is allowed. ``/live`` says
that the process runs, ``/ready`` that it reaches its database.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from core.db import notices
from core.db.config import DATABASE_UNREACHABLE, DatabaseAddress, make_ready, open_database
from core.db.database import Database
from core.deadline import within
from core.errors import Refused
from core.extension.jobs import keep_jobs
from core.extension.registry import registry
from core.ledger.seal import keep_sealed
from core.outbox import Hub, relay
from core.tenancy import sign_ins
from core.tenancy.sign_ins import SignIns, authenticate
from core.text import mnemonic
from schema.compose import ComposedSchema, composed_schema
from schema.views import Views
from server import logs
from server.explorer import STATIC, explorer_page, wants_page
from server.graphql_route import Authenticate, GraphQLRoute

if TYPE_CHECKING:
    from core.db.embedded import EmbeddedServer

_READY_SECONDS = 2
_RETRY_SECONDS = 0.5
_CANCEL_SECONDS = 1
_SUPERVISOR_SECONDS = 1
_AWAY = {DATABASE_UNREACHABLE, "DATABASE_UNAVAILABLE"}
"""The latter is of ``core.db.cluster``, which Windows cannot import."""

_log = structlog.get_logger("tallybook.server")


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
    schema: ComposedSchema | None = None,
    settings: ServerSettings | None = None,
    identify: Authenticate = authenticate,
) -> Starlette:
    """The application as uvicorn runs it. What is not given comes from the environment."""
    logs.configure()
    mnemonic(
        "库"
    )  # loads a dictionary, which would keep the first who saves a Chinese name waiting
    server = Server(database, settings or ServerSettings())
    plugins = registry()
    schema = schema or composed_schema(plugins)
    views = Views(schema, plugins, introspection=server.settings.explorer)
    server.graphql = GraphQLRoute(views, server.database, identify)
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
            address = await _reachable(stack)
            if address.embedded is not None:
                await stack.enter_async_context(_watched(address.embedded))
            self._database = Database.connect(address.app_url)
            stack.push_async_callback(self._database.close)
            stack.enter_context(_told_of_the_end(self.graphql.streams.close))
            await stack.enter_async_context(_meanwhile(_hearing(self._database)))
            await stack.enter_async_context(_meanwhile(relay.keep_relayed(self._database)))
            await stack.enter_async_context(_meanwhile(keep_sealed(self._database)))
            await stack.enter_async_context(_meanwhile(keep_jobs(self._database)))
            await stack.enter_async_context(_meanwhile(_end_with_supervisor()))
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
            await within(_READY_SECONDS, _ping(self.database()))
        except Exception:
            return JSONResponse({"ready": False}, 503)
        return JSONResponse({"ready": True})


async def _hearing(database: Database) -> None:
    """Hear what other processes say: whose sign-in has changed, and what has happened."""
    sign_in, events = database.companion(SignIns), database.companion(Hub)
    await notices.keep_listening(database, {sign_ins.CHANNEL: sign_in, relay.CHANNEL: events})


@contextmanager
def _told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Call ``tell`` when the process is asked to end. uvicorn waits for open answers before it tells the
    application, and a subscription is one that does not end by itself."""
    loop, before = asyncio.get_running_loop(), dict[int, Any]()

    def asked(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        for number in (int(signal.SIGTERM), int(signal.SIGINT)):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, asked)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _ping(database: Database) -> None:
    async with database.directory():
        pass


async def _reachable(stack: AsyncExitStack) -> DatabaseAddress:
    """The database, made ready; waits while it is away.

    `tallybook serve` has reached it once before it started us. A worker that is started again during an
    outage and fails would make uvicorn stop all the others, and the outage would never end.
    """
    while True:
        try:
            with ExitStack() as trying:
                address = trying.enter_context(open_database())
                await asyncio.to_thread(make_ready, address)
                stack.enter_context(trying.pop_all())
                return address
        except Refused as refused:
            if not {r.code for r in refused.refusals} <= _AWAY:
                raise
            _log.warning("waiting for the database", reason=refused.refusals[0].message())
        await asyncio.sleep(_RETRY_SECONDS)


async def _end_with_supervisor() -> None:
    """Stop in good order when the process that started us as a worker is gone: nobody else would end
    or replace us, and we would hold the port against whoever is started next."""
    supervisor = multiprocessing.parent_process()
    while supervisor is not None:
        await asyncio.sleep(_SUPERVISOR_SECONDS)
        if not supervisor.is_alive():
            _log.warning("the supervisor is gone, this worker ends", process=os.getpid())
            signal.raise_signal(signal.SIGTERM)
            return


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
        while not task.done():
            task.cancel()  # again: a wait that ends at that moment swallows it (bpo-37658)
            await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
        with suppress(asyncio.CancelledError):
            await task
