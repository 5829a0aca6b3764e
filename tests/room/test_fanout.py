"""Broadcasts to so many that others have a turn in between: who gets what, and in which order."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Access, Role
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import (
    AwarenessUpdate,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from tests.room.crowd import CARET, crowd, reached, until, write
from tests.room.house import EMPTY_STATE, House, MemoryChannel, settle
from tests.room.slow import EACH, RECEIPT
from tests.support.edits import Author


async def test_peers_are_sent_a_broadcast_one_after_the_other(many: House) -> None:
    """[RM30] [RM2] and each gets the next one behind it, with all that it lacks in one piece."""
    peers, author = await crowd(many), Author(1)
    update = await write(peers[0], author)
    await until(lambda: reached(peers) == [0, 1, 2])
    await peers[1].show(1, 1, CARET)
    await until(lambda: reached(peers) == list(range(len(peers))))
    behind = [len(peer.channel.frames) - peer._read for peer in peers]
    assert behind == [1, 1, 1, 2, 2, 2]
    await settle()
    for peer in peers:
        assert [type(message) for message in peer.heard()] == [Update, AwarenessUpdate]
    assert Update(update) == yjs.decode(peers[0].channel.frames[-2])
    assert (await many.room()).unsent.nothing


async def test_where_broadcasts_come_faster_than_visits_no_more_of_them_wait(many: House) -> None:
    """Each visit brings all that came meanwhile."""
    peers = await crowd(many)
    room, sizes = await many.room(), []
    for clock in range(1, 30):
        await peers[0].show(1, clock, f'{{"caret":{clock}}}')
        await asyncio.sleep(0)
        if room.unsent._round is not None:
            sizes.append(len(room.unsent._round._broadcasts))
    assert max(sizes) <= 4 * len(peers)
    await settle()
    for peer in peers:
        clocks = [entry.clock for entry in peer.presence()]
        assert clocks == sorted(clocks)
        assert clocks[-1] == 29


async def test_few_are_sent_a_broadcast_at_once(house: House) -> None:
    peers = await crowd(house)
    await peers[0].show(1, 1, CARET)
    assert [len(peer.presence()) for peer in peers] == [1] * len(peers)
    assert (await house.room()).unsent.nothing


async def test_a_large_frame_takes_its_time_with_few_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[RM30] with others in between."""
    monkeypatch.setattr("collab.room.audience.BULK", 40_000 * 3)
    monkeypatch.setattr("collab.room.fanout.STEP", 1)
    peers, room = await crowd(house, 4), await house.room()
    large = Author(1).write("x" * 40_000)
    heard = []
    await peers[0].write(large)
    await until(lambda: not room.unsent.nothing)
    heard.append(reached(peers))
    await settle()
    assert heard == [[]]
    assert [peer.updates() for peer in peers] == [[large]] * 4


# --- What is for one peer alone ----------------------------------------------------------


async def test_a_receipt_comes_at_once_behind_the_echo(many: House) -> None:
    """[RM1] [SL3] though its author is the last to be visited."""
    peers = await crowd(many)
    room, channel = await many.room(), MemoryChannel()
    session = room.join(channel, Access("ann", "ann", Role.EDITOR, True), EACH)
    session.receive(EACH.encode(SyncStep1(EMPTY_STATE)))
    channel.frames.clear()
    update = Author(1).write("x")
    session.receive(EACH.encode(Update(update)))
    await until(lambda: bool(channel.frames))
    assert channel.frames == [EACH.encode(Update(update)), RECEIPT]
    assert reached(peers) == []
    await settle()
    assert len(channel.frames) == 2
    assert [peer.updates() for peer in peers] == [[update]] * len(peers)


async def test_an_answer_comes_behind_what_is_unsent(many: House) -> None:
    """[RM30] [SL3] [RM13] and what it was sent first does not come again."""
    peers, author = await crowd(many), Author(1)
    update = await write(peers[0], author)
    await until(lambda: reached(peers) == [0])
    last = peers[-1]
    await last.say(SyncStatus(b"1"))
    await last.say(SyncStep1(EMPTY_STATE))
    kinds = [type(message) for message in last.heard()]
    assert kinds == [Update, SyncStatus, SyncStep2]
    await settle()
    assert last.heard() == []
    assert [peer.updates() for peer in peers[:-1]] == [[update]] * (len(peers) - 1)


async def test_presence_for_one_comes_behind_presence_for_all(many: House) -> None:
    """[RM20] so that its clocks never go back."""
    peers = await crowd(many)
    last = peers[-1]
    await peers[0].show(1, 1, CARET)
    (await many.room()).presence.states.gather(1)
    last.session.show((await many.room()).presence.everyone())
    await peers[0].show(1, 2, '{"caret":2}')
    await settle(2)
    clocks = [entry.clock for entry in last.presence()]
    assert clocks == sorted(clocks)
    assert clocks[-1] == 2


# --- Who comes and goes ------------------------------------------------------------------


async def test_who_joins_meanwhile_has_it_and_misses_nothing_later(many: House) -> None:
    """[RM30] [RM13] not sent again what the answer holds; sent all that comes behind it."""
    peers, author = await crowd(many), Author(1)
    first = await write(peers[0], author)
    await until(lambda: reached(peers) == [0, 1])
    late = await many.peer("late")
    assert await late.sync() == first
    second = await write(peers[0], author)
    await settle()
    assert late.updates() == [second]
    assert [peer.updates() for peer in peers] == [[first, second]] * len(peers)


async def test_who_joins_meanwhile_sees_who_is_there_once(many: House) -> None:
    """[RM13] [RM20] and never an older clock behind a later one."""
    peers = await crowd(many)
    await peers[0].show(1, 1, CARET)
    await until(lambda: reached(peers) == [0, 1])
    late = await many.peer("late")
    await settle()
    assert [entry.clock for entry in late.presence()] == [1]


async def test_who_subscribes_meanwhile_is_sent_what_comes_later(many: House) -> None:
    """[RM13] with its own first edit, before it has asked for anything."""
    peers, author = await crowd(many), Author(1)
    silent = await many.peer("silent")
    silent.heard()
    await write(peers[0], author)
    await until(lambda: reached(peers) == [0, 1])
    mine = Author(2).write("mine")
    await silent.write(mine)
    await settle()
    assert silent.updates() == [mine]


async def test_who_leaves_or_fails_meanwhile_keeps_nobody_from_it(
    many: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers, author = await crowd(many), Author(1)

    def broken(frame: bytes) -> None:
        raise RuntimeError("no such network")

    monkeypatch.setattr(peers[2].session.outbox, "freely", broken)
    update = await write(peers[0], author)
    await until(lambda: reached(peers) == [0])
    peers[1].session.leave()
    peers[4].session.close(CloseCode.FORBIDDEN, "you have no right here any more")
    await settle()
    sent = [peer.updates() for peer in peers]
    assert sent == [[update], [], [], [update], [], [update]]
    assert peers[2].code is CloseCode.INTERNAL  # else it would lack this for good
    assert (await many.room()).unsent.nothing


async def test_who_left_is_forgotten_though_broadcasts_never_cease(many: House) -> None:
    peers = await crowd(many)
    room, gone = await many.room(), peers[1].session
    await peers[0].show(1, 1, CARET)
    await until(lambda: reached(peers) == [0, 1])
    gone.leave()
    for clock in range(2, 30):
        await peers[0].show(1, clock, f'{{"caret":{clock}}}')
        await asyncio.sleep(0)
    assert room.unsent._round is not None
    assert gone not in room.unsent._round.places
    assert peers[2].session in room.unsent._round.places


async def test_a_room_that_all_leave_is_done(many: House) -> None:
    """[RM15] and is unloaded."""
    peers = await crowd(many)
    await write(peers[0], Author(1))
    await until(lambda: reached(peers) == [0])
    room = await many.room()
    for peer in peers:
        peer.session.leave()
    await settle()
    assert room.unsent.nothing
    await settle(many.limits.idle_unload + 1)
    assert not many.registry.rooms


async def test_presence_that_was_told_meanwhile_is_known_again(many: House) -> None:
    """[RM29] echoes of those who have it, while others do not; and whoever left may say again
    what was on its way."""
    peers = await crowd(many)
    await peers[0].show(1, 1, CARET)
    await until(lambda: reached(peers) == [0, 1])
    (told,) = peers[1].heard_of(AwarenessUpdate)
    await peers[1].say(told)
    peers[0].session.leave()
    again = await many.peer("again")
    again.heard()
    await again.show(1, 1, CARET)
    await settle()
    shown = (await many.room()).presence.everyone()
    assert [(entry.client, entry.state) for entry in shown] == [(1, CARET)]
    for peer in peers[1:]:
        clocks = [entry.clock for entry in peer.presence()]
        assert clocks == sorted(clocks)
