"""Presence that clients send back as they heard it."""

from __future__ import annotations

from collab.protocol import yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.messages import AwarenessUpdate
from collab.room.echoes import LARGEST, REMEMBERED, Echoes
from tests.room.house import House


def frame(number: int, size: int = 1) -> bytes:
    state = '{"x":"' + "y" * size + '"}'
    return yjs.encode(AwarenessUpdate((AwarenessEntry(number, 1, state),)))


def test_the_last_ones_are_known_again() -> None:
    """[RM29] so many, and none that is large; nothing but presence."""
    echoes = Echoes()
    for number in range(REMEMBERED + 1):
        echoes.sent(frame(number))
    assert not echoes.holds(frame(0))
    assert all(echoes.holds(frame(number)) for number in range(1, REMEMBERED + 1))
    echoes.sent(frame(99, LARGEST))
    assert not echoes.holds(frame(99, LARGEST))
    echoes.sent(b"\x00\x02")
    assert not echoes.holds(b"\x00\x02")


async def test_an_echo_is_not_looked_at(house: House) -> None:
    """[RM29] what everybody was just sent changes nothing, whoever sends it back; its client's
    own next word does."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, '{"caret":1}')
    (told,) = bob.heard_of(AwarenessUpdate)
    await bob.say(told)
    await ann.say(told)
    assert ann.heard_of(AwarenessUpdate) == [told]
    assert bob.heard() == []
    await ann.show(1, 2, '{"caret":1}')
    await ann.show(1, 3, '{"caret":2}')
    assert [e.clock for e in bob.presence()] == [3]
    ann.session.leave()
    assert [e.state for e in bob.presence()] == [None]
    again = await house.peer("ann")
    await again.show(1, 3, '{"caret":2}')
    assert [e.state for e in bob.presence()] == ['{"caret":2}']
    await again.show(1, 9, None)
    await again.show(1, 3, '{"caret":2}')
    assert [e.state for e in bob.presence()] == [None, '{"caret":2}']
