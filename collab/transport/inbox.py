"""What a WebSocket peer sent and the application did not take yet, and what it waits for to send:
both small, since each connection has them."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol


class Listener(Protocol):
    """Who takes messages as they come, without being asked to."""

    def arrived(self, frame: bytes | None) -> None:
        """A binary message; None stands for one of text."""

    def gone(self) -> None:
        """Nothing comes any more."""


class Inbox:
    """In the place of uvicorn's `asyncio.Queue`, of which it needs little: each connection has
    one, mostly empty. With a listener nothing waits here."""

    __slots__ = ("_listener", "_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Listener | None = None

    def put_nowait(self, message: Any) -> None:
        if self._listener is not None:
            _tell(self._listener, message)
            return
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def empty(self) -> bool:
        return not self._messages

    async def get(self) -> Any:
        """The next message, for one who asks at a time."""
        while not self._messages:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._messages.pop(0)

    def listen(self, listener: Listener | None) -> None:
        """Hand `listener` what waits, and what comes from now on."""
        self._listener = listener
        if listener is not None:
            messages, self._messages = self._messages, []
            for message in messages:
                _tell(listener, message)


class Gate:
    """In the place of uvicorn's `asyncio.Event`, which most never wait for. Open at first."""

    __slots__ = ("_open", "_opened")

    def __init__(self) -> None:
        self._open = True
        self._opened: asyncio.Event | None = None

    def is_set(self) -> bool:
        return self._open

    def set(self) -> None:
        self._open = True
        if self._opened is not None:
            self._opened.set()
            self._opened = None

    def clear(self) -> None:
        self._open = False

    async def wait(self) -> None:
        while not self._open:
            if self._opened is None:
                self._opened = asyncio.Event()
            await self._opened.wait()


def _tell(listener: Listener, message: Any) -> None:
    if message["type"] == "websocket.receive":
        listener.arrived(message.get("bytes"))
    else:
        listener.gone()
