"""Peers with presence who do nothing: `benchmarks.presence_idle` as a scenario."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.presence_idle import SILENCE_SECONDS, measure
from benchmarks.stage import Figures, Goal, Scenario, Stage

PERCENT: Final = 100


async def _idle(stage: Stage) -> Figures:
    """The load is a process of its own here."""
    peers = stage.size(1000, 10)
    wire = "hocuspocus" if stage.kind.wire.addressed else "yjs"
    stage.make_room()
    stage.pause()
    outcome = await asyncio.to_thread(
        measure, stage.server, wire, peers, stage.size(30, 1), stage.size(25, 1)
    )
    if outcome.alive < peers or outcome.silence > SILENCE_SECONDS:
        raise RuntimeError(f"peers were lost, or not heard of: {outcome}")
    return {
        "cpu": outcome.cpu,
        "frames_per_second": outcome.frames,
        "bytes_per_second": outcome.megabytes * 1024 * 1024,
        "rss": outcome.memory,
        "load": outcome.load,
    }


SCENARIOS: Final = (
    Scenario("presence", "1,000 peers with presence in one room, idle", _idle,
             (Goal("cpu", "CPU of a core", "%", PERCENT, 0.25),), ("collab", "hocuspocus")),
)  # fmt: skip
