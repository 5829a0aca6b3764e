"""Backplanes over a real Redis, faster than those of a service, and what is heard on them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from collab.backplane.gathering import GatheringLimits
from collab.backplane.redis import RedisBackplane, Timings
from collab.clock import SystemClock
from collab.news import Backplane, Event, Gone, Missed, News
from tests.support.waiting import Signal

FAST = Timings(beat=0.1, deaf=0.5, retry_first=0.02, retry_most=0.1)
"""A node is gone after half a second; a Redis that stands still is noticed as fast."""

LENIENT = replace(FAST, deaf=5.0)
"""For tests in which nothing fails, on a machine that is busy with others."""


class Ear:
    """Keeps what a subscription hears, and who said it."""

    def __init__(self, node: Backplane, wanted: Callable[[str], bool] | None = None) -> None:
        self.heard: list[tuple[str, Event]] = []
        self._changed = Signal()
        self.stop = node.subscribe(self._receive, wanted)

    def _receive(self, node: str, event: Event) -> None:
        self.heard.append((node, event))
        self._changed.fire()

    @property
    def news(self) -> list[Event]:
        """Without what a backplane says of itself."""
        return [event for _, event in self.heard if not isinstance(event, Missed | Gone)]

    def about(self, node: str) -> list[Event]:
        """What a backplane says of a node: Missed or Gone."""
        return [
            event for name, event in self.heard if name == node and isinstance(event, Missed | Gone)
        ]

    async def until(self, holds: Callable[[], bool], within: float = 15.0) -> None:
        await self._changed.until(holds, lambda: f"heard {self.heard!r}"[:2000], within)

    async def hears(self, *news: News) -> None:
        """Exactly these pieces of news, in this order."""
        await self.until(lambda: len(self.news) >= len(news))
        assert self.news == list(news)


def redis_end(
    url: str,
    prefix: str = "test",
    timings: Timings = FAST,
    limits: GatheringLimits | None = None,
    seed: int | None = None,
) -> RedisBackplane:
    """Not started."""
    chance = random.Random(seed) if seed is not None else random.SystemRandom()
    return RedisBackplane(url, prefix, SystemClock(), chance, timings, limits)


@asynccontextmanager
async def redis_ends(
    url: str, count: int, prefix: str = "test", timings: Timings = FAST
) -> AsyncIterator[tuple[RedisBackplane, ...]]:
    """Ends that have been started and have heard of each other."""
    async with AsyncExitStack() as stack:
        ends = []
        for _ in range(count):
            end = redis_end(url, prefix, timings)
            stack.push_async_callback(end.aclose)
            await end.start()
            ends.append(end)
        await soon(lambda: all(e.connected and e.stats.nodes == count - 1 for e in ends))
        yield tuple(ends)


async def soon(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Until it holds: for what no event tells. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
