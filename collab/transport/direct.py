"""`collab.interfaces.Channel` and the socket of a connection to our own server: frames go
straight to the transport, and come straight from the parser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import Final, Protocol

from collab.admission.connections import Seat
from collab.interfaces import Write
from collab.protocol.close import CloseCode
from collab.protocol.framing import WHOLE, framed, header_of
from collab.transport import channel as stock
from collab.transport.closing import close_reason
from collab.transport.inbox import Listener
from collab.transport.socket import Larger, Scope, Socket, SocketLimits, Take

DIRECT: Final = "collab.direct"
"""The ASGI extension of our own protocol classes: the connection's `Line`."""


class Line(Protocol):
    """A connection as its channel and its socket see it."""

    def writer(self) -> Callable[[bytes], None]:
        """Takes bytes of whole WebSocket frames."""

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
        self.ended: Callable[[], None] = lambda: None
        """Called once it is closed from our side."""
        self._line = line
        self._write = line.writer()
        self._buffered = line.buffered
        self._over = False
        self._closing: CloseCode | None = None
        self._deadline = 0.0
        self._left: asyncio.Future[None] | None = None
        self._drained: list[Callable[[], None]] = []
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
            self.ended()

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._drained.append(callback)

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        self._flow = callback
        self._tell_flow()

    @property
    def closed_with(self) -> CloseCode | None:
        """The code that our side closed with."""
        return self._closing

    def abandon(self) -> None:
        """The connection is gone."""
        self._over = True
        self._tell_flow()
        self._deadline = 0.0
        self._leave()

    async def parted(self) -> None:
        """Wait until the network has what was sent, up to CLOSE_DEADLINE after a close."""
        if self._deadline and self._line.buffered() >= stock.LOW_WATER:
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
        for callback in tuple(self._drained):
            callback()
        # The first may take all the room that there is: it is another one each time.
        if len(self._drained) > 1:
            self._drained.append(self._drained.pop(0))

    def _tell_flow(self) -> None:
        if self._flow is not None:
            self._flow(None if self._over or self._stuck else self._write)

    def _leave(self) -> None:
        if self._left is not None and not self._left.done():
            self._left.set_result(None)


class DirectSocket(Socket):
    """Takes frames as they are parsed. A task is woken for those only that must be awaited;
    what comes meanwhile waits here, and then in the network."""

    __slots__ = (
        "_covers",
        "_larger",
        "_line",
        "_most",
        "_over",
        "_pause",
        "_run",
        "_take",
        "_waiter",
        "_waiting",
        "_work",
    )

    def __init__(
        self, scope: Scope, line: Line, channel: DirectChannel, limits: SocketLimits, seat: Seat
    ) -> None:
        super().__init__(scope, channel, limits, seat)
        channel.ended = self._ended
        self._most = limits.message_bytes
        self._covers = seat.allowance.covers
        self._line = line
        self._waiting: list[bytes | None] = []
        self._over = False
        self._waiter: asyncio.Future[None] | None = None
        self._work: Awaitable[None] | None = None
        """What the waiter was woken for."""
        self._pause: asyncio.Future[None] | None = None

    async def each(self, take: Take, larger: Larger | None = None) -> None:
        self._take, self._larger = take, larger
        # Those who log find there what is bound to the task.
        self._run = copy_context().run
        self._line.listen(self)
        try:
            while True:
                await self._take_waiting()
                if self._over:
                    return
                await self._wait()
        finally:
            self._line.listen(None)
            if self._work is not None and asyncio.iscoroutine(self._work):
                self._work.close()

    # --- `collab.transport.inbox.Listener` ---------------------------------------------

    def arrived(self, frame: bytes | None) -> None:
        if self._waiter is None:
            self._waiting.append(frame)
            self._line.hold()
            return
        try:
            work = self._run(self._hand, frame)
        except Exception as error:
            self._wake(error)
        else:
            if work is not None:
                self._work = work
                self._wake()

    def gone(self) -> None:
        """What came before is taken all the same."""
        self._over = True
        self.channel.abandon()
        self._wake()

    # -----------------------------------------------------------------------------------

    def _ended(self) -> None:
        self._over = True
        self._waiting.clear()
        if self._pause is not None:
            self._pause.cancel()
        self._wake()

    async def _take_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for frame in batch:
                if self.channel.closed_with is not None:
                    return
                if (work := self._hand(frame)) is not None:
                    await work

    async def _wait(self) -> None:
        """Let `arrived` take what comes, until something must be awaited."""
        self._waiter = asyncio.get_running_loop().create_future()
        self.idle = True
        self._line.go_on()
        try:
            await self._waiter
        finally:
            self._waiter = None
            self.idle = False
        work, self._work = self._work, None
        if work is not None:
            await work

    def _wake(self, error: Exception | None = None) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)

    def _hand(self, frame: bytes | None) -> Awaitable[None] | None:
        """Take a frame; what is returned is awaited before the next. Raises TooFrequent, and
        what `take` raises."""
        if frame is None:
            self.refuse_text()
            return None
        size = len(frame)
        if size > self._most and not self.admits(frame, self._larger):
            return None
        if not self._covers(size) and (seconds := self.seat.wait()):
            return self._later(frame, seconds)
        return self._take(frame)

    async def _later(self, frame: bytes, seconds: float) -> None:
        """Take a frame once it is paid for, unless the connection is closed meanwhile."""
        if self.channel.closed_with is not None:
            return
        self._pause = asyncio.ensure_future(self.seat.clock.sleep(seconds))
        try:
            await asyncio.wait((self._pause,))
        finally:
            self._pause.cancel()
            self._pause = None
        if self.channel.closed_with is None and (work := self._take(frame)) is not None:
            await work
