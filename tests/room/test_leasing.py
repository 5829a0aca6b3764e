"""Work under a lease: alone, renewed, ended, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest

from collab.errors import LeaseLost, StorageError
from collab.interfaces import Lease
from collab.leasing import Held, Leasing
from collab.storage.memory_leases import MemoryLeases
from tests.room.house import settle
from tests.support.virtual import LoopClock


class Leases(MemoryLeases):
    """Remembers what it was asked, and may be out of reach."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.asked: list[str] = []
        self.down = False

    async def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        self._ask("take")
        return await super().take(name, holder, seconds)

    async def renew(self, lease: Lease, seconds: float) -> None:
        self._ask("renew")
        await super().renew(lease, seconds)

    async def release(self, lease: Lease) -> None:
        self._ask("release")
        await super().release(lease)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise StorageError("down")


@pytest.fixture
def leases() -> Leases:
    return Leases()


def node(leases: Leases, name: str = "one") -> Leasing:
    return Leasing(leases, name, LoopClock(), seconds=30)


def sleeping(seconds: float) -> Callable[[Held], Coroutine[None, None, None]]:
    async def work(_held: Held) -> None:
        await asyncio.sleep(seconds)

    return work


async def test_work_is_done_by_one(leases: Leases) -> None:
    """[LS8] the other is told at once, and may do it when the first is done."""
    first = asyncio.create_task(node(leases).run("work", sleeping(5)))
    await settle()
    assert await node(leases, "two").run("work", sleeping(5)) is False
    assert await node(leases, "two").run("other work", sleeping(0)) is True
    assert await first is True
    assert await node(leases, "two").run("work", sleeping(0)) is True


async def test_long_work_keeps_its_lease(leases: Leases) -> None:
    """[LS8] it is renewed while the work lasts, and released after."""
    working = asyncio.create_task(node(leases).run("work", sleeping(99.5)))
    for _ in range(9):
        await settle(11)
        assert await leases.take("work", "two", 30) is None
    assert await working is True
    assert leases.asked.count("renew") == 9
    assert leases.asked[-1] == "release"
    assert await leases.take("work", "two", 30) is not None


async def test_work_that_fails_releases_its_lease(leases: Leases) -> None:
    """[LS8] and its error is the caller's."""

    async def fail(_held: Held) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await node(leases).run("work", fail)
    assert leases.asked == ["take", "release"]


async def test_the_caller_that_goes_takes_the_work_along(leases: Leases) -> None:
    """[LS8] nothing of it runs on, and the lease is free."""
    ended = asyncio.Event()

    async def work(_held: Held) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(1000)
        ended.set()

    running = asyncio.create_task(node(leases).run("work", work))
    await settle(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    assert await leases.take("work", "two", 30) is not None


async def test_work_whose_lease_was_taken_is_cancelled(leases: Leases) -> None:
    """[LS9] as soon as it is known; what the other has is left alone."""
    working = asyncio.create_task(node(leases).run("work", sleeping(1000)))
    await settle(1)
    await leases.take("work", "one", 30)  # as the same holder would after a failed take
    await settle(10)
    assert working.done()
    with pytest.raises(LeaseLost):
        await working
    assert await leases.take("work", "two", 30) is None


async def test_work_that_cannot_renew_ends_with_its_time(leases: Leases) -> None:
    """[LS9] a store that cannot be reached tells nobody that the lease has passed on."""
    working = asyncio.create_task(node(leases).run("work", sleeping(1000)))
    await settle(15)  # renewed at 10
    leases.down = True
    await settle(24)
    assert not working.done()
    await settle(2)
    with pytest.raises(LeaseLost, match="in time"):
        await working


async def test_a_short_outage_costs_nothing(leases: Leases) -> None:
    """[LS9] a renewal that failed is tried again."""
    working = asyncio.create_task(node(leases).run("work", sleeping(60)))
    await settle(9)
    leases.down = True
    await settle(15)
    leases.down = False
    assert await working is True


async def test_the_last_transaction_ends_the_lease(leases: Leases) -> None:
    """[LS7] then there is nothing to release, nor, while it runs, to renew: its own end is not
    taken for another's."""

    async def work(held: Held) -> None:
        await held.finish(commit(held.lease))

    async def commit(lease: Lease) -> None:
        leases.end(lease)
        await asyncio.sleep(100)

    assert await node(leases).run("work", work) is True
    assert leases.asked == ["take"]


async def test_a_last_transaction_that_fails_leaves_the_lease_to_be_released(
    leases: Leases,
) -> None:
    """[LS8] so that another need not wait for its time to end."""

    async def work(held: Held) -> None:
        await held.finish(commit())

    async def commit() -> None:
        raise StorageError("full")

    with pytest.raises(StorageError, match="full"):
        await node(leases).run("work", work)
    assert leases.asked == ["take", "release"]


async def test_a_renewal_under_way_at_the_end_of_the_work(leases: Leases) -> None:
    """[LS7] it finds the lease gone, and the work has done nothing wrong."""
    renew, reached, proceed = leases.renew, asyncio.Event(), asyncio.Event()

    async def late(lease: Lease, seconds: float) -> None:
        reached.set()
        await proceed.wait()
        await renew(lease, seconds)

    leases.renew = late  # type: ignore[method-assign]

    async def work(held: Held) -> None:
        await reached.wait()
        await held.finish(commit(held.lease))

    async def commit(lease: Lease) -> None:
        leases.end(lease)
        proceed.set()
        await asyncio.sleep(1)

    assert await node(leases).run("work", work) is True


async def test_a_store_that_is_down_gives_no_lease(leases: Leases) -> None:
    """[LS8] the error is the caller's, and nothing runs."""
    leases.down = True
    with pytest.raises(StorageError, match="down"):
        await node(leases).run("work", sleeping(1))


async def test_a_failed_release_is_no_failure_of_the_work(leases: Leases) -> None:
    """[LS8] the time of the lease ends it."""
    leases_down_at_the_end = sleeping(1)

    async def work(held: Held) -> None:
        await leases_down_at_the_end(held)
        leases.down = True

    assert await node(leases).run("work", work) is True
    leases.down = False
    await settle(31)
    assert await leases.take("work", "two", 30) is not None
