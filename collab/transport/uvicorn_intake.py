"""What uvicorn takes in from one WebSocket peer, before the application has had its say.

uvicorn hands all that arrived to the parser at once, up to 256 KB: with frames of six bytes that
is a third of a second in which nobody else is served, and 12 MB of messages. It lets the parser
gather the largest message there may be, whoever sends it. And nobody counts fragments.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Final

from websockets.frames import Frame

from collab.admission.doors import Doors
from collab.admission.rates import TokenBucket
from collab.protocol.close import CloseCode
from collab.transport import uvicorn_websocket
from collab.transport.deadlines import Deadlines
from collab.transport.inbox import Listener
from collab.transport.socket import IDENTIFIED
from collab.transport.turnstile import Turnstile
from collab.transport.uvicorn_websocket import BoundedWebSocketProtocol

SLICE: Final = 8 * 1024
"""Bytes that are parsed at a time: some 1,300 of the smallest frames, 0.3 MB as messages. The
last message among them is parsed to its end if that is there: one that is large takes little."""
EARLY_BYTES: Final = 64 * 1024
"""Bytes after which reading stops until the application asks for the first message, and that
may come in excess of `early_message` until the peer is known."""
FRAGMENT_RATE: Final = 200.0
"""Fragments a second, over ten seconds: messages are counted elsewhere, as one each."""

CLOSING: Final = 0.00003
"""Seconds, about, that it takes to close the connection of a peer that left."""
DEPARTURE: Final = 0.00004
"""Seconds, about, that it takes to end its sessions then, a step later."""

UNLIMITED: Final = float("inf")
_NOTHING: Final = memoryview(b"")


class MeteredWebSocketProtocol(BoundedWebSocketProtocol):
    """What `collab serve` runs uvicorn with, by way of `metered`."""

    doors: ClassVar[Doors] = Doors(1_000_000, 1_000_000)
    turnstile: ClassVar[Turnstile]
    early_message: ClassVar[int] = 1024 * 1024
    """Bytes that are read from a peer that is not known yet; then it is not read from, and the
    deadline to say who it is ends it."""

    __slots__ = ("_asked", "_budget", "_known")

    _done = False
    """Whether the application is done with the connection."""
    _fragments: TokenBucket | None = None
    _unread = _NOTHING
    """What arrived and was not parsed; little more is read from the network meanwhile."""

    def eof_received(self) -> bool | None:  # type: ignore[override] # uvicorn's returns None
        """True if the transport is not to be closed yet. With TLS it cannot be left open."""
        if self.scheme == "wss" or self.turnstile.admits(self.loop, CLOSING):
            return None
        self.turnstile.wait(self.loop, self._close_in_turn)
        return True

    def _close_in_turn(self) -> None:
        self.turnstile.spend(CLOSING)
        self.transport.close()

    def begun(self) -> None:
        super().begun()
        self._asked = False
        """Whether the application asked for a first message."""
        self._known = False
        """Whether the application knows who the peer is."""
        self._budget: float = EARLY_BYTES
        """Bytes that are read before that changes."""

    def connection_lost(self, exc: Exception | None) -> None:
        if self.turnstile.admits(self.loop, DEPARTURE):
            self._leave(exc)
        else:
            self.cut_off()
            self.turnstile.wait(self.loop, partial(self._leave_in_turn, exc))

    def _leave_in_turn(self, exc: Exception | None) -> None:
        self.turnstile.spend(DEPARTURE)
        self._leave(exc)

    def _leave(self, exc: Exception | None) -> None:
        self._unread = _NOTHING
        super().connection_lost(exc)
        self.doors.leave(self.client)

    def offer(self, extensions: Any) -> None:
        super().offer(extensions)
        extensions[IDENTIFIED] = self._identified

    def data_received(self, data: bytes) -> None:
        self._budget -= len(data)
        if self._done and self._budget < 0:
            return
        if self._unread:  # uvicorn reads on when it has sent a close
            self._unread = memoryview(bytes(self._unread) + data)
            self.transport.pause_reading()
        elif len(data) > SLICE:
            self._unread = memoryview(data)
            self._parse_in_turn()
            if self._unread or (self._budget < 0 and not self._done):
                self.transport.pause_reading()
        elif not self.turnstile.admits(self.loop):
            self._unread = memoryview(data)
            self.turnstile.wait(self.loop, self._parse)
        else:
            super().data_received(data)
            if self._budget < 0 and not self._done:
                self.transport.pause_reading()

    def ahead(self, count: int) -> bytes:
        if len(self._unread) < count:
            return b""
        piece, self._unread = bytes(self._unread[:count]), self._unread[count:]
        return piece

    async def receive(self) -> Any:
        if self.handshake_complete:
            self._ask()
        message = await self.queue.get()
        if self.queue.empty():
            self.go_on()
        return message

    def listen(self, listener: Listener | None) -> None:
        self._ask()
        super().listen(listener)

    def go_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self._go_on()

    def finish(self) -> None:
        super().finish()
        # The peer's answer to our close may be unread. Should it stand behind much, it is not
        # looked for: what comes is dropped, so that a peer that first sends all that it has
        # finds out why it was closed, and a deadline ends it.
        self._done, self._budget = True, EARLY_BYTES - len(self._unread)
        if self._budget < 0:
            self._unread = _NOTHING
        self._go_on()

    def handle_cont(self, event: Frame) -> None:
        if self._affords():
            super().handle_cont(event)

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._extend(UNLIMITED if self._known else self.early_message)

    def _identified(self) -> None:
        self._known = True
        if self._asked:
            self._extend(UNLIMITED)

    def _extend(self, amount: float) -> None:
        self._budget += amount
        if not self.read_paused:
            self._go_on()

    def _parse_in_turn(self) -> None:
        if self.turnstile.admits(self.loop):
            self._parse()
        else:
            self.turnstile.wait(self.loop, self._parse)

    def _parse(self) -> None:
        """Parse one slice of what is unread; the next one in its turn."""
        if self.read_paused:
            return
        piece, self._unread = bytes(self._unread[:SLICE]), self._unread[SLICE:]
        if piece and not self.transport.is_closing():
            super().data_received(piece)
            if not self.read_paused:
                self._go_on()

    def _go_on(self) -> None:
        if self._unread:
            self.turnstile.wait(self.loop, self._parse)
        elif not self.transport.is_closing():
            if self._budget >= 0 or self._done:
                self.transport.resume_reading()
            else:  # of what waited for its turn more may have been read than that
                self.transport.pause_reading()

    def _affords(self) -> bool:
        """Count a fragment. One too many closes the connection."""
        if self.close_sent:
            return False
        now = self.loop.time()
        if self._fragments is None:
            self._fragments = TokenBucket(FRAGMENT_RATE, now)
        if not self._fragments.take(1, now):
            return True
        self.frames = []
        self.conn.fail(CloseCode.TOO_FAST, "too many fragments a second")
        self.handle_parser_exception()
        return False


def metered(
    doors: Doors, turnstile: Turnstile, early_message: int, heartbeat: float
) -> type[MeteredWebSocketProtocol]:
    """The protocol class of one server, whose pings are so many seconds apart."""
    members = {
        "doors": doors,
        "turnstile": turnstile,
        "early_message": early_message,
        "beats": Deadlines(heartbeat, MeteredWebSocketProtocol.send_keepalive_ping),
        "graces": Deadlines(uvicorn_websocket.CLOSE_GRACE, MeteredWebSocketProtocol._abort),
    }
    return type("MeteredWebSocket", (MeteredWebSocketProtocol,), members)
