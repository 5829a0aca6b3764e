"""Redis killed, frozen, flushed and restarted under three nodes; and two nodes cut apart.

What was acknowledged or seen is kept (A), each token is there once (B), all replicas end equal
(C), and memory, descriptors and health come back to where they were (D).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.faults.durable import stored_documents, text_of, tokens_of, update_of
from tests.faults.nodes import Footprint, Nodes, reach_everyone, running, spread_typists
from tests.faults.typists import Typists, check_end
from tests.support.proxy import proxy
from tests.support.redis import RedisProcess
from tests.support.yjs_peers import YjsPeers, yjs_peers

PEERS = 20


def every(seconds: float) -> int:
    """Milliseconds between two tokens of one client: all clients are in one process, which is to
    have time left when much was typed."""
    return 400 if seconds < 10 else 1000


BACK = 5.0
"""Seconds after the return of Redis in which all that was typed until then is seen by all."""

BY_THE_LOG = 15.0
"""Seconds in which it is seen without Redis."""

GROWTH = 48 * 1024
"""KiB that a node may have grown by: its document did."""


Record = Callable[[str, float], None]


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """Keeps seconds with the report of the test."""

    def keep(name: str, seconds: float) -> None:
        record_property(name, round(seconds, 2))
        print(f"{name}: {seconds:.2f} s")  # noqa: T201 - shown by pytest -s

    return keep


def killed(redis: RedisProcess) -> Callable[[], object]:
    redis.kill()
    return redis.start


def frozen(redis: RedisProcess) -> Callable[[], object]:
    redis.pause()
    return redis.resume


def flushed(redis: RedisProcess) -> Callable[[], object]:
    redis.flush()
    return redis.flush


def restarted(redis: RedisProcess) -> Callable[[], object]:
    redis.stop()
    return redis.start


@pytest.mark.node
@pytest.mark.timeout(280)
@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.faults)])
async def test_redis_delays_edits_and_nothing_else(
    redis_server: RedisProcess, tmp_path: Path, seconds: float, record: Record
) -> None:
    """[CL16] [CL10] three nodes, twenty peers, one document."""
    urls = [redis_server.url] * 3
    async with running(tmp_path / "data", urls) as nodes, yjs_peers() as yjs:
        group = await spread_typists(yjs, nodes, "outage/one", PEERS, every(seconds))
        record("quiet", await reach_everyone(group, BACK))
        before = nodes.footprints()
        for outage in (killed, frozen, flushed, restarted):
            bring_back = outage(redis_server)
            await asyncio.sleep(seconds if outage is frozen else seconds / 4)
            bring_back()
            record(outage.__name__, await reach_everyone(group, BACK))
            await nodes.become("ready")
        await check_end(yjs, nodes.all[0].url, nodes.data_dir, group)
        check_footprints(nodes, before)


def check_footprints(nodes: Nodes, before: list[Footprint]) -> None:
    """They are where they were, but for the document."""
    for was, now in zip(before, nodes.footprints(), strict=True):
        assert now.memory <= was.memory + GROWTH, (was, now)
        assert now.descriptors <= was.descriptors + 8, (was, now)


@pytest.mark.node
@pytest.mark.timeout(280)
@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.faults)])
async def test_nodes_that_are_cut_apart_meet_in_the_log(
    redis_server: RedisProcess, tmp_path: Path, seconds: float, record: Record
) -> None:
    """[CL16] both go on, each for its peers and for those of the other; then one is killed, and
    the log alone has all that anyone was told is saved, or saw."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(proxy(redis_server.port)) for _ in range(2)]
        nodes = await stack.enter_async_context(
            running(tmp_path / "data", [line.url for line in lines])
        )
        yjs = await stack.enter_async_context(yjs_peers())
        group = await spread_typists(yjs, nodes, "apart/one", 8, every(seconds))
        await reach_everyone(group, BACK)
        read_only = await reader_and_writer(yjs, nodes, "apart/two")
        for line in lines:
            line.cut()
        await asyncio.sleep(seconds)
        record("by the log", await reach_everyone(group, BY_THE_LOG))
        record("by a look at the log", await read_only())
        assert await nodes.readiness() == ["degraded", "degraded"]
        nodes.all[0].kill()
        await check_log(nodes, group)
        survivors = group.peers[1::2]
        safe = sorted(group.safe)
        await asyncio.gather(*(peer.contains(*safe, within=BY_THE_LOG) for peer in survivors))
        await asyncio.to_thread(nodes.all[0].start)
        record("after the kill", await reach_everyone(group, 2 * BY_THE_LOG))
        for line in lines:
            line.heal()
        await nodes.become("ready")
        record("healed", await reach_everyone(group, BACK))
        await check_end(yjs, nodes.all[1].url, nodes.data_dir, group)


async def reader_and_writer(
    yjs: YjsPeers, nodes: Nodes, document: str
) -> Callable[[], Awaitable[float]]:
    """Of a document that nobody edits at the reader's node, so that nothing there tells of a
    hole in the log. A way to write and to wait until it is read, and the seconds that takes."""
    writer = await yjs.open("writer", nodes.all[0].url, document)
    reader = await yjs.open("reader", nodes.all[1].url, document)
    await asyncio.gather(writer.synced(), reader.synced())

    async def write() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await writer.insert(0, "read me")
        await reader.contains("read me", within=BY_THE_LOG)
        return loop.time() - began

    return write


async def check_log(nodes: Nodes, group: Typists) -> None:
    """Before the clients of the killed node are back, and could bring again what was lost."""
    await group.take_account()
    (stored,) = await stored_documents(nodes.data_dir, group.document)
    group.check(tokens_of(text_of(update_of(stored))), "after the kill")
