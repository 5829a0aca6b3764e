"""Moments to be called at: any number of them, in one task."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from collab.interfaces import Clock

T = TypeVar("T")

MOST_VOID: Final = 64
"""Moments that mean nothing, at most, where there are few others."""


class Alarms(Generic[T]):
    """Calls `ring(item)` when the clock has reached a moment, in monotonic seconds.

    Nothing is taken back: `holds(item, at)` says whether the moment still means something.
    `ring` must not raise.
    """

    def __init__(
        self,
        clock: Clock,
        ring: Callable[[T], None],
        holds: Callable[[T, float], bool],
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._holds = holds
        self._void = 0
        """Moments that mean nothing any more, about."""
        self._heap: list[tuple[float, int, T]] = []
        self._numbers = itertools.count()
        self._sooner = asyncio.Event()

    def set(self, at: float, item: T) -> None:
        if not self._heap or at < self._heap[0][0]:
            self._sooner.set()
        heapq.heappush(self._heap, (at, next(self._numbers), item))

    def voided(self) -> None:
        """A moment that was set means nothing any more. What is set for those who are gone is
        let go of once it is half of all."""
        self._void += 1
        if self._void > MOST_VOID and self._void > len(self._heap) // 2:
            self._void = 0
            self._heap = [entry for entry in self._heap if self._holds(entry[2], entry[0])]
            heapq.heapify(self._heap)

    async def run(self) -> None:
        """Ring until cancelled."""
        while True:
            while self._heap and self._heap[0][0] <= self._clock.monotonic():
                at, _, item = heapq.heappop(self._heap)
                if self._holds(item, at):
                    self._ring(item)
                elif self._void:
                    self._void -= 1
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
