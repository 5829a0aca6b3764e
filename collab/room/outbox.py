"""What waits to be sent to one peer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from collab.interfaces import Channel


class ItemKind(Enum):
    """What a frame is for, so that a full outbox can treat kinds differently."""

    UPDATE = auto()
    PRESENCE = auto()
    ANSWER = auto()
    """What the peer asked for: sync steps and receipts."""


@dataclass(frozen=True, slots=True)
class Item:
    """An encoded frame; one object for all peers it goes to."""

    kind: ItemKind
    frame: bytes


class Outbox:
    """Frames in order: straight to the channel while it keeps up, else queued in memory.

    One answer at a time may wait beside the limit: a joiner's first content can be larger
    than everything that a peer may fall behind by. `overflow` is called when anything else
    does; the queue is dropped then, since a peer must not get a stream with a hole in it.
    """

    __slots__ = ("_channel", "_dead", "_exempt", "_high", "_limit", "_overflow", "_queue", "queued")

    def __init__(
        self, channel: Channel, high: int, limit: int, overflow: Callable[[], None]
    ) -> None:
        self._channel = channel
        self._high = high
        self._limit = limit
        self._overflow = overflow
        self._queue: deque[Item] = deque()
        self._exempt: Item | None = None
        self._dead = False
        self.queued = 0
        """Bytes in the queue, the exempt answer left out."""
        channel.on_drain(self._flush)

    def put(self, item: Item) -> None:
        channel = self._channel
        if not self._queue and channel.buffered < self._high:
            channel.send(item.frame)
            return
        self._enqueue(item)

    def end(self) -> None:
        """Drop what waits and take nothing more."""
        self._dead = True
        self._high = -1  # keeps `put` to the one comparison while all is well
        self._queue.clear()
        self._exempt = None
        self.queued = 0

    def _enqueue(self, item: Item) -> None:
        if self._dead:
            return
        size = len(item.frame)
        if self.queued + size <= self._limit:
            self._queue.append(item)
            self.queued += size
        elif item.kind is ItemKind.ANSWER and self._exempt is None:
            self._queue.append(item)
            self._exempt = item
        else:
            self.end()
            self._overflow()

    def _flush(self) -> None:
        queue, channel = self._queue, self._channel
        while queue and channel.buffered < self._high:
            item = queue.popleft()
            if item is self._exempt:
                self._exempt = None
            else:
                self.queued -= len(item.frame)
            channel.send(item.frame)
