"""What is done to many rooms or peers, so that others have the event loop in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from collab.interfaces import Clock

if TYPE_CHECKING:
    from collab.room.room import Room

TURN: Final = 0.005
"""Seconds of work on end."""
FEW: Final = 256
"""Peers to whom something is sent, or who are closed, on end: that takes 3 ms."""


class Turns:
    """For who does much in small steps."""

    __slots__ = ("_clock", "_ends")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + TURN

    async def pause(self) -> None:
        """Between two steps: let others have a turn, if this one was long enough."""
        if self._clock.monotonic() >= self._ends:
            await asyncio.sleep(0)
            self._ends = self._clock.monotonic() + TURN


async def break_silence(rooms: Mapping[str, Room], clock: Clock, seconds: float) -> None:
    """Every so many seconds, until cancelled."""
    while True:
        await clock.sleep(seconds)
        turns = Turns(clock)
        for room in tuple(rooms.values()):
            await room.break_silence(turns)
            await turns.pause()
