"""uvicorn's WebSocket protocol, with bounds on what it leaves to trust.

uvicorn asks a transport to close and waits for its buffer to empty, which a peer that does
not read can put off for ever; it takes any number of pings and of fragments; and it reads no
further while the application is busy, so that a pong may lie unread.
"""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from collab.protocol.close import CloseCode

CLOSE_GRACE: Final = 5.0
"""Seconds for the last bytes and the peer's answer, once the application is done."""
MAX_UNREAD_PONGS: Final = 1000
"""Pings of a peer that reads none of what is sent to it."""
MAX_FRAGMENTS: Final = 1024
"""Pieces of one message."""


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """What `collab serve` runs uvicorn with."""

    _unread_pongs = 0

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_soon()

    def handle_ping(self) -> None:
        super().handle_ping()
        if not self.writable.is_set():
            self._unread_pongs += 1
            if self._unread_pongs > MAX_UNREAD_PONGS:
                self.transport.abort()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unread_pongs = 0

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_FRAGMENTS:
            self.frames = []
            self.conn.fail(CloseCode.TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def keepalive_timeout(self) -> None:
        if self.read_paused:
            # The pong may be in what was not read yet: the wait is ours, not the peer's.
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self._abort_soon()

    def _abort_soon(self) -> None:
        if not self.disconnected:
            self.loop.call_later(CLOSE_GRACE, self.transport.abort)
