"""What every HTTP request passes first: one ASGI layer, so that it costs little."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from collab.interfaces import Clock
from collab.paths import sent_path

_access = logging.getLogger("collab.access")

MAX_BODY: Final = 64 * 1024
"""Bytes of a request's body, where no other limit is set: content travels over WebSocket."""
RAW: Final = ("/api/", "/d/", "/doc/")
"""Below these a document id is part of the path."""
PROBES: Final = frozenset({"/healthz", "/readyz", "/ready", "/metrics"})
"""Asked again and again by machines."""

HEADERS: Final = {
    "Cache-Control": "no-store",
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


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Bytes of a body that is sent to a path with this beginning and this end."""

    prefix: str
    suffix: str
    bytes: int

    def covers(self, path: str) -> bool:
        return path.startswith(self.prefix) and path.endswith(self.suffix)


class Edge:
    """Routes with ids match the path as it was sent; bodies are capped; HEAD works wherever
    GET does; safe headers; one log line a request, without its query string."""

    def __init__(
        self,
        app: App,
        clock: Clock,
        limits: Sequence[BodyLimit] = (),
        responses: Counter[int] | None = None,
    ) -> None:
        """`limits` name the routes that take larger bodies than others; `responses` is told of
        every answer's status."""
        self._app = app
        self._responses = Counter() if responses is None else responses
        self._clock = clock
        self._limits = tuple(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, head=scope["method"] == "HEAD")
        started = self._clock.monotonic()
        try:
            await self._app(_routed(scope), self._capped(scope, receive), answer)
        finally:
            path = scope["path"]
            level = logging.DEBUG if _path(scope) in PROBES else logging.INFO
            seconds = self._clock.monotonic() - started
            self._responses[answer.status] += 1
            facts = {
                "method": scope["method"],
                "path": path,
                "status": answer.status,
                "milliseconds": round(seconds * 1000, 1),
            }
            _access.log(level, "request", extra=facts)

    def _capped(self, scope: Scope, receive: Receive) -> Receive:
        path = _path(scope)
        limit = next((limit.bytes for limit in self._limits if limit.covers(path)), MAX_BODY)
        announced = _announced(scope)
        taken = 0

        async def capped() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if max(taken, announced) > limit:
                raise HTTPException(413, f"A request's body has at most {limit} bytes.")
            return message

        return capped


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


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _routed(scope: Scope) -> Scope:
    """The scope to route by: GET for HEAD, and where ids are the path as it was sent, so that
    `a%2Fb` is one segment and is decoded once, where it is parsed."""
    changed: dict[str, Any] = {}
    if scope["method"] == "HEAD":
        changed["method"] = "GET"
    if _path(scope).startswith(RAW):
        root = scope.get("root_path", "")
        changed["path"] = root + sent_path(scope).decode("latin-1")
    return {**scope, **changed} if changed else scope


def _announced(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    # As many digits as any size has: Python refuses to read thousands.
    return max((int(value[:18]) for value in lengths if value.isdigit()), default=0)
