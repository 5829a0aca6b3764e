"""Who is shown to whom, and with which clock."""

from __future__ import annotations

import json

from collab.access import Access, Role
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import AwarenessUpdate, QueryAwareness
from collab.room.identity import stamp
from tests.room.house import House, settle

CARET = '{"caret":1}'
MOVED = '{"caret":2}'


async def test_states_reach_all_the_sender_too(house: House) -> None:
    """[RM20] a state is sent to every peer, its sender included, at once."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, CARET)
    assert ann.presence() == bob.presence() == [AwarenessEntry(1, 1, CARET)]


async def test_a_newcomer_sees_everybody(house: House) -> None:
    """[RM20] all states are sent at the join, and again when asked for."""
    ann = await house.peer("ann")
    await ann.show(1, 1, CARET)
    await (await house.peer("bob")).show(2, 5, MOVED)
    late = await house.peer("late")
    both = [AwarenessEntry(1, 1, CARET), AwarenessEntry(2, 5, MOVED)]
    assert late.presence() == both
    await late.say(QueryAwareness())
    assert late.presence() == both


async def test_who_leaves_is_removed(house: House) -> None:
    """[RM20] a session's states end with it."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 7, CARET)
    bob.heard()
    ann.session.leave()
    assert bob.presence() == [AwarenessEntry(1, 8, None)]
    assert (await house.peer("late")).presence() == []


async def test_a_client_may_take_its_state_back(house: House) -> None:
    """[RM20] null from its own session ends a state, null from another's does not."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 7, CARET)
    await bob.show(1, 8, None)
    assert [e.state for e in bob.presence()] == [CARET]
    await ann.show(1, 8, None)
    (removed,) = bob.presence()
    assert removed.state is None
    assert removed.clock >= 8


async def test_nobody_speaks_for_another(house: House) -> None:
    """[RM21] a client id belongs to the session that first used it; others' claims drop."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, CARET)
    await bob.show(2, 1, CARET)
    ann.heard(), bob.heard()
    await bob.say(AwarenessUpdate((AwarenessEntry(1, 9, MOVED), AwarenessEntry(2, 2, MOVED))))
    assert ann.presence() == [AwarenessEntry(2, 2, MOVED)]
    assert bob.code is None


async def test_a_return_with_the_same_clock_is_seen(house: House) -> None:
    """[RM22] a client that comes back with its old clock is told under a higher one."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 5, CARET)
    ann.session.leave()
    (_, removed) = bob.presence()
    again = await house.peer("ann")
    await again.show(1, 5, CARET)
    (returned,) = bob.presence()
    assert returned.state == CARET
    assert returned.clock > removed.clock
    assert again.presence() == [returned]
    await again.show(1, 6, MOVED)
    (moved,) = bob.presence()
    assert moved.clock > returned.clock


async def test_a_return_before_the_old_socket_ends_is_seen(house: House) -> None:
    """[RM22] a claim on an id that another session holds waits until that session is over."""
    old, bob = await house.peer("ann"), await house.peer("bob")
    await old.show(1, 5, CARET)
    new = await house.peer("ann")
    await new.show(1, 5, MOVED)
    bob.heard()
    old.session.leave()
    (shown,) = bob.presence()
    assert (shown.client, shown.state) == (1, MOVED)
    assert shown.clock > 5
    new.session.leave()
    (gone,) = bob.presence()
    assert gone.state is None


async def test_who_repeats_what_it_hears_inherits_nothing(house: House) -> None:
    """[RM22] a peer without a state of its own sends back another's, spelled anew: when that one
    leaves, nobody is there; its client, back with the same clock and state, says so again."""
    ann, bob, bot = [await house.peer(name) for name in ("ann", "bob", "bot")]
    await ann.show(7, 5, '{"caret": 1}')
    await bot.show(7, 5, CARET)
    again = await house.peer("ann")
    await again.show(7, 5, CARET)
    bob.heard(), again.heard()
    ann.session.leave()
    (gone,) = bob.presence()
    assert gone.state is None
    (told,) = again.presence()
    await again.show(7, told.clock + 1, CARET)
    assert [e.state for e in bob.presence()] == [CARET]
    bot.session.leave()
    assert bob.presence() == []


async def test_a_waiting_claim_ends_with_its_session(house: House) -> None:
    """[RM22] who waited and left is not shown."""
    old, bob = await house.peer("ann"), await house.peer("bob")
    await old.show(1, 5, CARET)
    new = await house.peer("ann")
    await new.show(1, 5, MOVED)
    new.session.leave()
    bob.heard()
    old.session.leave()
    assert [e.state for e in bob.presence()] == [None]


async def test_who_turned_to_another_id_inherits_nothing_once_it_left(house: House) -> None:
    """[RM22] a claim that was given up for another id is not remembered."""
    ann, bob, late = [await house.peer(name) for name in ("ann", "bob", "late")]
    await ann.show(1, 5, CARET)
    await bob.show(2, 5, CARET)
    await late.show(1, 6, MOVED)
    await late.show(3, 1, MOVED)
    await late.show(3, 2, None)
    await late.show(2, 6, MOVED)
    late.session.leave()
    bob.heard()
    ann.session.leave()
    assert [e.state for e in bob.presence()] == [None]


async def test_who_shows_another_id_waits_no_more(house: House) -> None:
    """[RM22] a session that has an id of its own does not get the one it waited for."""
    ann, bob, late = [await house.peer(name) for name in ("ann", "bob", "late")]
    await ann.show(1, 5, CARET)
    await late.show(1, 6, MOVED)
    await late.show(3, 1, MOVED)
    bob.heard()
    ann.session.leave()
    assert [e.state for e in bob.presence()] == [None]


async def test_a_repeated_state_of_who_left_shows_no_ghost(house: House) -> None:
    """[RM22] Yjs clients send back all they hear: old news of who left is dropped."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 5, CARET)
    await bob.show(2, 1, CARET)
    ann.session.leave()
    bob.heard()
    await bob.show(1, 5, CARET)
    assert bob.presence() == []
    assert [e.client for e in (await house.peer("late")).presence()] == [2]


async def test_remembered_clocks_are_bounded(house: House) -> None:
    """[RM22] the clocks of who left are kept for a while, and so many only."""
    await house.restart(awareness_memory=3, awareness_memory_seconds=60.0)
    keeper = await house.peer("keeps the room open")
    room = await house.room()
    for client in range(1, 11):
        peer = await house.peer()
        await peer.show(client, 1, CARET)
        peer.session.leave()
    assert list(room.presence.states._left) == [8, 9, 10]
    await settle(61)
    peer = await house.peer()
    await peer.show(11, 1, CARET)
    peer.session.leave()
    assert list(room.presence.states._left) == [11]
    assert keeper.code is None


async def test_renewals_leave_in_one_frame(house: House) -> None:
    """[RM23] renewals that change nothing are gathered, each client at its latest clock."""
    peers = [await house.peer(f"p{n}") for n in range(5)]
    for client, peer in enumerate(peers, 1):
        await peer.show(client, 1, CARET)
    await settle()
    watcher = await house.peer("watcher")
    watcher.heard()
    for clock in (2, 3):
        for client, peer in enumerate(peers, 1):
            await peer.show(client, clock, CARET)
        await settle(0.2)
    assert watcher.heard() == []
    await settle(1)
    (frame,) = watcher.heard_of(AwarenessUpdate)
    assert {(e.client, e.clock) for e in frame.entries} == {(n, 3) for n in range(1, 6)}
    await settle(5)
    assert watcher.heard() == []


async def test_a_change_overtakes_its_renewal(house: House) -> None:
    """[RM23] what changes is told at once, and not again with the gathered."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, CARET)
    bob.heard()
    await ann.show(1, 2, CARET)
    await ann.show(1, 3, MOVED)
    assert bob.presence() == [AwarenessEntry(1, 3, MOVED)]
    await settle(2)
    assert bob.heard() == []


async def test_old_clocks_are_no_news(house: House) -> None:
    """[RM22] an entry that is not above the last one of its client is dropped."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 5, CARET)
    bob.heard()
    await ann.show(1, 5, MOVED)
    await ann.show(1, 4, MOVED)
    await ann.show(1, 4, None)
    await settle(2)
    assert bob.heard() == []


async def test_a_torrent_of_changes_is_slowed_to_its_latest(house: House) -> None:
    """[RM23] over the rate only the latest change counts, and it arrives."""
    await house.restart(awareness_rate=10)
    ann, bob = await house.peer("ann"), await house.peer("bob")
    bob.heard()
    for clock in range(1, 501):
        await ann.show(1, clock, json.dumps({"caret": clock}))
    assert len(bob.heard()) == 10
    await settle(2)
    assert bob.presence() == [AwarenessEntry(1, 500, '{"caret": 500}')]


async def test_clients_of_a_session_are_bounded(house: House) -> None:
    """[RM23] a session may show so many clients and no more."""
    await house.restart(awareness_clients=3)
    ann, bob = await house.peer("ann"), await house.peer("bob")
    entries = tuple(AwarenessEntry(client, 1, CARET) for client in range(1, 100))
    await ann.say(AwarenessUpdate(entries))
    assert [e.client for e in bob.presence()] == [1, 2, 3]


async def test_viewers_are_present(house: House) -> None:
    """[RM24] who may only read is shown all the same."""
    viewer, bob = await house.peer("eve", Role.VIEWER), await house.peer("bob")
    await viewer.show(1, 1, CARET)
    assert bob.presence() == [AwarenessEntry(1, 1, CARET)]


async def test_a_broken_state_closes_its_sender_alone(house: House) -> None:
    """[RM25] one entry at fault refuses the message and its sender."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, "{not json}")
    assert (ann.code, bob.code) == (CloseCode.MALFORMED, None)
    assert bob.presence() == []


async def test_a_verified_user_goes_on_from_a_new_connection(house: House) -> None:
    """[RM21] news under its client id from another session of the same verified user is taken,
    an echo of what is known is not; a stranger's, and a guest's, never."""
    old = await house.peer("ann", verified=True)
    bob = await house.peer("bob", verified=True)
    await old.show(1, 5, CARET)
    await bob.show(2, 1, CARET)
    bob.heard()
    new = await house.peer("ann", verified=True)
    await new.show(1, 5, MOVED)
    await bob.say(AwarenessUpdate((AwarenessEntry(1, 9, MOVED),)))
    assert bob.presence() == []
    await new.show(1, 6, MOVED)
    (moved,) = bob.presence()
    assert json.loads(moved.state or "") == {"caret": 2, "user": {"id": "ann", "name": "ann"}}
    old.session.leave()
    assert bob.presence() == []
    new.session.leave()
    assert [e.state for e in bob.presence()] == [None]


async def test_guests_never_take_an_id_over(house: House) -> None:
    """[RM21] two sessions that say they are the same guest are not."""
    ann, again, bob = [await house.peer(name) for name in ("ann", "ann", "bob")]
    await ann.show(1, 5, CARET)
    bob.heard()
    await again.show(1, 6, MOVED)
    assert bob.presence() == []


def test_the_server_says_who_a_verified_user_is() -> None:
    """[RM21] name and colour come from the token, whatever the client claims."""
    access = Access("u-1", "Änn", Role.VIEWER, False, color="#aa3300", verified=True)
    known = {"id": "u-1", "name": "Änn", "color": "#aa3300"}
    claimed = json.loads(stamp(access, '{"user":{"name":"Boss","color":"red","x":1},"caret":1}'))
    assert claimed == {"user": {**known, "x": 1}, "caret": 1}
    assert json.loads(stamp(access, "{}")) == {"user": known}
    assert json.loads(stamp(access, '{"user":"Boss"}')) == {"user": known}
    right = '{"user":{"id":"u-1","name":"Änn","color":"#aa3300"}}'
    assert stamp(access, right) == right


def test_the_server_says_who_it_is() -> None:
    """[RM21] `user.id` in a state is the identity's; the name stays the client's."""
    access = Access("u-1", "Ann", Role.EDITOR, True)
    claimed = json.loads(stamp(access, '{"user":{"name":"A","id":"u-2"},"caret":1}'))
    assert claimed == {"user": {"name": "A", "id": "u-1"}, "caret": 1}
    escaped = json.loads(stamp(access, '{"\\u0075ser":{"id":"u-2"}}'))
    assert escaped == {"user": {"id": "u-1"}}
    assert stamp(access, CARET) == CARET
    assert stamp(access, '{"user":"ann"}') == '{"user":"ann"}'
    nobody = Access("", "Guest", Role.EDITOR, True)
    assert stamp(nobody, '{"user":{"id":"x"}}') == '{"user":{"id":"x"}}'
