"""TCP connections, counted before anything else is known of them."""

from __future__ import annotations

from typing import Final

from collab.admission.addresses import counted_as

ROOM: Final = 2
"""TCP connections for each WebSocket that is allowed: requests need some, and so does who is
told that there is no room."""


class Doors:
    """Counts by the address of the TCP peer, which behind a proxy is the proxy's: one on this
    machine has no limit of its own, any other must be within the limit of an address."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._open: dict[str, int] = {}
        self.open = 0
        self.left = 0
        """How many ended so far."""
        self.refused = 0

    def enter(self, client: tuple[str, int] | None) -> bool:
        """Count a connection, also one that is refused: `leave` follows for each. Whether it
        may stay."""
        self.open += 1
        key = None if client is None else counted_as(client[0])
        count = 0
        if key is not None:
            count = self._open[key] = self._open.get(key, 0) + 1
        stays = self.open <= self._most and count <= self._most_per_address
        self.refused += not stays
        return stays

    def leave(self, client: tuple[str, int] | None) -> None:
        self.open -= 1
        self.left += 1
        key = None if client is None else counted_as(client[0])
        if key is not None:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
