"""What is done to many, and who has a turn in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from collab.access import Role
from collab.interfaces import Kind, NewRow
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStatus
from collab.room.committer import Committer
from collab.room.limits import RoomLimits
from collab.room.turns import TURN, Turns
from tests.room.house import House, Peer, settle
from tests.room.test_committer import Room, Store
from tests.support.edits import Author
from tests.support.virtual import LoopClock

STEP = TURN / 5
"""Seconds that it takes to tell one, here."""


class BusyClock(LoopClock):
    """On which time passes while somebody works, too; counts the steps in one turn."""

    def __init__(self) -> None:
        self._worked = 0.0
        self._steps = self.most = 0
        self.told = asyncio.Event()
        """Whether any room knows of its commit."""

    def monotonic(self) -> float:
        return super().monotonic() + self._worked

    def work(self) -> None:
        if not self._steps:
            asyncio.get_running_loop().call_soon(self._next)
        self._steps += 1
        self.most = max(self.most, self._steps)
        self._worked += STEP

    def _next(self) -> None:
        self._steps = 0


class SlowRoom(Room):
    """Takes a while to take and to tell."""

    def __init__(self, document: str, clock: BusyClock) -> None:
        super().__init__(document)
        self._clock = clock
        self.told = 0

    def take(self) -> tuple[NewRow, ...]:
        self._clock.work()
        return super().take()

    def committed(self, sequence: int) -> None:
        self._clock.work()
        self.told += 1
        self._clock.told.set()
        super().committed(sequence)


@asynccontextmanager
async def committing(clock: BusyClock) -> AsyncIterator[tuple[Committer, asyncio.Task[None]]]:
    committer = Committer(Store(), clock, random.Random(1), RoomLimits())
    running = asyncio.create_task(committer.run())
    yield committer, running
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_many_rooms_are_told_some_at_a_time() -> None:
    """[RM1] each once, and a flush waits for the last."""
    clock = BusyClock()
    async with committing(clock) as (committer, _):
        rooms = [SlowRoom(f"r{number}", clock) for number in range(50)]
        for room in rooms:
            committer.offer(room, 1)
        await committer.flush()
        assert [(room.told, room.saved) for room in rooms] == [(1, 1)] * 50
        assert committer.commits == 1
        assert clock.most <= TURN / STEP + 1


async def test_what_comes_while_others_are_told_is_in_the_next_commit() -> None:
    """[RM3] of rooms that know of their commit already, and of those that do not."""
    clock = BusyClock()
    async with committing(clock) as (committer, _):
        rooms = [SlowRoom(f"r{number}", clock) for number in range(50)]
        for room in rooms:
            committer.offer(room, 1)
        await clock.told.wait()
        assert 0 < sum(room.told for room in rooms) < 50
        for room in rooms:
            room.pending += 1
            committer.offer(room, 1)
        await committer.flush()
        assert [(room.told, room.saved) for room in rooms] == [(2, 2)] * 50


async def test_nothing_is_told_twice_if_the_end_comes_meanwhile() -> None:
    clock = BusyClock()
    async with committing(clock) as (committer, running):
        rooms = [SlowRoom(f"r{number}", clock) for number in range(50)]
        for room in rooms:
            committer.offer(room, 1)
        await clock.told.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        told = [room.told for room in rooms]
        assert told == sorted(told, reverse=True)
        assert set(told) == {0, 1}


async def _until(holds: Callable[[], bool]) -> None:
    """One turn of the event loop after the other."""
    while not holds():  # noqa: ASYNC110 - nothing is to happen but what has to
        await asyncio.sleep(0)


@pytest.fixture
async def slow(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Where each step is a turn."""
    monkeypatch.setattr("collab.room.turns.TURN", 0.0)
    return house


async def test_a_room_that_ends_while_others_are_told_is_told_nothing(slow: House) -> None:
    """[RM11] and its peers hear of the deletion alone."""
    peers = []
    for number in range(3):
        name = f"document-{number}"
        await slow.memory.create(name, name, Kind.NOTE, "")
        peers.append(Peer(await slow.registry.open(name), "ann", Role.EDITOR))
    first, _, last = peers
    with slow.store.hold("append"):
        for number, peer in enumerate(peers, 1):
            peer.heard()
            await peer.write(Author(number).write("hello"))
            await peer.say(SyncStatus(b"1"))
        await slow.store.waiting()
    heard = len(first.channel.frames)
    await _until(lambda: len(first.channel.frames) > heard)
    receipts = first.receipts()
    slow.registry.deleted("document-2")
    await settle()
    assert last.code is CloseCode.GONE
    assert [peer.receipts() for peer in peers] == [[], [b"1"], []]
    assert receipts == [b"1"]
    assert slow.registry.stats().pending_bytes == 0


async def test_peers_are_closed_one_after_the_other_at_a_restart(slow: House) -> None:
    """Those who still wait are told nothing, and what they say is not taken."""
    peers = [await slow.synced(f"peer {number}") for number in range(5)]
    for number, peer in enumerate(peers, 1):
        await peer.show(number, 1, '{"caret":1}')
    for peer in peers:
        peer.heard()
    draining = asyncio.create_task(slow.registry.drain(10))
    await _until(lambda: peers[0].code is not None)
    waiting = [peer for peer in peers if peer.code is None]
    assert waiting
    await waiting[0].write(Author(1).write("too late"))
    assert waiting[0].code is CloseCode.RESTART
    assert await draining
    assert {peer.code for peer in peers} == {CloseCode.RESTART}
    assert [peer.heard() for peer in peers] == [[]] * 5
    assert await slow.saved() == []


async def test_a_restart_that_is_cut_short_closes_the_rest_at_once(slow: House) -> None:
    peers = [await slow.peer(f"peer {number}") for number in range(5)]
    draining = asyncio.create_task(slow.registry.drain(10))
    await _until(lambda: peers[0].code is not None)
    assert peers[-1].code is None
    draining.cancel()
    await asyncio.gather(draining, return_exceptions=True)
    assert {peer.code for peer in peers} == {CloseCode.RESTART}


async def test_silence_is_broken_for_one_after_the_other(slow: House) -> None:
    """[RM28] also for the others, if somebody leaves meanwhile."""
    peers = [await slow.peer(f"peer {number}") for number in range(5)]
    for peer in peers:
        peer.heard()
    before = len(peers[0].channel.frames)
    breaking = asyncio.create_task((await slow.room()).break_silence(Turns(slow.clock)))
    await _until(lambda: len(peers[0].channel.frames) > before)
    peers[1].session.leave()
    await breaking
    assert [len(peer.heard()) for peer in peers] == [1, 0, 1, 1, 1]
