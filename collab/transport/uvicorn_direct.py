"""uvicorn's WebSocket protocol as a `collab.transport.direct.Line`.

uvicorn makes a task of the application wait for each message and for each to be sent, and
stops and starts reading in between; the parser below it takes a generator's way through each
frame. Nearly all frames are whole, small, binary messages: those are cut out here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from websockets.protocol import State

from collab.protocol.close import CloseCode
from collab.transport.channel import LOW_WATER, NETWORK
from collab.transport.direct import DIRECT, DirectChannel
from collab.transport.inbox import Listener
from collab.transport.uvicorn_plain import PlainWebSocketProtocol, logger

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

BINARY: Final = 0x82
"""The first byte of a binary message in one frame."""
MASKED: Final = 0x80
UNTIL_THE_END: Final = 1 << 80
"""More bytes than any connection has: the parser refuses what comes."""


class DirectWebSocketProtocol(PlainWebSocketProtocol):
    """Hands frames over without a task's help once the application listens."""

    __slots__ = ("_channel", "_listener")

    _channel: DirectChannel | None
    _listener: Listener | None
    _head = b""
    """The beginning of a header that is not complete."""
    _passing = 0
    """Bytes of a frame that uvicorn's parser has yet to be given."""

    def begun(self) -> None:
        super().begun()
        self._channel = self._listener = None
        # Asked before each frame that is sent: without a detour.
        self.buffered = self.transport.get_write_buffer_size  # type: ignore[method-assign]
        # So that the channel is told of the mark that sessions wait for.
        self.transport.set_write_buffer_limits(LOW_WATER - 1, LOW_WATER - 1)

    def offer(self, extensions: Any) -> None:
        super().offer(extensions)
        extensions[DIRECT], extensions[NETWORK] = self, self.taken

    def connection_lost(self, exc: Exception | None) -> None:
        self.cut_off()
        super().connection_lost(exc)

    def cut_off(self) -> None:
        """Write nothing more: uvloop raises, in the middle of what is sent to others too."""
        self.stop_keepalive()
        self.handshake_complete = self.disconnected = True
        if self._channel is not None:
            self._channel.abandon()
            self._channel = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._channel is not None:
            self._channel.stuck()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._channel is not None:
            self._channel.drained()

    # --- `collab.transport.direct.Line` ------------------------------------------------

    def writer(self) -> Callable[[bytes], None]:
        return self.transport.write

    def write_parts(self, parts: Sequence[bytes]) -> None:
        self._write_answer()
        self.transport.writelines(parts)

    def buffered(self) -> int:
        return self.transport.get_write_buffer_size()

    def taken(self) -> int:
        raise NotImplementedError

    def attach(self, channel: DirectChannel) -> None:
        if self.disconnected:
            channel.abandon()
        else:
            self._channel = channel
            if not self.writable.is_set():
                channel.stuck()
        self._forget_handshake()

    def part(self, code: CloseCode, reason: str) -> None:
        if self.close_sent or self.transport.is_closing() or not self.is_open:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
        self.go_on()

    def listen(self, listener: Listener | None) -> None:
        if listener is not None:
            del self.scope
        self._listener = listener
        self.inbox.listen(listener)

    def hold(self) -> None:
        if not self.read_paused and not self.close_sent:
            self.read_paused = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def finish(self) -> None:
        if self.close_timer is None:
            self.transport.close()

    async def run_asgi(self) -> None:
        """As uvicorn does, but that an application may leave the connection to its listener."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            logger.exception("a connection failed before it was handed over")
        if not self.handshake_complete:
            self.send_500_response()
        if self._listener is None:
            self.finish()

    def _forget_handshake(self) -> None:
        """Request and response, if the library judged them, are kilobytes that nothing asks for
        again. Its parser has them too, until it begins anew: between two frames that changes
        nothing."""
        library = self._library
        if library is not None and library.state is State.OPEN and not self._passing:
            del self.request, self.response
            library.parser = library.parse()
            next(library.parser)

    # --- What a peer sends -------------------------------------------------------------

    def send_receive_event_to_app(self) -> None:
        if self._listener is None or self.curr_msg_data_type == "text":
            super().send_receive_event_to_app()
        else:
            data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
            self.frames = []
            if not self.close_sent:
                self._listener.arrived(data)

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            super().data_received(data)
            return
        if self._head:
            data, self._head = self._head + data, b""
        at, end = 0, len(data)
        while at < end:
            if self._passing:
                piece = data[at : at + self._passing]
                self._passing -= len(piece)
                at += len(piece)
                super().data_received(piece)
                continue
            if end - at < 2:
                break
            size = data[at + 1]
            if size < MASKED:  # not masked, which no client may do
                self._passing = UNTIL_THE_END
                continue
            size -= MASKED
            start = at + (6 if size < 126 else 8 if size == 126 else 14)
            if end < start:
                break
            size = size if size < 126 else int.from_bytes(data[at + 2 : start - 4])
            after, mask = start + size, data[start - 4 : start]
            if data[at] == BINARY and after <= end and self._in_order(size):
                payload = apply_mask(data[start:after], mask) if size else b""
                at = after
                self._deliver(payload)
            elif after <= end and self.controls(data[at], mask, data[start:after]):
                at = after
            elif after <= end or not (rest := self.ahead(after - end)):
                self._passing = after - at
            else:
                data, at, end = data[at:] + rest, 0, after - at
        if at < end:
            self._head = data[at:]

    def ahead(self, count: int) -> bytes:
        """Take the next bytes of what arrived but is not parsed; none if there are not so many."""
        return b""

    def _in_order(self, size: int) -> bool:
        """Whether the library would have nothing to say of a whole message."""
        library = self._library
        state = self._state if library is None else library.state
        return state is State.OPEN and not self.frames and size <= self.config.ws_max_size

    def _deliver(self, payload: bytes) -> None:
        if (listener := self._listener) is not None:
            listener.arrived(payload)
        else:
            self.curr_msg_data_type, self.frames = "bytes", [payload]
            self.send_receive_event_to_app()
