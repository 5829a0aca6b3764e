"""Finding out what no news told: which open rooms are behind the log."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from typing import Final

from collab.backoff import Backoff
from collab.errors import CollabError
from collab.interfaces import Clock, DocumentStore
from collab.news import Backplane
from collab.room.following import Follower
from collab.room.limits import RoomLimits
from collab.room.room import Room, RoomState
from collab.room.waiting import wait_for

_log = logging.getLogger(__name__)

CHUNK: Final = 500
"""Rooms that are compared by one query."""
CUT_OFF_SECONDS: Final = 2.0
"""While nothing can be heard of other nodes, rooms in use are compared this often."""


class Looker:
    """Compares the sequences of open rooms with the log's, a chunk of rooms a query.

    One look at a time: who asks during one gets another after it, however many ask. It looks
    when it is asked, which is after news was missed, and by itself every `look_every` seconds,
    oftener while the backplane is cut off, then at rooms with sessions only. A store that is
    down is asked again after growing pauses.
    """

    def __init__(
        self,
        store: DocumentStore,
        backplane: Backplane,
        rooms: Mapping[str, Room],
        follower: Follower,
        clock: Clock,
        random: random.Random,
        limits: RoomLimits,
    ) -> None:
        self._store = store
        self._backplane = backplane
        self._rooms = rooms
        self._follower = follower
        self._clock = clock
        self._random = random
        self._every = limits.look_every
        self._backoff = Backoff(limits.commit_retry_first, limits.commit_retry_most, random)
        self._wanted = asyncio.Event()
        self.looks = 0
        """Queries made."""
        self.behind = 0
        """Rooms that were found behind the log, or without a document."""

    def want(self) -> None:
        """Look at all rooms, soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Look until cancelled."""
        last = self._clock.monotonic()
        failures = 0
        while True:
            await wait_for(self._wanted, self._pause(), self._clock)
            asked = self._wanted.is_set()
            if not asked and not self._due(self._clock.monotonic() - last):
                continue
            self._wanted.clear()
            try:
                await self._look(asked)
                failures = 0
            except CollabError as error:
                failures += 1
                _log.log(
                    logging.WARNING if failures == 1 else logging.DEBUG,
                    "cannot compare rooms with the log: %s",
                    error,
                )
                await self._clock.sleep(self._backoff.pause(failures))
                if asked:
                    self._wanted.set()
            last = self._clock.monotonic()

    def _pause(self) -> float | None:
        """Seconds after which to see whether a look is due; at random, so that nodes that began
        together do not look together."""
        if self._every is None:
            return None
        return min(self._every, CUT_OFF_SECONDS) * (0.75 + 0.5 * self._random.random())

    def _due(self, since: float) -> bool:
        return not self._backplane.connected or (self._every is not None and since >= self._every)

    async def _look(self, everywhere: bool) -> None:
        rooms = [room for room in self._rooms.values() if everywhere or room.sessions]
        for start in range(0, len(rooms), CHUNK):
            await self._compare(rooms[start : start + CHUNK])

    async def _compare(self, rooms: Sequence[Room]) -> None:
        self.looks += 1
        sequences = await self._store.sequences([room.document for room in rooms])
        for room in rooms:
            if room.state is RoomState.GONE:
                continue
            newest = sequences.get(room.document)
            if newest is None:
                self.behind += 1
                room.vanished()
            elif newest > room.sequence:
                self.behind += 1
                self._follower.follow(room)
