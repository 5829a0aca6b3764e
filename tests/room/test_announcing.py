"""News of presence: at once where it is quiet, in one frame a window where it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from collab.protocol.messages import AwarenessUpdate
from collab.room.limits import RoomLimits
from tests.room.house import House, Peer, settle


@pytest.fixture
async def busy() -> AsyncIterator[House]:
    house = House(RoomLimits(awareness_window=0.5, awareness_rate=1000))
    await house.start()
    yield house
    await house.aclose()


def frames(peer: Peer) -> list[dict[int, str | None]]:
    return [{e.client: e.state for e in m.entries} for m in peer.heard_of(AwarenessUpdate)]


async def test_the_first_news_waits_for_nothing_and_the_next_for_the_window(busy: House) -> None:
    """[RM23] a room tells changes in one frame a window, each client at its latest."""
    ann, bob, watcher = [await busy.peer(name) for name in ("ann", "bob", "watcher")]
    await ann.show(1, 1, '{"x":1}')
    assert frames(watcher) == [{1: '{"x":1}'}]
    await ann.show(1, 2, '{"x":2}')
    await bob.show(2, 1, '{"y":1}')
    await ann.show(1, 3, '{"x":3}')
    assert frames(watcher) == []
    await settle(0.6)
    assert frames(watcher) == [{1: '{"x":3}', 2: '{"y":1}'}]
    await bob.show(2, 2, '{"y":2}')
    assert frames(watcher) == []
    await settle(0.6)
    assert frames(watcher) == [{2: '{"y":2}'}]
    await settle(0.6)
    await ann.show(1, 4, '{"x":4}')
    assert frames(watcher) == [{1: '{"x":4}'}]


async def test_who_comes_and_goes_within_a_window_is_gone(busy: House) -> None:
    """[RM20] [RM23] the last word of a client id counts; a newcomer knows it before the others."""
    ann, bob, watcher = [await busy.peer(name) for name in ("ann", "bob", "watcher")]
    await bob.show(2, 1, "{}")
    await ann.show(1, 1, '{"x":1}')
    late = await busy.peer("late")
    assert frames(late) == [{2: "{}", 1: '{"x":1}'}]
    ann.session.leave()
    watcher.heard()
    await settle(0.6)
    assert frames(watcher) == [{1: None}]
    assert frames(late) == [{1: None}]
    assert frames(await busy.peer("later")) == [{2: "{}"}]
