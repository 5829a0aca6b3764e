"""uvicorn's WebSocket protocol, with bounds on what it leaves to trust.

uvicorn asks a transport to close and waits for its buffer to empty, which a peer that does
not read can put off for ever; it takes any number of pings and of fragments; it reads no
further while the application is busy, so that a pong may lie unread; and it takes a pong that
is late for a dead peer, also where the ping waits behind megabytes on a thin line.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final

from websockets.frames import Frame

from collab.protocol.close import CloseCode
from collab.transport.deadlines import Deadlines
from collab.transport.uvicorn_direct import DirectWebSocketProtocol

LINUX: Final = sys.platform == "linux"
if LINUX:
    from fcntl import ioctl
    from termios import TIOCOUTQ

CLOSE_GRACE: Final = 5.0
"""Seconds for the last bytes and the peer's answer, once the application is done."""
MAX_UNREAD_PONGS: Final = 1000
"""Pings of a peer that reads none of what is sent to it."""
MAX_FRAGMENTS: Final = 1024
"""Pieces of one message."""
MAX_CONTROL: Final = 200
"""Pings and pongs of a peer in CONTROL_SECONDS."""
CONTROL_SECONDS: Final = 10.0
LOOKS: Final = 5
"""Times that a connection with something to take is looked at in the time given for a pong."""
PATIENCE: Final = 2.2
MOST_PATIENCE: Final = 36.0
"""So many times as long, and at most so many seconds, a peer may take nothing of what waits for
it: more than the room's own patience by default, whose close says why."""
SMALL: Final = 64
"""Bytes that are no more than our own ping."""
UNSENT: Final = 256 * 1024
"""Bytes that the system keeps unsent for us: else they are megabytes, which get older."""

_TCP_NOTSENT_LOWAT: Final = 25

_ACKED_AT: Final = 120
"""Where Linux tells in its TCP_INFO how many bytes the peer acknowledged."""


class BoundedWebSocketProtocol(DirectWebSocketProtocol):
    """What `collab serve` runs uvicorn with."""

    graces: ClassVar[Deadlines[Any]]
    """Until a connection that is over is cut off."""

    __slots__ = ("_control", "_control_until", "_looking", "_moved", "_sampled", "_taken")

    _unread_pongs = 0
    _written = 0

    def begun(self) -> None:
        super().begun()
        self._control, self._control_until = 0, 0.0
        self._taken = 0
        self._sampled = self._moved = self.loop.time()
        """The network took something at `_moved` or later."""
        self._looking = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.graces.end(self)
        super().connection_lost(exc)

    def finish(self) -> None:
        super().finish()
        self._abort_soon()

    if not LINUX:

        async def send(self, message: Any) -> None:
            self._written += len(message.get("bytes") or b"")
            await super().send(message)

        def begin(self, data: bytes) -> None:
            self._written += len(data)
            super().begin(data)

        def writer(self) -> Callable[[bytes], None]:
            return self._write

        def write_parts(self, parts: Sequence[bytes]) -> None:
            self._written += sum(map(len, parts))
            super().write_parts(parts)

        def _write(self, data: bytes) -> None:
            self._written += len(data)
            self.transport.write(data)

    # --- What a peer sends -------------------------------------------------------------

    def handle_ping(self) -> None:
        if self.close_sent:
            return
        super().handle_ping()
        if not self.writable.is_set():
            self._unread_pongs += 1
            if self._unread_pongs > MAX_UNREAD_PONGS:
                self._abort()
        self._count_control()

    def handle_pong(self, event: Frame) -> None:
        super().handle_pong(event)
        self._count_control()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_pongs = 0

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_FRAGMENTS:
            self.frames = []
            self._fail(CloseCode.TOO_BIG, "too many fragments")
            return
        super().handle_cont(event)

    def _count_control(self) -> None:
        now = self.loop.time()
        if now >= self._control_until:
            self._control, self._control_until = 0, now + CONTROL_SECONDS
        self._control += 1
        if self._control == MAX_CONTROL + 1:
            self._fail(CloseCode.TOO_FAST, "too many pings")

    def _fail(self, code: CloseCode, reason: str) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.handle_parser_exception()
            self._abort_soon()

    # --- Whether it still reads --------------------------------------------------------

    def taken(self) -> int:
        """Bytes that the network took: those that the peer's end acknowledged, where the
        system tells, else those that left our buffer."""
        if self.disconnected:
            return self._taken
        taken, now = self._acknowledged(), self.loop.time()
        if taken > self._taken:
            self._taken, self._moved = taken, self._sampled
        self._sampled = now
        return self._taken

    def send_keepalive_ping(self) -> None:
        self.taken()
        behind = self._waits()
        super().send_keepalive_ping()
        self._looking = False
        if behind and self.pong_timer is not None:
            self.pong_timer.cancel()
            self._look_again()

    def keepalive_timeout(self) -> None:
        """No pong came so far. While bytes move the ping is on its way."""
        assert self.ping_timeout is not None
        self.pong_timer = None
        self.taken()
        stalled = self.loop.time() - self._moved
        if self._waits():
            if stalled < min(PATIENCE * self.ping_timeout, MOST_PATIENCE):
                self._look_again()
            else:
                self._abort()
        elif self.read_paused:
            # The pong may be in what was not read yet: the wait is ours, not the peer's.
            self.pending_ping_payload = None
            self.schedule_ping()
        elif self._looking and stalled < self.ping_timeout:
            self._look_again()
        else:
            super().keepalive_timeout()
            self._abort_soon()

    def _look_again(self) -> None:
        assert self.ping_timeout is not None
        self._looking = True
        self.pong_timer = self.loop.call_later(self.ping_timeout / LOOKS, self.keepalive_timeout)

    def _waits(self) -> bool:
        """Whether something is on its way to the peer that it did not take."""
        waiting = self.transport.get_write_buffer_size()
        if LINUX:
            with suppress(OSError):
                queued = ioctl(self._socket.fileno(), TIOCOUTQ, bytes(4))
                waiting += int.from_bytes(queued, sys.byteorder)
        return waiting > SMALL

    def _acknowledged(self) -> int:
        if LINUX:
            with suppress(OSError, struct.error):
                size = _ACKED_AT + 8
                info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
                return int(struct.unpack_from("@Q", info, _ACKED_AT)[0])
            return self._taken
        return self._written - self.transport.get_write_buffer_size()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self.transport.get_extra_info("socket")
        return found

    def _abort_soon(self) -> None:
        if not self.disconnected:
            self.graces.begin(self, self.loop)

    def _abort(self) -> None:
        """Part from a peer without waiting for it. One that did not take what waits for it is
        told so by a reset: else the system keeps that for minutes, and may then give up without
        a word, so that the peer waits for more for ever."""
        if not self.disconnected:
            if self._waits():
                with suppress(OSError):
                    now = struct.pack("ii", 1, 0)
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self.transport.abort()


def keep_little_unsent(listening: socket.socket) -> None:
    """Connections have this from the socket that they come by: one call for all of them."""
    if LINUX:
        with suppress(OSError):  # a Unix socket
            listening.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT)
