"""`collab.interfaces.Channel` of a connection to our own server: frames go straight to the
transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol

from collab.interfaces import Write
from collab.protocol.close import CloseCode
from collab.protocol.framing import WHOLE, framed, header_of
from collab.transport import channel as stock
from collab.transport.closing import close_reason
from collab.transport.inbox import Listener

DIRECT: Final = "collab.direct"
"""The ASGI extension of our own protocol classes: the connection's `Line`."""


class Line(Protocol):
    """A connection as its channel and its socket see it."""

    def begin(self, data: bytes) -> None:
        """Write the first bytes, of whole WebSocket frames."""

    def writer(self) -> Callable[[bytes], None]:
        """Takes those that come after."""

    def write_parts(self, parts: Sequence[bytes]) -> None:
        """The same, of what is not in one piece."""

    def buffered(self) -> int: ...

    def taken(self) -> int: ...

    def attach(self, channel: DirectChannel) -> None:
        """Tell `channel` when the network takes no more, when it does again, and when there is
        none."""

    def part(self, code: CloseCode, reason: str) -> None:
        """Send a close frame behind what was written, and look for the peer's."""

    def listen(self, listener: Listener | None) -> None:
        """Hand over what came and what comes."""

    def hold(self) -> None:
        """Read nothing from the network until `go_on`."""

    def go_on(self) -> None: ...

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A task that the server awaits before it stops."""

    def finish(self) -> None:
        """The application is done with the connection, which has been handed over to it."""


class DirectChannel:
    """Frames wait in the transport alone, and no task is needed to write them."""

    __slots__ = (
        "_buffered",
        "_closing",
        "_deadline",
        "_drained",
        "_flow",
        "_left",
        "_line",
        "_over",
        "_stuck",
        "_write",
        "ended",
    )

    def __init__(self, line: Line) -> None:
        self.ended: Callable[[], None] | None = None
        """Called once it is closed from our side."""
        self._line = line
        self._write: Callable[[bytes], None] = self._begin
        self._buffered = line.buffered
        self._over = False
        self._closing: CloseCode | None = None
        self._deadline = 0.0
        self._left: asyncio.Future[None] | None = None
        self._drained: tuple[Callable[[], None], ...] = ()
        self._flow: Callable[[Write | None], None] | None = None
        self._stuck = False
        """Whether the network has to take some of what was written first."""
        line.attach(self)

    @property
    def buffered(self) -> int:
        return self._buffered()

    @property
    def taken(self) -> int:
        return self._line.taken()

    def send(self, frame: bytes) -> None:
        """The hot path."""
        if self._over:
            return
        if len(frame) <= WHOLE:
            self._write(framed(frame))
        else:
            self._line.write_parts((header_of(len(frame)), frame))

    def close(self, code: CloseCode, reason: str) -> None:
        if self._closing is None:
            self._closing = code
            if not self._over:
                self._over = True
                self._tell_flow()
                self._deadline = asyncio.get_running_loop().time() + stock.CLOSE_DEADLINE
                self._line.part(code, close_reason(reason))
            if self.ended is not None:
                self.ended()

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._drained = (*self._drained, callback)

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        self._flow = callback
        self._tell_flow()

    @property
    def closed_with(self) -> CloseCode | None:
        """The code that our side closed with."""
        return self._closing

    def abandon(self) -> None:
        """The connection is gone. Who was to be told more of it is let go of."""
        self._over = True
        self._tell_flow()
        self._flow, self._drained = None, ()
        self._deadline = 0.0
        self._leave()

    @property
    def parting(self) -> bool:
        """Whether the network is yet to take what was sent before a close: see `parted`."""
        return bool(self._deadline) and self._line.buffered() >= stock.LOW_WATER

    async def parted(self) -> None:
        """Wait until the network has what was sent, up to CLOSE_DEADLINE after a close."""
        if self.parting:
            loop = asyncio.get_running_loop()
            self._left = loop.create_future()
            await asyncio.wait((self._left,), timeout=max(0.0, self._deadline - loop.time()))

    def stuck(self) -> None:
        """The network takes no more for now."""
        self._stuck = True
        self._tell_flow()

    def drained(self) -> None:
        """The network takes bytes again."""
        self._leave()
        if self._over:
            return
        self._stuck = False
        self._tell_flow()
        for callback in self._drained:
            callback()
        # The first may take all the room that there is: it is another one each time.
        if len(self._drained) > 1:
            self._drained = (*self._drained[1:], self._drained[0])

    def _begin(self, data: bytes) -> None:
        self._write = self._line.writer()
        self._line.begin(data)
        self._tell_flow()

    def _tell_flow(self) -> None:
        if self._flow is not None:
            self._flow(None if self._over or self._stuck else self._write)

    def _leave(self) -> None:
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
