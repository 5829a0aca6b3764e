"""A product by its hooks, and what its tests need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pycrdt
from websockets.asyncio.client import ClientConnection

from collab import (
    Change,
    CloseCode,
    Credentials,
    Hooks,
    Identity,
    NewDocument,
    Peer,
    Right,
    Role,
    StatelessMessage,
    Unauthenticated,
    Unknown,
)
from tests.support.peer import PATIENCE, SocketPeer
from tests.support.waiting import Signal


def text(words: str) -> bytes:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, words)
    return doc.get_update()


@dataclass
class Product(Hooks):
    """Users by their tokens: a role and a pattern. Writes down what it hears."""

    users: dict[str, tuple[Role, str]] = field(default_factory=dict)
    seed: Callable[[Unknown], Awaitable[NewDocument | None]] | None = None
    asked: list[Credentials] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    came: list[Peer] = field(default_factory=list)
    left: list[tuple[Peer, CloseCode | None]] = field(default_factory=list)
    heard: list[StatelessMessage] = field(default_factory=list)
    broken: Exception | None = None
    changed: Signal = field(default_factory=Signal)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what it is to hear."""
        await self.changed.until(holds, lambda: repr(self))

    async def on_authenticate(self, credentials: Credentials) -> Identity | None:
        self.asked.append(credentials)
        self.changed.fire()
        if self.broken is not None:
            raise self.broken
        if credentials.token is None:
            return None
        if credentials.token not in self.users:
            raise Unauthenticated("The product does not know you.")
        role, pattern = self.users[credentials.token]
        name = credentials.token
        rights = (Right(pattern, role),)
        return Identity(name, name.title(), rights=rights, may_create=role.may_write)

    async def on_load(self, unknown: Unknown) -> NewDocument | None:
        self.unknown.append(unknown)
        self.changed.fire()
        return None if self.seed is None else await self.seed(unknown)

    async def on_change(self, change: Change) -> None:
        self.changes.append(change)
        self.changed.fire()

    async def on_connect(self, peer: Peer) -> None:
        self.came.append(peer)
        self.changed.fire()

    async def on_disconnect(self, peer: Peer, code: CloseCode | None) -> None:
        self.left.append((peer, code))
        self.changed.fire()

    async def on_stateless(self, message: StatelessMessage) -> None:
        self.heard.append(message)
        self.changed.fire()
        message.reply(f"heard {message.payload}")
        if message.access.role.may_write:
            message.broadcast("everybody")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def entered(socket: SocketPeer) -> SocketPeer:
    return await socket.join()


class Provider:
    """A Hocuspocus client by hand, in one document."""

    def __init__(self, socket: ClientConnection, document: str) -> None:
        self._socket = socket
        self._address = bytes([len(document)]) + document.encode()

    async def enter(self, token: str) -> Provider:
        await self.brings(token)
        await self.until(b"\x02\x02")
        return self

    async def brings(self, token: str) -> None:
        """A token, as at first or to take its place."""
        await self._send(b"\x02\x00", token)

    async def say(self, payload: str) -> None:
        await self._send(b"\x05", payload)

    async def hears(self, payload: str) -> None:
        await self.until(b"\x05" + bytes([len(payload)]) + payload.encode())

    async def until(self, beginning: bytes) -> None:
        """Read up to a message for the document that begins like this."""
        beginning = self._address + beginning
        async with asyncio.timeout(PATIENCE):
            while not (await self._frame()).startswith(beginning):
                pass

    async def _frame(self) -> bytes:
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        return frame

    async def _send(self, kind: bytes, string: str) -> None:
        await self._socket.send(self._address + kind + bytes([len(string)]) + string.encode())
