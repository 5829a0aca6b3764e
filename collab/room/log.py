"""A document in memory: its snapshot and the rows of the log after it, as bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from collab.interfaces import LogRow, Snapshot, StoredDocument

RECENT_BYTES = 1024 * 1024
"""Latest rows remembered for those who read the document while it moved on."""


class DocumentLog:
    """Everything committed that this node knows of one document.

    `sequence` is the highest one up to which no row is missing. Rows committed here while
    another node wrote lie beyond a hole until the rows between are read: they belong to the
    document already, and a joiner gets them.
    """

    def __init__(self, stored: StoredDocument) -> None:
        self.version = 0
        """Counts changes of what the document holds; compaction changes nothing."""
        self._recent: dict[int, bytes] = {}
        """By version, without a hole."""
        self._recent_bytes = 0
        self._beyond: dict[int, LogRow] = {}
        self._tail: list[LogRow] = []
        self.base: Snapshot | None = None
        self.sequence = 0
        self.tail_bytes = 0
        """Bytes of all rows that the snapshot does not hold."""
        self.size = 0
        """The same with the snapshot's."""
        self._set(stored)

    @property
    def rows(self) -> tuple[LogRow, ...]:
        """The rows after the snapshot, without those beyond a hole."""
        return tuple(self._tail)

    @property
    def row_count(self) -> int:
        return len(self._tail)

    @property
    def has_hole(self) -> bool:
        return bool(self._beyond)

    @property
    def newest(self) -> int:
        """The highest sequence known, beyond a hole or not."""
        return max(self._beyond, default=self.sequence)

    def after_base(self) -> list[bytes]:
        """All updates that the snapshot does not hold."""
        return [row.data for row in (*self._tail, *self._beyond.values())]

    def parts(self) -> list[bytes]:
        """All updates that make up the document."""
        return [*((self.base.data,) if self.base else ()), *self.after_base()]

    def add(self, row: LogRow) -> bool:
        """Take in a committed row; False if it was known."""
        if row.sequence <= self.sequence or row.sequence in self._beyond:
            return False
        size = len(row.data)
        self.tail_bytes += size
        self.size += size
        self.version += 1
        self._recent[self.version] = row.data
        self._recent_bytes += size
        if self._recent_bytes > RECENT_BYTES:
            self._forget_oldest()
        if row.sequence > self.sequence + 1:
            self._beyond[row.sequence] = row
            return True
        self._tail.append(row)
        self.sequence = row.sequence
        if self._beyond:
            self._close_hole()
        return True

    def compacted(self, snapshot: Snapshot, replaced: Collection[int]) -> None:
        """Put `snapshot` in the place of the base and of the rows that it was made of."""
        self.base = snapshot
        self._tail = [row for row in self._tail if row.sequence not in replaced]
        self._count_tail()

    def replace(self, stored: StoredDocument) -> None:
        """Start again from what the store holds; rows committed here later are kept."""
        kept = (*self._tail, *self._beyond.values())
        self._beyond = {}
        self._set(stored)
        self.version += 1
        self._recent.clear()
        self._recent_bytes = 0
        for row in kept:
            if row.sequence > self.sequence:
                self._beyond[row.sequence] = row
        self._close_hole()
        self._count_tail()

    def remembers(self, version: int) -> bool:
        """Whether all that was added after `version` is remembered."""
        return version >= self.version - len(self._recent)

    def between(self, since: int, until: int) -> list[bytes] | None:
        """The updates added after version `since` up to `until`; None if the first of them is
        not remembered any more."""
        if since >= until:
            return []
        if not self.remembers(since):
            return None
        return [self._recent[version] for version in range(since + 1, min(until, self.version) + 1)]

    def _set(self, stored: StoredDocument) -> None:
        self.base = stored.snapshot
        self._tail = list(stored.updates)
        self.sequence = stored.info.sequence
        self._count_tail()

    def _close_hole(self) -> None:
        while (following := self._beyond.pop(self.sequence + 1, None)) is not None:
            self._tail.append(following)
            self.sequence += 1

    def _forget_oldest(self) -> None:
        while self._recent_bytes > RECENT_BYTES:
            self._recent_bytes -= len(self._recent.pop(self.version - len(self._recent) + 1))

    def _count_tail(self) -> None:
        self.tail_bytes = _sum(self._tail) + _sum(self._beyond.values())
        self.size = (len(self.base.data) if self.base else 0) + self.tail_bytes


def _sum(rows: Iterable[LogRow]) -> int:
    return sum(len(row.data) for row in rows)
