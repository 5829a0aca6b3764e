"""What waits for one connection, over all documents that it has open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

OVERHEAD: Final = 64
"""Bytes that a waiting frame costs besides its own."""
SHARED: Final = 64
"""Part of the limit that a session has to itself if nothing was said of the connection that it
shares with others."""


class Backlog:
    """An allowance in bytes, shared by the outboxes of one connection; `present` counts the
    presence states that wait in them.

    When it is over, all of them are asked to give back what can be made anew: only answers,
    which cannot, then count.
    """

    __slots__ = ("_limit", "_relief", "bytes", "present")

    def __init__(self, limit: int) -> None:
        self.bytes = 0
        self.present = 0
        self._limit = limit
        self._relief: tuple[Callable[[], None], ...] = ()

    def join(self, relieve: Callable[[], None]) -> None:
        """`relieve` is called when the allowance is over."""
        self._relief = (*self._relief, relieve)

    def leave(self, relieve: Callable[[], None]) -> None:
        self._relief = tuple(other for other in self._relief if other != relieve)

    def fits(self, size: int) -> bool:
        return self.bytes + size + OVERHEAD <= self._limit

    def add(self, size: int) -> None:
        self.bytes += size + OVERHEAD

    def remove(self, size: int) -> None:
        self.bytes -= size + OVERHEAD

    def relieve(self) -> None:
        for relieve in self._relief:
            relieve()
