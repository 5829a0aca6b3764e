"""uvicorn's WebSocket protocol without what most connections never need.

uvicorn has the request that its HTTP protocol read written out and read again, and makes a
queue, an event and the state of a whole library for each connection. A plain handshake, our
pings with their pongs, and the peer's close are dealt with here; the library is called for all
else, and takes the connection as it then is.
"""

from __future__ import annotations

import asyncio
import logging
import random
import struct
from asyncio import TimerHandle
from asyncio.transports import BaseTransport, Transport
from typing import Any, ClassVar, Final, Literal
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import is_ssl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import ProtocolError
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from collab.transport.deadlines import Deadlines
from collab.transport.handshake import Handshake
from collab.transport.inbox import Gate, Inbox

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

logger: Final = logging.getLogger("uvicorn.error")

PING: Final = b"\x89\x04"
"""The header of our pings, which have four bytes."""
CLOSE: Final = 0x88
PONG: Final = 0x8A
MAX_CONTROL_SIZE: Final = 125
_USUAL: Final = {b"": (1005, ""), b"\x03\xe8": (1000, ""), b"\x03\xe9": (1001, "")}
"""What clients close with: nothing, that all is well, that they go elsewhere."""


class PlainWebSocketProtocol(WebSocketsSansIOProtocol):
    """Begins with `opened`, or, as uvicorn's, with `connection_made` and `data_received`.

    What every connection has is in slots, since more than 30 attributes make a dictionary of each
    object; what few have, or have at their end, is not; and what is the same for all of a server
    is the class's.
    """

    __slots__ = (
        "_answer",
        "_handshake",
        "_state",
        "client",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "inbox",
        "last_ping_rtt",
        "pending_ping_payload",
        "ping_sent_at",
        "pong_timer",
        "read_paused",
        "scheme",
        "scope",
        "transport",
        "writable",
    )

    logger = logger
    close_timeout = 10.0
    close_sent = disconnected = False
    close_timer: TimerHandle | None = None
    ping_timer: TimerHandle | None = None
    initial_response = None
    curr_msg_data_type: Literal["text", "bytes"] = "bytes"

    beats: ClassVar[Deadlines[Any]]
    """Until the next ping."""

    _library: ServerProtocol | None = None
    _server_state: ServerState | None = None

    def __init__(  # not uvicorn's: that is about all that this class is there to avoid
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if self._server_state is not server_state:
            self._serve(config, server_state, app_state, _loop or asyncio.get_running_loop())
        self.inbox = Inbox()
        # What uvicorn needs of an event.
        self.writable = Gate()  # type: ignore[assignment]
        self.frames: list[bytes] = []
        self.handshake_initiated = self.handshake_complete = self.read_paused = False
        self.pong_timer = self.pending_ping_payload = None
        self.ping_sent_at = self.last_ping_rtt = 0.0
        self._handshake: Handshake | None = None
        """A plain one that is not answered yet."""
        self._answer = b""
        """The answer, until it is written."""
        self._state = State.CONNECTING
        """While there is no library."""

    @classmethod
    def _serve(
        cls,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Be the protocol of this server from now on."""
        cls._server_state = server_state
        cls.config, cls.app, cls.loop = config, config.loaded_app, loop
        cls.root_path, cls.asgi_version = config.root_path, config.asgi_version
        cls.app_state = app_state
        cls.connections, cls.tasks = server_state.connections, server_state.tasks
        cls.ping_interval, cls.ping_timeout = config.ws_ping_interval, config.ws_ping_timeout

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override] # as conn
        """They change with the time."""
        assert self._server_state is not None
        return self._server_state.default_headers

    @property
    def queue(self) -> Inbox:  # type: ignore[override] # what uvicorn needs of a queue
        return self.inbox

    @property
    def conn(self) -> ServerProtocol:  # type: ignore[override] # an attribute of uvicorn's
        """The library, from the first time on that it is asked. What it has to say goes behind the
        answer."""
        self._write_answer()
        if self._library is None:
            self._library = ServerProtocol(
                max_size=self.config.ws_max_size, logger=logger, state=self._state
            )
            if self._handshake is not None:
                self._hand_over(self._library, self._handshake)
        return self._library

    @property
    def is_open(self) -> bool:
        """Whether frames go both ways."""
        state = self._state if self._library is None else self._library.state
        return state is State.OPEN

    # --- The beginning -----------------------------------------------------------------

    def opened(
        self,
        transport: Transport,
        handshake: Handshake,
        client: tuple[str, int] | None,
    ) -> None:
        """A connection came, and with it a plain handshake."""
        self.connections.add(self)
        self.transport = transport
        self.client = client
        self.scheme = "wss" if is_ssl(transport) else "ws"
        self.begun()
        self._handshake = handshake
        self.handshake_initiated = True
        path, _, query = handshake.target.partition(b"?")
        decoded = path.decode("ascii")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": address_of(transport, "sockname"),
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + (unquote(decoded) if "%" in decoded else decoded),
            "raw_path": self.root_path.encode("ascii") + path,
            "query_string": query,
            "headers": handshake.headers,
            "subprotocols": [],
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}},
        }
        self.offer(self.scope["extensions"])
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.begun()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # else it was refused
            self.offer(self.scope["extensions"])

    def shutdown(self) -> None:
        if not self.transport.is_closing():  # else there is nobody to be told
            super().shutdown()

    def begun(self) -> None:
        """There is a transport."""

    def offer(self, extensions: Any) -> None:
        """Add to the extensions of the ASGI scope."""

    async def send(self, message: Any) -> None:
        if (
            message["type"] == "websocket.accept"
            and self._handshake is not None
            and self._library is None
            and not message.get("headers")
            and not message.get("subprotocol")
            and not self.disconnected
        ):
            self._accept(self._handshake)
            return
        if self._handshake is not None:  # which uvicorn takes to be the library's
            self._library = self.conn
        await super().send(message)

    def _accept(self, handshake: Handshake) -> None:
        self._handshake = None
        if not self.transport.is_closing():
            self.handshake_complete, self._state = True, State.OPEN
            self._answer = handshake.answer(self.default_headers)
            self.loop.call_soon(self._write_answer)
            self.start_keepalive()

    def begin(self, data: bytes) -> None:
        """Write the first frame. Who is let in at once gets it in one piece with the answer."""
        answer, self._answer = self._answer, b""
        self.transport.write(answer + data)

    def _write_answer(self) -> None:
        if self._answer and not self.transport.is_closing():
            self.begin(b"")

    def _hand_over(self, library: ServerProtocol, handshake: Handshake) -> None:
        """Let the library judge a handshake that was thought to be plain."""
        self._handshake = None
        library.receive_data(handshake.request())
        self.request: Request = library.events_received()[0]  # type: ignore[assignment]
        self.response = library.accept(self.request)

    # --- While it lasts ----------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """What the library is to judge. After the peer's close nothing is."""
        if self._state is not State.CLOSED:
            super().data_received(data)

    def controls(self, first: int, mask: bytes, data: bytes) -> bool:
        """Take a whole control frame that begins with this byte; False if the library is to."""
        if len(data) > MAX_CONTROL_SIZE or not self.is_open:
            return False
        if first == PONG:
            self.handle_pong(Frame(Opcode.PONG, apply_mask(data, mask)))
            return True
        if first == CLOSE and self._library is None:
            return self._closed(apply_mask(data, mask))
        return False

    def schedule_ping(self) -> None:
        self.beats.begin(self, self.loop)

    def stop_keepalive(self) -> None:
        self.beats.end(self)
        super().stop_keepalive()

    def send_keepalive_ping(self) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.pending_ping_payload = struct.pack("!I", random.getrandbits(32))
        self.ping_sent_at = self.loop.time()
        self.transport.write(PING + self.pending_ping_payload)
        if self.ping_timeout is None:
            self.schedule_ping()
        else:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)

    def _closed(self, payload: bytes) -> bool:
        """The peer ends the connection: answer in kind, as the library would."""
        code, reason = _USUAL.get(payload, (0, ""))
        if not code:
            try:
                close = Close.parse(payload)
            except (ProtocolError, UnicodeDecodeError):
                return False
            code, reason = close.code, close.reason
        self._write_answer()
        self._state = State.CLOSED
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(bytes((CLOSE, len(payload))) + payload)
        self.transport.close()
        return True


def address_of(transport: BaseTransport, end: str) -> tuple[str, int] | None:
    """`sockname` or `peername` of a connection; None for a Unix socket. uvicorn asks the system
    again, by way of a new socket object."""
    found = transport.get_extra_info(end)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
