"""How long the committer lets edits gather."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from collab.interfaces import Append
from collab.room.committer import CREDIT, LONGEST_PAUSE, SHARE, Committer
from collab.room.limits import RoomLimits
from collab.storage.memory import MemoryStore
from tests.room.test_committer import Room
from tests.support.passing_store import PassingStore
from tests.support.virtual import LoopClock

TICK = 0.00025


class Store(PassingStore):
    """Takes so many seconds for each commit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(MemoryStore(LoopClock()))
        self.seconds = seconds
        self.began: list[float] = []

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        self.began.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.seconds)
        return [1 for _ in batch]


@asynccontextmanager
async def running(store: Store) -> AsyncIterator[Callable[[], None]]:
    """A committer at work, and the way to write."""
    committer = Committer(store, LoopClock(), random.Random(1), RoomLimits())
    task, room = asyncio.ensure_future(committer.run()), Room("r")

    def write() -> None:
        room.pending += 1
        committer.offer(room, 1)

    yield write
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _write(
    write: Callable[[], None], seconds: float, every: float, rest: float = 0.1
) -> list[float]:
    loop = asyncio.get_running_loop()
    end, times = loop.time() + seconds, []
    while loop.time() < end:
        times.append(loop.time())
        write()
        await asyncio.sleep(every)
    await asyncio.sleep(rest)
    return times


async def test_where_it_is_quiet_nothing_waits() -> None:
    """[RM2] an edit that comes alone is committed at once, also behind a few others."""
    store = Store(0.001)
    async with running(store) as write:
        times = await _write(write, 1.0, 0.01)
        assert store.began == pytest.approx(times)
        store.began.clear()
        times = await _write(write, 4 * 0.0015, 0.0015)
        assert store.began == pytest.approx(times)


@pytest.mark.parametrize("seconds", [0.0005, 0.001, 0.002])
async def test_a_busy_committer_keeps_to_its_share(seconds: float) -> None:
    """[RM2] commits take a quarter of the time, however small they are."""
    store = Store(seconds)
    async with running(store) as write:
        await _write(write, 1.0, TICK)
    most = (1.0 + CREDIT) * SHARE / seconds
    assert 0.8 * most < len(store.began) < 1.05 * most + 1


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0])
async def test_a_slow_store_holds_nobody_up_for_longer(seconds: float) -> None:
    """[RM2] the pause has an end, and is no debt: after it all is as before."""
    store = Store(seconds)
    async with running(store) as write:
        await _write(write, 2.5, TICK, rest=2.1)
        pauses = [b - a - seconds for a, b in zip(store.began, store.began[1:], strict=False)]
        assert max(pauses) <= LONGEST_PAUSE + 2 * TICK
        store.seconds = 0.001
        store.began.clear()
        times = await _write(write, 0.1, 0.02)
        assert store.began == pytest.approx(times)
