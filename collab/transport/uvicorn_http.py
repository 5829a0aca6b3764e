"""uvicorn's HTTP protocol, with bounds on what it leaves to trust.

uvicorn by itself waits for ever for a head, for a body, and for a peer that does not read, and
keeps all of a head.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle, Transport, get_running_loop
from typing import Any, ClassVar, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from collab.admission.doors import Doors
from collab.transport.deadlines import Deadlines
from collab.transport.handshake import LONGEST, Handshake, plain_handshake
from collab.transport.turnstile import Turnstile
from collab.transport.uvicorn_plain import PlainWebSocketProtocol, address_of

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
ARRIVAL: Final = 0.0003
"""Seconds, about, that it takes to let a peer in and to answer it, in its task."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """What `collab serve` runs uvicorn with, by way of `bounded`."""

    doors: ClassVar[Doors] = Doors(1_000_000, 1_000_000)

    cycle: RequestResponseCycle = None  # type: ignore[assignment] # as uvicorn
    _reads = False
    """Whether uvicorn's parser is at work."""
    heads: ClassVar[Deadlines[BoundedHttpProtocol]]
    """Until a head is complete."""
    turnstile: ClassVar[Turnstile]

    _waiting = b""
    """What came first, before there was time for it."""

    _awaits_head = False
    _head_bytes = 0
    _body_timer: TimerHandle | None = None
    _read_timer: TimerHandle | None = None

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        self._arguments = config, server_state, app_state, _loop
        self.connections = server_state.connections
        self.loop = _loop or get_running_loop()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn
        self.transport = transport
        self.connections.add(self)
        self.client = address_of(transport, "peername")
        if self.doors.enter(self.client):
            self._await_head()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        # Not called for a connection that became a WebSocket: its protocol leaves for it.
        self.heads.end(self)
        for timer in (self._body_timer, self._read_timer):
            _cancel(timer)
        if self._reads:
            super().connection_lost(exc)
        else:
            self.connections.discard(self)
        self.doors.leave(self.client)

    def data_received(self, data: bytes) -> None:
        if self._reads:
            self._parse(data)
        elif self._waiting:
            self._waiting += data
        elif len(data) > LONGEST or self.turnstile.admits(self.loop, ARRIVAL):
            # What is more than a handshake is not kept: parsed, it is bounded as a head is.
            self._arrive(data)
        else:
            self._waiting = data
            self.transport.pause_reading()
            self.turnstile.wait(self.loop, self._in_turn)

    def _in_turn(self) -> None:
        data, self._waiting = self._waiting, b""
        if not self.transport.is_closing():
            self.turnstile.spend(ARRIVAL)
            self.transport.resume_reading()
            self._arrive(data)

    def _arrive(self, data: bytes) -> None:
        handshake = plain_handshake(data)
        if handshake is None or not self._opens(handshake):
            self._read()
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        at = 0
        while self._awaits_head and at < len(data):
            piece = data[at : at + SLICE]
            at += SLICE
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._awaits_head and self._head_is_too_large():
                self.transport.abort()
                return
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
        if at < len(data):
            super().data_received(data[at:] if at else data)

    def _opens(self, handshake: Handshake) -> bool:
        """Let the connection go on as a WebSocket, past uvicorn's parser; whether it does."""
        config, server_state, app_state, loop = self._arguments
        made = config.ws_protocol_class
        if made is None or not issubclass(made, PlainWebSocketProtocol):
            return False
        self.heads.end(self)
        self.connections.discard(self)
        transport = self.transport
        protocol = made(config, server_state, app_state, loop)
        transport.set_protocol(protocol)
        protocol.opened(transport, handshake, self.client)
        return True

    def _read(self) -> None:
        """Let uvicorn's parser have what comes."""
        self._reads = True
        transport = self.transport
        super().__init__(*self._arguments)
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self.heads.end(self)
        self._awaits_head = False
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
        if not self._awaits_head:
            self._awaits_head = True
            self._head_bytes = 0
            self.heads.begin(self, self.loop)

    def _give_up(self) -> None:
        self.transport.abort()


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def bounded(doors: Doors, turnstile: Turnstile) -> type[BoundedHttpProtocol]:
    """The protocol class of one server."""
    heads = Deadlines(HEAD_DEADLINE, BoundedHttpProtocol._give_up)
    members = {"doors": doors, "heads": heads, "turnstile": turnstile}
    return type("BoundedHttp", (BoundedHttpProtocol,), members)
