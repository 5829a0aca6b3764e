"""What peers who come back say again, byte for byte."""

from __future__ import annotations

from typing import Final

from collab.protocol.update import UpdateFacts

KEPT: Final = 16
KEPT_BYTES: Final = 512 * 1024
NOTHING: Final = UpdateFacts({}, {}, 0)
"""The facts of an update as far as anything in it is new: nothing."""


class Repeats:
    """The latest updates that brought nothing new when they were read. A document only grows, so
    they never will again.

    Every Yjs client that reconnects sends its whole delete set. To read it takes milliseconds for
    a large document, and clients that were cut off together all send the same.
    """

    __slots__ = ("_bytes", "_kept")

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._bytes = 0

    def holds(self, update: bytes) -> bool:
        return update in self._kept

    def add(self, update: bytes) -> None:
        """The document, with what is pending, has all that this valid update holds."""
        if len(update) > KEPT_BYTES or self.holds(update):
            return
        self._kept.append(update)
        self._bytes += len(update)
        while self._bytes > KEPT_BYTES or len(self._kept) > KEPT:
            self._bytes -= len(self._kept.pop(0))

    def forget(self) -> None:
        """Give the memory back."""
        self._kept.clear()
        self._bytes = 0
