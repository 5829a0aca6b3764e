"""A Yjs peer on a real socket: a pycrdt replica that speaks the y-websocket wire."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from collab.protocol import yjs
from collab.protocol.messages import (
    AwarenessUpdate,
    Message,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""


class SocketPeer:
    """One replica on one connection. Updates of others are applied as they are read."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)
        self._saved = 0

    async def send(self, message: Message) -> None:
        await self.socket.send(yjs.encode(message))

    async def read(self) -> Message:
        """The next message; raises ConnectionClosed once the server has closed."""
        async with asyncio.timeout(PATIENCE):
            frame = await self.socket.recv()
        assert isinstance(frame, bytes)
        message = yjs.decode(frame)
        match message:
            case SyncStep1(state_vector):
                await self.send(SyncStep2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | Update(update):
                self.doc.apply_update(update)
        return message

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        while not wanted(message := await self.read()):
            pass
        return message

    async def join(self) -> SocketPeer:
        """Take what the document holds."""
        await self.send(SyncStep1(self.doc.get_state()))
        await self.until(lambda message: isinstance(message, SyncStep2))
        return self

    async def type(self, words: str) -> None:
        """Append to the shared text, and send that."""
        before = self.doc.get_state()
        self.text += words
        await self.send(Update(self.doc.get_update(before)))

    async def saved(self) -> None:
        """Wait until everything sent so far is committed."""
        self._saved += 1
        wanted = SyncStatus(self._saved.to_bytes(4, "big"))
        await self.send(wanted)
        await self.until(lambda message: message == wanted)

    async def sees(self, words: str) -> None:
        """Read until the shared text holds `words`."""
        while words not in str(self.text):
            await self.read()

    async def sees_presence(self) -> AwarenessUpdate:
        message = await self.until(lambda message: isinstance(message, AwarenessUpdate))
        assert isinstance(message, AwarenessUpdate)
        return message

    async def close_code(self) -> int | None:
        """Read until the server closes."""
        try:
            while True:
                await self.read()
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code

    @property
    def close_reason(self) -> str:
        return self.socket.close_reason or ""


@asynccontextmanager
async def peer(ws_url: str, document: str, **options: Any) -> AsyncIterator[SocketPeer]:
    """A connected peer. `options` are those of websockets' `connect`."""
    options = {"max_size": None, "compression": None, **options}
    async with connect(f"{ws_url}/{document}", **options) as socket:
        yield SocketPeer(socket)


async def by_hand(
    port: int, document: str, first: bytes = b"", receive_buffer: int = 0, path: str = "/ws/"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that was upgraded, and then does only what the test says: nothing answers
    a ping, and beyond a small buffer nothing is read. `first` is sent as one message."""
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plain)
    writer.write(
        f"GET {path}{document} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    if first:
        writer.write(Frame(Opcode.BINARY, first).serialize(mask=True))
    return reader, writer
