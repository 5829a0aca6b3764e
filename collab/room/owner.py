"""What a room tells the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collab.interfaces import NewRow
from collab.news import Present

if TYPE_CHECKING:
    from collab.room.room import Room


class Owner(Protocol):
    """The registry as a room sees it."""

    def room_idle(self, room: Room) -> None:
        """Nobody is in it, and nothing of it is unsaved."""

    def room_committed(self, room: Room, sequence: int, rows: tuple[NewRow, ...]) -> None:
        """These rows of it are in the log; the last has `sequence`."""

    def room_learned(self, room: Room) -> None:
        """It took in rows of other nodes."""

    def room_present(self, room: Room, states: tuple[Present, ...]) -> None:
        """These states of peers in it are new, or over."""

    def room_gone(self, room: Room) -> None:
        """The store says that there is no such document."""
