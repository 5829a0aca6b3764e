"""Updates of one room on their way into the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collab.crdt import updates
from collab.errors import DocumentUnreadable
from collab.interfaces import NewRow


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
            for group in _groups(written, merge_bytes):
                clients = tuple(sorted({client for update in group for client in update.clients}))
                rows += [NewRow(data, author, clients) for data in _merged(group)]
        if len(by_author) == 1:
            return tuple(rows), [row.data for row in rows]
        groups = _groups(self.updates, merge_bytes)
        return tuple(rows), [data for group in groups for data in _merged(group)]


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
        assert self._in_flight is not None
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


def _groups(written: Sequence[PendingUpdate], most: int) -> list[list[PendingUpdate]]:
    """`written` cut into runs of at most `most` bytes, or of one update."""
    groups: list[list[PendingUpdate]] = []
    room = 0
    for update in written:
        size = len(update.data)
        if not groups or size > room:
            groups.append([])
            room = most
        groups[-1].append(update)
        room -= size
    return groups


def _merged(group: Sequence[PendingUpdate]) -> list[bytes]:
    """One update; or all as they are, if the library cannot merge what was validated."""
    data = [update.data for update in group]
    try:
        return [updates.merge(data)]
    except DocumentUnreadable:
        return data
