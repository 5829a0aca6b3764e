"""The one writer: a task that commits what all rooms have pending, again and again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Protocol

from collab.backoff import Backoff
from collab.errors import StorageError
from collab.interfaces import Append, Clock, DocumentStore, NewRow
from collab.room.limits import RoomLimits
from collab.room.turns import Turns
from collab.room.waiting import SHORTEST, wait_for

logger = logging.getLogger(__name__)

SHARE = 1 / 6
"""Of its time that the committer works where edits keep coming; else it lets them gather. With a
quarter, an edit in one of hundreds of rooms takes a fifth more CPU."""
LONGEST_PAUSE = 0.012
"""Seconds that this may hold up an edit."""
CREDIT = 0.02
"""Seconds that it may have rested in advance: who writes now and then never waits."""
GIVE_UP_AFTER = 3
"""Rooms tried alone that fail in a row before the store itself is taken to be down."""


class Source(Protocol):
    """A room as the committer sees it."""

    @property
    def document(self) -> str: ...

    def take(self) -> tuple[NewRow, ...]:
        """The rows to commit now; none if nothing is pending any more."""

    def committed(self, sequence: int) -> None:
        """The rows taken are saved; the last has this sequence."""

    def failed(self) -> None:
        """Rows that were taken are not known to be saved: keep them."""

    def gone(self) -> None:
        """The document does not exist any more."""


class _Suspect:
    __slots__ = ("failures", "retry_at")

    def __init__(self) -> None:
        self.failures = 0
        self.retry_at = float("-inf")


class Committer:
    """Group commit: while one transaction is in flight updates gather, and the next takes all.

    A transaction that fails is never dropped: its rooms become suspects, which are tried one
    by one, so that a room that cannot be written does not hold up the others. When suspects
    keep failing the store is down, and they wait, longer and longer; the first that succeeds
    releases the rest.
    """

    def __init__(
        self, store: DocumentStore, clock: Clock, random: random.Random, limits: RoomLimits
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._backoff = Backoff(limits.commit_retry_first, limits.commit_retry_most, random)
        self._waiting: dict[Source, None] = {}
        self._suspects: dict[Source, _Suspect] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._rested = float("-inf")
        """When the last commits will have had no more than their share."""
        self._outage = 0
        """Rounds in a row in which every room that was tried failed."""
        self._failing = False
        self.pending_bytes = 0
        self.commits = 0
        self.failures = 0

    def offer(self, source: Source, size: int) -> None:
        """`source` has `size` more bytes pending."""
        self.pending_bytes += size
        waiting = self._waiting
        if source in waiting or source in self._suspects:
            return
        if not waiting:  # else whoever was first has done it
            self._idle.clear()
            self._wake.set()
        waiting[source] = None

    def release(self, size: int) -> None:
        """So many bytes are saved, or dropped with their document."""
        self.pending_bytes -= size

    def forget(self, source: Source) -> None:
        """The room is over; nothing of it is to be saved."""
        self._waiting.pop(source, None)
        self._suspects.pop(source, None)
        # A commit in flight ends first: then `run` looks again.
        self._wake.set()

    @property
    def suspects(self) -> int:
        """Rooms whose last commit failed."""
        return len(self._suspects)

    async def flush(self) -> None:
        """Return once nothing is pending."""
        await self._idle.wait()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            if not self._waiting:
                if self._suspects:
                    await wait_for(self._wake, self._pause(), self._clock)
                else:
                    self._idle.set()
                    await self._wake.wait()
            # Let edits come for a while, where commits took more than their share of late: a
            # commit has a price, however little it holds, and one right after the other would
            # take most of a busy server's time. Where it is quiet nothing waits.
            if (pause := self._rested - self._clock.monotonic()) >= SHORTEST:
                await self._clock.sleep(pause)
            self._wake.clear()
            rooms = tuple(self._waiting)
            self._waiting.clear()
            if rooms and not await self._commit(rooms):
                self._suspect(rooms)
            if self._suspects:
                await self._commit_suspects()

    def _pause(self) -> float:
        """Seconds until a suspect is due."""
        due = min(suspect.retry_at for suspect in self._suspects.values())
        return max(0.0, due - self._clock.monotonic())

    def _suspect(self, rooms: Sequence[Source]) -> None:
        """Their commit failed, because of one of them or of the store."""
        for room in rooms:
            self._suspects[room] = _Suspect()
        if len(rooms) == 1:
            self._put_off(rooms[0])

    async def _commit_suspects(self) -> None:
        """Try the suspects that are due, each alone, until the store turns out to be down."""
        now = self._clock.monotonic()
        due = [room for room, suspect in self._suspects.items() if suspect.retry_at <= now]
        in_a_row = 0
        for room in due:
            if room not in self._suspects:  # forgotten meanwhile
                continue
            if await self._commit((room,)):
                if self._suspects.pop(room, None) is not None:
                    self._waiting[room] = None  # for what came during the commit
                in_a_row = 0
                self._store_is_up()
            else:
                self._put_off(room)
                in_a_row += 1
            if in_a_row == GIVE_UP_AFTER:
                break
        if in_a_row and in_a_row == min(len(due), GIVE_UP_AFTER):
            self._store_is_down()

    def _put_off(self, room: Source) -> None:
        """Try this one again later, and after all the others."""
        suspect = self._suspects.pop(room, None)
        if suspect is None:
            return
        suspect.failures += 1
        suspect.retry_at = self._clock.monotonic() + self._backoff.pause(suspect.failures)
        self._suspects[room] = suspect

    def _store_is_down(self) -> None:
        """Let all suspects wait together, so that one round of tries probes for all."""
        self._outage += 1
        retry_at = self._clock.monotonic() + self._backoff.pause(self._outage)
        for suspect in self._suspects.values():
            suspect.retry_at = retry_at

    def _store_is_up(self) -> None:
        if self._outage:
            self._outage = 0
            for suspect in self._suspects.values():
                suspect.retry_at = float("-inf")

    async def _commit(self, rooms: Sequence[Source]) -> bool:
        """One transaction for what these rooms have pending; whether it is known to be done."""
        began = self._clock.monotonic()
        try:
            taken = await self._take(rooms)
            if not taken:
                return True
            sequences = await self._store.append([Append(r.document, rows) for r, rows in taken])
            if len(sequences) != len(taken):
                raise StorageError(f"{len(taken)} documents to append to, {len(sequences)} answers")
        except Exception as error:
            # Any failure is the same here: nothing is known to be saved, nothing may be lost.
            self.failures += 1
            self._report(error)
            for room in rooms:
                room.failed()
            return False
        self.commits += 1
        self._failing = False
        ended = self._clock.monotonic()
        rested = max(self._rested, began - CREDIT) + (ended - began) / SHARE
        self._rested = min(rested, ended + LONGEST_PAUSE)
        await self._tell(taken, sequences)
        return True

    async def _take(self, rooms: Sequence[Source]) -> list[tuple[Source, tuple[NewRow, ...]]]:
        """What these rooms have pending, of those that have something."""
        taken, turns = [], Turns(self._clock)
        for room in rooms:
            if rows := room.take():
                taken.append((room, rows))
            await turns.pause()
        return taken

    async def _tell(
        self, taken: Sequence[tuple[Source, object]], sequences: Sequence[int | None]
    ) -> None:
        """Tell each room once what became of its rows. For those that wait for their turn, it is
        as if the transaction still lasted."""
        turns = Turns(self._clock)
        for (room, _), sequence in zip(taken, sequences, strict=True):
            await turns.pause()
            try:
                room.gone() if sequence is None else room.committed(sequence)
            except Exception:
                logger.exception("room %r could not take its commit", room.document)

    def _report(self, error: Exception) -> None:
        """One line for an outage, however many tries it takes; every surprise with its trace."""
        if not isinstance(error, StorageError):
            logger.error("a commit failed in a way that nothing foresaw", exc_info=error)
        elif not self._failing:
            logger.warning("commits fail, to be retried until they work: %s", error)
        self._failing = True
