"""Updates in the log that no replica can place yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Prefix = Callable[[int], int]
"""How far the clocks of a client reach from zero without a gap."""


class Unresolved:
    """Bytes of updates whose clients wait: for earlier clocks of their own, or for structs of
    others that theirs were put next to.

    What follows such an update under the same client waits with it. What an update needs of
    others is charged to all clients it writes for: an update that is not understood yet says
    no more.
    """

    __slots__ = ("_needs", "sizes")

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        """Bytes by the clients that wait; mostly none, which is asked for each edit."""
        self._needs: dict[int, dict[int, int]] = {}

    @property
    def size(self) -> int:
        return sum(self.sizes.values())

    def waits(self, client: int) -> bool:
        """Whether structs of this client wait for those of others."""
        return client in self._needs

    def add(
        self, client: int, needs: Mapping[int, int], gapless: bool, size: int, prefix: Prefix
    ) -> None:
        """An update of `size` bytes was taken in, structs and all."""
        unmet = {other: clock for other, clock in needs.items() if prefix(other) <= clock}
        if unmet:
            mine = self._needs.setdefault(client, {})
            for other, clock in unmet.items():
                mine[other] = max(clock, mine.get(other, 0))
        if unmet or not gapless or client in self._needs:
            self.sizes[client] = self.sizes.get(client, 0) + size

    def include(self, other: Unresolved) -> None:
        """Take in what waits elsewhere; it may be the same."""
        for client, size in other.sizes.items():
            self.sizes[client] = max(size, self.sizes.get(client, 0))
        for client, needs in other._needs.items():
            mine = self._needs.setdefault(client, {})
            for needed, clock in needs.items():
                mine[needed] = max(clock, mine.get(needed, 0))

    def settle(self, gapless: Callable[[int], bool], prefix: Prefix) -> None:
        """Let go of all that can be placed by now."""
        for client in tuple(self.sizes):
            needs = self._needs.get(client, {})
            for other, clock in tuple(needs.items()):
                if prefix(other) > clock:
                    del needs[other]
            if not needs:
                self._needs.pop(client, None)
                if gapless(client):
                    del self.sizes[client]
