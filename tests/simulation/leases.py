"""Leases with seeded delays and failures: nodes that find them taken, lose them, forget them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from collab.errors import LeaseLost
from collab.interfaces import Clock, Lease
from collab.leasing import Leasing
from collab.storage.memory_leases import MemoryLeases
from tests.simulation.store import Faults, troubled

T = TypeVar("T")


class SeededLeases:
    """`Leases` that may fail before or after the effect of any call. A release that fails leaves
    what a killed node leaves: a lease that others wait out."""

    def __init__(self, leases: MemoryLeases, rng: random.Random, faults: Faults) -> None:
        self._leases = leases
        # Of its own, and without a draw: the rest of a seed's course stays as it is.
        self._rng = random.Random()
        self._rng.setstate(rng.getstate())
        self._faults = faults
        self.seconds = self._rng.choice([0.1, 0.5, 30.0])
        self.seen: Counter[str] = Counter()

    async def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        lease = await self._call(lambda: self._leases.take(name, holder, seconds))
        self.seen["busy" if lease is None else "taken"] += 1
        return lease

    async def renew(self, lease: Lease, seconds: float) -> None:
        try:
            await self._call(lambda: self._leases.renew(lease, seconds))
            self.seen["renewed"] += 1
        except LeaseLost:
            self.seen["lost"] += 1
            raise

    async def release(self, lease: Lease) -> None:
        await self._call(lambda: self._leases.release(lease))

    async def _call(self, effect: Callable[[], Awaitable[T]]) -> T:
        return await troubled(effect, self._rng, self._faults)

    def leasing(self, holder: str, clock: Clock) -> Leasing:
        return Leasing(self, holder, clock, self.seconds)
