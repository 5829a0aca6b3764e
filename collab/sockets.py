"""The WebSocket endpoints of all wires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.routing import WebSocketRoute

from collab.service import Service
from collab.transport.endpoint import SocketEndpoint
from collab.transport.hocuspocus import HocuspocusLimits, HocuspocusWire
from collab.transport.socket import Socket, SocketLimits
from collab.transport.websocket import YjsWire
from collab.transport.ysweet import YSweetWire


def sockets(service: Service) -> list[WebSocketRoute]:
    """A route for each wire, on the parts of `service`."""
    settings, entrance = service.settings, service.entrance
    limits = SocketLimits(settings.message_bytes, settings.first_sync_bytes, settings.join_seconds)
    shared = HocuspocusLimits(
        settings.documents_per_connection, settings.unauthenticated_bytes, settings.outbox_bytes
    )

    def endpoint(serve: Callable[[Socket], Awaitable[None]]) -> SocketEndpoint:
        return SocketEndpoint(
            serve, limits, service.random, lambda: entrance.draining, service.admission
        )

    yjs = YjsWire(entrance)
    hocuspocus = endpoint(HocuspocusWire(entrance, service.clock, shared).serve)
    return [
        WebSocketRoute("/ws/{document:path}", endpoint(yjs.serve)),
        WebSocketRoute("/d/{document:path}", endpoint(YSweetWire(yjs).serve)),
        WebSocketRoute("/hocuspocus", hocuspocus),
        WebSocketRoute("/hocuspocus/", hocuspocus),
    ]
