"""The pool when children crash, hang, eat memory or say too much: real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from collab.crdt.pool import WorkerPool
from collab.crdt.process import WorkerLimits
from collab.errors import LimitExceeded, WorkerDied, WorkerError

MODULE = "tests.crdt.faulty_worker"


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """One child, so that what follows a fault meets what the fault left behind."""
    pool = WorkerPool(1, WorkerLimits(memory=256 * 1024 * 1024), module=MODULE)
    yield pool
    await pool.aclose()


@pytest.fixture
async def hasty_pool() -> AsyncIterator[WorkerPool]:
    """Requests may take a second."""
    pool = WorkerPool(1, WorkerLimits(seconds=1), module=MODULE)
    yield pool
    await pool.aclose()


async def test_killed_in_the_middle_of_a_request(pool: WorkerPool) -> None:
    """[WK13] kill -9 of the child costs the request under way, and the next has a new child."""
    (before,) = await pool.call("pid", [])
    hanging = asyncio.create_task(pool.call("hang", []))
    await _until_busy(hanging)
    os.kill(int(before), signal.SIGKILL)
    with pytest.raises(WorkerDied, match="SIGKILL"):
        await hanging
    (after,) = await pool.call("pid", [])
    assert after != before
    assert pool.deaths == 1


async def test_killed_while_idle(pool: WorkerPool) -> None:
    """[WK13] a child that died between requests is replaced before the next one."""
    (before,) = await pool.call("pid", [])
    os.kill(int(before), signal.SIGKILL)
    while pool.pids:  # noqa: ASYNC110 - an idle pool has nothing to await
        await asyncio.sleep(0)
    (after,) = await pool.call("pid", [])
    assert after != before
    assert pool.deaths == 1


@pytest.mark.parametrize("operation", ["hang", "spin"])
async def test_an_overrun_is_killed(hasty_pool: WorkerPool, operation: str) -> None:
    """[WK15] a request over the wall time fails with WorkerDied, and its child is gone."""
    (before,) = await hasty_pool.call("pid", [])
    with pytest.raises(WorkerDied, match=r"longer than 1 s"):
        await hasty_pool.call(operation, [])
    assert not _alive(int(before))
    assert await hasty_pool.call("echo", [b"on"]) == (b"on",)


async def test_a_memory_bomb(pool: WorkerPool) -> None:
    """[WK15] memory over the limit ends the child, not the machine."""
    with pytest.raises(WorkerDied, match="out of memory"):
        await pool.call("bomb", [])
    assert await pool.call("echo", [b"on"]) == (b"on",)


@pytest.mark.parametrize(
    ("operation", "reason"), [("crash", "SIGABRT"), ("leave", "exit status 5")]
)
async def test_a_crash(pool: WorkerPool, operation: str, reason: str) -> None:
    """[WK13] a child that ends itself costs one request, and the reason is told."""
    with pytest.raises(WorkerDied, match=reason):
        await pool.call(operation, [])
    assert await pool.call("echo", [b"on"]) == (b"on",)


async def test_prints_do_not_reach_the_frames(
    pool: WorkerPool, capfd: pytest.CaptureFixture[str]
) -> None:
    """[WK16] what a library prints is dropped, and stdin is empty for it."""
    assert await pool.call("print", []) == (b"",)
    assert await pool.call("echo", [b"on"]) == (b"on",)
    assert "noise" not in "".join(capfd.readouterr())


async def test_unforeseen_errors_do_not_quote_documents(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    """[WK16] an unforeseen exception is named, its text is not passed on or logged."""
    with pytest.raises(WorkerError) as caught:
        await pool.call("fail", [b"x"])
    assert str(caught.value) == "fail failed: ValueError"
    assert "secret" not in caplog.text


async def test_typed_errors_keep_their_type(pool: WorkerPool) -> None:
    """[WK13] what an operation raises from the tree of errors arrives as that."""
    with pytest.raises(LimitExceeded, match="too much"):
        await pool.call("refuse", [])


async def test_children_get_no_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[WK16] the server's environment, where keys and passwords may be, stays with it."""
    monkeypatch.setenv("COLLAB_TOKEN_KEY", "hush")
    pool = WorkerPool(1, module=MODULE)
    (names,) = await pool.call("environment", [])
    await pool.aclose()
    assert b"PATH" in names
    assert b"COLLAB_TOKEN_KEY" not in names


async def test_limits_are_set(pool: WorkerPool) -> None:
    """[WK15] no core dumps, bounded memory, bounded processor time."""
    core, memory, processor = map(int, await pool.call("limits", []))
    assert core == 0
    assert 0 < memory < 4 * 1024**3
    assert 0 < processor < 120


async def test_a_cancelled_caller_leaves_no_answer_behind(pool: WorkerPool) -> None:
    """[WK17] the child that worked for it is killed, and the next caller gets its own."""
    (before,) = await pool.call("pid", [])
    hanging = asyncio.create_task(pool.call("hang", []))
    await _until_busy(hanging)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await pool.call("echo", [b"mine"]) == (b"mine",)
    assert not _alive(int(before))


async def test_a_cancelled_caller_in_the_queue_is_passed_over(pool: WorkerPool) -> None:
    """[WK17] a request whose caller left before its turn is not run."""
    (child,) = await pool.call("pid", [])
    large = asyncio.create_task(pool.call("echo", [bytes(4_000_000)]))
    waiting = asyncio.create_task(pool.call("leave", []))
    last = asyncio.create_task(pool.call("pid", []))
    await _until_busy(last)
    waiting.cancel()
    assert await large == (bytes(4_000_000),)
    assert await last == (child,)


@pytest.mark.parametrize("seed", range(3))
async def test_random_cancellation_never_mixes_answers(pool: WorkerPool, seed: int) -> None:
    """[WK17] callers that leave at any moment do not shift the answers of others."""
    calls = [asyncio.create_task(pool.call("echo", [b"%d" % n])) for n in range(30)]
    for turn in range(30):
        await asyncio.sleep(0)
        if turn % 10 == seed:
            calls[turn].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    for number, result in enumerate(results):
        assert isinstance(result, asyncio.CancelledError) or result == (b"%d" % number,)


async def test_children_that_do_not_start(caplog: pytest.LogCaptureFixture) -> None:
    """[WK18] a failed start is a clear error, and not tried again at once."""
    pool = WorkerPool(1, module="tests.crdt.unstartable_worker")
    with pytest.raises(WorkerDied, match=r"do not start: .* exit status 9"):
        await pool.call("echo", [])
    with pytest.raises(WorkerDied, match="next try in"):
        await pool.call("echo", [])
    assert len(caplog.records) == 1
    await pool.aclose()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _until_busy(call: asyncio.Task[tuple[bytes, ...]]) -> None:
    """Let a request reach its child: it is in the pipe after these turns of the loop."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert not call.done()
