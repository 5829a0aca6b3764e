"""An outbox over a channel, and a log that remembers what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

from collab.errors import CollabError
from collab.protocol.awareness import AwarenessEntry
from collab.room.backlog import Backlog
from collab.room.items import Item, ItemKind, Part
from collab.room.outbox import Outbox
from tests.room.house import MemoryChannel

LIMIT = 1000


@dataclass
class Shelf:
    """A supply: `log` is what each version added; versions up to `forgotten` are too old."""

    log: list[bytes] = field(default_factory=list)
    forgotten: int = 0
    slow: bool = False
    error: CollabError | None = None
    heard: list[str] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def waiting(self) -> None:
        self.heard.append("waiting")

    def known(self) -> bytes:
        return b"known"

    def newer(self, since: int, until: int) -> Part | None:
        if since < self.forgotten:
            return None
        until = min(until, since + 2)  # a frame has room for two
        return Part([b"+".join(self.log[since:until])], until)

    def missing_now(self, state_vector: bytes, *, answer: bool) -> Part | None:
        return None if self.slow else self._part(state_vector, answer)

    async def missing(self, state_vector: bytes, *, answer: bool) -> Part:
        part = self._part(state_vector, answer)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return part

    def presence(self, entries: tuple[AwarenessEntry, ...]) -> tuple[bytes, int]:
        some = entries[:2]
        return b" ".join(f"{e.client}={e.clock}".encode() for e in some), len(some)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    def failed(self, error: CollabError) -> None:
        self.heard.append(str(error))

    def overflow(self) -> None:
        self.heard.append("overflow")

    def _part(self, state_vector: bytes, answer: bool) -> Part:
        kind = b"answer to " if answer else b"all over "
        return Part([kind + state_vector], len(self.log))


class Box:
    """An outbox over a stalled channel with something in it, so that all else waits."""

    def __init__(self, limit: int = LIMIT, backlog: Backlog | None = None, most: int = 100) -> None:
        self.shelf = Shelf()
        self.channel = MemoryChannel()
        self.channel.stall()
        self.backlog = backlog or Backlog(limit)
        self.outbox = Outbox(self.channel, self.shelf, self.backlog, high=10, most=most)
        self.channel.send(b"x" * 10)

    def update(self, size: int = 1) -> None:
        before = len(self.shelf.log)
        self.shelf.log.append(b"%d" % before * size)
        self.outbox.put(Item(ItemKind.UPDATE, self.shelf.log[-1], before, before + 1))

    def answer(self, frame: bytes) -> None:
        self.outbox.put(Item(ItemKind.ANSWER, frame))

    def show(self, *entries: tuple[int, int]) -> None:
        made = tuple(AwarenessEntry(client, clock, "{}") for client, clock in entries)
        frame = b" ".join(f"{client}={clock}".encode() for client, clock in entries)
        self.outbox.put(Item(ItemKind.PRESENCE, frame, entries=made))

    def read(self) -> list[bytes]:
        """Let the channel take everything; what came since the stall."""
        self.channel.resume()
        return self.channel.frames[1:]

    @property
    def overflown(self) -> bool:
        return "overflow" in self.shelf.heard
