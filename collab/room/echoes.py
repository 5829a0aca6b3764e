"""Presence that comes back from those it was sent to."""

from __future__ import annotations

from typing import Final

PRESENCE: Final = b"\x01"
"""How the body of a presence frame begins, on every wire."""
REMEMBERED: Final = 16
LARGEST: Final = 16 * 1024


class Echoes:
    """The last presence frames that were sent to all, to know them again.

    Many Yjs clients send back every state that they hear. In a room of a thousand that is a
    thousand frames for each one sent, mostly the same bytes; reading them would cost more than
    all else that the room does. Whose own state is in a frame sends back the others only: such
    a frame is read, and found to say nothing new.
    """

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames: dict[bytes, None] = {}

    def sent(self, body: bytes) -> None:
        if len(body) > LARGEST:
            return
        self._frames[body] = None
        if len(self._frames) > REMEMBERED:
            del self._frames[next(iter(self._frames))]

    def forget(self) -> None:
        """Somebody left: who comes back may say what it said last."""
        self._frames.clear()

    def holds(self, body: bytes) -> bool:
        return body.startswith(PRESENCE) and body in self._frames
