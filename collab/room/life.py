"""How far a room's life is, and who is told of it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from collab.interfaces import NewRow

if TYPE_CHECKING:
    from collab.room.room import Room


class RoomState(Enum):
    """A room exists from the moment its document is loaded."""

    OPEN = auto()
    DRAINING = auto()
    """No joins and no writes; what was accepted is being saved."""
    GONE = auto()
    """Not in the registry any more; nothing in it changes."""


class Owner(Protocol):
    """What a room tells the registry."""

    def room_idle(self, room: Room) -> None:
        """Nobody is in it, and nothing of it is unsaved."""

    def room_committed(self, room: Room, sequence: int, rows: tuple[NewRow, ...]) -> None:
        """These rows of it are in the log; the last has `sequence`."""

    def room_gone(self, room: Room) -> None:
        """The store says that there is no such document."""
