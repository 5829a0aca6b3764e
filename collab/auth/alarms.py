"""Moments to be called at: any number of them, in one task."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Generic, TypeVar

from collab.interfaces import Clock

T = TypeVar("T")


class Alarms(Generic[T]):
    """Calls `ring(item, at)` when the clock has reached `at`, in monotonic seconds.

    Nothing is taken back: whoever is rung knows whether the moment still means something.
    `ring` must not raise.
    """

    def __init__(self, clock: Clock, ring: Callable[[T, float], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._heap: list[tuple[float, int, T]] = []
        self._numbers = itertools.count()
        self._sooner = asyncio.Event()

    def set(self, at: float, item: T) -> None:
        if not self._heap or at < self._heap[0][0]:
            self._sooner.set()
        heapq.heappush(self._heap, (at, next(self._numbers), item))

    async def run(self) -> None:
        """Ring until cancelled."""
        while True:
            while self._heap and self._heap[0][0] <= self._clock.monotonic():
                at, _, item = heapq.heappop(self._heap)
                self._ring(item, at)
            self._sooner.clear()
            if self._heap:
                await self._sleep(self._heap[0][0] - self._clock.monotonic())
            else:
                await self._sooner.wait()

    async def _sleep(self, seconds: float) -> None:
        """Wait, or until an earlier moment was set."""
        loop = asyncio.get_running_loop()
        ends = (
            loop.create_task(self._clock.sleep(max(0.0, seconds)), name="alarm"),
            loop.create_task(self._sooner.wait(), name="sooner"),
        )
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
