"""Rooms are tested on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.room.house import House
from tests.support.virtual import VirtualLoop


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.aclose()


@pytest.fixture
async def small(house: House) -> House:
    """Little may wait, and merged frames are small."""
    await house.restart(outbox_bytes=1000, channel_high=300, merge_bytes=500)
    return house


@pytest.fixture
async def many(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Where two are a multitude, and each visit is a turn of the event loop."""
    monkeypatch.setattr("collab.room.audience.FEW", 0)
    monkeypatch.setattr("collab.room.parting.FEW", 0)
    monkeypatch.setattr("collab.room.fanout.STEP", 1)
    monkeypatch.setattr("collab.room.turns.TURN", 0.0)
    return house
