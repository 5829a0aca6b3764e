"""How late the event loop is."""

from __future__ import annotations

import asyncio

from collab.measuring.loop import EVERY, LoopDelay
from tests.support.virtual import LoopClock


class LateClock(LoopClock):
    """Wakes who sleeps `late` seconds too late."""

    late = 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds + self.late)


async def test_lateness_is_measured() -> None:
    """[MT4] by how much a sleep takes too long, and nothing while it does not."""
    clock = LateClock()
    delay = LoopDelay(clock)
    looking = asyncio.create_task(delay.run())
    await asyncio.sleep(10 * EVERY + EVERY / 2)
    assert (delay.seconds.count, round(delay.seconds.sum, 6)) == (10, 0)
    clock.late = 0.3
    await asyncio.sleep(EVERY + 10 * (EVERY + 0.3))
    assert delay.seconds.count in (20, 21)
    assert 2.6 < delay.seconds.sum < 3.1
    looking.cancel()
