"""Background tasks have an owner."""

from __future__ import annotations

import asyncio

import pytest

from collab.room.tasks import Tasks
from collab.room.waiting import wait_for
from tests.room.house import settle
from tests.support.virtual import LoopClock


async def test_a_failing_task_is_logged_and_ends_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """[RM4] one failure is counted, and the others go on."""
    tasks, done = Tasks(), asyncio.Event()

    async def fail() -> None:
        raise ValueError("on purpose")

    async def work() -> None:
        await asyncio.sleep(1)
        done.set()

    tasks.spawn(fail(), "failing")
    tasks.spawn(work(), "working")
    await settle(2)
    assert done.is_set()
    assert tasks.failures == 1
    assert "failing failed" in caplog.text
    await tasks.aclose()


async def test_closing_ends_all_and_takes_none() -> None:
    """[RM18] after the close nothing runs, whatever a task does at its end."""
    tasks, ends = Tasks(), list[str]()

    async def work(name: str) -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            tasks.spawn(work("late"), "late")
            ends.append(name)

    tasks.spawn(work("first"), "first")
    await settle()
    await tasks.aclose()
    assert ends == ["first"]
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(("set_after", "ended"), [(1.0, 1.0), (9.0, 3.0)])
async def test_waiting_ends_at_the_event_or_in_time(set_after: float, ended: float) -> None:
    """[RM18] whichever comes first."""
    clock, event = LoopClock(), asyncio.Event()
    asyncio.get_running_loop().call_later(set_after, event.set)
    await wait_for(event, 3.0, clock)
    assert clock.monotonic() == pytest.approx(ended)
    event.set()
    await wait_for(event, 3.0, clock)
    assert clock.monotonic() == pytest.approx(ended)
