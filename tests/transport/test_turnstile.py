"""What is let into one turn of the event loop, and what waits for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from collab.transport.turnstile import BUDGET, Turnstile
from tests.support.peer import peer
from tests.support.virtual import VirtualLoop
from tests.transport.test_plain import HEAD
from tests.transport.test_uvicorn import opened, serving


class Work:
    """A turnstile, and works that take half of a turn's time each, as it sees it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.done: list[str] = []
        self.turnstile = Turnstile(lambda: self.now)
        self.loop = asyncio.get_running_loop()

    def do(self, name: str) -> None:
        self.now += BUDGET / 2
        self.done.append(name)

    def come(self, name: str) -> None:
        """As those do who take something in."""
        if self.turnstile.admits(self.loop):
            self.do(name)
        else:
            self.turnstile.wait(self.loop, partial(self.do, name))


def run(test: object) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test)  # type: ignore[arg-type]


def test_what_there_is_time_for_is_done_at_once_and_the_rest_in_order() -> None:
    async def test() -> None:
        work = Work()
        for name in "abcde":
            work.come(name)
        assert work.done == ["a", "b"]
        await asyncio.sleep(0)
        assert work.done == ["a", "b", "c", "d"]
        await asyncio.sleep(0)
        assert work.done == ["a", "b", "c", "d", "e"]

    run(test())


def test_who_comes_late_does_not_pass_those_who_wait() -> None:
    async def test() -> None:
        work = Work()
        for name in "abcd":
            work.come(name)
        work.now += 1
        work.come("e")
        await asyncio.sleep(0)
        work.come("f")
        assert work.done == ["a", "b", "c", "d"]
        for _ in range(3):
            await asyncio.sleep(0)
        assert work.done == ["a", "b", "c", "d", "e", "f"]

    run(test())


def test_each_turn_has_its_time_however_long_ago_the_last_one_was() -> None:
    async def test() -> None:
        work = Work()
        for name in "abcd":
            work.come(name)
            await asyncio.sleep(1)
        assert work.done == ["a", "b", "c", "d"]

    run(test())


def test_what_tasks_will_take_later_counts_now() -> None:
    async def test() -> None:
        work, begun = Work(), list[int]()

        def begin(number: int) -> None:
            work.turnstile.spend(BUDGET / 4)
            begun.append(number)

        admitted = [work.turnstile.admits(work.loop, BUDGET / 4) for _ in range(6)]
        assert admitted == [True] * 4 + [False] * 2
        for number in range(6):
            work.turnstile.wait(work.loop, partial(begin, number))
        await asyncio.sleep(0)
        assert begun == [0, 1, 2, 3]
        await asyncio.sleep(0)
        assert begun == [0, 1, 2, 3, 4, 5]

    run(test())


def test_one_that_takes_longer_than_a_turn_is_done_alone() -> None:
    async def test() -> None:
        work = Work()
        work.turnstile.wait(work.loop, lambda: work.turnstile.spend(10 * BUDGET))
        work.come("a")
        await asyncio.sleep(0)
        assert work.done == []
        await asyncio.sleep(0)
        assert work.done == ["a"]

    run(test())


def test_one_that_fails_is_not_the_others_end() -> None:
    async def test() -> None:
        work, told = Work(), list[object]()
        work.loop.set_exception_handler(lambda _, what: told.append(what["exception"]))

        def fail() -> None:
            raise RuntimeError("no")

        work.turnstile.wait(work.loop, fail)
        work.come("a")
        await asyncio.sleep(0)
        assert work.done == ["a"]
        assert [str(error) for error in told] == ["no"]

    run(test())


async def test_who_must_wait_at_each_step_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arriving, writing, leaving: nothing is lost on the way, not even what is sent last."""
    monkeypatch.setattr(Turnstile, "admits", lambda *_: False)
    async with serving(tmp_path) as address, peer(f"ws://{address}/ws", "crowd") as bob:
        await bob.join()

        async def visit(number: int) -> None:
            async with peer(f"ws://{address}/ws", "crowd") as ann:
                await ann.join()
                await ann.type(f"<{number}>")

        await asyncio.gather(*(visit(number) for number in range(20)))
        for number in range(20):
            await bob.sees(f"<{number}>")


async def test_who_is_gone_before_its_turn_is_not_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: asyncio.Queue[Callable[[], None]] = asyncio.Queue()
    monkeypatch.setattr(Turnstile, "admits", lambda *_: False)
    async with serving(tmp_path) as address:
        with monkeypatch.context() as held:
            held.setattr(Turnstile, "wait", lambda _, loop, work: waiting.put_nowait(work))
            reader, writer = await opened(address)
            writer.write(HEAD)
            work = await waiting.get()
            work.__self__.transport.abort()  # type: ignore[attr-defined] # of a method
            assert await reader.read() == b""
        work()
        assert waiting.empty()
        writer.close()
