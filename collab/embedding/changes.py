"""Changes on their way to `Hooks.on_change`: nobody who commits waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from collab.embedding.calls import Calls
from collab.hooks import Change
from collab.interfaces import Clock, NewRow
from collab.room.merging import merged, runs
from collab.room.tasks import Tasks
from collab.room.waiting import wait_for

CALLS_AT_ONCE = 16
"""Documents whose changes are told at one time."""
WAITING_BYTES = 32 * 1024 * 1024
"""Updates of all documents that wait to be told."""
MERGE_BYTES = 64 * 1024
"""Updates that wait are merged into one of up to this size."""
MERGE_AFTER = 64
"""Rows of one document that wait unmerged, at most."""


class _Told:
    """What one document has waiting: rows or merged rows, oldest first."""

    __slots__ = ("overflown", "parts", "size", "unmerged")

    def __init__(self) -> None:
        self.parts: list[Change] = []
        self.size = 0
        self.unmerged = 0
        self.overflown: Change | None = None
        """Tells that updates were dropped; takes in all that comes until it is told."""


class Changes:
    """Tells the hook of each document's commits in their order, one call at a time. What is
    committed meanwhile is merged into the next call.

    While more waits than `waiting_bytes`, documents that commit more lose the bytes that they
    have waiting, but not the news that they changed, nor up to where.
    """

    def __init__(
        self,
        hook: Callable[[Change], Awaitable[None]],
        calls: Calls,
        clock: Clock,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        self._hook = hook
        self._calls = calls
        self._clock = clock
        self._most = waiting_bytes
        self._tasks = Tasks()
        self._documents: dict[str, _Told] = {}
        """Those with something to tell, longest waiting first; without those being told of."""
        self._busy: dict[str, _Told | None] = {}
        """Those that a call is under way for, with what came meanwhile."""
        self._empty = asyncio.Event()
        self._empty.set()
        self.waiting_bytes = 0
        self.overflows = 0

    def committed(self, document: str, sequence: int, rows: Sequence[NewRow]) -> None:
        """Rows were committed; `sequence` is that of the last. Returns at once."""
        self._empty.clear()
        busy = document in self._busy
        told = self._busy[document] if busy else self._documents.get(document)
        if told is None:
            told = _Told()
            (self._busy if busy else self._documents)[document] = told
        for number, row in enumerate(rows, sequence - len(rows) + 1):
            self._add(told, Change(document, number, row.data, (row.author,)))
        if not busy:
            self._fill()

    async def drain(self, seconds: float) -> bool:
        """Whether all was told within so many seconds."""
        await wait_for(self._empty, seconds, self._clock)
        return self._empty.is_set()

    async def aclose(self) -> None:
        """End the calls under way; what waits is not told."""
        await self._tasks.aclose()

    # --- What waits --------------------------------------------------------------------

    def _add(self, told: _Told, change: Change) -> None:
        if told.overflown is not None:
            told.overflown = _joined([told.overflown, change], None)
            return
        size = len(change.update or b"")
        if self.waiting_bytes + size > self._most:
            self.overflows += 1
            self.waiting_bytes -= told.size
            told.overflown = _joined([*told.parts, change], None)
            told.parts, told.size, told.unmerged = [], 0, 0
            return
        told.parts.append(change)
        told.unmerged += 1
        self._grow(told, size)
        if told.unmerged > MERGE_AFTER:
            self._merge(told)

    def _merge(self, told: _Told) -> None:
        """So that many small updates cost what one does."""
        before = told.size
        told.parts = [change for run in _runs(told.parts) for change in _merged(run)]
        told.unmerged = 0
        self._grow(told, sum(len(part.update or b"") for part in told.parts) - before)

    def _grow(self, told: _Told, size: int) -> None:
        told.size += size
        self.waiting_bytes += size

    def _take(self, told: _Told) -> list[Change]:
        """What to tell next: one change, or as many as could not be merged."""
        if told.overflown is not None:
            change, told.overflown = told.overflown, None
            return [change]
        run = _runs(told.parts)[0]
        told.parts = told.parts[len(run) :]
        told.unmerged = min(told.unmerged, len(told.parts))
        self._grow(told, -sum(len(part.update or b"") for part in run))
        return _merged(run)

    # --- Telling -----------------------------------------------------------------------

    def _fill(self) -> None:
        """Start as many calls as there may be."""
        while self._documents and len(self._busy) < CALLS_AT_ONCE:
            document = next(iter(self._documents))
            told = self._documents.pop(document)
            changes = self._take(told)
            self._busy[document] = told if _waits(told) else None
            self._tasks.spawn(self._tell(document, changes), f"changes of {document}")
        if not self._documents and not self._busy:
            self._empty.set()

    async def _tell(self, document: str, changes: list[Change]) -> None:
        try:
            for change in changes:
                await self._calls.tell(partial(self._hook, change), "on_change", document)
        finally:
            told = self._busy.pop(document)
            if told is not None:
                self._documents[document] = told
            self._fill()


def _waits(told: _Told) -> bool:
    return bool(told.parts) or told.overflown is not None


def _runs(parts: Sequence[Change]) -> list[list[Change]]:
    return runs(parts, lambda part: len(part.update or b""), MERGE_BYTES)


def _merged(run: list[Change]) -> list[Change]:
    """One change; or all as they are, if the library cannot merge what was validated."""
    updates = merged([part.update for part in run if part.update is not None])
    return [_joined(run, updates[0])] if len(updates) == 1 else run


def _joined(parts: Sequence[Change], update: bytes | None) -> Change:
    users = tuple(dict.fromkeys(user for part in parts for user in part.users))
    return Change(parts[-1].document, parts[-1].sequence, update, users)
