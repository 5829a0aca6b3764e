"""A server that is started."""

from __future__ import annotations

import time
from typing import Final

from benchmarks.stage import Figures, Goal, Scenario, Stage, percentile

SERVERS: Final = ("collab", "hocuspocus", "y-websocket", "pycrdt")
STARTS: Final = 5
MOST_SECONDS: Final = 1.0


async def _start(stage: Stage) -> Figures:
    """From the start of the process to the first peer that is in; the database is there already,
    but for the first time."""
    samples, cpu = [], []
    first = stage.started
    for number in range(stage.size(STARTS, 1)):
        stage.restart()
        began, crowd = time.perf_counter(), stage.crowd()
        await crowd.join(f"start-{number}")
        samples.append(stage.started + time.perf_counter() - began)
        cpu.append(stage.used())
        crowd.check()
        crowd.leave()
    return {
        "seconds": percentile(samples, 50),
        "seconds_anew": first,
        "cpu": percentile(cpu, 50),
        "rss": stage.rss(),
    }


SCENARIOS: Final = (
    Scenario("start", "a server is started", _start,
             (Goal("seconds", "time to the first peer", "s", 1.0, MOST_SECONDS, against=None),),
             SERVERS),
)  # fmt: skip
