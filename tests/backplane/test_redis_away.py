"""What a node notices, and how it goes on, when Redis dies, stands still, or lets go of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from collab.backplane.gathering import GatheringLimits
from collab.backplane.redis import RedisBackplane
from collab.news import Committed, Deleted, Gone, Missed, PresenceOf, Present, Said
from collab.protocol.awareness import AwarenessEntry
from tests.support.backplanes import Ear, redis_end, redis_ends, soon
from tests.support.proxy import proxy
from tests.support.redis import RedisProcess

BACK = 5.0
"""Seconds in which news passes again, once Redis is there again."""

Two = tuple[RedisBackplane, RedisBackplane]


@pytest.fixture
async def two(redis_server: RedisProcess) -> AsyncIterator[Two]:
    async with redis_ends(redis_server.url, 2) as (one, other):
        yield one, other


def kill(redis: RedisProcess) -> None:
    redis.kill()


def pause(redis: RedisProcess) -> None:
    redis.pause()


@pytest.mark.parametrize(
    ("away", "back"),
    [(kill, RedisProcess.start), (pause, RedisProcess.resume)],
    ids=["killed", "frozen"],
)
async def test_an_outage_is_noticed_and_survived(
    redis_server: RedisProcess,
    two: Two,
    away: Callable[[RedisProcess], None],
    back: Callable[[RedisProcess], object],
) -> None:
    """[CL9] [CL10] not connected, then connected again; subscribers are told that they missed
    something, and what was said meanwhile is heard or said to be missed."""
    one, other = two
    ear = Ear(other)
    away(redis_server)
    await soon(lambda: not one.connected and not other.connected, BACK)
    one.publish(Committed("d", 3, (b"row",)))
    assert not ear.heard
    back(redis_server)
    await soon(lambda: one.connected and other.connected, BACK)
    one.publish(Deleted("afterwards"))
    await ear.until(lambda: Deleted("afterwards") in ear.news, BACK)
    assert ear.heard[0] == ("", Missed())
    # Who is back first is not heard by the other; then the other is told once more.
    assert ear.news[0] == Committed("d", 3, (b"row",)) or (one.node, Missed()) in ear.heard
    assert one.stats.dropped == 0


async def test_a_second_outage_is_like_the_first(redis_server: RedisProcess, two: Two) -> None:
    """[CL10] for ever."""
    one, other = two
    for n in range(3):
        ear = Ear(other)
        redis_server.restart()
        await ear.until(lambda ear=ear: ("", Missed()) in ear.heard, BACK)  # type: ignore[misc]
        one.publish(Deleted(str(n)))
        await ear.until(lambda ear=ear, n=n: Deleted(str(n)) in ear.news, BACK)  # type: ignore[misc]
        ear.stop()


async def test_flushing_redis_changes_nothing(redis_server: RedisProcess, two: Two) -> None:
    """[CL11] nothing is kept there."""
    one, other = two
    ear = Ear(other)
    one.publish(Deleted("a"))
    redis_server.flush()
    one.publish(Deleted("b"))
    await ear.until(lambda: len(ear.heard) >= 2)
    assert ear.heard == [(one.node, Deleted("a")), (one.node, Deleted("b"))]
    assert redis_server.call("DBSIZE") == 0


async def test_a_listener_that_is_cut_off_has_missed_something(
    redis_server: RedisProcess, two: Two
) -> None:
    """[CL10] of anyone; it is told once it hears again, and not before."""
    one, other = two
    ear = Ear(other)
    assert redis_server.cut_subscribers() == 2
    await ear.until(lambda: bool(ear.heard), BACK)
    assert ear.heard[0] == ("", Missed())
    one.publish(Deleted("a"))
    await ear.until(lambda: Deleted("a") in ear.news, BACK)


async def test_a_speaker_that_is_cut_off_says_it_again(
    redis_server: RedisProcess, two: Two
) -> None:
    """[CL12] nothing is lost, twice or out of order, and nobody has to look at the log."""
    one, other = two
    ear = Ear(other)
    said = [Said("d", str(n)) for n in range(300)]
    for n, news in enumerate(said):
        one.publish(news)
        if n % 100 == 50:
            await asyncio.sleep(0)
            redis_server.call("CLIENT", "KILL", "TYPE", "normal")
        await asyncio.sleep(0)
    await ear.until(lambda: len(ear.news) >= len(said), BACK)
    assert ear.news == said
    assert not ear.about(one.node)
    assert one.stats.reconnects >= 1
    assert one.stats.dropped == 0


async def test_a_listener_that_reads_too_slowly_is_repaired(redis_server: RedisProcess) -> None:
    """[CL10] Redis ends its connection once too much waits for it: it has missed something."""
    redis_server.limit_subscribers(4 << 20)
    async with proxy(redis_server.port) as line, redis_ends(redis_server.url, 1) as (one,):
        slow = redis_end(line.url)
        await slow.start()
        try:
            ear = Ear(slow)
            await soon(lambda: slow.stats.nodes == 1)
            line.hold()
            for n in range(60):
                one.publish(Said("d", f"{n} " + "x" * 500_000))
                await soon(lambda: one.stats.waiting_bytes == 0)
            await soon(lambda: slow.node not in clients(redis_server, "pubsub") and one.connected)
            line.go_on()
            await ear.until(lambda: ("", Missed()) in ear.heard, 2 * BACK)
            one.publish(Deleted("a"))
            await ear.until(lambda: Deleted("a") in ear.news, BACK)
            assert one.stats.dropped == 0
        finally:
            await slow.aclose()


def clients(redis: RedisProcess, kind: str) -> str:
    return str(redis.call("CLIENT", "LIST", "TYPE", kind))


async def test_memory_is_bounded_while_redis_stands_still(redis_server: RedisProcess) -> None:
    """[CL6] what is too much is dropped and counted; the others are told that they missed it."""
    limits = GatheringLimits(waiting_bytes=1 << 20)
    async with redis_ends(redis_server.url, 1) as (other,):
        one = redis_end(redis_server.url, limits=limits)
        await one.start()
        try:
            ear = Ear(other)
            await soon(lambda: other.stats.nodes == 1)
            redis_server.pause()
            most = 0
            for n in range(5000):
                one.publish(Said("d", f"{n} " + "x" * 1000))
                most = max(most, one.stats.waiting_bytes)
                if n % 100 == 0:
                    await asyncio.sleep(0)
            assert most <= limits.waiting_bytes
            assert one.stats.dropped > 2000
            redis_server.resume()
            one.publish(Deleted("at last"))
            await ear.until(lambda: Deleted("at last") in ear.news, BACK)
            assert (one.node, Missed()) in ear.heard
            missed = ear.heard.index((one.node, Missed()))
            assert missed < ear.heard.index((one.node, Deleted("at last")))
            assert one.stats.published == len(ear.news) + one.stats.dropped
        finally:
            await one.aclose()


async def test_a_start_does_not_wait_for_redis(
    redis_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """[CL13] it begins without, says so once, and goes on by itself."""
    redis_server.kill()
    node = redis_end(redis_server.url)
    began = time.monotonic()
    await node.start()
    try:
        assert time.monotonic() - began < 1
        assert not node.connected
        ear = Ear(node)
        redis_server.start()
        await soon(lambda: node.connected, BACK)
        await ear.until(lambda: ("", Missed()) in ear.heard)
    finally:
        await node.aclose()
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len([text for text in warnings if "Redis is away" in text]) == 1
    assert len([text for text in warnings if "hears other nodes" in text]) == 1


async def test_the_end_does_not_wait_for_redis(redis_server: RedisProcess, two: Two) -> None:
    """[CL3] a second or so for the goodbye, frozen or not."""
    one, other = two
    redis_server.pause()
    one.publish(Said("d", "x" * 900_000))
    began = time.monotonic()
    await asyncio.gather(one.aclose(), other.aclose())
    assert time.monotonic() - began < 3


async def test_a_node_that_dies_is_gone(redis_server: RedisProcess) -> None:
    """[CL8] without a goodbye, after some beats; one that is away for long comes back as one
    that was missed."""
    async with proxy(redis_server.port) as line, redis_ends(redis_server.url, 1) as (one,):
        dying = redis_end(line.url)
        await dying.start()
        try:
            ear = Ear(one)
            await soon(lambda: one.stats.nodes == 1)
            line.cut()
            await ear.until(lambda: (dying.node, Gone()) in ear.heard, BACK)
            assert one.stats.nodes == 0
            line.heal()
            await ear.until(lambda: ear.heard[-1:] == [(dying.node, Missed())], BACK)
        finally:
            await dying.aclose()


async def test_connections_to_two_worlds_are_noticed(
    redis_server: RedisProcess,
    new_redis: Callable[..., RedisProcess],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """[CL9] a node that listens at one server and speaks at another does not hear itself."""
    second = new_redis()
    url = f"redis+cluster://127.0.0.1:{redis_server.port},127.0.0.1:{second.port}"
    async with redis_ends(redis_server.url, 1), redis_ends(second.url, 1):
        node = redis_end(url)
        await node.start()
        try:
            await soon(lambda: node.stats.nodes > 0)
            await soon(lambda: node.stats.reconnects >= 2, BACK)
        finally:
            await node.aclose()
    assert "what is said does not come back" in caplog.text


async def test_reconnecting_leaves_nothing_behind(redis_server: RedisProcess, two: Two) -> None:
    """[CL10] no descriptors, tasks or clients."""
    one, other = two

    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    before, tasks = descriptors(), len(asyncio.all_tasks())
    for _ in range(20):
        reconnects = one.stats.reconnects + other.stats.reconnects
        redis_server.cut_everyone()
        await soon(
            lambda before=reconnects: (  # type: ignore[misc]
                one.stats.reconnects + other.stats.reconnects >= before + 4
                and one.connected
                and other.connected
            ),
            BACK,
        )
    await soon(lambda: descriptors() <= before, BACK)
    assert len(asyncio.all_tasks()) == tasks
    assert len(clients(redis_server, "pubsub").splitlines()) == 2


async def test_lag_is_measured_by_what_comes_back(two: Two) -> None:
    """[CL9] on the clock of one machine."""
    for end in two:
        await soon(lambda end=end: 0 < end.stats.lag < 1)  # type: ignore[misc]


async def test_many_states_are_carried_in_several_messages(two: Two) -> None:
    """[CL5] a document with thousands of peers."""
    one, other = two
    ear = Ear(other)
    states = tuple(Present(AwarenessEntry(n, 1, '"' + "x" * 2000 + '"')) for n in range(3000))
    one.publish(PresenceOf("d", states))
    one.publish(Deleted("end"))
    await ear.until(lambda: Deleted("end") in ear.news)
    heard = [s for news in ear.news if not isinstance(news, Deleted) for s in news.states]  # type: ignore[union-attr]
    assert tuple(heard) == states
    assert not ear.about(one.node)
    assert one.stats.messages_sent > 5
