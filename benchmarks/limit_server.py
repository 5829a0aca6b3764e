"""What nothing in Python on sockets can go below: it answers handshakes, makes one frame of what
a peer sends, and writes it to all in its room. No checks, no store, no document.

    python -m benchmarks.limit_server
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import sys
from typing import Final, cast

import uvloop

from benchmarks.load import frames

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY: Final = re.compile(rb"sec-websocket-key:\s*(\S+)", re.IGNORECASE)
UPDATE: Final = b"\x00\x02"
QUESTION: Final = b"\x00\x00"
NOTHING: Final = frames.server_frame(b"\x00\x01\x02\x00\x00")
"""The answer to who asks for a document: there is nothing in it."""

rooms: dict[bytes, dict[Connection, asyncio.Transport]] = {}


class Connection(asyncio.Protocol):
    """A peer of the room that its path names."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._room: dict[Connection, asyncio.Transport] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by its class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._room is not None:
            self._room.pop(self, None)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            self._buffer += data
            data = bytes(self._buffer)
            self._buffer.clear()
        if self._room is None:
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer += data
                return
            self._upgrade(head)
            data = rest
        used = 0
        for opcode, payload, used in frames.frames(data):  # noqa: B007 - used after the loop
            self._take(opcode, payload)
        self._buffer += data[used:]

    def _upgrade(self, head: bytes) -> None:
        key = KEY.search(head)
        assert key is not None, "no WebSocket client"
        answer = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n"
        )
        self._room = rooms.setdefault(head.split(b" ", 2)[1], {})
        self._room[self] = self._transport

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.CLOSE:
            self._transport.close()
        elif payload.startswith(UPDATE):
            assert self._room is not None
            frame = frames.server_frame(payload)
            for transport in self._room.values():
                transport.write(frame)
        elif payload.startswith(QUESTION):
            self._transport.write(NOTHING)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"The limit is ready at http://127.0.0.1:{port}/\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
