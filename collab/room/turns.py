"""What is done to many rooms or peers, so that others have the event loop in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from collab.interfaces import Clock
from collab.protocol.close import CloseCode

if TYPE_CHECKING:
    from collab.room.room import Room

TURN: Final = 0.005
"""Seconds of work on end."""


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


async def close_peers(room: Room, turns: Turns, code: CloseCode, reason: str) -> None:
    """Close the peers of a room that is over; who waits for that takes nothing more. If this is
    cancelled, all are closed at once."""
    try:
        for session in tuple(room.sessions):
            session.close(code, reason)
            await turns.pause()
    finally:
        room.close(code, reason)


async def break_silence(rooms: Mapping[str, Room], clock: Clock, seconds: float) -> None:
    """Every so many seconds, until cancelled."""
    while True:
        await clock.sleep(seconds)
        turns = Turns(clock)
        for room in tuple(rooms.values()):
            await room.break_silence(turns)
            await turns.pause()
