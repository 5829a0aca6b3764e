"""When everything is looked through for cycles."""

from __future__ import annotations

import asyncio

from collab.admission.doors import Doors
from collab.garbage import LEFT, LOOK, SHARE, collect_garbage
from tests.support.virtual import LoopClock, VirtualLoop


def test_it_is_done_as_peers_leave_and_not_as_they_come() -> None:
    async def test() -> None:
        doors, collected = Doors(10**6, 10**6), list[float]()
        clock = LoopClock()
        task = asyncio.create_task(
            collect_garbage(doors, clock, lambda: collected.append(clock.monotonic()))
        )
        for _ in range(LEFT):
            doors.enter(None)
        for _ in range(LEFT // SHARE):
            doors.enter(None)
        await asyncio.sleep(10 * LOOK)
        assert collected == []
        for _ in range(LEFT - 1):
            doors.leave(None)
        await asyncio.sleep(10 * LOOK)
        assert collected == []
        for _ in range(3):  # the last that is needed, and two more
            doors.leave(None)
            await asyncio.sleep(0.9 * LOOK)
        assert collected == []  # it was not quiet
        await asyncio.sleep(10 * LOOK)
        assert len(collected) == 1
        await asyncio.sleep(10 * LOOK)
        assert len(collected) == 1
        task.cancel()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test())
