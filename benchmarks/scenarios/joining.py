"""Those who come: to a large document, back to it, one after another, and first of all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import pycrdt

from benchmarks.load.crowd import Crowd
from benchmarks.load.documents import document
from benchmarks.load.edits import typed
from benchmarks.load.peer import Peer
from benchmarks.stage import Figures, Goal, Meter, Scenario, Stage

SERVERS: Final = ("collab", "hocuspocus", "y-websocket", "pycrdt")
HARDY: Final = ("collab", "hocuspocus")
"""Those that have 20 MB open within a minute."""
DOCUMENT: Final = "large"
MILLI: Final = 1e3
MICRO: Final = 1e6
WRITER: Final = 77
MISSED: Final = 50
WHOLE: Final = 0.8
"""Of the bytes that were written, at least so much is in a document that has them all."""
ALMOST: Final = 0.9
PATIENCE: Final = 60
SETTLE: Final = 3.0
"""Seconds after a document is in, before anything is measured."""
SAVED: Final = 12.0
"""Seconds in which every server has saved: Hocuspocus takes ten."""
AWAY: Final = 10.0


async def _seed(stage: Stage, size: int) -> tuple[list[bytes], Crowd, Peer]:
    """A document of about this size, with a peer that wrote it and stays."""
    parts, crowd = document(size), stage.crowd()
    author = await crowd.join(DOCUMENT)
    received = 0.0
    for part in parts:
        author.write(part)
        # Its own come back to it: one at a time, so that nothing is merged on the way.
        received += len(part) * ALMOST
        async with asyncio.timeout(PATIENCE):
            while author.received < received and not author.left:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    await stage.rest(SETTLE)
    crowd.check()
    return parts, crowd, author


def _whole(peers: Sequence[Peer], size: int) -> None:
    least = min(peer.content for peer in peers)
    if least < size * WHOLE:
        raise RuntimeError(f"a joiner got {least} bytes of a document of {size}")


async def _join(stage: Stage, size: int) -> Figures:
    parts, crowd, _ = await _seed(stage, size)
    count = stage.size(200, 5)
    stage.pause()
    meter, before = stage.meter(), len(crowd.peers)
    peers = await crowd.join_all([DOCUMENT] * count, at_once=count)
    figures = _figures(stage, meter, peers)
    _whole(peers, sum(map(len, parts)))
    crowd.check()
    assert len(crowd.peers) == before + count
    crowd.leave()
    return figures


async def _rejoin(stage: Stage) -> Figures:
    """They come with what they had, and answer what the server asks as Yjs does: it has all
    they have, so that is nothing but their deletions. What they missed is what Yjs would send
    them, the document's deletions included: a client cannot say which of them it has."""
    parts, crowd, author = await _seed(stage, stage.size(1_700_000, 220_000))
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(pycrdt.merge_updates(*parts))
    state = doc.get_state()
    nothing_new = doc.get_update(state)
    for edit in typed(WRITER, MISSED):
        doc.apply_update(edit)
        author.write(edit)
        await stage.rest(AWAY / MISSED)
    count = stage.size(200, 5)
    stage.pause()
    meter = stage.meter()
    peers = await asyncio.gather(
        *(crowd.join(DOCUMENT, counts=True, state=state, missing=nothing_new) for _ in range(count))
    )
    figures = _figures(stage, meter, peers)
    figures["bytes_too_many"] = figures["bytes_per_join"] - len(doc.get_update(state))
    for peer in peers:
        assert peer.progress is not None
        if peer.progress.seen.get(WRITER) != MISSED:
            raise RuntimeError("a peer that came back lacks an edit")
    crowd.check()
    crowd.leave()
    return figures


def _figures(stage: Stage, meter: Meter, peers: Sequence[Peer]) -> Figures:
    """Once all are in. What they answer is still to be read by the server: that counts too."""
    seconds, load = meter.seconds, meter.load
    _until_quiet(meter)
    return {
        "cpu_per_join": meter.cpu / len(peers),
        "seconds": seconds,
        "bytes_per_join": sum(peer.received for peer in peers) / len(peers),
        "rss": stage.rss(),
        "load": load,
    }


def _until_quiet(meter: Meter) -> None:
    """Wait until the server rests, for a few seconds at most."""
    for _ in range(50):
        before = meter.cpu
        time.sleep(0.1)
        if meter.cpu - before < 0.01:
            return


async def _connect(stage: Stage) -> Figures:
    """One stays, so that the document is open all the time."""
    crowd, count = stage.crowd(), stage.size(2000, 50)
    await crowd.join("empty")
    for _ in range(count // 10):
        crowd.part(await crowd.join("empty"))
    await stage.rest(1)
    stage.pause()
    meter = stage.meter()
    for _ in range(count):
        crowd.part(await crowd.join("empty"))
    cpu, seconds, load = meter.cpu, meter.seconds, meter.load
    crowd.check()
    crowd.leave()
    return {
        "cpu_per_connect": cpu / count,
        "connects_per_second": count / seconds,
        "rss": stage.rss(),
        "load": load,
    }


async def _cold(stage: Stage, size: int) -> Figures:
    """The server is started anew; an empty document is opened first, so that what any server
    loads on its first connection is loaded."""
    parts, crowd, _ = await _seed(stage, size)
    crowd.leave()
    await stage.rest(SAVED)
    stage.restart()
    crowd = stage.crowd()
    await crowd.join("another")
    await stage.rest(1)
    stage.pause()
    meter = stage.meter()
    joiner = await crowd.join(DOCUMENT)
    # y-websocket answers with nothing, and sends what it has once that is loaded.
    async with asyncio.timeout(PATIENCE):
        while joiner.received < sum(map(len, parts)) * WHOLE:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    seconds, cpu = meter.seconds, meter.cpu
    crowd.check()
    crowd.leave()
    return {"seconds": seconds, "cpu": cpu, "rss": stage.rss()}


def _joins(name: str, title: str, size: int, most: float) -> Scenario:
    goal = Goal("cpu_per_join", "CPU per join", "ms", MILLI, most)
    return Scenario(name, title, partial(_join, size=size), (goal,), SERVERS)


def _opens(name: str, title: str, size: int, servers: tuple[str, ...] = SERVERS) -> Scenario:
    goal = Goal("seconds", "time to the first joiner", "ms", MILLI, 0.3)
    return Scenario(name, title, partial(_cold, size=size), (goal,), servers)


SCENARIOS: Final = (
    _joins("join-1700k", "200 joiners at once of a 1.7 MB document", 1_700_000, 0.05),
    _joins("join-220k", "200 joiners at once of a 220 KB document", 220_000, 0.3),
    Scenario(
        "rejoin",
        "200 peers come back to a 1.7 MB document that had 50 edits meanwhile",
        _rejoin,
        (
            Goal("cpu_per_join", "CPU per peer", "ms", MILLI, 0.05),
            # A handshake, and the server's own question.
            Goal("bytes_too_many", "bytes per peer beyond what it missed", "B", 1, 1000, None),
        ),
        SERVERS,
    ),
    Scenario(
        "connect",
        "2,000 connects to an empty document, one after another",
        _connect,
        (
            Goal("cpu_per_connect", "CPU per connect", "us", MICRO, 1.0),
            Goal("cpu_per_connect", "CPU per connect", "us", MICRO, 1.0, against="y-websocket"),
        ),
        (*SERVERS, "limit"),
    ),
    _opens("cold-220k", "a document of 220 KB is opened, from the database", 220_000),
    _opens("cold-1700k", "a document of 1.7 MB is opened, from the database", 1_700_000),
    _opens("cold-20m", "a document of 20 MB is opened, from the database", 20_000_000, HARDY),
)
