"""What a flood is measured with: the server's memory, and peers who just go on working."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from websockets.frames import Frame, Opcode

from collab.protocol.close import CloseCode
from tests.support.peer import peer
from tests.support.server import ServerProcess

MIB = 2**20
CODES = frozenset(map(int, CloseCode))
SAMPLE_SECONDS = 0.01
KEPT = 64 * 1024
"""Bytes of what was heard last."""
WRITE_SECONDS = 20.0
"""After which a flood that is still being taken in has gone on for long enough."""


class Memory:
    """Resident bytes of a server's process: before, and at their peak since."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.before = self.now()
        self.peak = self.before

    def now(self) -> int:
        for line in self._status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server is gone")

    @property
    def growth(self) -> int:
        return self.peak - self.before

    async def watch(self) -> None:
        while True:
            self.peak = max(self.peak, self.now())
            await asyncio.sleep(SAMPLE_SECONDS)


@asynccontextmanager
async def measured(server: ServerProcess, room: str) -> AsyncIterator[Memory]:
    """Measure a flood, while two peers in `room` go on: each sees what the other types, and
    gets its receipts, before the flood, during it, and after it."""
    async with peer(server.ws_url, room) as ann, peer(server.ws_url, room) as bob:
        await asyncio.gather(ann.join(), bob.join())
        words = 0

        async def exchange() -> None:
            nonlocal words
            words += 1
            await ann.type(f"a{words};")
            await bob.sees(f"a{words};")
            await bob.type(f"b{words};")
            await ann.sees(f"b{words};")
            await asyncio.gather(ann.saved(), bob.saved())

        async def work() -> None:
            while True:
                await exchange()
                await asyncio.sleep(0.05)

        for _ in range(5):
            await exchange()
        memory = Memory(server.pid)
        before = words
        tasks = [asyncio.create_task(memory.watch()), asyncio.create_task(work())]
        try:
            yield memory
            async with asyncio.timeout(WRITE_SECONDS):
                while words <= before + 1:
                    assert not tasks[1].done(), tasks[1].exception()
                    await asyncio.sleep(SAMPLE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results
    async with peer(server.ws_url, room) as late:
        await late.join()
        assert str(late.text).startswith("a1;b1;")
    assert server.alive
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{server.url}/readyz")).status_code == 200


class Raw:
    """A connection whose bytes the test makes; what comes back is read and dropped."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard = bytearray()
        self._drop = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with suppress(ConnectionError):
            while data := await self._reader.read(MIB):
                self.heard += data
                del self.heard[:-KEPT]

    @property
    def ended(self) -> bool:
        """Whether the server ended it."""
        return self._drop.done()

    @property
    def close_code(self) -> int | None:
        """Of the close frame that came last."""
        at = self.heard.rfind(b"\x88")
        if at < 0 or len(self.heard) < at + 4:
            return None
        code = int(struct.unpack_from("!H", self.heard, at + 2)[0])
        return code if code in CODES else None

    async def pour(self, data: bytes, times: int = 1, seconds: float = WRITE_SECONDS) -> None:
        """Send for as long as the server takes it."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(seconds):
                for _ in range(times):
                    if self.ended:
                        return
                    self._writer.write(data)
                    await self._writer.drain()

    async def hears(self, data: bytes, seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while data not in self.heard:  # noqa: ASYNC110 - what changes is a buffer
                await asyncio.sleep(SAMPLE_SECONDS)

    async def closed(self, seconds: float = 30.0) -> int | None:
        """Wait for the server to end it; the close code, if one was heard."""
        async with asyncio.timeout(seconds):
            while self.close_code is None and not self.ended:  # noqa: ASYNC110 - as above
                await asyncio.sleep(SAMPLE_SECONDS)
        return self.close_code

    async def aclose(self) -> None:
        self._writer.transport.abort()
        self._drop.cancel()
        await asyncio.gather(self._drop, return_exceptions=True)


@asynccontextmanager
async def raw(port: int, path: str | None, count: int = 1) -> AsyncIterator[list[Raw]]:
    """`count` connections; with a path they are upgraded to WebSockets."""
    opened: list[Raw] = []
    try:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if path is not None:
                writer.write(_upgrade(port, path))
                await reader.readuntil(b"\r\n\r\n")
            opened.append(Raw(reader, writer))
        yield opened
    finally:
        for connection in opened:
            await connection.aclose()


def _upgrade(port: int, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def binary(data: bytes, *, fin: bool = True) -> bytes:
    return Frame(Opcode.BINARY, data, fin=fin).serialize(mask=True)


def piece(data: bytes, *, fin: bool = False) -> bytes:
    return Frame(Opcode.CONT, data, fin=fin).serialize(mask=True)


def ping(data: bytes = b"") -> bytes:
    return Frame(Opcode.PING, data).serialize(mask=True)
