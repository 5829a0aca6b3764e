"""Updates of one room on their way into the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collab.crdt import updates
from collab.errors import DocumentUnreadable
from collab.interfaces import NewRow
from collab.protocol.keystrokes import Typist, joined, joined_size
from collab.room.merging import runs

LONGEST_TEXT: Final = 16 * 1024
"""Bytes that are typed into one update, and one text more."""
MOST_TYPED: Final = 256
"""Bytes that one more text adds, at most: it may begin an update."""


@dataclass(slots=True)  # frozen it takes three times as long to make, for each edit
class PendingUpdate:
    """A validated update that is not committed yet."""

    data: bytes
    author: str
    clients: tuple[int, ...]
    came: tuple[bytes, ...] = ()
    """What it was joined from."""

    @property
    def size(self) -> int:
        return len(self.data)

    def sealed(self) -> PendingUpdate:
        """As it is now, and stays."""
        return self


class PendingText:
    """What a typist types, as one update that grows until it is taken."""

    __slots__ = ("_author", "_came", "_client", "_head", "_texts", "size", "text_size")

    def __init__(self, typist: Typist, text: bytes, update: bytes, author: str) -> None:
        self.text_size = len(text)
        self.size = len(update)
        """Bytes of the update."""
        self._author = author
        self._client = typist.client
        self._head = typist.head
        self._texts = [text]
        self._came = [update]

    def add(self, text: bytes, update: bytes) -> int:
        """Returns by how many bytes the update grew."""
        before = self.size
        self._came.append(update)
        self._texts.append(text)
        self.text_size += len(text)
        self.size = len(self._head) + joined_size(self.text_size)
        return self.size - before

    def sealed(self) -> PendingUpdate:
        if len(self._came) == 1:
            return PendingUpdate(self._came[0], self._author, (self._client,))
        data = joined(self._head, self._texts, self.text_size)
        return PendingUpdate(data, self._author, (self._client,), tuple(self._came))


@dataclass(slots=True)
class Batch:
    """What one commit takes of one room: all that was accepted up to `ticket`."""

    updates: tuple[PendingUpdate, ...]
    ticket: int
    size: int

    def pack(self, merge_bytes: int) -> tuple[tuple[NewRow, ...], list[bytes]]:
        """The rows to log, one for each author, and the updates to send, one for all: more
        where the sum is over `merge_bytes`."""
        if len(self.updates) == 1:  # as mostly, where many rooms write
            update = self.updates[0]
            row = NewRow(update.data, update.author, tuple(sorted(update.clients)))
            return (row,), [update.data]
        by_author: dict[str, list[PendingUpdate]] = {}
        for update in self.updates:
            by_author.setdefault(update.author, []).append(update)
        rows = []
        for author, written in by_author.items():
            for run in self._cut(written, merge_bytes):
                clients = tuple(sorted({client for update in run for client in update.clients}))
                rows += [NewRow(data, author, clients) for data in _merged(run)]
        if len(by_author) == 1:
            return tuple(rows), [row.data for row in rows]
        together = self._cut(self.updates, merge_bytes)
        return tuple(rows), [data for run in together for data in _merged(run)]

    def _cut(self, some: Sequence[PendingUpdate], most: int) -> Sequence[Sequence[PendingUpdate]]:
        """As `runs` does; nearly always all of them fit."""
        return (some,) if self.size <= most else runs(some, lambda update: len(update.data), most)


def _merged(run: Sequence[PendingUpdate]) -> list[bytes]:
    """One update; or all as they came, if the library cannot merge what was validated."""
    if len(run) == 1:
        return [run[0].data]
    try:
        return [updates.merge([update.data for update in run])]
    except DocumentUnreadable:
        return [part for update in run for part in update.came or (update.data,)]


class PendingUpdates:
    """A queue with tickets: what was accepted under a ticket is saved once `saved` reaches it."""

    def __init__(self) -> None:
        self._queue: list[PendingUpdate | PendingText] = []
        self._texts: dict[Typist, PendingText] = {}
        """Those in the queue that may still grow."""
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

    def type(self, typist: Typist, text: bytes, update: bytes, author: str) -> int:
        """Add what `typist` types next, the text of this update, to what it typed before if that
        is still here; returns the bytes that are added."""
        entry = self._texts.get(typist)
        if entry is None or entry.text_size > LONGEST_TEXT:
            entry = self._texts[typist] = PendingText(typist, text, update, author)
            self._queue.append(entry)
            grown = entry.size
        else:
            grown = entry.add(text, update)
        self.accepted += 1
        self.size += grown
        return grown

    def take(self) -> Batch | None:
        """All that waits, for a commit; `saved_batch` or `put_back` ends it."""
        assert self._in_flight is None, "one commit at a time"
        if not self._queue:
            return None
        queue = self._queue
        one = len(queue) == 1  # as mostly: no comprehension, which is a call
        updates = (queue[0].sealed(),) if one else tuple([update.sealed() for update in queue])
        self._in_flight = Batch(updates, self.accepted, self.size)
        queue.clear()
        self._texts.clear()
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
        size = sum(update.size for update in self._queue)
        self.size -= size
        self._queue.clear()
        self._texts.clear()
        return size
