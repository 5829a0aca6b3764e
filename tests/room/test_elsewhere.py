"""Presence of peers on other nodes."""

from __future__ import annotations

import pytest

from collab.news import Gone, Missed, PresenceChanged, PresenceOf, PresenceWanted, Present
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.encoding import CLOCK_LIMIT
from collab.room import neighbours
from collab.room.present import HIGHEST
from tests.room.house import DOCUMENT, House, Peer, settle
from tests.room.test_neighbours import acquainted, overhear, tell

CARET = '{"caret":1}'
MOVED = '{"caret":2}'
LOW, HIGH = "a-node", "z-node"
"""Names before and after that of the node here, which is `node-1` or the like."""


def changed(
    house: House, clock: int, state: str | None, node: str = LOW, user: str | None = None
) -> None:
    """Another node tells of client 1."""
    present = Present(AwarenessEntry(1, clock, state), user)
    tell(house.registry, PresenceChanged(DOCUMENT, (present,)), node)


async def introduced(house: House) -> Peer:
    """A peer, once the node here has heard of both others."""
    peer = await house.peer("watcher")
    for node in (LOW, HIGH):
        tell(house.registry, PresenceOf("another", ()), node)
    await settle(2)
    peer.heard()
    return peer


def told(said: list[object]) -> list[tuple[int, int, str | None]]:
    """What other nodes are told of clients."""
    return [
        (p.entry.client, p.entry.clock, p.entry.state)
        for news in said
        if isinstance(news, PresenceChanged)
        for p in news.states
    ]


# --- Shown everywhere ------------------------------------------------------------------


async def test_states_reach_the_peers_of_all_nodes(house: House) -> None:
    """[CL40] changes and ends are told at once, under the same clock, and not told back."""
    other = await acquainted(house)
    ann, bob = await house.peer("ann"), await house.peer("bob", registry=other)
    said = overhear(house)
    await ann.show(1, 1, CARET)
    await bob.show(2, 5, CARET)
    await settle()
    both = [AwarenessEntry(1, 1, CARET), AwarenessEntry(2, 5, CARET)]
    assert sorted(ann.presence(), key=lambda e: e.client) == both
    assert sorted(bob.presence(), key=lambda e: e.client) == both
    await ann.show(1, 2, MOVED)
    await settle()
    assert bob.presence() == [AwarenessEntry(1, 2, MOVED)]
    ann.session.leave()
    await settle()
    assert bob.presence() == [AwarenessEntry(1, 3, None)]
    assert [client for client, _, _ in told(list(said))] == [1, 1, 1]


async def test_a_newcomer_sees_who_is_on_other_nodes(house: House) -> None:
    """[CL40] whether or not its node had the document open when they came."""
    other = await house.other()
    ann = await house.peer("ann")
    await ann.show(1, 1, CARET)
    await settle(2)
    bob = await house.peer("bob", registry=other)
    assert bob.presence() == []
    await settle(0.1)
    assert bob.presence() == [AwarenessEntry(1, 1, CARET)]
    assert (await house.peer("late", registry=other)).presence() == [AwarenessEntry(1, 1, CARET)]


async def test_renewals_reach_other_nodes_in_time(house: House) -> None:
    """[CL41] Yjs clients drop who was not renewed for thirty seconds; gathered, as for peers."""
    other = await acquainted(house)
    writers = [await house.peer(f"w{n}") for n in range(5)]
    bob = await house.peer("bob", registry=other)
    for clock in range(1, 6):
        for client, peer in enumerate(writers, 1):
            await peer.show(client, clock, CARET)
        await settle(15)
        heard = {entry.client: entry.clock for entry in bob.presence()}
        assert heard == dict.fromkeys(range(1, 6), clock)
    said = overhear(house)
    for client, peer in enumerate(writers, 1):
        await peer.show(client, 6, CARET)
    await settle(2)
    (news,) = [news for news in said if isinstance(news, PresenceChanged)]
    assert len(news.states) == 5


async def test_changes_go_out_once_a_window(house: House) -> None:
    """[CL41] the latest of each client, however fast it moves."""
    await house.restart(awareness_window=0.5, awareness_rate=1000)
    ann = await house.peer("ann")
    said = overhear(house)
    for clock in range(1, 100):
        await ann.show(1, clock, f'{{"caret":{clock}}}')
    await settle(1)
    assert [clock for _, clock, _ in told(list(said))] == [1, 99]


async def test_states_of_others_are_bounded(house: House) -> None:
    """[CL42] further clients of other nodes are not shown here, until there is room."""
    await house.restart(awareness_elsewhere=3)
    watcher = await introduced(house)
    states = tuple(Present(AwarenessEntry(n, 1, CARET)) for n in range(1, 6))
    tell(house.registry, PresenceChanged(DOCUMENT, states), LOW)
    assert {e.client for e in watcher.presence()} == {1, 2, 3}
    changed(house, 2, None)
    renewed = tuple(Present(AwarenessEntry(n, 2, CARET)) for n in range(4, 6))
    tell(house.registry, PresenceChanged(DOCUMENT, renewed), LOW)
    await settle(2)
    assert [(e.client, e.state) for e in watcher.presence()] == [(1, None), (4, CARET)]


# --- Ends ------------------------------------------------------------------------------


async def test_a_node_that_is_gone_takes_its_peers_along(house: House) -> None:
    """[CL43] those of others stay."""
    watcher = await introduced(house)
    changed(house, 5, CARET)
    tell(house.registry, PresenceOf(DOCUMENT, (Present(AwarenessEntry(2, 1, CARET)),)), HIGH)
    watcher.heard()
    tell(house.registry, Gone(), LOW)
    assert watcher.presence() == [AwarenessEntry(1, 6, None)]
    assert [e.client for e in (await house.peer("late")).presence()] == [2]
    assert LOW not in (await house.room()).presence.states.elsewhere


async def test_all_states_of_a_node_replace_what_it_said(house: House) -> None:
    """[CL43] who is not named is gone."""
    watcher = await introduced(house)
    changed(house, 5, CARET)
    watcher.heard()
    tell(house.registry, PresenceOf(DOCUMENT, (Present(AwarenessEntry(2, 1, CARET)),)), LOW)
    assert set(watcher.presence()) == {AwarenessEntry(1, 6, None), AwarenessEntry(2, 1, CARET)}


async def test_a_room_that_closes_takes_its_peers_along(house: House) -> None:
    """[CL43] a drain says so at once; a room that nobody is in says nothing."""
    other = await acquainted(house)
    ann, bob = await house.peer("ann"), await house.peer("bob", registry=other)
    await ann.show(1, 1, CARET)
    await settle()
    bob.heard()
    said = overhear(house)
    await house.registry.drain(1.0)
    assert [n for n in said if isinstance(n, PresenceOf)] == [PresenceOf(DOCUMENT, ())]
    assert ann.code is CloseCode.RESTART
    await settle()
    assert bob.presence() == [AwarenessEntry(1, 2, None)]


async def test_old_news_shows_no_ghosts(house: House) -> None:
    """[CL44] what comes late, or again, or in another order does not bring back who left."""
    watcher = await introduced(house)
    for clock, state in ((6, None), (5, CARET), (4, MOVED), (5, CARET)):
        changed(house, clock, state)
    assert watcher.presence() == []
    changed(house, 7, CARET)
    changed(house, 6, None)
    changed(house, 6, MOVED)
    assert watcher.presence() == [AwarenessEntry(1, 7, CARET)]


async def test_what_may_be_over_is_asked_about_and_ends(house: House) -> None:
    """[CL45] after something was missed the nodes are asked; who is not confirmed is gone."""
    watcher = await introduced(house)
    changed(house, 5, CARET)
    tell(house.registry, PresenceOf(DOCUMENT, (Present(AwarenessEntry(2, 1, CARET)),)), HIGH)
    watcher.heard()
    said = overhear(house)
    for _ in range(20):
        tell(house.registry, Missed(), "")
    await settle(0.5)
    assert [n for n in said if isinstance(n, PresenceWanted)] == [PresenceWanted(None)]
    tell(house.registry, PresenceOf(DOCUMENT, (Present(AwarenessEntry(2, 1, CARET)),)), HIGH)
    await settle(3)
    assert watcher.presence() == []
    await settle(5)
    assert watcher.presence() == [AwarenessEntry(1, 6, None)]
    await settle(30)
    assert watcher.presence() == []


async def test_who_missed_something_tells_its_own_too(house: House) -> None:
    """[CL45] what others know better comes back so."""
    ann = await introduced(house)
    await ann.show(1, 1, CARET)
    said = overhear(house)
    tell(house.registry, Missed(), LOW)
    await settle(0.5)
    own = PresenceOf(DOCUMENT, (Present(AwarenessEntry(1, 1, CARET)),))
    assert own in said


async def test_many_who_ask_get_one_answer(house: House) -> None:
    """[CL45] an answer is heard by all; nobody answers for a room without peers."""
    ann = await introduced(house)
    said = overhear(house)
    tell(house.registry, PresenceWanted(DOCUMENT), LOW)
    await settle(1)
    assert said == []
    await ann.show(1, 1, CARET)
    for node in (LOW, HIGH, LOW, HIGH):
        tell(house.registry, PresenceWanted(DOCUMENT), node)
        tell(house.registry, PresenceWanted(None), node)
    await settle(1)
    assert len([n for n in said if isinstance(n, PresenceOf)]) == 1


async def test_a_crowd_is_told_in_pieces(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[CL45] of which each confirms its states, and who left meanwhile is not named."""
    monkeypatch.setattr(neighbours, "STATES_AT_ONCE", 3)
    other = await acquainted(house)
    peers = [await house.peer(f"p{n}") for n in range(8)]
    for client, peer in enumerate(peers, 1):
        await peer.show(client, 1, CARET)
    await settle()
    watcher = await house.peer("watcher", registry=other)
    assert len(watcher.presence()) == 8
    tell(other, Missed(), "")
    await settle(0.07)
    peers[7].session.leave()
    await settle(20)
    assert [(e.client, e.state) for e in watcher.presence()] == [(8, None)]
    assert len((await house.room(other)).presence.everyone()) == 7


# --- Clocks ----------------------------------------------------------------------------


async def test_clocks_grow_across_nodes(house: House) -> None:
    """[CL46] a node that told a higher clock says so, shows nothing of the lower one, and the
    state comes again above it."""
    watcher = await introduced(house)
    changed(house, 9, None, HIGH)
    changed(house, 4, None, LOW)
    said = overhear(house)
    changed(house, 5, CARET)
    await settle()
    assert watcher.presence() == []
    assert told(list(said)) == [(1, 9, None)]
    changed(house, 10, CARET)
    assert watcher.presence() == [AwarenessEntry(1, 10, CARET)]


async def test_a_state_is_told_again_above_what_others_told(house: House) -> None:
    """[CL46] None of a node that does not hold the id ends nothing, and raises its clock."""
    watcher = await introduced(house)
    ann = await house.peer("ann")
    await ann.show(1, 5, CARET)
    watcher.heard()
    said = overhear(house)
    changed(house, 4, None)
    assert watcher.presence() == []
    changed(house, 9, None)
    changed(house, 9, None, HIGH)
    await settle()
    assert watcher.presence() == [AwarenessEntry(1, 10, CARET)]
    assert told(list(said)) == [(1, 10, CARET)]
    changed(house, 8, None, HIGH)
    assert watcher.presence() == []


async def test_a_clock_near_the_end_stays_on_its_node(house: House) -> None:
    """[CL46] others are told that it is gone: no clock is left to say so later."""
    ann = await introduced(house)
    said = overhear(house)
    await ann.show(1, HIGHEST - 1, CARET)
    await ann.show(1, CLOCK_LIMIT - 1, MOVED)
    ann.session.leave()
    await settle()
    assert [(clock, state) for _, clock, state in told(list(said))] == [
        (HIGHEST - 1, CARET),
        (CLOCK_LIMIT - 1, None),
        (CLOCK_LIMIT - 1, None),
    ]
