"""Slow readers beside other nodes, joiners and each other, and how long a room waits."""

from __future__ import annotations

from dataclasses import replace

from collab.access import Access, Role
from collab.interfaces import Append, NewRow
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStatus, SyncStep1, SyncStep2, Update
from collab.room.backlog import Backlog
from collab.room.codec import YJS
from tests.room.house import DOCUMENT, House, MemoryChannel, settle
from tests.room.slow import read_on, slow_peer, type_on, updates
from tests.support.edits import Author, text_of


async def test_rows_of_another_node_reach_a_slow_reader(small: House) -> None:
    """[SL2] what other nodes committed is in the same stream."""
    slow = await slow_peer(small)
    other = await small.other()
    eve = await small.synced("eve", registry=other)
    await type_on(eve, Author(1))
    assert slow.session.outbox.collapsed
    assert text_of(*updates(await read_on(slow))) == "x" * 5000


async def test_a_snapshot_of_another_node_reaches_a_slow_reader(small: House) -> None:
    """[SL4] also if its rows are gone from the log before this node has read them."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    author, mine = Author(1), Author(2)
    await type_on(ann, mine, 20)
    for _ in range(20):
        await small.memory.append(
            [Append(DOCUMENT, (NewRow(author.write("x" * 100), "eve", (1,)),))]
        )
    other = await small.other()
    await other._compactor.compact(await small.room(other))
    await settle(2)
    await ann.write(mine.write("!"))
    await settle(5)
    assert (await small.room()).log.base is not None
    text = text_of(*updates(await read_on(slow)))
    assert (text.count("x"), text.count("!")) == (4000, 1)


async def test_a_joiner_that_does_not_read_is_answered_when_it_does(small: House) -> None:
    """[SL5] and hears what came since behind the answer."""
    ann = await small.synced("ann")
    author = Author(1)
    await type_on(ann, author)
    joiner = await small.peer("bob")
    joiner.channel.stall()
    joiner.channel.send(b"x" * 300)
    await joiner.say(SyncStep1(b"\x00"))
    await type_on(ann, author)
    assert joiner.channel.buffered < 1000
    joiner.channel.frames.remove(b"x" * 300)
    heard = await read_on(joiner)
    kinds = [type(m) for m in heard]
    assert Update not in kinds[: kinds.index(SyncStep2)]
    assert text_of(*updates(heard)) == "x" * 10_000


async def test_presence_of_a_slow_reader_is_the_latest(small: House) -> None:
    """[SL6] each client once, those that left included."""
    ann, bob, slow = await small.synced("ann"), await small.synced("bob"), await slow_peer(small)
    await bob.show(7, 1, '{"at":0}')
    for clock in range(1, 200):
        await ann.show(5, clock, f'{{"at":{clock}}}')
        await settle(0.05)
    bob.session.leave()
    await settle(2)
    assert slow.session.outbox.collapsed
    await read_on(slow)
    slow._read = 0
    told = {entry.client: entry.state for entry in slow.presence()}
    assert told == {5: '{"at":199}', 7: None}
    assert len(slow.channel.frames) < 40


async def test_a_peer_that_reads_nothing_is_closed_at_the_deadline(small: House) -> None:
    """[SL9] and not before it."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    await type_on(ann, Author(1))
    await settle(29)
    assert slow.code is None
    await settle(5)
    assert slow.code is CloseCode.TRY_LATER
    assert slow.session not in (await small.room()).sessions
    assert ann.code is None


async def test_a_peer_that_reads_a_little_is_not_closed(small: House) -> None:
    """[SL9] part of a frame now and then is progress."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    await type_on(ann, Author(1))
    for _ in range(10):
        await settle(25)
        slow.channel.take(1)
    assert slow.code is None
    await read_on(slow)
    await settle(100)
    assert slow.code is None


async def test_a_peer_for_which_nothing_waits_may_be_silent(small: House) -> None:
    """[SL9] for ever."""
    peer = await small.synced("idle")
    await settle(1000)
    assert peer.code is None


async def test_a_slow_worker_is_not_the_peer_s_silence(house: House) -> None:
    """[SL9] who waits for the server is not closed for it."""
    await house.restart(diff_inline_bytes=10)
    author = Author(1)
    await (await house.synced("ann")).write(author.write("x" * 100))
    await settle()
    peer = await house.peer("bob")

    async def slow(operation: str) -> None:
        await house.clock.sleep(100)

    house.worker.hook = slow
    await peer.say(SyncStep1(b"\x00"))
    assert peer.code is None
    assert text_of(*updates(peer.heard())) == "x" * 100


async def test_a_peer_that_asks_and_never_reads_is_closed(house: House) -> None:
    """[SL7] answers that wait are bounded in number."""
    await house.restart(channel_high=10, receipts=20)
    ann, slow = await house.synced("ann"), await slow_peer(house)
    slow.channel.send(b"x" * 10)
    for _ in range(21):
        await slow.say(SyncStep1(b"\x00"))
    await settle()
    assert (slow.code, ann.code) == (CloseCode.TRY_LATER, None)


async def test_many_slow_readers_at_once(house: House) -> None:
    """[SL9] closing some for slowness does not nest in closing others."""
    await house.restart(outbox_bytes=300, channel_high=100)
    ann = await house.synced("ann")
    slow = [await house.synced(f"s{n}") for n in range(300)]
    for number, peer in enumerate(slow):
        await peer.show(number + 1, 1, '{"a":1}')
    for peer in slow:
        peer.channel.stall()
    author = Author(9999)
    for _ in range(6):
        await ann.write(author.write("x" * 100))
        await settle()
    await settle(40)
    assert {peer.code for peer in slow} == {CloseCode.TRY_LATER}
    assert ann.code is None
    assert len(ann.heard_of(Update)) == 6


async def test_many_that_ask_too_much_at_once(house: House) -> None:
    """[SL7] nor does closing some for their answers, of which each close makes more."""
    await house.restart(outbox_bytes=300, channel_high=100, receipts=1)
    room = await house.room()
    greedy = [await house.synced(f"s{n}") for n in range(300)]
    for number, peer in enumerate(greedy):
        await peer.show(number + 1, 1, '{"a":1}')
    for peer in greedy:
        peer.channel.stall()
        peer.channel.send(b"x" * 100)
        peer.session.send(SyncStatus(b"1"))
    for peer in greedy:
        peer.session.send(SyncStatus(b"2"))
    await settle()
    assert {peer.code for peer in greedy} == {CloseCode.TRY_LATER}
    assert not room.sessions


async def test_documents_on_one_connection_have_little_each(house: House) -> None:
    """[SL8] unless their wire says what they share."""
    await house.restart(outbox_bytes=64_000, channel_high=100)
    ann, room = await house.synced("ann"), await house.room()
    codec = replace(YJS, prefix=b"address")
    access = Access("eve", "eve", Role.VIEWER, True)
    shared = Backlog(64_000)
    alone, together = MemoryChannel(), MemoryChannel()
    sessions = [room.join(alone, access, codec), room.join(together, access, codec, shared)]
    for session, channel in zip(sessions, (alone, together), strict=True):
        session.receive(yjs.encode(SyncStep1(b"\x00")))
        channel.stall()
    await type_on(ann, Author(1), 20)
    assert [session.outbox.collapsed for session in sessions] == [True, False]
    assert 2000 < shared.bytes < 64_000
