"""The ASGI application: REST, sockets and pages on the parts of a `Service`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from collab.admission.addresses import Addresses
from collab.api import openapi, pages, problems
from collab.api.client_tokens import ClientTokens
from collab.api.edge import BodyLimit, Edge
from collab.api.parts import ApiParts
from collab.api.rates import Rates
from collab.errors import ConfigError
from collab.hooks import Hooks
from collab.observing.requests import TracedRequests
from collab.observing.route import route
from collab.service import Service
from collab.settings import Settings, load_settings
from collab.sockets import sockets

__all__ = ["Service", "create_app", "from_environment"]


def create_app(
    settings: Settings, service: Service | None = None, hooks: Hooks | None = None
) -> FastAPI:
    """The ASGI application. Its lifespan starts and drains the service.

    Whoever mounts it in another application, where the lifespan of this one is not run, makes
    the service, with its hooks, hands it in, and enters `Service.running` in a lifespan that is.
    Raises ConfigError.
    """
    if service is not None and hooks is not None:
        raise ConfigError("hooks belong to the service that is handed in: Service(settings, hooks)")
    parts = Service(settings, hooks) if service is None else service

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.lifespan():
            yield

    app = FastAPI(
        title="Collab",
        lifespan=lifespan,
        middleware=[
            Middleware(_Started, service=parts),
            Middleware(
                Edge,
                clock=parts.clock,
                limits=_body_limits(settings),
                responses=parts.responses,
            ),
            # Before the rates, so that pages of other sites see a 429 for what it is.
            *_cross_origin(settings),
            Middleware(
                Rates, admission=parts.admission, addresses=Addresses(settings.trusted_proxies)
            ),
            *([] if parts.tracing is None else [Middleware(TracedRequests, parts.tracing)]),
        ],
        generate_unique_id_function=lambda route: route.name,
        openapi_url="/api/openapi.json",
        # The explorers load their scripts from other sites.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own spans hold paths and queries, in which there are tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign] # FastAPI's way
    app.state.api = ApiParts(
        catalog=parts.catalog,
        registry=parts.registry,
        worker=parts.worker,
        authorizer=parts.authorizer,
        random=parts.random,
        admission=parts.admission,
        opener=parts.opener,
        backplane=None if settings.redis_url is None else parts.backplane,
        sharing=parts.sharing,
        mode=settings.auth or "open",
    )
    app.state.client_tokens = ClientTokens(
        needed=settings.auth == "token",
        issuer=parts.issuer,
        public_url=settings.public_url,
        leeway=settings.jwt_leeway_seconds,
        clock=parts.clock,
        random=parts.random,
    )
    problems.install(app)
    for router in openapi.routers():
        app.include_router(router)
    app.router.routes.append(route(parts))
    app.router.routes.extend(sockets(parts))
    if settings.notes_app:
        app.router.routes.extend(pages.routes(pages.built_app()))
    return app


def from_environment() -> FastAPI:
    """For other ASGI servers: `uvicorn --factory collab.app:from_environment`.

    One process only, and with logs as that server makes them. Raises ConfigError.
    """
    return create_app(load_settings())


class _Started:
    """Refuses all that comes while the service does not run: nothing of it would be saved."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._service.started and scope["type"] != "lifespan":
            raise RuntimeError(
                "the service was not started: enter Service.running() in the lifespan of the "
                "application that this one is mounted in"
            )
        await self._app(scope, receive, send)


def _body_limits(settings: Settings) -> list[BodyLimit]:
    """The routes whose bodies are content."""
    return [BodyLimit("/d/", "/update", settings.first_sync_bytes)]


def _cross_origin(settings: Settings) -> list[Middleware]:
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=[str(origin) for origin in settings.allowed_origins],
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Collab-Link",
                "Content-Type",
                "If-Match",
                "If-None-Match",
            ],
            expose_headers=["ETag", "Location"],
            max_age=600,
        )
    ]
