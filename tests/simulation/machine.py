"""One node of a run, and how it dies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from collab.interfaces import Clock
from collab.news import Committed, News, PresenceChanged, PresenceOf
from collab.room.limits import RoomLimits
from collab.room.registry import Registry
from tests.simulation.leases import SeededLeases
from tests.simulation.net import Air, LossyBackplane
from tests.simulation.store import Faults, SeededStore, StoreOfNode, worker_faults
from tests.support.inline_worker import InlineWorker

TRAPS = ["append", "compact", "load", "read", "sequences", "committed", "presence"]


@dataclass(slots=True)
class Trap:
    """The node dies at the last of so many of these: a call of the store, or news."""

    what: str
    left: int


class Machine:
    def __init__(
        self,
        store: SeededStore,
        leases: SeededLeases,
        air: Air,
        clock: Clock,
        rng: random.Random,
        faults: Faults,
        limits: RoomLimits,
        died: Callable[[Machine], None],
    ) -> None:
        self.trap: Trap | None = None
        self.backplane = LossyBackplane(air)
        self.backplane.dying = self._dies_speaking
        self._died = died
        self.registry = Registry(
            StoreOfNode(store, self._dies),
            InlineWorker(worker_faults(rng, faults)),
            self.backplane,
            clock,
            random.Random(rng.random()),
            limits,
            leasing=leases.leasing(self.backplane.node, clock),
        )

    async def start(self) -> None:
        await self.backplane.start()
        await self.registry.start()

    async def crash(self) -> None:
        self.backplane.die()
        await self.registry.aclose()

    async def drain(self, seconds: float) -> bool:
        saved = await self.registry.drain(seconds)
        await self.registry.aclose()
        await self.backplane.aclose()
        return saved

    def _dies(self, what: str) -> bool:
        """Whether it is dead, from this step on at the latest."""
        trap = self.trap
        if trap is not None and trap.what == what:
            trap.left -= 1
            if trap.left <= 0:
                self.trap = None
                self.backplane.die()
                asyncio.get_running_loop().call_soon(self._died, self)
        return self.backplane.dead

    def _dies_speaking(self, news: News) -> bool:
        match news:
            case Committed():
                return self._dies("committed")
            case PresenceChanged() | PresenceOf():
                return self._dies("presence")
            case _:
                return self._dies("something")
