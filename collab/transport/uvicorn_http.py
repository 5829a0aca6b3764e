"""uvicorn's HTTP protocol, with bounds on what it leaves to trust.

uvicorn by itself waits for ever for a head, for a body, and for a peer that does not read, and
keeps all of a head.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collab.admission.doors import Doors

HEAD_DEADLINE: Final = 15.0
"""Seconds from the first byte of a request, or from the connection, to the end of its head."""
BODY_DEADLINE: Final = 120.0
"""Seconds from the end of the head to the end of the body."""
READ_DEADLINE: Final = 60.0
"""Seconds for which a peer may leave its response unread."""
MAX_HEAD: Final = 64 * 1024
"""Bytes of a head."""
MAX_HEADERS: Final = 256
"""Headers of a head, which cost more in memory than their bytes."""
SLICE: Final = 16 * 1024
"""Bytes that are parsed at a time while a head is not complete."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """What `collab serve` runs uvicorn with, by way of `bounded`."""

    doors: ClassVar[Doors] = Doors(1_000_000, 1_000_000)

    _head_timer: TimerHandle | None = None
    _head_bytes = 0
    _body_timer: TimerHandle | None = None
    _read_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn
        super().connection_made(transport)
        if self.doors.enter(self.client):
            self._await_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        # Not called for a connection that became a WebSocket: its protocol leaves for it.
        for timer in (self._head_timer, self._body_timer, self._read_timer):
            _cancel(timer)
        super().connection_lost(exc)
        self.doors.leave(self.client)

    def data_received(self, data: bytes) -> None:
        at = 0
        while self._head_timer is not None and at < len(data):
            piece = data[at : at + SLICE]
            at += SLICE
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_timer is not None and self._head_is_too_large():
                self.transport.abort()
                return
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
        if at < len(data):
            super().data_received(data[at:] if at else data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        _cancel(self._head_timer)
        self._head_timer = None
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            _cancel(self._body_timer)
            self._body_timer = self.loop.call_later(BODY_DEADLINE, self.transport.abort)

    def on_message_complete(self) -> None:
        _cancel(self._body_timer)
        self._body_timer = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(READ_DEADLINE, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._read_timer)
        self._read_timer = None

    def _head_is_too_large(self) -> bool:
        return self._head_bytes > MAX_HEAD or len(self.headers or ()) > MAX_HEADERS

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(HEAD_DEADLINE, self.transport.abort)


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def bounded(doors: Doors) -> type[BoundedHttpProtocol]:
    """The protocol class of one server."""
    return type("BoundedHttp", (BoundedHttpProtocol,), {"doors": doors})
