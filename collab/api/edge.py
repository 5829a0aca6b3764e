"""What every HTTP request passes first: one ASGI layer, so that it costs little."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from collab.interfaces import Clock

_access = logging.getLogger("collab.access")

MAX_BODY: Final = 64 * 1024
"""Bytes of a request's body; content travels over WebSocket."""
API: Final = "/api/"
PROBES: Final = frozenset({"/healthz", "/readyz"})

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Sent with every response that does not say otherwise."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Edge:
    """Routes under /api match the path as it was sent; bodies are capped; HEAD works wherever
    GET does; safe headers; one log line a request, without its query string."""

    def __init__(self, app: App, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, head=scope["method"] == "HEAD")
        started = self._clock.monotonic()
        try:
            await self._app(_routed(scope), _capped(scope, receive), answer)
        finally:
            path = scope["path"]
            level = logging.DEBUG if path in PROBES else logging.INFO
            seconds = self._clock.monotonic() - started
            facts = {
                "method": scope["method"],
                "path": path,
                "status": answer.status,
                "milliseconds": round(seconds * 1000, 1),
            }
            _access.log(level, "request", extra=facts)


class _Answer:
    """Passes a response on, with the headers that it lacks; its status is for the log."""

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _routed(scope: Scope) -> Scope:
    """The scope to route by: GET for HEAD, and under /api the path as it was sent, so that
    `a%2Fb` is one segment and is decoded once, where it is parsed."""
    changed: dict[str, Any] = {}
    if scope["method"] == "HEAD":
        changed["method"] = "GET"
    root = scope.get("root_path", "")
    if scope["path"].removeprefix(root).startswith(API):
        raw = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
        changed["path"] = raw.partition(b"?")[0].decode("latin-1")
    return {**scope, **changed} if changed else scope


def _capped(scope: Scope, receive: Receive) -> Receive:
    taken = 0

    async def capped() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY or _announced(scope) > MAX_BODY:
            raise HTTPException(413, f"A request's body has at most {MAX_BODY} bytes.")
        return message

    return capped


def _announced(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)
