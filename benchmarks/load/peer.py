"""One peer of many, over a raw socket on uvloop."""

from __future__ import annotations

import asyncio
from typing import Final, cast

from benchmarks.load import frames
from benchmarks.load.edits import Progress, ranges_of
from benchmarks.load.wires import EMPTY_STATE, EMPTY_UPDATE, Kind, Wire

PATIENCE: Final = 120.0
_CACHED_BYTES: Final = 128 * 1024
_CACHED: Final = 4000

Events = tuple[tuple[Kind, bytes], ...]


class Lost(Exception):
    """A peer's connection ended, or was never made."""


class Peer(asyncio.Protocol):
    """Joined once `joined` is done. It answers pings and what the server asks."""

    def __init__(
        self,
        wire: Wire,
        document: str,
        state: bytes = EMPTY_STATE,
        missing: bytes = EMPTY_UPDATE,
        progress: Progress | None = None,
    ) -> None:
        """`state` is what it has, `missing` what it answers when the server asks for what it
        lacks. With `progress`, what it is sent is decoded."""
        self.wire = wire
        self.document = document
        self.progress = progress
        self.received = 0
        """Bytes, heads of frames and all."""
        self.content = 0
        """Bytes of the answer that it joined with."""
        self.receipts = 0
        self.left = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._state = state
        self._missing = missing
        self._buffer = bytearray()
        self._needs = 0
        self._open = False

    # --- What it does ------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        self._transport.write(frame)

    def write(self, update: bytes) -> None:
        self.send(self.wire.update(self.document, update))

    def leave(self) -> None:
        """Close the connection as clients do."""
        self.left = True
        self.send(frames.client_frame(b"\x03\xe8", frames.CLOSE))
        self._transport.close()

    def abort(self) -> None:
        """Be gone at once: an event loop waits for whoever closes."""
        self.left = True
        self._transport.abort()

    # --- What comes --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class.
        self._transport = cast("asyncio.Transport", transport)
        self.send(
            f"GET {self.wire.url(self.document)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.left:
            self._lose(f"the connection ended: {exc!r}")

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needs:
                return
            data = bytes(self._buffer)
            self._buffer.clear()
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer += head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._lose(head.decode("latin-1").partition("\r\n")[0])
                return
            self._open = True
            self.send(self.wire.hello(self.document, self._state))
        events, used = _read(self.wire, data)
        if used < len(data):
            self._buffer += data[used:] if used else data
            self._needs = frames.frame_end(self._buffer, 0)[1]
        for kind, payload in events:
            self._hear(kind, payload)

    def _hear(self, kind: Kind, data: bytes) -> None:
        if kind is Kind.UPDATE:
            if self.progress is not None:
                self.progress.take(ranges_of(data))
        elif kind is Kind.RECEIPT:
            self.receipts += 1
        elif kind is Kind.STEP_1:
            self.send(self.wire.missing(self.document, self._missing))
        elif kind is Kind.STEP_2:
            if self.progress is not None:
                self.progress.take(ranges_of(data))
            if not self.joined.done():
                self.content = len(data)
                self.joined.set_result(None)
        elif kind is Kind.PING:
            self.send(data)
        elif kind is Kind.DENIED:
            self._lose(data.decode("latin-1"))

    def _lose(self, why: str) -> None:
        self.left = True
        if not self.joined.done():
            self.joined.set_exception(Lost(why))
        else:
            lost.append(why)
        self._transport.close()


lost: list[str] = []
"""Why peers were lost after they had joined."""

_chunks: dict[Wire, dict[bytes, tuple[Events, int]]] = {}


def _read(wire: Wire, data: bytes) -> tuple[Events, int]:
    """The messages in `data`, and how much of it they are. Peers of a room are mostly sent the
    same, so most of it was seen before."""
    known = _chunks.setdefault(wire, {})
    found = known.get(data)
    if found is not None:
        return found
    events: list[tuple[Kind, bytes]] = []
    used = 0
    for opcode, payload, end in frames.frames(data):
        used = end
        if opcode == frames.BINARY:
            kind, content = wire.read(payload)
            answer = frames.client_frame(content) if kind is Kind.PING else content
            events.append((kind, answer))
        elif opcode == frames.PING:
            events.append((Kind.PING, frames.client_frame(payload, frames.PONG)))
        elif opcode == frames.CLOSE:
            events.append((Kind.DENIED, b"closed with " + _close(payload)))
    found = tuple(events), used
    if len(data) <= _CACHED_BYTES:
        if len(known) >= _CACHED:
            known.clear()
        known[data] = found
    return found


def _close(payload: bytes) -> bytes:
    return str(int.from_bytes(payload[:2], "big")).encode() + b" " + payload[2:]
