"""A registry over a store in memory, and peers that are channels."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from collab.access import Access, Role
from collab.backplane.memory import MemoryBackplane, MemoryHub
from collab.interfaces import Kind, Write
from collab.leasing import Leasing
from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from collab.room.limits import RoomLimits
from collab.room.registry import Registry
from collab.room.room import Room
from collab.storage.memory import MemoryStore
from tests.support.inline_worker import InlineWorker
from tests.support.line import messages_of
from tests.support.stores import FaultyStore
from tests.support.virtual import LoopClock

DOCUMENT = "a-document"
EMPTY_STATE = b"\x00"


class MemoryChannel:
    """`Channel` that keeps what it is sent; `stall` makes it a slow reader."""

    low = 0
    """At so many bytes or fewer it asks for more."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.buffered = 0
        self.closed: tuple[CloseCode, str] | None = None
        self.taken = 0
        self._stalled = False
        self._drain: Callable[[], None] = lambda: None
        self._flow: Callable[[Write | None], None] = lambda take: None

    def send(self, frame: bytes) -> None:
        if self.closed is None:
            self.frames.append(frame)
            if self._stalled:
                self.buffered += len(frame)
            else:
                self.taken += len(frame)

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed = self.closed or (code, reason)
        self._tell_flow()

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._drain = callback

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        self._flow = callback
        self._tell_flow()

    def _tell_flow(self) -> None:
        free = self.closed is None and not self._stalled
        self._flow(self._write if free else None)

    def _write(self, data: bytes) -> None:
        for frame in messages_of(data):
            self.send(frame)

    def stall(self) -> None:
        self._stalled = True
        self._tell_flow()

    def resume(self) -> None:
        self._stalled = False
        self._tell_flow()
        self.take(self.buffered)

    def take(self, size: int) -> None:
        """The network takes so many bytes of what is buffered."""
        self.buffered -= size
        self.taken += size
        if self.buffered <= self.low:
            self._drain()


class Peer:
    """One session, and what its channel was sent since it was last asked."""

    def __init__(self, room: Room, user: str, role: Role, verified: bool = False) -> None:
        self.channel = MemoryChannel()
        access = Access(user, user, role, True, verified=verified)
        self.session = room.join(self.channel, access)
        self._read = 0

    async def say(self, message: Message) -> None:
        await self.say_bytes(yjs.encode(message))

    async def say_bytes(self, frame: bytes) -> None:
        if (waiting := self.session.receive(frame)) is not None:
            await waiting

    async def write(self, update: bytes) -> None:
        await self.say(Update(update))

    async def show(self, client: int, clock: int, state: str | None) -> None:
        await self.say(AwarenessUpdate((AwarenessEntry(client, clock, state),)))

    async def sync(self, state_vector: bytes = EMPTY_STATE) -> bytes:
        """Ask for what is missing; the answer."""
        self.heard()
        await self.say(SyncStep1(state_vector))
        (answer, *more) = self.heard_of(SyncStep2)
        assert not more
        return bytes(answer.update)

    def heard(self) -> list[Message]:
        new = self.channel.frames[self._read :]
        self._read = len(self.channel.frames)
        return [yjs.decode(frame) for frame in new]

    def heard_of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.heard() if isinstance(message, kind)]

    def updates(self) -> list[bytes]:
        return [m.update for m in self.heard_of(Update)]

    def receipts(self) -> list[bytes]:
        return [m.payload for m in self.heard_of(SyncStatus)]

    def presence(self) -> list[AwarenessEntry]:
        return [entry for m in self.heard_of(AwarenessUpdate) for entry in m.entries]

    def refusals(self) -> list[str]:
        return [m.reason for m in self.heard_of(Denied)]

    @property
    def code(self) -> CloseCode | None:
        return self.channel.closed[0] if self.channel.closed else None


class House:
    """One registry; `other()` is a second one over the same store and hub."""

    def __init__(self, limits: RoomLimits | None = None) -> None:
        self.clock = LoopClock()
        self.memory = MemoryStore(self.clock)
        self.hub = MemoryHub()
        self.store = FaultyStore(self.memory)
        self.worker = InlineWorker()
        # Presence is told at once, so that tests need not wait for the end of its window.
        self.limits = limits or RoomLimits(awareness_window=0.0, look_every=30.0)
        self.registry = self._registry()
        self._others: list[Registry] = []

    async def start(self) -> None:
        await self.memory.create(DOCUMENT, "A document", Kind.NOTE, "")
        await self.registry.start()

    async def aclose(self) -> None:
        for registry in (self.registry, *self._others):
            await registry.aclose()

    async def restart(self, **changes: Any) -> None:
        """Another registry in the place of the first, with other limits."""
        await self.registry.aclose()
        self.limits = replace(self.limits, **changes)
        self.registry = self._registry()
        await self.registry.start()

    async def other(self) -> Registry:
        registry = self._registry()
        self._others.append(registry)
        await registry.start()
        return registry

    async def room(self, registry: Registry | None = None) -> Room:
        return await (registry or self.registry).open(DOCUMENT)

    async def peer(
        self,
        user: str = "ann",
        role: Role = Role.EDITOR,
        registry: Registry | None = None,
        *,
        verified: bool = False,
    ) -> Peer:
        return Peer(await self.room(registry), user, role, verified)

    async def synced(self, user: str = "ann", registry: Registry | None = None) -> Peer:
        """A peer that has asked for everything, with nothing unread."""
        peer = await self.peer(user, registry=registry)
        await peer.sync()
        return peer

    async def saved(self, user: str = "late") -> list[bytes]:
        """The document's snapshot and rows as stored."""
        stored = await self.memory.load(DOCUMENT)
        return [
            *([stored.snapshot.data] if stored.snapshot else []),
            *(row.data for row in stored.updates),
        ]

    def _registry(self) -> Registry:
        backplane = MemoryBackplane(self.hub)
        return Registry(
            self.store,
            self.worker,
            backplane,
            self.clock,
            random.Random(1),
            self.limits,
            leasing=Leasing(self.memory.leases, backplane.node, self.clock),
        )


async def settle(seconds: float = 0.015) -> None:
    """Let everything happen that takes less than `seconds` of virtual time."""
    await asyncio.sleep(seconds)
