"""A Yjs peer on a socket of its own that can stop reading, as a stuck machine does."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pycrdt
from websockets.frames import Frame, Opcode

from collab.protocol import hocuspocus, yjs
from collab.protocol.hocuspocus import Token, prefix_of, split
from collab.protocol.messages import Message, SyncStep1, SyncStep2, Update
from tests.support.peer import by_hand

PATIENCE = 30.0
PIECE = 24 * 1024


class StallingPeer:
    """Reads when it is asked to, a frame at a time, and otherwise not at all: what the server
    sends meanwhile fills a small buffer of the system's, and then waits with the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.text = self.doc.get("content", type=pycrdt.Text)
        self.code: int | None = None
        """What the server closed with, once that was read."""
        self.frames = 0
        self.pause = 0.0
        """Seconds between pieces of a frame."""
        self._reader = reader
        self._writer = writer

    @classmethod
    async def join(cls, port: int, document: str) -> Self:
        self = cls(*await by_hand(port, document, receive_buffer=4096))
        self.send(SyncStep1(self.doc.get_state()))
        while not isinstance(await self.read(), SyncStep2):
            pass
        return self

    def send(self, message: Message) -> None:
        self._send(Opcode.BINARY, yjs.encode(message))

    def type(self, words: str) -> None:
        """Append to the shared text, and send that."""
        before = self.doc.get_state()
        self.text += words
        self.send(Update(self.doc.get_update(before)))

    async def read(self) -> Message | None:
        """Apply the next message; None once the server has closed. Pings are answered."""
        async with asyncio.timeout(PATIENCE):
            while (frame := await self._frame()) is not None:
                opcode, data = frame
                if opcode is Opcode.BINARY:
                    return self._take(yjs.decode(data))
                if opcode is Opcode.PING:
                    self._send(Opcode.PONG, data)
                elif opcode is Opcode.CLOSE:
                    self.code = int.from_bytes(data[:2], "big")
                    return None
        return None

    async def sees(self, words: str) -> None:
        """Read until the shared text holds `words`."""
        while words not in str(self.text):
            assert await self.read() is not None, f"closed with {self.code}"

    def leave(self) -> None:
        self._writer.transport.abort()

    def _take(self, message: Message) -> Message:
        self.frames += 1
        if isinstance(message, SyncStep2 | Update):
            self.doc.apply_update(message.update)
        elif isinstance(message, SyncStep1):
            self.send(SyncStep2(self.doc.get_update(message.state_vector)))
        return message

    def _send(self, opcode: Opcode, data: bytes) -> None:
        self._writer.write(Frame(opcode, data).serialize(mask=True))

    async def _frame(self) -> tuple[Opcode, bytes] | None:
        try:
            head, size = await self._reader.readexactly(2)
            if size >= 126:
                more = await self._reader.readexactly(2 if size == 126 else 8)
                size = int.from_bytes(more, "big")
            data = b""
            while len(data) < size:
                data += await self._reader.readexactly(min(PIECE, size - len(data)))
                await asyncio.sleep(self.pause)
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        return Opcode(head & 0x0F), data


class StallingProvider:
    """A Hocuspocus provider with many documents on one socket, which reads when it is asked to;
    `peers` has its documents by name."""

    def __init__(self, peer: StallingPeer, names: list[str]) -> None:
        self.peers = {name: StallingPeer(peer._reader, peer._writer) for name in names}
        self._peer = peer

    @classmethod
    async def join(cls, port: int, names: list[str]) -> StallingProvider:
        """Sign in to all of them, and read until each was answered."""
        reader, writer = await by_hand(port, "", receive_buffer=4096, path="/hocuspocus")
        self = cls(StallingPeer(reader, writer), names)
        for name in names:
            self._send(name, hocuspocus.encode_control(Token("", "4.7.0")))
            self._send(name, hocuspocus.encode(SyncStep1(b"\x00")))
        waiting = set(names)
        while waiting:
            name, message = await self.read()
            if isinstance(message, SyncStep2):
                waiting.discard(name)
        return self

    async def read(self) -> tuple[str, Message | None]:
        """Apply the next frame that says something of a document's content."""
        async with asyncio.timeout(PATIENCE):
            while (frame := await self._peer._frame()) is not None:
                opcode, data = frame
                if opcode is Opcode.PING:
                    self._peer._send(Opcode.PONG, data)
                elif opcode is Opcode.BINARY and len(data) > 1:
                    prefix, body = split(data)
                    name = hocuspocus.read_address(prefix).document
                    if body[0] == hocuspocus.SYNC:
                        message = hocuspocus.decode_message(body)
                        if isinstance(message, SyncStep2 | Update):
                            self.peers[name].doc.apply_update(message.update)
                        return name, message
                elif opcode is Opcode.CLOSE:
                    raise AssertionError(f"closed with {int.from_bytes(data[:2], 'big')}")
        raise AssertionError("cut off")

    async def sees(self, words: str) -> None:
        """Read until every document's text holds `words`."""
        while not all(words in str(peer.text) for peer in self.peers.values()):
            await self.read()

    def leave(self) -> None:
        self._peer.leave()

    def _send(self, name: str, body: bytes) -> None:
        self._peer._send(Opcode.BINARY, prefix_of(name) + body)
