"""Many deadlines of one length, on one timer."""

from __future__ import annotations

import asyncio

import pytest

from collab.transport.deadlines import Deadlines, Limit, limits
from tests.support.virtual import VirtualLoop


def run(test: object) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test)  # type: ignore[arg-type]


def test_each_rings_in_its_time_and_once() -> None:
    async def test() -> None:
        loop, rung = asyncio.get_running_loop(), list[tuple[str, float]]()
        start = loop.time()
        deadlines = Deadlines[str](5, lambda who: rung.append((who, loop.time() - start)))
        deadlines.begin("ann", loop)
        await asyncio.sleep(2)
        deadlines.begin("bob", loop)
        deadlines.begin("ann", loop)  # keeps the one that it has
        deadlines.begin("cat", loop)
        await asyncio.sleep(1)
        deadlines.end("cat")
        deadlines.end("nobody")
        await asyncio.sleep(20)
        assert [who for who, _ in rung] == ["ann", "bob"]
        assert [at for _, at in rung] == pytest.approx([5, 7], abs=0.01)
        deadlines.begin("ann", loop)
        await asyncio.sleep(6)
        assert rung[-1][0] == "ann"
        assert len(rung) == 3

    run(test())


def test_who_rings_may_begin_again() -> None:
    async def test() -> None:
        loop, rung = asyncio.get_running_loop(), list[float]()

        def ring(who: str) -> None:
            rung.append(loop.time())
            if len(rung) < 3:
                deadlines.begin(who, loop)

        deadlines = Deadlines[str](5, ring)
        deadlines.begin("ann", loop)
        await asyncio.sleep(60)
        assert len(rung) == 3

    run(test())


def test_one_that_fails_is_not_the_others_end() -> None:
    async def test() -> None:
        loop, failed, rung = asyncio.get_running_loop(), list[object](), list[str]()
        loop.set_exception_handler(lambda _loop, what: failed.append(what["exception"]))

        def ring(who: str) -> None:
            rung.append(who)
            if who == "ann":
                raise ValueError

        deadlines = Deadlines[str](5, ring)
        for who in ("ann", "bob"):
            deadlines.begin(who, loop)
        await asyncio.sleep(6)
        deadlines.begin("cat", loop)
        await asyncio.sleep(6)
        assert rung == ["ann", "bob", "cat"]
        assert len(failed) == 1

    run(test())


def test_a_part_of_a_task_that_takes_too_long_is_ended() -> None:
    async def test() -> None:
        loop, shared = asyncio.get_running_loop(), limits(5)
        with Limit(shared, loop):
            await asyncio.sleep(4)
        with pytest.raises(TimeoutError), Limit(shared, loop):
            await asyncio.sleep(60)
        await asyncio.sleep(10)  # nothing is left of it
        with pytest.raises(KeyError), Limit(shared, loop):
            raise KeyError

    run(test())


def test_who_is_cancelled_besides_stays_cancelled() -> None:
    async def test() -> None:
        loop, shared = asyncio.get_running_loop(), limits(5)

        async def work() -> None:
            with Limit(shared, loop):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        loop.call_at(loop.time() + 5, task.cancel)
        with pytest.raises((asyncio.CancelledError, TimeoutError)):
            await task

    run(test())
