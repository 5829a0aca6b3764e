"""Who else is there, and whether all that they said was heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

SILENT_BEATS: Final = 5
"""Beats of our own in which a node says nothing before it counts as gone, about ten seconds.
Counted in beats, not seconds: after this process itself stood still, what the others said
meanwhile waits to be read, and they are not to blame."""

MAX_NODES: Final = 1000


class Hearing(Enum):
    NEXT = auto()
    AGAIN = auto()
    """It was heard before: publishing is repeated when it is not known to have been done."""
    NEW = auto()
    """Something before it was said while we were not there to hear it."""
    GAP = auto()
    """Something before it did not come."""
    CROWDED = auto()
    """One node more than are known at once."""


@dataclass(slots=True)
class _Other:
    number: int
    quiet: int = 0


class Roster:
    """The other nodes, by what number each has come to."""

    def __init__(self) -> None:
        self._others: dict[str, _Other] = {}

    def __len__(self) -> int:
        return len(self._others)

    def heard(self, node: str, number: int) -> Hearing:
        other = self._others.get(node)
        if other is None:
            if len(self._others) >= MAX_NODES:
                return Hearing.CROWDED
            self._others[node] = _Other(number)
            return Hearing.NEXT if number == 1 else Hearing.NEW
        before, other.number, other.quiet = other.number, number, 0
        if number == before:
            return Hearing.AGAIN
        # A number that went back is a gap too: its order cannot be told.
        return Hearing.NEXT if number == before + 1 else Hearing.GAP

    def left(self, node: str) -> None:
        self._others.pop(node, None)

    def beat(self) -> list[str]:
        """Called at each beat of our own while others can be heard; who is gone since."""
        for other in self._others.values():
            other.quiet += 1
        gone = [name for name, other in self._others.items() if other.quiet >= SILENT_BEATS]
        for name in gone:
            del self._others[name]
        return gone

    def resume(self) -> None:
        """Others can be heard again: nobody was silent while they could not."""
        for other in self._others.values():
            other.quiet = 0
