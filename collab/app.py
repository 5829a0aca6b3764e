"""Where the parts are joined: the only module that knows them all."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import SystemRandom

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import WebSocketRoute

from collab.api import openapi, pages, problems
from collab.api.edge import Edge
from collab.api.parts import ApiParts
from collab.auth.live import LiveAccess
from collab.auth.open import OpenAuthorizer
from collab.backplane.memory import MemoryBackplane
from collab.clock import SystemClock
from collab.crdt.pool import WorkerPool
from collab.room.registry import Registry
from collab.settings import Settings, load_settings, unknown_variables
from collab.storage.catalog import SqlCatalog
from collab.storage.engine import open_database
from collab.storage.schema import migrate, require_current
from collab.storage.sql import SqlDocumentStore
from collab.transport.entrance import Entrance
from collab.transport.socket import Socket, SocketEndpoint, SocketLimits
from collab.transport.websocket import YjsWire
from collab.tuning import room_limits, worker_limits

_log = logging.getLogger(__name__)


class Service:
    """The parts of one node, and the order in which they start and stop.

    Nothing is opened before `start`. `drain` and `aclose` may be called more than once.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError if the settings do not make a safe service."""
        settings.require_safe_exposure()
        self._settings = settings
        self.clock = SystemClock()
        self.random = SystemRandom()
        self._database = open_database(settings.database)
        self.catalog = SqlCatalog(self._database, self.clock)
        self.worker = WorkerPool(settings.workers, worker_limits(settings))
        backplane = MemoryBackplane()
        self.registry = Registry(
            SqlDocumentStore(self._database, self.clock),
            self.worker,
            backplane,
            self.clock,
            self.random,
            room_limits(settings),
        )
        self.authorizer = OpenAuthorizer(settings.host, settings.allowed_origins, self.random)
        self.live = LiveAccess(self.authorizer, backplane, self.clock)

    async def start(self) -> None:
        """Raises ConfigError or StorageError."""
        for line in unknown_variables(os.environ):
            _log.warning("%s", line)
        await prepare_database(self._settings)
        await require_current(self._database)
        await self.registry.start()
        await self.live.start()

    async def drain(self, seconds: float) -> bool:
        """Refuse new edits, commit what is pending, close the peers with 1012. Says whether
        everything was saved in time."""
        return await self.registry.drain(seconds)

    async def aclose(self) -> None:
        try:
            await self.live.aclose()
            await self.registry.aclose()
        finally:
            try:
                await self.worker.aclose()
            finally:
                await self._database.aclose()


async def prepare_database(settings: Settings) -> None:
    """Make and migrate the embedded database; others are left to `collab migrate`."""
    if settings.embedded:
        settings.make_data_dir()
        await migrate(settings.database)


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The ASGI application. Its lifespan starts and drains the service; a server that does so
    itself hands in the service and turns the lifespan off."""
    parts = Service(settings) if service is None else service

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await parts.start()
            yield
            await parts.drain(settings.drain_seconds)
        finally:
            await parts.aclose()

    app = FastAPI(
        title="Collab",
        lifespan=lifespan,
        middleware=[Middleware(Edge, clock=parts.clock), *_cross_origin(settings)],
        generate_unique_id_function=lambda route: route.name,
        openapi_url="/api/openapi.json",
        # The explorers load their scripts from other sites.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign] # FastAPI's way
    app.state.api = ApiParts(
        parts.catalog, parts.registry, parts.worker, parts.authorizer, parts.random
    )
    problems.install(app)
    for router in openapi.routers():
        app.include_router(router)
    app.router.routes.extend(_sockets(parts, settings))
    app.router.routes.extend(pages.routes(pages.built_app()))
    return app


def from_environment() -> FastAPI:
    """For other ASGI servers: `uvicorn --factory collab.app:from_environment`.

    One process only, and with logs as that server makes them. Raises ConfigError.
    """
    return create_app(load_settings())


def _sockets(parts: Service, settings: Settings) -> list[WebSocketRoute]:
    """The WebSocket endpoints of all wires."""
    limits = SocketLimits(settings.message_bytes, settings.first_sync_bytes, settings.join_seconds)
    entrance = Entrance(parts.registry, parts.catalog, parts.authorizer, parts.live)

    def endpoint(serve: Callable[[Socket], Awaitable[None]]) -> SocketEndpoint:
        return SocketEndpoint(serve, limits, parts.random, lambda: entrance.draining)

    return [WebSocketRoute("/ws/{document:path}", endpoint(YjsWire(entrance).serve))]


def _cross_origin(settings: Settings) -> list[Middleware]:
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=[str(origin) for origin in settings.allowed_origins],
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match"],
            expose_headers=["ETag", "Location"],
            max_age=600,
        )
    ]
