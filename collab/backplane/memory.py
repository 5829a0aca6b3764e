"""Hints between the nodes of one process; a node that is alone needs nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collab.interfaces import Hint


class MemoryHub:
    """What the ends that were made with it have in common."""

    def __init__(self) -> None:
        self.ends: list[MemoryBackplane] = []


class MemoryBackplane:
    """One node's end of a hub; without a hub it has no others.

    Hints arrive in a later step of the loop, never inside `publish`, so that a publisher is
    not entered again before it is done.
    """

    def __init__(self, hub: MemoryHub | None = None) -> None:
        self._hub = hub if hub is not None else MemoryHub()
        self._hub.ends.append(self)
        self._receivers: list[Callable[[Hint], None]] = []

    def publish(self, hint: Hint) -> None:
        for end in self._hub.ends:
            if end is not self and end._receivers:
                asyncio.get_running_loop().call_soon(end._hand_out, hint)

    def subscribe(self, receive: Callable[[Hint], None]) -> Callable[[], None]:
        self._receivers.append(receive)

        def stop() -> None:
            if receive in self._receivers:
                self._receivers.remove(receive)

        return stop

    def _hand_out(self, hint: Hint) -> None:
        for receive in tuple(self._receivers):
            receive(hint)
