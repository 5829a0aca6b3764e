"""The WebSocket endpoints of all wires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from collab.admission.addresses import Addresses
from collab.service import Service
from collab.transport.endpoint import SocketEndpoint
from collab.transport.hocuspocus import HocuspocusLimits, HocuspocusWire
from collab.transport.socket import Receiver, Socket, SocketLimits
from collab.transport.websocket import YjsWire
from collab.transport.ysweet import YSweetWire


def sockets(service: Service) -> list[WebSocketRoute]:
    """A route for each wire, on the parts of `service`."""
    settings, entrance = service.settings, service.entrance
    limits = SocketLimits(settings.message_bytes, settings.first_sync_bytes, settings.join_seconds)
    shared = HocuspocusLimits(
        settings.documents_per_connection, settings.unauthenticated_bytes, settings.outbox_bytes
    )

    def endpoint(serve: Callable[[Socket], Awaitable[Receiver]]) -> SocketEndpoint:
        return SocketEndpoint(
            serve,
            limits,
            service.random,
            lambda: entrance.draining,
            service.admission,
            entrance.closes,
        )

    yjs = YjsWire(entrance)
    hocuspocus = endpoint(HocuspocusWire(entrance, service.clock, shared).serve)
    return [
        WebSocketRoute("/ws/{document:path}", endpoint(yjs.serve)),
        WebSocketRoute("/d/{document:path}", endpoint(YSweetWire(yjs).serve)),
        WebSocketRoute("/hocuspocus", hocuspocus),
        WebSocketRoute("/hocuspocus/", hocuspocus),
    ]


class SocketsFirst:
    """Hands connections to the sockets of `app` past its layers, all of which are HTTP's but for
    the one that finds out the peer's address: each would be one more coroutine that every
    connection keeps for as long as it lives."""

    def __init__(self, app: FastAPI, addresses: Addresses) -> None:
        self._app: ASGIApp = app
        self._addresses = addresses
        self._routes = [route for route in app.routes if isinstance(route, WebSocketRoute)]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket" and not scope["root_path"]:
            for route in self._routes:
                # All that `route.matches` does besides is to note parameters.
                if route.path_regex.match(scope["path"]):
                    address = self._addresses.of(scope)
                    scope["client"] = (address, 0) if address else None
                    return route.app(scope, receive, send)
        return self._app(scope, receive, send)
