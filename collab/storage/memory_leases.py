"""Leases in memory, for tests and simulations."""

from __future__ import annotations

from collab.interfaces import Clock, Lease
from collab.storage.leases import PRUNE_EVERY, check_request, lost, over


class MemoryLeases:
    """`Leases` of nodes that share a process, by its clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[Lease, str, float]] = {}
        """By name: the lease, its holder, and when it ends."""
        self._fence = 0

    async def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        check_request(name, seconds)
        now = self._clock.time()
        if name in self._held:
            _, other, expires = self._held[name]
            if other != holder and not over(expires, now):
                return None
        self._fence += 1
        lease = Lease(name, self._fence)
        self._held[name] = lease, holder, now + seconds
        if self._fence % PRUNE_EVERY == 0:
            self._held = {n: held for n, held in self._held.items() if not over(held[2], now)}
        return lease

    async def renew(self, lease: Lease, seconds: float) -> None:
        check_request(lease.name, seconds)
        self.require(lease)
        _, holder, _ = self._held[lease.name]
        self._held[lease.name] = lease, holder, self._clock.time() + seconds

    async def release(self, lease: Lease) -> None:
        self.end(lease)

    # --- Inside the transaction of what a lease protects -------------------------------

    def require(self, lease: Lease) -> None:
        """Raises LeaseLost."""
        found = self._held.get(lease.name)
        if found is None or found[0] != lease or over(found[2], self._clock.time()):
            raise lost(lease)

    def end(self, lease: Lease) -> None:
        if lease.name in self._held and self._held[lease.name][0] == lease:
            del self._held[lease.name]
