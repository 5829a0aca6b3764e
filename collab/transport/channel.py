"""`collab.interfaces.Channel` over the `send` of any ASGI server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from collab.interfaces import Channel, Write
from collab.protocol.close import CloseCode
from collab.transport.closing import close_reason

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

LOW_WATER: Final = 64 * 1024
"""Buffered bytes under which the session is asked for more."""
CLOSE_DEADLINE: Final = 5.0
"""Seconds to send what was taken before a close, and the close itself."""


NETWORK: Final = "collab.network"
"""The ASGI extension of our own protocol classes; see `network_of`."""


def network_of(scope: Message) -> Callable[[], int] | None:
    """What tells how many bytes of a connection the network took, where the server offers
    it."""
    found: Callable[[], int] | None = (scope.get("extensions") or {}).get(NETWORK)
    return found


class Endable(Channel, Protocol):
    """A channel as those know it who own the connection."""

    @property
    def closed_with(self) -> CloseCode | None:
        """The code that our side closed with."""

    def abandon(self) -> None:
        """The connection is gone: forget what waits."""


class AsgiChannel:
    """Frames go out in order, one at a time, by one task: `run`, which the endpoint owns.

    An ASGI `send` that waits is a network that does not take more; one that waits for ever is
    left to the heartbeat, which ends the connection, and after `close` to a deadline.
    """

    __slots__ = (
        "_closing",
        "_deadline",
        "_drained",
        "_ended",
        "_frames",
        "_network",
        "_parting",
        "_passed",
        "_reader",
        "_send",
        "_wake",
        "buffered",
    )

    def __init__(self, send: Send, network: Callable[[], int] | None = None) -> None:
        """`network` tells how many bytes the network took, if the server knows: see
        `network_of`. Else it is known of whole frames only."""
        self._send = send
        self._network = network
        self._passed = 0
        self._frames: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._closing: tuple[CloseCode, str] | None = None
        self._ended = self._parting = False
        self._deadline: asyncio.Timeout | None = None
        self._reader: asyncio.Timeout | None = None
        self._drained: deque[Callable[[], None]] = deque()
        self.buffered = 0

    @property
    def taken(self) -> int:
        return self._passed if self._network is None else self._network()

    def send(self, frame: bytes) -> None:
        if self._closing is None and not self._ended:
            self._frames.append(frame)
            self.buffered += len(frame)
            self._wake.set()

    def close(self, code: CloseCode, reason: str) -> None:
        if self._closing is None:
            self._closing = (code, close_reason(reason))
            self._wake.set()
            self._limit(CLOSE_DEADLINE)

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._drained.append(callback)

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        """A server of another make is asked for each frame."""

    @property
    def closed_with(self) -> CloseCode | None:
        """The code that our side closed with."""
        return None if self._closing is None else self._closing[0]

    def abandon(self) -> None:
        """The connection is gone: forget what waits and who does, and let `run` end."""
        self._ended = True
        self._frames.clear()
        self._drained.clear()
        self.buffered = 0
        self._wake.set()
        self._limit(0)

    async def run(self) -> None:
        """Send until the channel is closed or abandoned, or the server says that the peer is
        gone. Ends within CLOSE_DEADLINE of a close, whatever the network does."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                if self._closing is not None:
                    self._limit(CLOSE_DEADLINE)
                await self._write()
        except TimeoutError:
            pass
        finally:
            self._deadline = None
            self.abandon()
            self._stop_reading()

    async def read(self, receive: Receive) -> Message | None:
        """The next ASGI message of the peer; None once `run` is done with all but the close."""
        if self._ended or self._parting:
            return None
        try:
            async with asyncio.timeout(None) as self._reader:
                return await receive()
        except TimeoutError:
            return None
        finally:
            self._reader = None

    async def _write(self) -> None:
        while not self._ended:
            if self._frames:
                frame = self._frames.popleft()
                if not await self._pass({"type": "websocket.send", "bytes": frame}):
                    return
                self._sent(len(frame))
            elif self._closing is not None:
                code, reason = self._closing
                # Granian keeps a close until nobody waits for a message any more.
                self._parting = True
                self._stop_reading()
                await self._pass({"type": "websocket.close", "code": code, "reason": reason})
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _pass(self, message: Message) -> bool:
        """Hand a message to the server; False if there is no peer any more."""
        try:
            await self._send(message)
        except (OSError, RuntimeError):
            # OSError by the ASGI specification. RuntimeError is what uvicorn raises between
            # a close that it decided on itself and the end of the connection.
            return False
        return True

    def _sent(self, size: int) -> None:
        before = self.buffered
        self.buffered = max(0, before - size)
        self._passed += size
        if self.buffered < LOW_WATER <= before:
            for callback in tuple(self._drained):
                callback()
            # The first may take all the room that there is: it is another one each time.
            self._drained.rotate(-1)

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader.reschedule(0)

    def _limit(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)
