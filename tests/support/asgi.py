"""A WebSocket client inside the process: drives an ASGI application by its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Self

from collab.protocol import yjs
from collab.protocol.messages import Message, SyncStatus

Event = MutableMapping[str, Any]
App = Callable[[Any, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Any]

PATIENCE = 20.0


class AsgiSocket:
    """One connection. `received` holds what the application sent; `taken` counts the messages
    that it asked for. `hold()` makes its sends wait, as a network does that takes no more."""

    def __init__(self, app: App, path: str, **scope: Any) -> None:
        self._scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:8000")],
            "client": ("127.0.0.1", 50000),
            "subprotocols": [],
            **scope,
        }
        self._app = app
        self._incoming: asyncio.Queue[Event] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Event] = asyncio.Queue()
        self._open = asyncio.Event()
        self._open.set()
        self.taken = 0
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.feed({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._run())
        assert (await self.next())["type"] == "websocket.accept"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self.task is not None
        self.release()
        self.feed({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(PATIENCE):
            await self.task

    def feed(self, event: Event) -> None:
        self._incoming.put_nowait(event)

    def send(self, message: Message) -> None:
        self.feed({"type": "websocket.receive", "bytes": yjs.encode(message)})

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def next(self) -> Event:
        async with asyncio.timeout(PATIENCE):
            return await self.next_event()

    async def next_event(self) -> Event:
        """What the application sends next, however long that takes."""
        return await self._outgoing.get()

    async def closed(self) -> tuple[int, str]:
        """Code and reason of the close, with what came before it left out."""
        while (event := await self.next())["type"] != "websocket.close":
            pass
        return event["code"], event["reason"]

    async def saved(self) -> None:
        """Wait for the receipt of everything that was sent."""
        self.send(SyncStatus(b"saved"))
        while yjs.decode((await self.next())["bytes"]) != SyncStatus(b"saved"):
            pass

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Event:
        event = await self._incoming.get()
        self.taken += 1
        return event

    async def _send(self, event: Event) -> None:
        await self._open.wait()
        self._outgoing.put_nowait(event)
