"""Keeping up with rows that other nodes commit."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Final

from collab.backoff import Backoff
from collab.errors import CollabError, DocumentNotFound
from collab.interfaces import Clock, DocumentStore, DocumentWorker
from collab.room.limits import RoomLimits
from collab.room.loading import facts_of, load
from collab.room.room import Room, RoomState
from collab.room.tasks import Tasks

AT_ONCE: Final = 16
"""Rooms that are read for at a time: after an outage all may be behind."""

logger = logging.getLogger(__name__)


class Follower:
    """Reads the log for rooms that may have missed rows: one read at a time for each room.

    It is asked after news that did not bring the rows along, after an own commit that left a
    hole, at a join, and when a look at the log shows that news was lost.
    """

    def __init__(
        self,
        store: DocumentStore,
        worker: DocumentWorker,
        clock: Clock,
        random: random.Random,
        tasks: Tasks,
        limits: RoomLimits,
    ) -> None:
        self._store = store
        self._worker = worker
        self._clock = clock
        self._tasks = tasks
        self._limits = limits
        self._backoff = Backoff(limits.commit_retry_first, limits.commit_retry_most, random)
        self._wanted: dict[Room, bool] = {}
        """Rooms to look at, and whether from scratch; those in `_busy` once more."""
        self._busy: set[Room] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.failures = 0

    def follow(self, room: Room, reload: bool = False) -> None:
        """Look what the log has after the room's sequence, or load all of it again."""
        self._wanted[room] = reload or self._wanted.get(room, False)
        if room not in self._busy:
            self._busy.add(room)
            self._tasks.spawn(self._run(room), f"following {room.document}")

    async def _run(self, room: Room) -> None:
        failures = 0
        try:
            while room in self._wanted and room.state is not RoomState.GONE:
                reload = self._wanted.pop(room)
                try:
                    async with self._slots:
                        await self._look(room, reload)
                    failures = 0
                except DocumentNotFound:
                    room.vanished()
                except CollabError as error:
                    failures += 1
                    self.failures += 1
                    logger.warning("cannot follow %r: %s", room.document, error)
                    await self._clock.sleep(self._backoff.pause(failures))
                    self._wanted[room] = reload or self._wanted.get(room, False)
        finally:
            self._busy.discard(room)
            self._wanted.pop(room, None)

    async def _look(self, room: Room, reload: bool) -> None:
        rows = None if reload else await self._store.read(room.document, room.sequence)
        if rows is None:
            loaded = await load(room.document, self._store, self._worker, self._limits)
            if not room.adopt(*loaded):
                self._wanted[room] = True  # it was overtaken: once more
        else:
            facts = [await facts_of(row.data, self._worker, self._limits) for row in rows]
            room.learned(zip(rows, facts, strict=True))
        await room.tell_owed()
