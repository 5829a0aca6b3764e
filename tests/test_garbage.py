"""When everything is looked through for cycles."""

from __future__ import annotations

import asyncio

from collab.admission.doors import Doors
from collab.garbage import LEFT, LOOK, collect_garbage
from tests.support.virtual import LoopClock, VirtualLoop


def test_it_is_done_as_peers_leave_and_not_as_they_come() -> None:
    async def test() -> None:
        doors, collected = Doors(10**6, 10**6), list[float]()
        clock = LoopClock()
        task = asyncio.create_task(
            collect_garbage(doors, clock, lambda: collected.append(clock.monotonic()))
        )
        for _ in range(2 * LEFT):
            doors.enter(None)
        await asyncio.sleep(10 * LOOK)
        assert collected == []
        for _ in range(LEFT - 1):
            doors.leave(None)
        await asyncio.sleep(10 * LOOK)
        assert collected == []  # there are more than left
        doors.leave(None)
        await asyncio.sleep(10 * LOOK)
        assert len(collected) == 1
        for _ in range(LEFT):
            doors.leave(None)
        await asyncio.sleep(10 * LOOK)
        assert len(collected) == 2
        task.cancel()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test())
