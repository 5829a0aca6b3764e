"""How the peers of a room that is over are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collab.interfaces import Clock
from collab.protocol.close import CloseCode
from collab.room.tasks import Tasks
from collab.room.turns import FEW, Turns

if TYPE_CHECKING:
    from collab.room.room import Room


async def close_peers(room: Room, turns: Turns, code: CloseCode, reason: str) -> None:
    """Close them, each behind what was said to all; who waits for that takes nothing more. If
    this is cancelled, all are closed at once."""
    try:
        for session in tuple(room.sessions):
            room.unsent.bring(session)
            session.close(code, reason)
            await turns.pause()
    finally:
        _close(room, code, reason)


def _close(room: Room, code: CloseCode, reason: str) -> None:
    for session in tuple(room.sessions):
        session.close(code, reason)


class Parting:
    """Closes the peers of one room after the other, while nobody waits for that."""

    def __init__(self, clock: Clock, tasks: Tasks) -> None:
        self._clock = clock
        self._tasks = tasks
        self._rooms: dict[Room, tuple[CloseCode, str]] = {}
        """Those with peers that are yet to be closed."""

    def begin(self, room: Room, code: CloseCode, reason: str) -> None:
        if len(room.sessions) <= FEW:
            _close(room, code, reason)
            return
        self._rooms[room] = code, reason
        self._tasks.spawn(self.finish(), "closing peers")

    async def finish(self) -> None:
        """Return once all are closed."""
        turns = Turns(self._clock)
        while self._rooms:
            room = next(iter(self._rooms))
            try:
                await close_peers(room, turns, *self._rooms[room])
            finally:
                self._rooms.pop(room, None)
