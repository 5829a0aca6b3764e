"""Keeping logs short: many rows become one snapshot."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from functools import partial

from collab.backoff import Backoff
from collab.errors import (
    CollabError,
    CompactionConflict,
    DocumentNotFound,
    LeaseLost,
    StorageError,
    Unavailable,
)
from collab.interfaces import Clock, DocumentStore, DocumentWorker, Snapshot
from collab.leasing import Held, Leasing
from collab.room.following import Follower
from collab.room.life import RoomState
from collab.room.limits import RoomLimits
from collab.room.room import Room
from collab.room.tasks import Tasks

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    retry_at: float = float("-inf")


class Compactor:
    """Compacts the documents of open rooms, a few at a time, away from the event loop.

    It reads the rows in memory, which are committed, and replaces exactly those. A failure
    leaves store and room as they were; a document that keeps failing is left alone, and served
    from its log, until its room is loaded again.

    Where several nodes share the store, `leasing` lets one of them at a time compact a document:
    the others would do the same work, and all but one in vain.
    """

    def __init__(
        self,
        store: DocumentStore,
        worker: DocumentWorker,
        clock: Clock,
        random: random.Random,
        follower: Follower,
        tasks: Tasks,
        limits: RoomLimits,
        leasing: Leasing | None = None,
    ) -> None:
        self._store = store
        self._worker = worker
        self._clock = clock
        self._follower = follower
        self._tasks = tasks
        self._limits = limits
        self._leasing = leasing
        self._backoff = Backoff(limits.compact_retry_first, limits.compact_retry_most, random)
        self._slots = asyncio.Semaphore(limits.compact_at_once)
        self._busy: set[Room] = set()
        self._troubles: dict[Room, _Trouble] = {}
        self.compactions = 0
        self.failures = 0
        self.leases_lost = 0

    @property
    def quarantined(self) -> int:
        """Documents of open rooms that are not tried any more."""
        return sum(self._given_up(trouble) for trouble in self._troubles.values())

    def consider(self, room: Room) -> None:
        """Compact in the background if the tail has grown over a limit."""
        limits, log = self._limits, room.log
        long = log.row_count >= limits.compact_after_rows
        large = log.tail_bytes >= limits.compact_after_bytes
        if (long or large) and room.state is not RoomState.GONE and self._may_try(room):
            self._tasks.spawn(self.compact(room), f"compaction of {room.document}")

    def worthwhile(self, room: Room) -> bool:
        """Whether a room that is about to be unloaded should be compacted first: its next load
        reads every row after the snapshot, large ones in a worker that may have to start."""
        limits, log = self._limits, room.log
        long = log.row_count >= limits.compact_idle_rows
        return (long or log.tail_bytes > limits.inspect_inline_bytes) and self._may_try(room)

    def forget(self, room: Room) -> None:
        self._troubles.pop(room, None)

    async def compact(self, room: Room) -> None:
        """Compact now; failures are counted, not raised."""
        if not self._may_try(room):
            return
        self._busy.add(room)
        done = False
        try:
            async with self._slots:
                done = room.state is RoomState.GONE or await self._compact(room)
            if done:
                self._troubles.pop(room, None)
            else:
                self._look_later(room)
        except (CompactionConflict, DocumentNotFound) as error:
            # Another node compacted, or an earlier try took effect although it failed.
            logger.info("compaction of %r: %s", room.document, error)
            self._follower.follow(room, reload=True)
        except LeaseLost as error:
            self.leases_lost += 1
            self._failed(room, error)
            self._follower.follow(room, reload=True)
        except CollabError as error:
            self._failed(room, error)
        finally:
            self._busy.discard(room)
        if done:
            self.consider(room)  # what was written meanwhile may be as much again

    async def _compact(self, room: Room) -> bool:
        """False if another node is at it."""
        if self._leasing is None:
            await self._make_snapshot(room)
            return True
        return await self._leasing.run(
            f"compaction:{room.document}", partial(self._compact_alone, room)
        )

    async def _compact_alone(self, room: Room, held: Held) -> None:
        rows = room.log.rows
        # To read them again costs less than to compact what another node has compacted.
        if rows and await self._store.read(room.document, rows[0].sequence - 1) is None:
            raise CompactionConflict(f"{room.document}: another node was first")
        await self._make_snapshot(room, held)

    async def _make_snapshot(self, room: Room, held: Held | None = None) -> None:
        base, rows = room.log.base, room.log.rows
        if not rows:
            return
        updates = [row.data for row in rows]
        if base is not None:
            updates.insert(0, base.data)
        made = await self._worker.compact(updates)
        snapshot = Snapshot(
            rows[-1].sequence, made.data, made.state_vector, made.delete_set, made.gapless
        )
        replaced = [row.sequence for row in rows]
        swap = partial(
            self._store.compact,
            room.document,
            base.sequence if base else None,
            replaced,
            snapshot,
        )
        if held is None:
            await swap()
        else:
            await held.finish(swap(lease=held.lease))
        self.compactions += 1
        # A reload in between read either side of the swap: both are whole, its own stays.
        if room.log.base is base:
            room.log.compacted(snapshot, set(replaced))

    def _may_try(self, room: Room) -> bool:
        if room in self._busy:
            return False
        trouble = self._troubles.get(room)
        return trouble is None or (
            not self._given_up(trouble) and trouble.retry_at <= self._clock.monotonic()
        )

    def _look_later(self, room: Room) -> None:
        """By then the node that is at it has replaced the rows, or has died."""
        pause = self._backoff.pause(1)
        self._troubles.setdefault(room, _Trouble()).retry_at = self._clock.monotonic() + pause
        self._tasks.later(self._clock, pause, partial(self.consider, room))

    def _failed(self, room: Room, error: CollabError) -> None:
        self.failures += 1
        trouble = self._troubles.setdefault(room, _Trouble())
        # A store that is down, or workers that are busy, say nothing of the document.
        if not isinstance(error, StorageError | Unavailable):
            trouble.failures += 1
        pause = self._backoff.pause(max(1, trouble.failures))
        trouble.retry_at = self._clock.monotonic() + pause
        logger.warning(
            "compaction of %r failed, %s: %s",
            room.document,
            "given up" if self._given_up(trouble) else f"next try after {pause:.0f} s",
            error,
        )

    def _given_up(self, trouble: _Trouble) -> bool:
        return trouble.failures >= self._limits.compact_failures
