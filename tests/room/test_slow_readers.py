"""Peers that read slowly, or not at all, in a room with others."""

from __future__ import annotations

import pytest

from collab.access import Access, Role
from collab.crdt import updates as updates_module
from collab.errors import WorkerDied
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStatus, Update
from tests.room.house import House, MemoryChannel, settle
from tests.room.slow import EACH, RECEIPT, read_on, slow_peer, type_on, updates
from tests.support.edits import Author, text_of


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


async def test_repairs_are_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[MT2] those from the log, and those from the state that the peer had; for good."""
    await house.restart(outbox_bytes=1000, channel_high=300)
    ann, slow = await house.synced("ann"), await slow_peer(house)
    author = Author(1)
    await type_on(ann, author)
    await read_on(slow)
    stats = house.registry.stats()
    assert (stats.merges > 0, stats.resyncs) == (True, 0)
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 500)
    slow.channel.stall()
    await type_on(ann, author)
    await read_on(slow)
    assert house.registry.stats().resyncs > 0
    for each in (ann, slow):
        each.session.leave()
    await settle(2 * house.limits.idle_unload)
    stats = house.registry.stats()
    assert (stats.rooms, stats.merges > 0, stats.resyncs > 0) == (0, True, True)


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
