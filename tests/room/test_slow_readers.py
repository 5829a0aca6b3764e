"""Peers that read slowly, or not at all, in a room with others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collab.access import Access, Role
from collab.crdt import updates as updates_module
from collab.errors import WorkerDied
from collab.interfaces import Append, NewRow
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import Message, Receipt, SyncStatus, SyncStep1, SyncStep2, Update
from collab.room.backlog import Backlog
from collab.room.codec import YJS, Codec, Receipts
from tests.room.house import DOCUMENT, House, MemoryChannel, Peer, settle
from tests.support.edits import Author, text_of

RECEIPT = b"\x08\x01"


def _encode(message: Message) -> bytes:
    return RECEIPT if isinstance(message, Receipt) else yjs.encode(message)


EACH = Codec("each", yjs.decode, _encode, receipts=Receipts.EACH)


@pytest.fixture
async def small(house: House) -> House:
    """Little may wait, and merged frames are small."""
    await house.restart(outbox_bytes=1000, channel_high=300, merge_bytes=500)
    return house


async def slow_peer(house: House, name: str = "slow") -> Peer:
    """A peer that has the document, and reads nothing from now on."""
    peer = await house.synced(name)
    peer.channel.stall()
    return peer


async def type_on(peer: Peer, author: Author, frames: int = 50) -> None:
    for _ in range(frames):
        await peer.write(author.write("x" * 100))
        await settle()


async def read_on(peer: Peer) -> list[Message]:
    """The network takes what it is given, for as long as there is something; what came."""
    peer.channel.stall()
    while peer.channel.buffered or peer.session.outbox.waits:
        peer.channel.take(peer.channel.buffered)
        await settle()
    peer.channel.resume()
    return peer.heard()


def updates(messages: list[Message]) -> list[bytes]:
    return [m.update for m in messages if isinstance(m, Update | SyncStep2)]


async def test_a_slow_reader_is_repaired_and_no_other_notices(small: House) -> None:
    """[SL2] it keeps its connection, costs a bounded number of bytes, and lacks nothing."""
    ann, bob, slow = await small.synced("ann"), await small.synced("bob"), await slow_peer(small)
    author = Author(1)
    await type_on(ann, author)
    assert slow.session.outbox.collapsed
    assert slow.channel.buffered < 1000
    assert text_of(*bob.updates()) == "x" * 5000
    heard = await read_on(slow)
    assert text_of(*updates(heard)) == "x" * 5000
    assert len(heard) < 30
    assert slow.code is None
    await ann.write(author.write("!"))
    await settle()
    assert text_of(*updates(heard), *slow.updates()).endswith("!")


async def test_a_merged_frame_is_bounded(small: House) -> None:
    """[SL2] and comes when the one before it was taken."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    await type_on(ann, Author(1))
    before = len(slow.channel.frames)
    slow.channel.take(slow.channel.buffered)
    assert len(slow.channel.frames) == before + 1
    assert len(slow.channel.frames[-1]) < 700


async def test_a_slow_reader_goes_on_writing(small: House) -> None:
    """[SL3] what it writes is committed and seen; its echo comes to it once it reads."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    mine, author = Author(2), Author(1)
    for _ in range(20):
        await ann.write(author.write("x" * 100))
        await slow.write(mine.write("o"))
        await settle()
    assert text_of(*ann.updates()).count("o") == 20
    heard = await read_on(slow)
    assert text_of(*updates(heard)).count("o") == 20


async def test_a_receipt_stays_behind_the_echoes_before_it(small: House) -> None:
    """[SL3] where the echo is the receipt of an edit, a status after it comes after it."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    await type_on(ann, Author(1))
    mine = Author(2)
    for number in range(5):
        await slow.write(mine.write(f"<{number}>"))
        await slow.say(SyncStatus(b"%d" % number))
        await settle()
    echoed: list[bytes] = []
    statuses = 0
    for message in await read_on(slow):
        if isinstance(message, SyncStatus):
            assert f"<{int(message.payload)}>" in text_of(*echoed)
            assert int(message.payload) == statuses
            statuses += 1
        else:
            echoed += updates([message])
    assert statuses == 5


async def test_each_update_has_one_receipt_however_slow_its_author(small: House) -> None:
    """[SL3] where receipts are told for each, none is merged or lost."""
    ann, room = await small.synced("ann"), await small.room()
    channel = MemoryChannel()
    session = room.join(channel, Access("eve", "eve", Role.EDITOR, True), EACH)
    channel.stall()
    mine, author = Author(2), Author(1)
    for _ in range(10):
        await ann.write(author.write("x" * 100))
        session.receive(yjs.encode(Update(mine.write("o"))))
        await settle()
    assert channel.frames.count(RECEIPT) < 10
    channel.resume()
    await settle()
    assert channel.frames.count(RECEIPT) == 10
    assert channel.closed is None


async def test_a_receipt_is_not_sent_before_its_commit(small: House) -> None:
    """[SL3] also to a peer that catches up just then."""
    ann, slow = await small.synced("ann"), await slow_peer(small)
    await type_on(ann, Author(1), 20)
    with small.store.hold("append"):
        await slow.write(Author(2).write("mine"))
        await slow.say(SyncStatus(b"1"))
        await small.store.waiting()
        heard = await read_on(slow)
        assert text_of(*updates(heard)) == "x" * 2000
        assert not any(isinstance(m, SyncStatus) for m in heard)
    await settle()
    assert [type(m) for m in slow.heard()] == [Update, SyncStatus]


@pytest.mark.parametrize("inline", [10, 1024 * 1024], ids=["by a worker", "at once"])
async def test_what_the_log_forgot_is_resynchronised(
    house: House, monkeypatch: pytest.MonkeyPatch, inline: int
) -> None:
    """[SL4] from the state that the peer had, also while others write on."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 500)
    await house.restart(
        outbox_bytes=1000, channel_high=300, diff_inline_bytes=inline, look_after=1e9
    )
    ann, slow = await house.synced("ann"), await slow_peer(house)
    author = Author(1)
    await type_on(ann, author)

    async def busy(operation: str) -> None:
        if operation == "missing":
            await ann.write(author.write("y"))
            await settle()

    house.worker.hook = busy
    heard = await read_on(slow)
    assert house.worker.calls["missing"] == (1 if inline == 10 else 0)
    assert text_of(*updates(heard)) == str(author.text)
    assert slow.code is None


async def test_compaction_meanwhile_takes_nothing_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SL4] the state is that of the snapshot from before it fell behind, not of the newest."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 500)
    await house.restart(
        outbox_bytes=1000, channel_high=300, compact_after_rows=5, compact_retry_first=0.1
    )
    ann = await house.synced("ann")
    author = Author(1)
    await type_on(ann, author, 10)
    room = await house.room()
    first = room.log.base
    assert first is not None
    slow = await slow_peer(house)
    had = list(author.sent)
    await type_on(ann, author)
    assert room.log.base is not first
    heard = await read_on(slow)
    assert text_of(*had, *updates(heard)) == "x" * 6000
    assert sum(map(len, slow.channel.frames)) < 20_000


async def test_a_resynchronisation_that_fails_closes_that_peer_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SL4] with a code that is worth another try."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 500)
    await house.restart(outbox_bytes=1000, channel_high=300, diff_inline_bytes=10)
    ann, slow = await house.synced("ann"), await slow_peer(house)
    await type_on(ann, Author(1))

    async def die(operation: str) -> None:
        raise WorkerDied("killed")

    house.worker.hook = die
    slow.channel.resume()
    await settle()
    assert (slow.code, ann.code) == (CloseCode.INTERNAL, None)


async def test_who_fell_behind_together_is_caught_up_at_one_cost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SL4] what one was sent will do for the others, and the log has what came since."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 500)
    await house.restart(outbox_bytes=1000, channel_high=300, compact_after_rows=5)
    ann = await house.synced("ann")
    author = Author(1)
    await type_on(ann, author, 10)
    slow = [await slow_peer(house, f"s{number}") for number in range(5)]
    had = list(author.sent)
    await type_on(ann, author)
    (known,) = {peer.session.outbox._known for peer in slow}
    asked: list[bytes] = []
    compare = updates_module.missing

    def count(update: bytes, state_vector: bytes) -> bytes:
        asked.append(state_vector)
        return compare(update, state_vector)

    monkeypatch.setattr("collab.room.diffs.updates.missing", count)
    for peer in slow:
        heard = await read_on(peer)
        assert text_of(*had, *updates(heard)) == str(author.text)
        await ann.write(author.write("y"))
        await settle()
    assert asked.count(known) == 1


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
