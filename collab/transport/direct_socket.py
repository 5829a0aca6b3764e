"""The socket of a connection to our own server: frames come straight from the parser."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import Context, copy_context
from typing import Protocol

from collab.admission.connections import Seat
from collab.transport.direct import DirectChannel, Line
from collab.transport.socket import Receiver, Scope, Socket, SocketLimits


class Host(Protocol):
    """Who is told how a connection ends."""

    def failed(self, socket: Socket, error: Exception) -> None:
        """Close it as the error says."""

    def ended(self, socket: Socket) -> None:
        """It is over, but for what the network is yet to take."""


class DirectSocket(Socket):
    """Takes frames as they are parsed, and has no task of its own: one is made for those only
    that must be awaited. What comes meanwhile waits here, and then in the network."""

    __slots__ = (
        "_allowance",
        "_context",
        "_direct",
        "_done",
        "_host",
        "_line",
        "_over",
        "_pause",
        "_receiver",
        "_waiting",
    )

    _receiver: Receiver
    _context: Context

    def __init__(
        self,
        scope: Scope,
        line: Line,
        channel: DirectChannel,
        limits: SocketLimits,
        seat: Seat,
        host: Host,
    ) -> None:
        super().__init__(scope, channel, limits, seat)
        self._direct = channel
        self._allowance = seat.allowance
        self._line = line
        self._host = host
        self._over = False
        """Whether nothing more is to be taken."""
        self._done = False
        self._waiting: list[bytes | None] | None = []
        """What came while there was something to be awaited; None while there is not."""
        self._pause: asyncio.Future[None] | None = None

    @property
    def idle(self) -> bool:
        return self._waiting is None

    def hand_over(self, receiver: Receiver) -> None:
        """Hand the peer's frames to `receiver`, in their order, until either side is done or has
        broken a limit. This returns at once; the host is told of the end, and the seat and the
        line are given back. What the handshake said is forgotten.

        A peer that is too fast is held back here: what it sends meanwhile stays in the network.
        """
        self._receiver = receiver
        del self.scope
        # Those who log find there what is bound now.
        self._context = copy_context()
        self._waiting = None
        self._direct.ended = self._closed
        self._line.listen(self)
        if self._direct.closed_with is not None:
            self._stop()
        elif self._waiting is None and not self._over:
            self._line.go_on()

    # --- `collab.transport.inbox.Listener` ---------------------------------------------

    def arrived(self, frame: bytes | None) -> None:
        if self._waiting is not None:
            self._waiting.append(frame)
            self._line.hold()
        elif not self._over:
            try:
                work = self._context.run(self._take, frame)
            except Exception as error:
                self._stop(error)
            else:
                if work is not None:
                    self._begin(work)

    def gone(self) -> None:
        """What came before is taken all the same."""
        self._direct.abandon()
        self._stop()

    def _closed(self) -> None:
        """Our side closed the channel: what waits is dropped."""
        if self._waiting:
            self._waiting.clear()
        if self._pause is not None:
            self._pause.cancel()
        self._stop()

    # --- Taking ------------------------------------------------------------------------

    def _take(self, frame: bytes | None) -> Awaitable[None] | None:
        """Take a frame; what is returned is awaited before the next. Raises TooFrequent, and
        what the receiver raises."""
        if frame is None:
            self.refuse_text()
            return None
        size = len(frame)
        if size > self.limits.message_bytes and not self.admits(frame, self._receiver):
            return None
        if not self._allowance.covers(size) and (seconds := self.seat.wait()):
            return self._later(frame, seconds)
        return self._receiver.take(frame)

    async def _later(self, frame: bytes, seconds: float) -> None:
        """Take a frame once it is paid for, unless the connection is closed meanwhile."""
        if self._direct.closed_with is not None:
            return
        self._pause = asyncio.ensure_future(self.seat.clock.sleep(seconds))
        try:
            await asyncio.wait((self._pause,))
        finally:
            self._pause.cancel()
            self._pause = None
        if self._direct.closed_with is None and (work := self._receiver.take(frame)) is not None:
            await work

    # --- What must be awaited ----------------------------------------------------------

    def _begin(self, work: Awaitable[None]) -> None:
        self._waiting = []
        task = self._context.run(self._line.spawn, self._work(work))
        if asyncio.iscoroutine(work):
            # A task that is cancelled at once awaits nothing of what it was given.
            task.add_done_callback(lambda _task: work.close())
        task.add_done_callback(self._worked)

    async def _work(self, work: Awaitable[None]) -> None:
        """Wait for what was begun, then take what came meanwhile."""
        await work
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for frame in batch:
                if self._direct.closed_with is not None:
                    break
                if (more := self._take(frame)) is not None:
                    await more
        self._waiting = None
        if self._over:
            self._stop()
        else:
            self._line.go_on()

    def _worked(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._direct.abandon()
            error = None
        else:
            error = task.exception()
            if error is None:
                return
        self._waiting = None
        self._stop(error if isinstance(error, Exception) else None)

    # --- The end -----------------------------------------------------------------------

    def _stop(self, error: Exception | None = None) -> None:
        """Take nothing more, and end once nothing is at work: in a step of its own, since a
        channel may be closed in the middle of anything."""
        self._over = True
        if self._waiting is None:
            asyncio.get_running_loop().call_soon(self._end, error, context=self._context)

    def _end(self, error: Exception | None) -> None:
        if self._waiting is not None:  # then it comes again
            return
        if self._done:
            if error is not None:  # of what had closed the channel before it failed
                self._host.failed(self, error)
            return
        self._done = True
        self._direct.ended = None
        self._line.listen(None)
        try:
            self._receiver.leave()
        finally:
            del self._receiver
            if error is not None:
                self._host.failed(self, error)
            self._host.ended(self)
            if self._direct.parting:
                self._line.spawn(self._direct.parted()).add_done_callback(self._depart)
            else:
                self._depart()

    def _depart(self, _parted: asyncio.Task[None] | None = None) -> None:
        self.seat.leave()
        self._line.finish()
