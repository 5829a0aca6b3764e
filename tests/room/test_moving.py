"""Peers that move between nodes, and nodes that claim the same client id."""

from __future__ import annotations

import pytest

from collab.news import Gone
from tests.room.house import House, settle
from tests.room.test_elsewhere import CARET, HIGH, LOW, MOVED, changed, introduced, told
from tests.room.test_neighbours import acquainted, overhear, tell


async def test_a_verified_user_moves_to_another_node_at_once(house: House) -> None:
    """[CL47] its old connection may be half-open: the end of that hides nobody."""
    other = await acquainted(house)
    old = await house.peer("ann", verified=True)
    bob, bea = await house.peer("bob"), await house.peer("bea", registry=other)
    await old.show(1, 5, CARET)
    await settle()
    new = await house.peer("ann", registry=other, verified=True)
    bob.heard(), bea.heard()
    await new.show(1, 6, MOVED)
    await settle()
    for watcher in (bob, bea):
        (moved,) = watcher.presence()
        assert '"caret":2' in (moved.state or "")
        assert moved.clock > 5
    old.session.leave()
    await settle()
    assert bob.presence() == bea.presence() == []
    new.session.leave()
    await settle()
    assert [e.state for e in (*bob.presence(), *bea.presence())] == [None, None]


async def test_who_moved_and_left_is_not_shown_where_it_came_from(house: House) -> None:
    """[CL47] though its old connection is half-open still."""
    other = await acquainted(house)
    old = await house.peer("ann", verified=True)
    bob = await house.peer("bob")
    await old.show(1, 5, CARET)
    await settle()
    new = await house.peer("ann", registry=other, verified=True)
    await new.show(1, 6, MOVED)
    await settle()
    bob.heard()
    new.session.leave()
    await settle()
    assert [e.state for e in bob.presence()] == [None]


async def test_a_guest_that_moves_waits_until_its_old_socket_is_over(house: House) -> None:
    """[CL47] as between two connections of one node; it is then shown at once."""
    other = await acquainted(house)
    old = await house.peer("ann")
    bob, bea = await house.peer("bob"), await house.peer("bea", registry=other)
    await old.show(1, 5, CARET)
    await settle()
    new = await house.peer("ann", registry=other)
    await new.show(1, 6, MOVED)
    await settle()
    bob.heard(), bea.heard()
    old.session.leave()
    await settle()
    for watcher in (bob, bea):
        assert watcher.presence()[-1].state == MOVED
    assert [e.state for e in (await house.peer("late")).presence()] == [MOVED]


async def test_a_peer_of_a_dead_node_is_seen_where_it_comes_back(house: House) -> None:
    """[CL47] it waits for the id until its old node counts as gone."""
    watcher = await introduced(house)
    changed(house, 5, CARET)
    again = await house.peer("ann")
    await again.show(1, 6, MOVED)
    watcher.heard()
    tell(house.registry, Gone(), LOW)
    (shown,) = watcher.presence()
    assert (shown.state, shown.clock > 5) == (MOVED, True)


@pytest.mark.parametrize(
    ("node", "user", "clock", "here"),
    [
        (HIGH, "ann", 4, True),
        (LOW, "ann", 4, True),
        (HIGH, "ann", 5, False),
        (LOW, "ann", 5, True),
        (LOW, "ann", 6, False),
        (HIGH, None, 99, True),
        (HIGH, "eve", 99, True),
        (LOW, None, 1, False),
        (LOW, "eve", 99, False),
    ],
)
async def test_two_nodes_that_claim_an_id_agree(
    house: House, node: str, user: str | None, clock: int, here: bool
) -> None:
    """[CL48] of one verified user the higher clock counts, then the higher name of the node; of
    several users, the lower name. Who wins says it again above what the other told."""
    await introduced(house)
    ann = await house.peer("ann", verified=True)
    await ann.show(1, 5, CARET)
    said = overhear(house)
    changed(house, clock, MOVED, node, user)
    await settle()
    shown = (await house.room()).presence.states.shown[1]
    assert (shown.holder is not None) is here
    ((_, again, state),) = told(list(said)) or [(1, clock, MOVED)]
    if here:
        assert state is not None
        assert again >= max(5, clock + 1)
    elif clock > 5:
        assert (shown.emitted, shown.state) == (clock, MOVED)
    else:
        assert (again, state) == (5, None)
        changed(house, 6, MOVED, node, user)
        assert (shown.emitted, shown.state) == (6, MOVED)


async def test_who_loses_an_id_waits_for_it(house: House) -> None:
    """[CL48] another user's; and gets it back when that one is over."""
    watcher = await introduced(house)
    ann = await house.peer("ann")
    await ann.show(1, 5, CARET)
    changed(house, 9, MOVED, LOW)
    assert [e.state for e in watcher.presence()] == [CARET, MOVED]
    changed(house, 10, None, LOW)
    (back,) = watcher.presence()
    assert (back.state, back.clock > 10) == (CARET, True)


async def test_a_claim_that_comes_after_its_end_takes_nothing(house: House) -> None:
    """[CL44] [CL48] out of order, from a node that would win; whether the end was of nobody's id
    that it held, or passed the id on to who waited here."""
    watcher = await introduced(house)
    ann = await house.peer("ann")
    await ann.show(1, 10, CARET)
    changed(house, 9, None, LOW)
    changed(house, 8, MOVED, LOW)
    assert [e.state for e in watcher.presence()] == [CARET]
    changed(house, 20, MOVED, LOW)
    changed(house, 23, None, LOW)
    changed(house, 22, MOVED, LOW)
    assert [e.state for e in watcher.presence()] == [MOVED, CARET]
    shown = (await house.room()).presence.states.shown[1]
    assert shown.holder is ann.session.claimant
