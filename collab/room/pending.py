"""Updates of one room on their way into the log."""

from __future__ import annotations

from dataclasses import dataclass

from collab.interfaces import NewRow
from collab.room.merging import merged, merged_runs, runs


@dataclass(frozen=True, slots=True)
class PendingUpdate:
    """A validated update that is not committed yet."""

    data: bytes
    author: str
    clients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit takes of one room: all that was accepted up to `ticket`."""

    updates: tuple[PendingUpdate, ...]
    ticket: int
    size: int

    def pack(self, merge_bytes: int) -> tuple[tuple[NewRow, ...], list[bytes]]:
        """The rows to log, one for each author, and the updates to send, one for all: more
        where the sum is over `merge_bytes`."""
        by_author: dict[str, list[PendingUpdate]] = {}
        for update in self.updates:
            by_author.setdefault(update.author, []).append(update)
        rows = []
        for author, written in by_author.items():
            for run in runs(written, lambda update: len(update.data), merge_bytes):
                clients = tuple(sorted({client for update in run for client in update.clients}))
                parts = [update.data for update in run]
                rows += [NewRow(data, author, clients) for data in merged(parts)]
        if len(by_author) == 1:
            return tuple(rows), [row.data for row in rows]
        return tuple(rows), merged_runs([update.data for update in self.updates], merge_bytes)


class PendingUpdates:
    """A queue with tickets: what was accepted under a ticket is saved once `saved` reaches it."""

    def __init__(self) -> None:
        self._queue: list[PendingUpdate] = []
        self._in_flight: Batch | None = None
        self.accepted = 0
        self.saved = 0
        self.size = 0
        """Bytes accepted and not saved, those in flight included."""

    @property
    def unsaved(self) -> bool:
        return bool(self._queue) or self._in_flight is not None

    def add(self, update: PendingUpdate) -> None:
        self._queue.append(update)
        self.accepted += 1
        self.size += len(update.data)

    def take(self) -> Batch | None:
        """All that waits, for a commit; `saved_batch` or `put_back` ends it."""
        assert self._in_flight is None, "one commit at a time"
        if not self._queue:
            return None
        size = sum(len(update.data) for update in self._queue)
        self._in_flight = Batch(tuple(self._queue), self.accepted, size)
        self._queue.clear()
        return self._in_flight

    def put_back(self) -> None:
        """The commit failed: its updates wait again, before those that came meanwhile."""
        if self._in_flight is not None:
            self._queue[:0] = self._in_flight.updates
            self._in_flight = None

    def saved_batch(self) -> int:
        """The commit is done; returns the bytes that it saved."""
        assert self._in_flight is not None
        size = self._in_flight.size
        self.saved = self._in_flight.ticket
        self.size -= size
        self._in_flight = None
        return size

    def drop(self) -> int:
        """Forget what waits: the room is over. Returns the bytes; a commit in flight keeps its
        own until it ends."""
        size = sum(len(update.data) for update in self._queue)
        self.size -= size
        self._queue.clear()
        return size
