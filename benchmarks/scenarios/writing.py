"""Those who write: flat out, and at the pace of people."""

from __future__ import annotations

import asyncio
from typing import Final

from benchmarks.load.writers import FlatOut, Paced, Script, Times, delivered, paced
from benchmarks.stage import Figures, Goal, Scenario, Stage, percentile

LIVE: Final = ("collab", "hocuspocus", "y-websocket", "pycrdt", "limit")
UNDER_WAY: Final = 2000
"""Edits that are sent and not yet delivered, of all writers together, where they write flat
out."""
FIRST_CLIENT: Final = 1000
MICRO: Final = 1e6
MILLI: Final = 1e3
QUIET: Final = 1.0
"""Seconds that a server has to itself between the joins and the writing."""


def _per_delivery(most: float) -> Goal:
    return Goal("cpu_per_delivery", "CPU per delivery", "us", MICRO, most)


async def _flat_out(stage: Stage, rooms: int, peers: int, writers: int) -> Figures:
    """All peers count what comes, authors too: every server here sends them their own."""
    crowd, clients = stage.crowd(), range(FIRST_CLIENT, FIRST_CLIENT + writers)
    script = Script(clients, stage.size(240_000, 4000) // (rooms * writers))
    window = max(1, UNDER_WAY // (rooms * writers))
    all_writers = []
    for room in range(rooms):
        members = await crowd.join_all([f"room-{room}"] * peers, counts=True)
        all_writers += [
            FlatOut(member, client, script.frames(member, client), window)
            for member, client in zip(members, clients, strict=False)
        ]
    await stage.rest(QUIET)
    received = sum(peer.received for peer in crowd.peers)
    meter = stage.meter()
    stage.pause()
    for writer in all_writers:
        writer.start()
    loop = asyncio.get_running_loop()
    until = loop.time() + stage.size(5, 1)
    while loop.time() < until and not all(w.exhausted for w in all_writers):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    for writer in all_writers:
        writer.stop()
    in_room = [
        sum(writer.sent for writer in all_writers[room * writers : (room + 1) * writers])
        for room in range(rooms)
    ]
    await delivered(crowd.peers, [count for count in in_room for _ in range(peers)])
    cpu, seconds, load = meter.cpu, meter.seconds, meter.load
    deliveries = sum(in_room) * peers
    figures = {
        "cpu_per_delivery": cpu / deliveries,
        "deliveries_per_second": deliveries / seconds,
        "edits_per_second": sum(in_room) / seconds,
        "bytes_per_delivery": (sum(p.received for p in crowd.peers) - received) / deliveries,
        "rss": stage.rss(),
        "load": load,
    }
    crowd.check()
    crowd.leave()
    return figures


async def _paced(stage: Stage, rooms: int, peers: int, writers: int, rate: float) -> Figures:
    """Times are from an edit's send to its arrival at each peer but its author."""
    crowd, times = stage.crowd(), Times()
    clients = range(FIRST_CLIENT, FIRST_CLIENT + writers)
    seconds = stage.size(30, 1)
    script = Script(clients, round(rate * seconds) + 1)
    pens = []
    for room in range(rooms):
        members = await crowd.join_all([f"room-{room}"] * peers, counts=True)
        keys = {client: room * writers + n for n, client in enumerate(clients)}
        for n, member in enumerate(members):
            others = dict(keys)
            if n < writers:
                del others[clients[n]]
                pens.append(Paced(keys[clients[n]], member, script.frames(member, clients[n])))
            assert member.progress is not None
            times.listen(member.progress, others)
    await stage.rest(QUIET)
    received = sum(peer.received for peer in crowd.peers)
    meter = stage.meter()
    stage.pause()
    # The authors of a room take turns with those of others.
    edits = await paced(pens, rate, seconds, times)
    each = edits // rooms
    await delivered(crowd.peers, [each] * len(crowd.peers))
    deliveries = edits * peers
    figures = {
        "cpu_per_delivery": meter.cpu / deliveries,
        "p50": percentile(times.samples, 50),
        "p99": percentile(times.samples, 99),
        "edits_per_second": edits / meter.seconds,
        "bytes_per_delivery": (sum(p.received for p in crowd.peers) - received) / deliveries,
        "rss": stage.rss(),
        "load": meter.load,
    }
    crowd.check()
    crowd.leave()
    return figures


async def _one_writer(stage: Stage) -> Figures:
    return await _flat_out(stage, 1, stage.size(100, 10), 1)


async def _ten_writers(stage: Stage) -> Figures:
    return await _flat_out(stage, 1, stage.size(100, 20), 10)


async def _many_rooms(stage: Stage) -> Figures:
    return await _flat_out(stage, stage.size(100, 5), 3, 1)


async def _at_a_pace(stage: Stage) -> Figures:
    return await _paced(stage, 1, stage.size(50, 5), 2, 50)


async def _pairs(stage: Stage) -> Figures:
    return await _paced(stage, stage.size(300, 5), 2, 2, 5)


_P99: Final = ("p99", "p99 latency", "ms", MILLI)

SCENARIOS: Final = (
    Scenario("fan-out", "1 room, 100 peers, 1 writer flat out", _one_writer,
             (_per_delivery(0.2),), LIVE),
    Scenario("ten-writers", "1 room, 100 peers, 10 writers flat out", _ten_writers,
             (_per_delivery(0.2),), LIVE),
    Scenario("rooms", "100 rooms of 3 peers, 1 writer each flat out", _many_rooms,
             (_per_delivery(0.3),), LIVE),
    Scenario("paced", "1 room, 50 peers, 2 writers at 50 edits/s", _at_a_pace,
             (_per_delivery(0.7), Goal(*_P99, most=1.0),
              Goal("cpu_per_delivery", "CPU per delivery", "us", MICRO, 1.5, against="limit")),
             LIVE),
    Scenario("pairs", "300 rooms of 2 peers who write 5 edits/s each", _pairs,
             (_per_delivery(0.4), Goal(*_P99, most=0.4)), LIVE),
)  # fmt: skip
