"""Those who are only there, and documents that are left again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from benchmarks.load.edits import typed
from benchmarks.stage import Figures, Goal, Scenario, Stage

KIB: Final = 1024
SERVERS: Final = ("collab", "hocuspocus", "y-websocket", "pycrdt")
SETTLE: Final = 5
SETTLE_LONG: Final = 45
"""Seconds in which every server has saved and forgotten what nobody uses."""
AT_ONCE: Final = 50
GROWTH: Final = 2.0
"""KiB for each document that was opened and left, beneath which it is noise of the allocator."""


async def _idle(stage: Stage, connections: int, rooms: int) -> Figures:
    crowd = stage.crowd()
    warm = await crowd.join_all([f"warm-{number}" for number in range(AT_ONCE)])
    for peer in warm:
        crowd.part(peer)
    await stage.rest(1)
    before = stage.rss()
    stage.pause()
    meter = stage.meter()
    await crowd.join_all([f"room-{n % rooms}" for n in range(connections)], AT_ONCE)
    joined = meter.cpu
    await stage.rest(SETTLE)
    memory = stage.rss()
    crowd.check()
    crowd.leave()
    return {
        "memory_per_connection": (memory - before) / connections,
        "cpu_per_connect": joined / connections,
        "rss": memory,
    }


async def _together(stage: Stage) -> Figures:
    return await _idle(stage, stage.size(4000, 100), 20)


async def _alone(stage: Stage) -> Figures:
    count = stage.size(2000, 50)
    return await _idle(stage, count, count)


async def _churn(stage: Stage) -> Figures:
    """A tenth of the documents first: what a server grows to in any case it has then."""
    count = stage.size(10_000, 40)
    await _visit(stage, "warm", count // 10)
    await stage.rest(SETTLE_LONG)
    before = stage.rss()
    stage.pause()
    meter = stage.meter()
    await _visit(stage, "document", count)
    cpu, most = meter.cpu, stage.rss()
    await stage.rest(SETTLE_LONG)
    after = stage.rss()
    return {
        "growth_per_document": (after - before) / count,
        "rss_before": before,
        "rss_during": most,
        "rss_after": after,
        "cpu_per_document": cpu / count,
        "rss": after,
    }


async def _visit(stage: Stage, name: str, count: int) -> None:
    """Open as many documents, write one edit, see it come back, and leave."""
    (edit,) = typed(1, 1)
    crowd, gate = stage.crowd(), asyncio.Semaphore(AT_ONCE)

    async def visit(number: int) -> None:
        async with gate:
            peer = await crowd.join(f"{name}-{number}", counts=True)
            back = asyncio.get_running_loop().create_future()
            assert peer.progress is not None
            peer.progress.on_new = lambda *_: back.set_result(None)
            peer.write(edit)
            async with asyncio.timeout(60):
                await back
            crowd.part(peer)

    await asyncio.gather(*(visit(number) for number in range(count)))
    crowd.check()


_PER_CONNECTION: Final = Goal("memory_per_connection", "memory per connection", "KiB", 1 / KIB, 0.7)

SCENARIOS: Final = (
    Scenario("idle-together", "4,000 idle connections in 20 rooms", _together,
             (_PER_CONNECTION, replace(_PER_CONNECTION, most=1.0, against="y-websocket")), SERVERS),
    Scenario("idle-alone", "2,000 idle connections, each in a room of its own", _alone,
             (_PER_CONNECTION,), SERVERS),
    Scenario("churn", "10,000 documents opened, edited once, left", _churn,
             (Goal("growth_per_document", "memory kept per document", "KiB", 1 / KIB, GROWTH,
                   against=None),),
             ("collab", "hocuspocus", "y-websocket")),
)  # fmt: skip
