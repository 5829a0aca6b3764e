"""Rooms that nobody is in: kept for a while, then unloaded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from collab.interfaces import Clock
from collab.room.compacting import Compactor
from collab.room.life import RoomState
from collab.room.limits import RoomLimits
from collab.room.room import Room
from collab.room.tasks import Tasks
from collab.room.turns import Turns
from collab.room.waiting import wait_for


class Unloader:
    """Knows since when rooms are idle. `forget` ends one, and lets go of it here, too."""

    def __init__(
        self,
        compactor: Compactor,
        tasks: Tasks,
        clock: Clock,
        limits: RoomLimits,
        forget: Callable[[Room], None],
    ) -> None:
        self._compactor = compactor
        self._tasks = tasks
        self._clock = clock
        self._limits = limits
        self._forget = forget
        self._idle: dict[Room, float] = {}
        self._event = asyncio.Event()

    def mark(self, room: Room) -> None:
        """It is idle, or only opened, from now on."""
        if not self._idle or len(self._idle) >= self._limits.idle_rooms:
            self._event.set()
        self._idle.pop(room, None)
        self._idle[room] = self._clock.monotonic()

    def touch(self, room: Room) -> None:
        """Someone asked for it, who may join."""
        if not room.sessions and room in self._idle:
            self.mark(room)

    def drop(self, room: Room) -> None:
        self._idle.pop(room, None)

    async def run(self) -> None:
        while True:
            self._event.clear()
            await self._unload()
            first = next(iter(self._idle.values()), None)
            now = self._clock.monotonic()
            pause = None if first is None else first + self._limits.idle_unload - now
            await wait_for(self._event, pause, self._clock)

    async def _unload(self) -> None:
        """Let go of one room at a time: to free a thousand takes as long as to end them."""
        due, turns = self._due(self._clock.monotonic()), Turns(self._clock)
        while due:
            room, since = due.popleft()
            if self._idle.get(room) == since:  # nobody asked for it in the turns between
                del self._idle[room]
                self._end(room)
            del room
            await turns.pause()

    def _end(self, room: Room) -> None:
        if not room.idle:
            return
        if self._compactor.worthwhile(room):
            self._tasks.spawn(self._compact_and_end(room), f"unload {room.document}")
        else:
            self._forget(room)

    def _due(self, now: float) -> deque[tuple[Room, float]]:
        """The rooms idle for long enough, and those over the number that may be; those idle
        longest come first in the table."""
        due = deque[tuple[Room, float]]()
        too_many = len(self._idle) - self._limits.idle_rooms
        for room, since in self._idle.items():
            if now - since < self._limits.idle_unload and len(due) >= too_many:
                break
            due.append((room, since))
        return due

    async def _compact_and_end(self, room: Room) -> None:
        """The room stays open meanwhile: whoever comes finds it, and it is looked at again."""
        await self._compactor.compact(room)
        if room.idle and room not in self._idle and room.state is not RoomState.GONE:
            self._forget(room)
