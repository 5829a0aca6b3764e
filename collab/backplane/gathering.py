"""News that waits for the message before it to be sent: what it says once, and not for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collab.news import (
    Committed,
    News,
    PresenceChanged,
    PresenceOf,
    Present,
    Said,
)

Key = tuple[str | None, object]

_ENTRY_BYTES: Final = 200
"""About what a piece of news takes in memory beside what it carries."""

_STATE_BYTES: Final = 300
"""Likewise a presence state."""


WAITING_BYTES: Final = 8 << 20
WAITING_ENTRIES: Final = 20_000


@dataclass(frozen=True, slots=True)
class GatheringLimits:
    """What may wait, and what is carried at once."""

    waiting_bytes: int = WAITING_BYTES
    """Over it all that waits is dropped: the others are told to look for themselves."""
    waiting_entries: int = WAITING_ENTRIES
    row_bytes: int = 64 << 10
    """Rows of one document that are carried; if there are more, only the sequence is."""
    rows: int = 512
    states_bytes: int = 256 << 10
    """States in one piece; more are split."""


class Gathering:
    """Keeps the latest of each kind and document, in the order in which they came.

    Of commits that follow each other the rows are put together, of presence the latest state of
    each client stays. So what waits for a Redis that is away grows with the documents that are
    edited and the peers who are there, not with time.
    """

    def __init__(self, limits: GatheringLimits | None = None) -> None:
        self._limits = limits or GatheringLimits()
        self._waiting: dict[Key, tuple[News, int]] = {}
        self._pieces: deque[News] = deque()
        self._said = 0
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._waiting or self._pieces)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._pieces)

    def put(self, news: News) -> bool:
        """False if that was too much: nothing waits any more, this piece included."""
        if isinstance(news, Said):
            self._said += 1
            self._set((news.document, self._said), news)
        elif isinstance(news, Committed):
            self._put_commit(news)
        elif isinstance(news, PresenceChanged):
            self._put_change(news)
        elif isinstance(news, PresenceOf):
            self._drop((news.document, PresenceChanged))
            self._drop((news.document, PresenceOf))
            self._set((news.document, PresenceOf), news)
        else:
            self._set((news.document, type(news)), news)
        if self.bytes <= self._limits.waiting_bytes and len(self) <= self._limits.waiting_entries:
            return True
        self.clear()
        return False

    def pop(self) -> News | None:
        """What has waited longest; large presence comes in several pieces, one a call."""
        if self._pieces:
            return self._pieces.popleft()
        if not self._waiting:
            return None
        key = next(iter(self._waiting))
        news, _ = self._waiting[key]
        self._drop(key)
        if isinstance(news, PresenceChanged | PresenceOf):
            self._pieces.extend(self._split(news))
            return self._pieces.popleft()
        return news

    def clear(self) -> None:
        self._waiting.clear()
        self._pieces.clear()
        self.bytes = 0

    def _put_commit(self, news: Committed) -> None:
        key = (news.document, Committed)
        before, _ = self._waiting.get(key, (None, 0))
        if isinstance(before, Committed):
            if before.sequence >= news.sequence:
                return
            # Rows that do not follow each other cannot be carried as one; the reader then
            # lacks some anyway and reads the log.
            follows = news.sequence - len(news.rows) == before.sequence
            rows = before.rows + news.rows if before.rows and news.rows and follows else ()
            news = Committed(news.document, news.sequence, rows)
        size = sum(map(len, news.rows))
        if size > self._limits.row_bytes or len(news.rows) > self._limits.rows:
            news = Committed(news.document, news.sequence)
        self._set(key, news)

    def _put_change(self, news: PresenceChanged) -> None:
        key = (news.document, PresenceChanged)
        before, _ = self._waiting.get(key, (None, 0))
        if isinstance(before, PresenceChanged):
            latest = {present.entry.client: present for present in before.states}
            latest.update({present.entry.client: present for present in news.states})
            news = PresenceChanged(news.document, tuple(latest.values()))
        self._set(key, news)

    def _set(self, key: Key, news: News) -> None:
        _, before = self._waiting.get(key, (None, 0))
        size = _size_of(news)
        self._waiting[key] = (news, size)
        self.bytes += size - before

    def _drop(self, key: Key) -> None:
        _, size = self._waiting.pop(key, (None, 0))
        self.bytes -= size

    def _split(self, news: PresenceChanged | PresenceOf) -> Iterator[News]:
        kind: type[PresenceChanged | PresenceOf] = type(news)
        piece: list[Present] = []
        size = 0
        for present in news.states:
            if piece and size > self._limits.states_bytes:
                yield kind(news.document, tuple(piece))
                # What is left of all states changes nothing in those that were told.
                kind, piece, size = PresenceChanged, [], 0
            piece.append(present)
            size += _state_size(present)
        yield kind(news.document, tuple(piece))


def _size_of(news: News) -> int:
    match news:
        case Committed():
            return _ENTRY_BYTES + sum(len(row) + 40 for row in news.rows)
        case PresenceChanged() | PresenceOf():
            return _ENTRY_BYTES + sum(map(_state_size, news.states))
        case Said():
            return _ENTRY_BYTES + len(news.payload)
        case _:
            return _ENTRY_BYTES


def _state_size(present: Present) -> int:
    return _STATE_BYTES + len(present.entry.state or "") + len(present.user or "")
