"""A light WebSocket client that only looks for numbered edits in what it is sent, and that can
stop reading."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Final, Self

from websockets.frames import Frame, Opcode

from collab.protocol import yjs
from collab.protocol.messages import SyncStep1, SyncStep2, Update

EDIT: Final = re.compile(rb"<[0-9]+\.[0-9]+>")
EMPTY: Final = b"\x00\x00"


class Times:
    """From each edit's send to its arrival at each peer, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._now = loop.time
        self._sent: dict[bytes, float] = {}
        self.samples: list[float] = []

    @property
    def count(self) -> int:
        return len(self.samples)

    def sent(self, edit: bytes) -> None:
        self._sent[edit] = self._now()

    def arrived(self, edit: bytes) -> None:
        self.samples.append(self._now() - self._sent[edit])


class Client(asyncio.Protocol):
    """Joined once `connect` returns. Answers pings while it reads."""

    def __init__(self, times: Times | None) -> None:
        self.seen: set[bytes] = set()
        """The edits that came, if no times are taken."""
        self.lost = False
        self._times = times
        self._data = bytearray()
        self._joined = asyncio.Event()
        self._upgraded = False

    @classmethod
    async def connect(
        cls, address: tuple[str, int], document: str, times: Times | None, receive_buffer: int = 0
    ) -> Self:
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(plain, address)
        _, self = await loop.create_connection(lambda: cls(times), sock=plain)
        self._transport.write(
            f"GET /ws/{document} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        async with asyncio.timeout(20):
            await self._joined.wait()
        return self

    def update(self, update: bytes) -> None:
        self._send(Opcode.BINARY, yjs.encode(Update(update)))

    def stall(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        self._transport.resume_reading()

    def leave(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._upgraded:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._data[: end + 4]
            self._upgraded = True
            self._send(Opcode.BINARY, yjs.encode(SyncStep1(b"\x00")))
            self._send(Opcode.BINARY, yjs.encode(SyncStep2(EMPTY)))
        while self._take():
            pass

    def _take(self) -> bool:
        data = self._data
        if len(data) < 2:
            return False
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return False
        opcode, payload = data[0] & 0x0F, bytes(data[start : start + size])
        del data[: start + size]
        if opcode == Opcode.PING:
            self._send(Opcode.PONG, payload)
        elif opcode == Opcode.BINARY:
            self._hear(payload)
        return True

    def _hear(self, payload: bytes) -> None:
        if payload.startswith(b"\x00\x01"):
            self._joined.set()
        edits = EDIT.findall(payload)
        if self._times is None:
            self.seen.update(edits)
        else:
            for edit in edits:
                self._times.arrived(edit)

    def _send(self, opcode: Opcode, data: bytes) -> None:
        self._transport.write(Frame(opcode, data).serialize(mask=True))
