"""When serving processes are started, started again, and given up."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from collab.backoff import Backoff
from collab.supervisor import FIRST_PAUSE, LONGEST_PAUSE, STABLE_SECONDS, TRIES, Supervisor
from tests.support.virtual import LoopClock

PATIENCE = 15.0


class FakeProcess:
    """Ends as the test says; SIGTERM ends it at once unless it is `stubborn`."""

    def __init__(self, number: int, restarts: int) -> None:
        self.number = number
        self.restarts = restarts
        self.pid = 1000 + number
        self.signals: list[signal.Signals] = []
        self.stubborn = False
        self.started = asyncio.get_running_loop().time()
        self._ready = asyncio.Event()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def serve(self) -> None:
        self._ready.set()

    def end(self, code: int) -> None:
        self._code.set_result(code)

    async def ready(self) -> bool:
        ready = asyncio.ensure_future(self._ready.wait())
        waits: set[asyncio.Future[Any]] = {ready, self._code}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        return self._ready.is_set()

    async def ended(self) -> int:
        return await asyncio.shield(self._code)

    def send(self, number: signal.Signals) -> None:
        self.signals.append(number)
        if self._code.done():
            return
        if number == signal.SIGKILL:
            self._code.set_result(-signal.SIGKILL)
        elif not self.stubborn:
            self._code.set_result(0 if self._ready.is_set() else -number)


class Stage:
    """A supervisor of three; `made` has every process that it started, in order."""

    def __init__(self) -> None:
        self.made: list[FakeProcess] = []
        self.announced = 0
        self.serve_at_once = False
        self.fail_with: int | None = None
        self.supervisor = Supervisor(
            3,
            self._start,
            self._announce,
            LoopClock(),
            Backoff(FIRST_PAUSE, LONGEST_PAUSE, random.Random(1)),
            PATIENCE,
        )
        self.running = asyncio.create_task(self.supervisor.run())

    def _start(self, number: int, restarts: int) -> FakeProcess:
        process = FakeProcess(number, restarts)
        if self.serve_at_once:
            process.serve()
        elif self.fail_with is not None:
            process.end(self.fail_with)
        self.made.append(process)
        return process

    def _announce(self) -> None:
        self.announced += 1

    @property
    def alive(self) -> list[FakeProcess]:
        found = self.supervisor.running.values()
        return sorted(
            (p for p in found if isinstance(p, FakeProcess)), key=lambda process: process.number
        )

    async def all_serve(self) -> None:
        self.serve_at_once = True
        for process in self.made:
            process.serve()
        await settle()
        assert [process.number for process in self.alive] == [0, 1, 2]

    async def finish(self) -> int:
        self.supervisor.stop()
        return await self.running


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await settle()
    yield stage
    stage.supervisor.stop()
    stage.supervisor.stop()
    await stage.running


async def test_the_first_starts_alone_and_all_are_announced_once(stage: Stage) -> None:
    """[WN1] [WN3] nobody else migrates the database meanwhile."""
    await asyncio.sleep(60)
    assert [process.number for process in stage.made] == [0]
    stage.made[0].serve()
    await settle()
    assert [process.number for process in stage.made] == [0, 1, 2]
    stage.made[2].serve()
    await settle()
    assert stage.announced == 0
    stage.made[1].serve()
    await settle()
    assert stage.announced == 1
    stage.serve_at_once = True
    stage.made[1].end(-signal.SIGKILL)
    await asyncio.sleep(FIRST_PAUSE)
    assert len(stage.alive) == 3
    assert stage.announced == 1


@pytest.mark.parametrize(("code", "exit_code"), [(1, 1), (2, 2), (-9, 1), (0, 1), (77, 1)])
async def test_a_first_start_that_fails_ends_it(stage: Stage, code: int, exit_code: int) -> None:
    """[WN3] what is wrong is wrong for all, and has been complained of."""
    stage.made[0].end(code)
    assert await stage.running == exit_code
    assert [process.number for process in stage.made] == [0]
    assert stage.announced == 0


async def test_a_later_one_that_cannot_start_ends_the_others(stage: Stage) -> None:
    """[WN3] half of what was asked for is not announced."""
    stage.made[0].serve()
    await settle()
    stage.made[1].serve()
    stage.made[2].end(2)
    assert await stage.running == 2
    assert stage.made[0].signals[0] == stage.made[1].signals[0] == signal.SIGTERM
    assert stage.announced == 0


async def test_who_dies_is_started_again_and_again_after_longer_pauses(stage: Stage) -> None:
    """[WN2] the others are left alone, and restarts are counted."""
    await stage.all_serve()
    pauses = []
    for restarts in range(1, 9):
        stage.alive[1].end(-signal.SIGSEGV)
        died = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        assert [process.number for process in stage.alive] == [0, 2]
        await asyncio.sleep(LONGEST_PAUSE)
        again = stage.alive[1]
        assert (again.number, again.restarts) == (1, restarts)
        pauses.append(again.started - died)
    for tries, pause in enumerate(pauses):
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
        assert longest / 2 <= pause <= longest
    assert len(set(pauses)) == len(pauses)
    assert all(process.signals == [] for process in stage.alive)


async def test_who_served_for_long_is_soon_there_again(stage: Stage) -> None:
    """[WN2] a death a day is no reason for a long pause."""
    await stage.all_serve()
    for _ in range(20):
        await asyncio.sleep(STABLE_SECONDS)
        stage.alive[0].end(1)
        await asyncio.sleep(FIRST_PAUSE)
        assert len(stage.alive) == 3


async def test_while_one_serves_the_others_are_tried_for_ever(stage: Stage) -> None:
    """[WN2] a service that works with less is no reason to end it."""
    await stage.all_serve()
    stage.serve_at_once, stage.fail_with = False, 1
    for process in stage.alive[1:]:
        process.end(1)
    await asyncio.sleep(100 * LONGEST_PAUSE)
    assert not stage.running.done()
    assert len(stage.made) > 100
    stage.serve_at_once = True
    await asyncio.sleep(LONGEST_PAUSE)
    assert len(stage.alive) == 3


async def test_it_gives_up_when_none_serves_and_none_can_be_started(stage: Stage) -> None:
    """[WN3] whoever started us may know better."""
    await stage.all_serve()
    stage.serve_at_once, stage.fail_with = False, 2
    for process in stage.alive:
        process.end(-signal.SIGKILL)
    assert await stage.running == 1
    assert len(stage.made) == 3 + TRIES


async def test_stop_tells_all_at_once_and_waits(stage: Stage) -> None:
    """[WN4] one SIGTERM each: a second would end them before they have saved."""
    await stage.all_serve()
    for process in stage.alive:
        process.stubborn = True
    living = stage.alive
    stage.supervisor.stop()
    await asyncio.sleep(PATIENCE / 2)
    assert [process.signals for process in living] == [[signal.SIGTERM]] * 3
    for process in living:
        process.end(0)
    assert await stage.running == 0
    assert len(stage.made) == 3


async def test_a_second_stop_ends_all(stage: Stage) -> None:
    """[WN4] who cannot wait need not."""
    await stage.all_serve()
    for process in stage.alive:
        process.stubborn = True
    stage.supervisor.stop()
    await settle()
    stage.supervisor.stop()
    assert await stage.running == 1


async def test_who_does_not_end_is_killed(stage: Stage) -> None:
    """[WN4] a stop takes a bounded time."""
    await stage.all_serve()
    stage.alive[2].stubborn = True
    stuck = stage.alive[2]
    started = asyncio.get_running_loop().time()
    assert await stage.finish() == 1
    assert asyncio.get_running_loop().time() - started == pytest.approx(PATIENCE)
    assert stuck.signals == [signal.SIGTERM, signal.SIGKILL]


async def test_stop_while_they_start(stage: Stage) -> None:
    """[WN4] who has no handler yet ends by the signal, and that is no failure."""
    assert await stage.finish() == 0
    assert [process.number for process in stage.made] == [0]


async def test_stop_while_one_is_to_be_started_again(stage: Stage) -> None:
    """[WN4] it is not."""
    await stage.all_serve()
    stage.alive[0].end(1)
    await settle()
    assert await stage.finish() == 0
    assert len(stage.made) == 3
