"""Several processes and nodes: what they serve, and what that costs.

    python -m benchmarks.scaling [--quick]

Documents spread over one and over two workers of `collab serve`, on PostgreSQL and Redis; and a
room of 2,000 viewers on two nodes. The load, the database and Redis run on the same machine, so
edits a second say less than CPU per edit: with a core for each worker, and others for the rest,
twice the CPU that one worker needs for an edit over what two need is what a second one brings.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.load.crowd import Crowd
from benchmarks.load.wires import COLLAB
from benchmarks.load.writers import FlatOut, Paced, Script, Times, delivered, paced
from benchmarks.measure import cpu_seconds, rss_bytes
from benchmarks.servers import UNLIMITED
from benchmarks.stage import percentile
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.redis import RedisProcess, redis_process
from tests.support.server import ServerProcess

ROOMS: Final = 100
PEERS: Final = 3
"""In each room; one of them writes."""
EDITS: Final = 24_000
WINDOW: Final = 20
"""Edits of one writer that are under way."""
VIEWERS: Final = 2000
RATE: Final = 10.0
"""Edits a second of the one writer."""
SECONDS: Final = 10.0
FIRST_CLIENT: Final = 1000
QUIET: Final = 2.0
"""Seconds between the joins and the writing."""
MICRO: Final = 1e6


@dataclass(frozen=True, slots=True)
class Stage:
    """What is measured, and what it stands on."""

    nodes: list[ServerProcess]
    postgres: PostgresServer
    redis: RedisProcess

    @property
    def addresses(self) -> list[str]:
        return [node.url.removeprefix("http://") for node in self.nodes]


class Bill:
    """CPU time of each part since it was made."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._began, self._at = self._now(), asyncio.get_running_loop().time()

    def say(self, what: str, edits: int, deliveries: int, more: str = "") -> None:
        seconds = asyncio.get_running_loop().time() - self._at
        spent = [now - then for now, then in zip(self._now(), self._began, strict=True)]
        collab, postgres, redis, load = (MICRO * each / edits for each in spent)
        rss = sum(rss_bytes(node.pid) for node in self._stage.nodes) / 2**20
        _say(
            f"{what}: {edits / seconds:,.0f} edits/s, {deliveries / seconds:,.0f} deliveries/s; "
            f"CPU per edit {collab:,.0f} us Collab, {postgres:,.0f} us PostgreSQL, "
            f"{redis:,.0f} us Redis, {load:,.0f} us load; {rss:,.0f} MiB Collab{more}"
        )

    def _now(self) -> list[float]:
        nodes = sum(cpu_seconds(node.pid) for node in self._stage.nodes)
        others = (self._stage.postgres.pid, self._stage.redis.pid, os.getpid())
        return [nodes, *(cpu_seconds(pid) for pid in others[:2]), time.process_time()]


async def spread(stage: Stage, edits: int) -> None:
    """Every room has a writer flat out; whoever accepts a connection serves it."""
    (address,) = stage.addresses
    crowd = Crowd(address, COLLAB)
    script = Script([FIRST_CLIENT], edits // ROOMS)
    writers = []
    for room in range(ROOMS):
        members = await crowd.join_all([f"room-{room}"] * PEERS, counts=True)
        frames = script.frames(members[0], FIRST_CLIENT)
        writers.append(FlatOut(members[0], FIRST_CLIENT, frames, WINDOW))
    await asyncio.sleep(QUIET)
    bill = Bill(stage)
    for writer in writers:
        writer.start()
    each = edits // ROOMS
    await delivered(crowd.peers, [each] * len(crowd.peers))
    bill.say("spread documents", each * ROOMS, each * ROOMS * PEERS)
    crowd.check()
    crowd.leave()


async def viewers(stage: Stage, count: int) -> None:
    """One writes, all others read, half of them on each node."""
    times = Times()
    crowds = [Crowd(address, COLLAB) for address in stage.addresses]
    for crowd in crowds:
        for peer in await crowd.join_all(["all"] * (count // len(crowds)), counts=True):
            assert peer.progress is not None
            times.listen(peer.progress, {FIRST_CLIENT: 0})
    author = await crowds[0].join("all", counts=True)
    script = Script([FIRST_CLIENT], round(RATE * SECONDS))
    pen = Paced(0, author, script.frames(author, FIRST_CLIENT))
    await asyncio.sleep(QUIET)
    bill = Bill(stage)
    edits = await paced([pen], RATE, SECONDS, times)
    peers = [peer for crowd in crowds for peer in crowd.peers]
    await delivered(peers, [edits] * len(peers))
    p50, p99 = (1e3 * percentile(times.samples, part) for part in (50, 99))
    late = f"; p50 {p50:.0f} ms, p99 {p99:.0f} ms; all {len(peers):,} peers have all edits"
    bill.say(f"{count:,} viewers on {len(crowds)} nodes", edits, edits * len(peers), late)
    for crowd in crowds:
        crowd.check()
        crowd.leave()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling")
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    part = 10 if parser.parse_args().quick else 1
    with PostgresServer() as postgres, redis_process() as redis:
        postgres.make_template()
        for workers in (1, 2):
            with _stage(postgres, redis, 1, workers) as stage:
                _say(f"{workers} worker{'s' if workers > 1 else ''}")
                _run(spread(stage, EDITS // part))
        with _stage(postgres, redis, 2, 1) as stage:
            _run(viewers(stage, VIEWERS // part))
    return 0


@contextmanager
def _stage(
    postgres: PostgresServer, redis: RedisProcess, nodes: int, workers: int
) -> Iterator[Stage]:
    """So many nodes of so many workers on a database of their own."""
    settings = {
        **UNLIMITED,
        "COLLAB_DATABASE_URL": postgres.url(postgres.create(TEMPLATE)),
        "COLLAB_REDIS_URL": redis.url,
        "COLLAB_WORKERS": str(workers),
        "COLLAB_LOG_LEVEL": "warning",
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="collab-scaling-")))
        started = [
            stack.enter_context(ServerProcess(folder / str(number), settings))
            for number in range(nodes)
        ]
        yield Stage(started, postgres, redis)
        for node in started:
            node.terminate()


def _run(work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
