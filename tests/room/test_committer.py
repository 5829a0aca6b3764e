"""The committer alone, with rooms that only count."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from collab.backoff import Backoff
from collab.errors import StorageError
from collab.interfaces import Append, NewRow
from collab.room.committer import GIVE_UP_AFTER, Committer
from collab.room.limits import RoomLimits
from collab.storage.memory import MemoryStore
from tests.room.house import settle
from tests.support.passing_store import PassingStore
from tests.support.virtual import LoopClock


class Store(PassingStore):
    """Fails for the documents in `broken`, or for all while `down`."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(LoopClock()))
        self.broken: set[str] = set()
        self.down = False
        self.tries: list[list[str]] = []

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        self.tries.append([append.document for append in batch])
        await asyncio.sleep(0.001)
        if self.down or self.broken.intersection(self.tries[-1]):
            raise StorageError("broken on purpose")
        return [1 for _ in batch]


class Room:
    def __init__(self, document: str) -> None:
        self.document = document
        self.pending = 1
        self.in_flight = 0
        self.saved = 0
        self.raises: type[Exception] | None = None

    def take(self) -> tuple[NewRow, ...]:
        if self.raises is not None:
            raise self.raises("on purpose")
        self.in_flight, self.pending = self.pending, 0
        return (NewRow(b"", "", ()),) * self.in_flight

    def committed(self, sequence: int) -> None:
        self.saved += self.in_flight
        self.in_flight = 0

    def failed(self) -> None:
        self.pending += self.in_flight
        self.in_flight = 0

    def gone(self) -> None:
        raise AssertionError("no document is deleted here")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def committer(store: Store) -> AsyncIterator[Committer]:
    committer = Committer(store, LoopClock(), random.Random(1), RoomLimits())
    running = asyncio.ensure_future(committer.run())
    yield committer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def offered(committer: Committer, count: int) -> list[Room]:
    rooms = [Room(f"r{number}") for number in range(count)]
    for room in rooms:
        committer.offer(room, 1)
    return rooms


async def test_a_store_that_is_down_is_not_hammered(committer: Committer, store: Store) -> None:
    """[RM4] when rooms fail alone one after the other, the rest wait for the next try."""
    store.down = True
    rooms = offered(committer, 50)
    await settle(0.02)
    assert list(map(len, store.tries)) == [50, *[1] * GIVE_UP_AFTER]
    await settle(60)
    assert len(store.tries) < 500
    store.down = False
    await settle(6)
    assert all(room.saved == 1 for room in rooms)
    assert committer.suspects == 0
    await committer.flush()


async def test_the_first_success_releases_the_rest(committer: Committer, store: Store) -> None:
    """[RM4] when the store is back nobody waits out a pause."""
    store.down = True
    rooms = offered(committer, 50)
    await settle(60)
    store.down = False
    first = await _time_of(lambda: any(room.saved for room in rooms))
    last = await _time_of(lambda: all(room.saved for room in rooms))
    assert last - first < 0.3


async def test_rooms_that_fail_for_good_do_not_hold_up_those_behind(
    committer: Committer, store: Store
) -> None:
    """[RM4] more broken rooms than tries in a row: the others come first the next time."""
    store.broken = {f"r{number}" for number in range(GIVE_UP_AFTER + 2)}
    rooms = offered(committer, 30)
    await settle(2)
    saved = {room.document for room in rooms if room.saved}
    assert saved == {room.document for room in rooms} - store.broken
    late = Room("late")
    committer.offer(late, 1)
    await settle(0.05)
    assert late.saved == 1


async def test_a_room_that_fails_in_itself_is_isolated(committer: Committer, store: Store) -> None:
    """[RM4] an error in a room's own code costs that room alone."""
    rooms = [Room("good"), Room("bad"), Room("other")]
    rooms[1].raises = ValueError
    for room in rooms:
        committer.offer(room, 1)
    await settle(0.05)
    assert [room.saved for room in rooms] == [1, 0, 1]
    rooms[1].raises = None
    await settle(10)
    assert rooms[1].saved == 1


async def test_what_is_offered_during_an_outage_is_saved_after_it(
    committer: Committer, store: Store
) -> None:
    """[RM3] updates go on gathering while commits fail."""
    store.down = True
    (room,) = offered(committer, 1)
    for _ in range(20):
        await settle(1)
        room.pending += 1
        committer.offer(room, 1)
    assert room.saved == 0
    store.down = False
    await settle(6)
    assert room.saved == 21


async def test_what_is_offered_during_the_retry_that_works_is_saved_too(
    committer: Committer, store: Store
) -> None:
    """[RM3] the commit under way is of what was pending before: what came since needs another."""
    store.down = True
    (room,) = offered(committer, 1)
    await settle(1)
    store.down = False
    tries = len(store.tries)
    while len(store.tries) == tries:
        await settle(0.0005)
    room.pending += 1
    committer.offer(room, 1)
    assert room.saved == 0
    await settle(0.1)
    assert room.saved == 2


async def test_a_forgotten_room_is_not_waited_for(committer: Committer, store: Store) -> None:
    """[RM11] a room that is over ends a flush that waited for it."""
    store.down = True
    (room,) = offered(committer, 1)
    flushed = asyncio.ensure_future(committer.flush())
    await settle(1)
    assert not flushed.done()
    committer.forget(room)
    await settle(0.1)
    assert flushed.done()


def test_pauses_double_up_to_the_longest() -> None:
    """[RM3] pauses grow, differ from node to node, and end at the longest."""
    backoff = Backoff(0.1, 5.0, random.Random(1))
    for failures, longest in ((1, 0.1), (2, 0.2), (4, 0.8), (7, 5.0), (10_000, 5.0)):
        pauses = [backoff.pause(failures) for _ in range(50)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


async def _time_of(happened: Callable[[], bool]) -> float:
    clock = LoopClock()
    for _ in range(30_000):
        if happened():
            break
        await asyncio.sleep(0.001)
    return clock.monotonic()
