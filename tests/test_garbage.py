"""When the collector of cycles looks, and at what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from collab.admission.doors import Doors
from collab.garbage import FEW, HOUR, LEFT, PATIENCE, SHARE, STEP, STEPS, collect_garbage
from tests.support.virtual import LoopClock, VirtualLoop

QUIET = 10 * STEP * STEPS


class Run:
    """It runs, from 1000 blocks of memory on."""

    def __init__(self) -> None:
        self.doors = Doors(10**6, 10**6)
        self.blocks = 1000
        self.new = 0
        """How often the new objects were looked at, and the same of all."""
        self.all = 0
        self._task = asyncio.create_task(
            collect_garbage(self.doors, LoopClock(), self._collect, lambda: self.blocks)
        )

    def _collect(self, generation: int) -> None:
        assert generation in {1, 2}
        self.new += generation == 1
        self.all += generation == 2

    def come(self, count: int) -> None:
        for _ in range(count):
            self.doors.enter(None)

    def leave(self, count: int) -> None:
        for _ in range(count):
            self.doors.leave(None)

    def end(self) -> None:
        self._task.cancel()


def run(test: Callable[[Run], Awaitable[None]]) -> None:
    async def main() -> None:
        run = Run()
        await asyncio.sleep(0)
        await test(run)
        run.end()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def test_all_is_looked_through_as_peers_leave_and_not_as_they_come() -> None:
    async def test(run: Run) -> None:
        run.come(LEFT + LEFT // SHARE)
        await asyncio.sleep(QUIET)
        assert run.all == 0
        run.leave(LEFT - 1)
        await asyncio.sleep(QUIET)
        assert run.all == 0
        for _ in range(3):  # the last that is needed, and two more
            run.leave(1)
            await asyncio.sleep(0.9 * STEP * STEPS)
        assert run.all == 0  # it was not quiet
        await asyncio.sleep(QUIET)
        assert run.all == 1
        await asyncio.sleep(QUIET)
        assert run.all == 1

    run(test)


def test_new_objects_are_looked_at_by_the_clock() -> None:
    async def test(run: Run) -> None:
        await asyncio.sleep(10.5 * STEP)
        assert (run.new, run.all) == (10, 0)

    run(test)


def test_without_anyone_who_leaves_all_is_looked_through_each_hour() -> None:
    async def test(run: Run) -> None:
        await asyncio.sleep(HOUR - 1)
        assert run.all == 0
        await asyncio.sleep(2)
        assert run.all == 1
        await asyncio.sleep(HOUR)
        assert run.all == 2

    run(test)


def test_while_there_is_much_it_waits_but_not_forever() -> None:
    async def test(run: Run) -> None:
        run.come(PATIENCE * LEFT)
        run.blocks += FEW + 1
        run.leave(PATIENCE * LEFT - 1)
        await asyncio.sleep(QUIET)
        assert run.all == 0
        run.leave(1)
        await asyncio.sleep(2 * STEP)
        assert run.all == 1
        run.come(LEFT)
        run.leave(LEFT)
        await asyncio.sleep(QUIET)
        assert run.all == 1
        run.blocks -= 1
        await asyncio.sleep(2 * STEP)
        assert run.all == 2

    run(test)
