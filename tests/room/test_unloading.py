"""Many rooms that are due at once, and who comes meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Role
from collab.interfaces import Clock, Kind
from tests.room.house import House, Peer, settle

ROOMS = [f"document-{number}" for number in range(6)]


class LongTurns:
    """Others have a second after each room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def pause(self) -> None:
        await self._clock.sleep(1)


@pytest.fixture
async def slow(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Where six rooms are due, and two of them are unloaded."""
    monkeypatch.setattr("collab.room.unloading.Turns", LongTurns)
    for name in ROOMS:
        await house.memory.create(name, name, Kind.NOTE, "")
    await asyncio.gather(*(house.registry.open(name) for name in ROOMS))
    await settle(house.limits.idle_unload - 0.5)
    assert len(house.registry.rooms) == 6
    await settle(2)
    assert len(house.registry.rooms) == 4
    return house


async def test_they_are_unloaded_one_after_the_other(slow: House) -> None:
    """[RM15] with turns for others in between."""
    for left in (3, 2, 1, 0):
        await settle(1)
        assert len(slow.registry.rooms) == left


async def test_who_comes_between_finds_the_room_and_it_stays(slow: House) -> None:
    """[RM15] joined or only asked for."""
    *_, joined, asked = slow.registry.rooms
    peer = Peer(await slow.registry.open(joined), "ann", Role.EDITOR)
    await slow.registry.open(asked)
    await settle(5)
    assert set(slow.registry.rooms) == {joined, asked}
    await settle(slow.limits.idle_unload)
    assert set(slow.registry.rooms) == {joined}
    peer.session.leave()
    await settle(slow.limits.idle_unload + 1)
    assert not slow.registry.rooms
