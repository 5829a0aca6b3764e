"""Broadcasts to so many that others have a turn in between: slow readers, bounds and ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.access import Access, Role
from collab.interfaces import Kind
from collab.protocol.close import CloseCode
from collab.protocol.messages import (
    AwarenessUpdate,
    Message,
    Update,
)
from collab.room import fanout
from collab.room.codec import YJS
from collab.room.items import Item, ItemKind
from collab.room.turns import Turns
from tests.room.box import Box
from tests.room.crowd import CARET, crowd, reached, until, write
from tests.room.house import House, MemoryChannel, Peer, settle
from tests.room.slow import read_on
from tests.support.edits import Author

# --- Slow readers ------------------------------------------------------------------------


@pytest.mark.parametrize("remembered", [0, 1_000_000])
async def test_who_fell_behind_and_was_repaired_meanwhile_lacks_nothing(
    many: House, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    """[SL2] [SL3] [SL4] from the log or over a state vector: what comes late was repaired
    already, and what follows builds on it."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", remembered)
    await many.restart(outbox_bytes=300, channel_high=10)
    peers, author = await crowd(many), Author(1)
    slow, room = peers[-1], await many.room()
    slow.channel.stall()
    for _ in range(5):
        await write(peers[0], author)
        await settle(0.03)
    assert slow.session.outbox.collapsed
    await write(peers[0], author)
    await until(lambda: room.log.version == 6)
    heard = await read_on(slow)
    await write(peers[0], author)
    await settle(0.03)
    reader = Author(9)
    for message in (*heard, *slow.heard()):
        if isinstance(message, Update):
            reader.doc.apply_update(message.update)
    assert reader.doc.get_state() == author.doc.get_state()


@pytest.mark.parametrize("before", [[], [b"word"]], ids=["alone", "behind a word to all"])
def test_what_was_known_when_it_was_said_counts(before: list[bytes]) -> None:
    """[SL4] not what is known once it comes: that may hold what is on its way."""
    box = Box(limit=10)
    box.shelf.log.append(b"an update")
    for word in before:
        box.outbox.put(Item(ItemKind.ANSWER, word, known=b"known then"))
    box.outbox.put(Item(ItemKind.UPDATE, b"an update", 0, 1, (), b"known then"))
    assert box.outbox.collapsed
    box.shelf.forgotten = 1
    assert box.read() == [*before, b"all over known then"]


async def test_nothing_is_known_to_all_that_is_unsent(many: House) -> None:
    """[SL4] a compaction between two visits makes nobody's gap."""
    peers, author = await crowd(many), Author(1)
    room = await many.room()
    before = room.told.state
    await write(peers[0], author)
    await until(lambda: reached(peers) == [0])
    room.told.state = b"a compaction later"
    last = peers[-1]
    last.channel.stall()
    last.channel.buffered = room.limits.channel_high
    await settle()
    assert last.session.outbox.waits
    assert last.session.outbox._known == before


# --- Bounds, turns and ends --------------------------------------------------------------


async def test_what_waits_is_bounded(many: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM30] Over the bound all are visited at once."""
    await many.restart(document_bytes=500)
    peers, room = await crowd(many), await many.room()
    await peers[0].show(1, 1, '{"caret":"%s"}' % ("x" * 600))
    assert reached(peers) == []
    await peers[0].show(1, 2, CARET)
    assert reached(peers) == list(range(len(peers)))
    assert room.unsent._round is not None
    assert room.unsent._round.size < 500
    await settle()
    assert [[entry.clock for entry in peer.presence()] for peer in peers] == [[1, 2]] * len(peers)


async def test_what_waits_is_kept_once_whatever_goes_before_it(many: House) -> None:
    """[RM30] where each peer is addressed in its own way."""
    peers, room = await crowd(many, 1), await many.room()
    addressed = {b"to %02d:" % number: MemoryChannel() for number in range(50)}
    for prefix, channel in addressed.items():
        room.join(channel, Access("ann", "ann", Role.EDITOR, True), replace(YJS, prefix=prefix))
        channel.frames.clear()
    await peers[0].show(1, 1, '{"caret":"%s"}' % ("x" * 3_000))
    assert room.unsent._round is not None
    assert 3_000 < room.unsent._round.size < 6_000
    await settle()
    (body,) = peers[0].channel.frames[-1:]
    for prefix, channel in addressed.items():
        assert channel.frames == [prefix + body]


async def test_after_much_for_one_peer_someone_looks_at_the_time(
    many: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[RM30] though little is sent to many before anybody does."""
    monkeypatch.setattr(fanout, "STEP", 4)
    peers, room = await crowd(many), await many.room()
    await peers[0].show(1, 1, CARET)
    room.unsent.step()
    assert len(reached(peers)) == 4
    await settle()
    for peer in peers:
        peer.heard()
    await peers[0].write(Author(1).write("x" * 40_000))
    await until(lambda: not room.unsent.nothing)
    room.unsent.step()
    assert len(reached(peers)) == 1


async def test_rooms_take_turns(many: House) -> None:
    """One of thousands holds up no other."""
    await many.memory.create("small", "small", Kind.NOTE, "")
    peers = await crowd(many, 20)
    small = [Peer(await many.registry.open("small"), f"{n}", Role.EDITOR) for n in range(2)]
    for peer in small:
        peer.heard()
    await peers[0].show(1, 1, CARET)
    await small[0].show(2, 1, CARET)
    await until(lambda: len(reached(small)) == 2)
    assert len(reached(peers)) < 5
    await settle()
    assert len(reached(peers)) == 20


async def test_a_turn_is_short_however_many_there_are(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab.room.audience.FEW", 0)
    monkeypatch.setattr("collab.room.turns.TURN", 0.0)
    monkeypatch.setattr(fanout, "STEP", 4)
    peers = await crowd(house, 20)
    await peers[0].show(1, 1, CARET)
    most, before = 0, 0
    while before < len(peers):
        await asyncio.sleep(0)
        now = len(reached(peers))
        most, before = max(most, now - before), now
    assert most == fanout.STEP


async def test_a_restart_sends_what_is_unsent_first(many: House) -> None:
    """[RM18] echoes are receipts."""
    peers = await crowd(many)
    update = await write(peers[0], Author(1))
    assert await many.registry.drain(10)
    assert [peer.updates() for peer in peers] == [[update]] * len(peers)
    assert {peer.code for peer in peers} == {CloseCode.RESTART}


async def test_peers_of_a_deleted_document_are_closed_in_turns(many: House) -> None:
    """[RM11] and who writes meanwhile is told why."""
    peers = await crowd(many)
    many.registry.deleted((await many.room()).document)
    assert {peer.code for peer in peers} == {None}
    await until(lambda: peers[0].code is not None)
    assert peers[-1].code is None
    await write(peers[-1], Author(1))
    assert peers[-1].code is CloseCode.GONE
    assert peers[-2].code is None
    await settle()
    assert {peer.code for peer in peers} == {CloseCode.GONE}


@pytest.mark.parametrize("begun", [False, True])
async def test_an_end_meanwhile_closes_them_all(many: House, begun: bool) -> None:
    peers = await crowd(many)
    many.registry.deleted((await many.room()).document)
    await until(lambda: not begun or peers[0].code is not None)
    await many.registry.aclose()
    assert {peer.code for peer in peers} == {CloseCode.GONE}


async def test_silence_is_broken_behind_what_is_unsent(many: House) -> None:
    """[RM28]"""
    peers = await crowd(many)
    room = await many.room()
    room._present._quiet = True
    breaking = asyncio.create_task(room.break_silence(Turns(many.clock)))
    await until(lambda: bool(reached(peers)))
    await peers[0].show(1, 1, CARET)
    await breaking
    await settle()
    told: list[list[Message]] = [peer.heard() for peer in peers]
    assert all(AwarenessUpdate(()) in heard for heard in told)
    for heard in told:
        entries = [e for m in heard if isinstance(m, AwarenessUpdate) for e in m.entries]
        assert [entry.clock for entry in entries] == [1]
