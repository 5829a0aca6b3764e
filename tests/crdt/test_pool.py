"""The pool's life: lazy start, order, recycling, limits of its queue, its end, no orphans."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

import pytest

from collab.crdt.pool import WorkerPool
from collab.crdt.process import WorkerLimits
from collab.errors import Unavailable, WorkerDied

MODULE = "tests.crdt.faulty_worker"
REPOSITORY = Path(__file__).parents[2]

PARENT = """
import asyncio
from collab.crdt.pool import WorkerPool

async def main() -> None:
    pool = WorkerPool(1, module="tests.crdt.faulty_worker")
    (pid,) = await pool.call("pid", [])
    print(pid.decode(), flush=True)
    await pool.call("spin", [])

asyncio.run(main())
"""


async def test_children_start_with_the_first_request() -> None:
    """[WK14] a pool that is not used runs nothing, and one that is keeps its child."""
    pool = WorkerPool(1, module=MODULE)
    assert pool.pids == []
    first = await pool.call("pid", [])
    assert await pool.call("pid", []) == first
    assert pool.pids == [int(first[0])]
    await pool.aclose()


async def test_a_pool_can_be_warmed_up() -> None:
    """[WK14] one child is there before the first request, and takes it."""
    pool = WorkerPool(2, module=MODULE)
    pool.warm()
    pool.warm()
    async with asyncio.timeout(30):
        while not pool.pids:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    for _ in range(3):
        assert [int(pid) for pid in await pool.call("pid", [])] == pool.pids
    await pool.aclose()


async def test_a_request_waits_for_the_child_that_is_being_warmed_up() -> None:
    """[WK14] and needs no second one; two requests at once do."""
    pool = WorkerPool(2, module=MODULE)
    pool.warm()
    await pool.call("pid", [])
    assert len(pool.pids) == 1
    await asyncio.gather(pool.call("pid", []), pool.call("pid", []))
    assert len(pool.pids) == 2
    await pool.aclose()


async def test_a_pool_that_cannot_be_warmed_up_goes_on() -> None:
    """[WK14] what failed is tried again for the first request, and told to whoever asked."""
    pool = WorkerPool(1, module="tests.crdt.unstartable_worker")
    pool.warm()
    with pytest.raises(WorkerDied):
        await pool.call("pid", [])
    await pool.aclose()


async def test_no_child_is_left_after_the_end() -> None:
    """[WK14] the end takes idle and busy children with it, and fails what they worked on."""
    pool = WorkerPool(2, module=MODULE)
    await asyncio.gather(pool.call("pid", []), pool.call("pid", []))
    pids = pool.pids
    assert len(pids) == 2
    busy = asyncio.create_task(pool.call("hang", []))
    await _turns()
    await pool.aclose()
    with pytest.raises(WorkerDied):
        await busy
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    gc.collect()  # a pipe left open would warn here


async def test_waiting_requests_fail_at_the_end() -> None:
    """[WK14] requests that no child has taken yet fail with WorkerDied."""
    pool = WorkerPool(1, module=MODULE)
    calls = [asyncio.create_task(pool.call("hang", [])) for _ in range(5)]
    await _turns()
    await pool.aclose()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, WorkerDied) for result in results)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for children in /proc")
@pytest.mark.parametrize("turns", [1, 2, 3, 5, 10, 40])
async def test_the_end_in_the_middle_of_a_start(turns: int) -> None:
    """[WK14] a child that is just being started does not stay behind."""
    others = _children()  # servers that other tests use
    pool = WorkerPool(1, module=MODULE)
    call = asyncio.create_task(pool.call("pid", []))
    for _ in range(turns):
        await asyncio.sleep(0)
    await pool.aclose()
    with pytest.raises(WorkerDied):
        await call
    async with asyncio.timeout(10):
        while _children() - others:  # noqa: ASYNC110 - the event loop collects it, and does not say so
            await asyncio.sleep(0)
    gc.collect()


async def test_a_child_is_replaced_after_many_requests() -> None:
    """[WK15] a child serves so many requests and no more."""
    pool = WorkerPool(1, WorkerLimits(requests=3), module=MODULE)
    pids = [await pool.call("pid", []) for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    await pool.aclose()


async def test_the_queue_is_bounded() -> None:
    """[WK17] over the limit a request is refused at once, and the others are not touched."""
    pool = WorkerPool(1, module=MODULE, queue_limit=3)
    calls = [asyncio.create_task(pool.call("echo", [b"%d" % n])) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too many requests"):
        await asyncio.gather(*(pool.call("echo", []) for _ in range(3)))
    assert [await call for call in calls] == [(b"0",), (b"1",), (b"2",)]
    await pool.aclose()


async def test_requests_are_served_in_order() -> None:
    """[WK17] the longest-waiting request is next."""
    pool = WorkerPool(1, module=MODULE)
    finished: list[int] = []

    async def call(number: int) -> None:
        await pool.call("echo", [])
        finished.append(number)

    await asyncio.gather(*(call(number) for number in range(10)))
    assert finished == list(range(10))
    await pool.aclose()


async def test_large_payloads_leave_the_loop_free() -> None:
    """[WK19] tens of megabytes go both ways while the event loop keeps turning."""
    pool = WorkerPool(1, module=MODULE)
    await pool.call("pid", [])
    payload = bytes(range(256)) * (32 * 1024 * 4)
    echo = asyncio.create_task(pool.call("echo", [payload, b"", *[b"x"] * 10_000]))
    turns = 0
    while not echo.done():
        turns += 1
        await asyncio.sleep(0)
    assert await echo == (payload, b"", *[b"x"] * 10_000)
    assert turns > 100
    await pool.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel for the parent's death")
async def test_no_orphan_after_the_server_is_killed() -> None:
    """[WK14] kill -9 of the server takes a child along that is in the middle of work."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY
    )
    assert server.stdout is not None
    child = int(await server.stdout.readline())
    server.send_signal(signal.SIGKILL)
    await server.wait()
    async with asyncio.timeout(10):
        while _runs(child):  # noqa: ASYNC110 - it is not our child: nothing tells
            await asyncio.sleep(0)
    assert await server.stdout.read() == b""


def _children() -> set[int]:
    """Our own children that still run."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return {pid for pid in pids if _runs(pid) and _status(pid)[1] == str(os.getpid())}


def _runs(pid: int) -> bool:
    """Whether it is a process that is not merely waiting to be collected."""
    return _status(pid)[0] not in ("Z", "X")


def _status(pid: int) -> tuple[str, str]:
    """State and parent of a process; of one that is gone, as if it waited to be collected."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", ""
    state, parent = status.rpartition(")")[2].split()[:2]
    return state, parent


async def _turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)
