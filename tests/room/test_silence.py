"""Rooms in which nothing happens."""

from __future__ import annotations

from collab.protocol.messages import AwarenessUpdate
from tests.room.house import House, settle

CARET = '{"caret":1}'


async def test_nobody_hears_nothing_for_long(house: House) -> None:
    """[RM28] a peer is sent something within 20 s, though nobody says anything."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    ann.heard(), bob.heard()
    for _ in range(4):
        await settle(20)
        for peer in (ann, bob):
            heard = peer.heard()
            assert 1 <= len(heard) <= 2
            assert set(heard) == {AwarenessUpdate(())}


async def test_where_something_is_said_nothing_is_added(house: House) -> None:
    """[RM28] a room whose peers renew their presence hears that alone."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, CARET)
    bob.heard()
    for clock in range(2, 10):
        await settle(9)
        await ann.show(1, clock, CARET)
    assert AwarenessUpdate(()) not in bob.heard()
