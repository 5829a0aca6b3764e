"""From an update to its receipt."""

from __future__ import annotations

from collections.abc import Sequence

from collab.access import Role
from collab.backplane.memory import MemoryBackplane
from collab.interfaces import Append
from collab.news import Committed, Event
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStatus, SyncStep2
from collab.room.pending import PendingUpdate, PendingUpdates
from tests.room.house import DOCUMENT, House, Peer, settle
from tests.support.edits import Author, text_of
from tests.support.passing_store import PassingStore
from tests.support.stores import When


async def test_nothing_is_sent_before_the_commit(house: House) -> None:
    """[RM1] an update reaches others, and its author its receipt, after the commit only."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    update = Author(1).write("hello")
    with house.store.hold("append"):
        await ann.write(update)
        await ann.say(SyncStatus(b"1"))
        await house.store.waiting()
        assert (ann.heard(), bob.heard()) == ([], [])
    await settle()
    assert bob.updates() == [update]
    assert [type(m).__name__ for m in ann.heard()] == ["Update", "SyncStatus"]
    assert await house.saved() == [update]


async def test_updates_gather_while_a_commit_is_in_flight(house: House) -> None:
    """[RM2] the next commit takes all that is pending: one row an author, one frame."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    first, second = Author(1), Author(2)
    with house.store.hold("append"):
        await ann.write(first.write("a"))
        await house.store.waiting()
        for letter in "bcd":
            await ann.write(first.write(letter))
            await bob.write(second.write(letter.upper()))
    await settle()
    _, (append,) = house.store.batches
    assert [(row.author, row.clients) for row in append.rows] == [("ann", (1,)), ("bob", (2,))]
    _, merged = bob.updates()
    assert sorted(text_of(first.sent[0], merged)) == sorted("abcdBCD")
    assert len(ann.updates()) == 2


async def test_updates_too_large_to_merge_stay_rows_of_their_own() -> None:
    """[RM2] merging stops at a size, so that a row and a frame stay bounded."""
    pending = PendingUpdates()
    for size in (60, 60, 200, 30):
        pending.add(PendingUpdate(Author(size).write("x" * size), "ann", (size,)))
    batch = pending.take()
    assert batch is not None
    rows, frames = batch.pack(merge_bytes=160)
    assert [row.clients for row in rows] == [(60,), (200,), (30,)]
    assert len(frames) == 3
    rows, _ = batch.pack(merge_bytes=100)
    assert [row.clients for row in rows] == [(60,), (60,), (200,), (30,)]


async def test_a_failed_commit_sends_no_receipt_and_is_retried(house: House) -> None:
    """[RM3] nobody gets a receipt while commits fail, and nothing is lost."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    house.store.fail("append", When.BEFORE, times=5)
    update = Author(1).write("kept")
    await ann.write(update)
    await ann.say(SyncStatus(b"1"))
    await settle(0.04)
    assert house.store.calls["append"] >= 1
    assert (ann.heard(), bob.heard()) == ([], [])
    assert house.registry.stats().failing_rooms == 1
    assert house.registry.stats().unsaved_age > 0
    await settle(10)
    assert ann.receipts() == [b"1"]
    assert bob.updates() == [update]
    assert house.registry.stats().pending_bytes == 0


async def test_pauses_between_retries_grow(house: House) -> None:
    """[RM3] retries back off up to the longest pause and never end."""
    ann = await house.synced()
    house.store.fail("append", When.BEFORE, times=1000)
    await ann.write(Author(1).write("x"))
    await settle(60)
    in_a_minute = house.store.calls["append"]
    await settle(600)
    assert 12 <= in_a_minute <= 36
    assert 120 <= house.store.calls["append"] - in_a_minute <= 240


async def test_a_commit_that_failed_after_it_took_effect_is_repeated(house: House) -> None:
    """[RM3] a commit in doubt is made again: rows may double, edits may not."""
    ann = await house.synced()
    house.store.fail("append", When.AFTER)
    await ann.write(Author(1).write("once"))
    await settle(1)
    assert len(await house.saved()) == 2
    assert text_of(*await house.saved()) == "once"
    assert ann.updates()
    late = await house.peer("late")
    assert text_of(await late.sync()) == "once"
    assert (await house.room()).sequence == 2


async def test_a_room_that_cannot_be_written_does_not_hold_up_others(house: House) -> None:
    """[RM4] after a failed group commit rooms are tried one by one."""
    kind = (await house.memory.find(DOCUMENT)).kind
    peers = {}
    for name in ("poison", "one", "two"):
        await house.memory.create(name, "", kind, "")
        room = await house.registry.open(name)
        peers[name] = Peer(room, "ann", Role.EDITOR)
        await peers[name].sync()

    house.store.store = _Poisoned(house.memory)
    with house.store.hold("append"):
        await peers["one"].write(Author(1).write("first"))
        await house.store.waiting()
        for number, peer in enumerate(peers.values(), 2):
            await peer.write(Author(number).write("x"))
    for peer in peers.values():
        await peer.say(SyncStatus(b"r"))
    await settle(0.05)
    assert {name: peer.receipts() for name, peer in peers.items()} == {
        "poison": [],
        "one": [b"r"],
        "two": [b"r"],
    }
    await peers["two"].write(Author(9).write("again"))
    await settle()
    assert peers["two"].updates()
    house.store.store = house.memory
    await settle(10)
    assert peers["poison"].receipts() == [b"r"]


class _Poisoned(PassingStore):
    """Cannot write one document."""

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        if any(append.document == "poison" for append in batch):
            raise OSError("a page of the table cannot be written")
        return await super().append(batch)


async def test_what_adds_nothing_is_receipted_and_not_logged(house: House) -> None:
    """[RM5] an update that adds nothing is not logged; a repeated update is echoed alone."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    update, erased = author.write("hello"), author.erase(0, 1)
    await ann.write(update)
    await ann.write(erased)
    await settle()
    ann.heard(), bob.heard()
    before = house.store.calls["append"]
    await bob.say(SyncStep2(author.everything()))
    await bob.write(update)
    await bob.say(SyncStatus(b"2"))
    await settle()
    assert house.store.calls["append"] == before
    assert [type(m).__name__ for m in bob.heard()] == ["Update", "SyncStatus"]
    assert ann.heard() == []


async def test_a_delete_alone_is_news(house: House) -> None:
    """[RM5] deletes move no clock, and are logged all the same."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    await ann.write(author.write("hello"))
    await settle()
    bob.heard()
    await ann.write(author.erase(0, 4))
    await settle()
    assert len(bob.updates()) == 1
    assert text_of(*await house.saved()) == "o"


async def test_a_repeat_of_what_is_pending_waits_for_it(house: House) -> None:
    """[RM5] a receipt for what another has pending comes after that commit."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    update = Author(1).write("x")
    with house.store.hold("append"):
        await ann.write(update)
        await house.store.waiting()
        await bob.write(update)
        await bob.say(SyncStatus(b"b"))
        assert bob.heard() == []
    await settle()
    assert bob.receipts() == [b"b"]
    assert len(house.store.batches) == 1


async def test_receipts_keep_the_order_of_frames(house: House) -> None:
    """[RM6] a receipt follows the commit of all that its session sent before it."""
    ann = await house.synced()
    author = Author(1)
    with house.store.hold("append"):
        await ann.say(SyncStatus(b"0"))
        await ann.write(author.write("a"))
        await ann.say(SyncStatus(b"1"))
        await house.store.waiting()
        await ann.write(author.write("b"))
        await ann.say(SyncStatus(b"2"))
        assert ann.receipts() == [b"0"]
        house.store.fail("append", When.BEFORE)
    await settle(0.04)
    await settle(5)
    assert ann.receipts() == [b"1", b"2"]


async def test_too_much_unsaved_turns_writers_away(house: House) -> None:
    """[RM7] what waits for a commit is bounded: over it a writer keeps its edit and is told."""
    await house.restart(pending_bytes=100)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    with house.store.hold("append"):
        await ann.write(Author(1).write("x" * 60))
        await bob.write(Author(2).write("y" * 60))
        assert bob.code is CloseCode.TRY_LATER
        assert ann.code is None
    await settle()
    assert text_of(*await house.saved()) == "x" * 60


async def test_a_full_document_takes_deletions_only(house: House) -> None:
    """[RM8] a document at its limit refuses content and lets it be deleted."""
    await house.restart(document_bytes=200)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    await ann.write(author.write("x" * 150))
    await settle()
    await bob.write(Author(2).write("y" * 60))
    assert bob.code is CloseCode.FULL
    await ann.write(author.erase(0, 100))
    await settle()
    assert ann.code is None
    assert text_of(*await house.saved()) == "x" * 50


async def test_an_update_waits_for_its_past(house: House) -> None:
    """[RM9] an edit that comes before those it builds on is held back until they come."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    author.write("offline ")
    early = author.write("typed while connecting")
    await ann.write(early)
    await ann.say(SyncStatus(b"1"))
    await settle()
    assert (ann.heard(), bob.heard(), await house.saved()) == ([], [], [])
    await ann.say(SyncStep2(author.everything()))
    await settle()
    assert ann.receipts() == [b"1"]
    assert text_of(*bob.updates()) == "offline typed while connecting"


async def test_what_is_held_is_released_in_order(house: House) -> None:
    """[RM9] the past may come as updates too, and receipts keep their places."""
    ann = await house.synced("ann")
    author = Author(1)
    first, second, third = author.write("a"), author.write("b"), author.write("c")
    for number, update in enumerate((second, third)):
        await ann.write(update)
        await ann.say(SyncStatus(bytes([number])))
    await settle()
    assert ann.heard() == []
    await ann.write(first)
    await settle()
    assert ann.receipts() == [b"\x00", b"\x01"]
    assert text_of(*await house.saved()) == "abc"


async def test_what_is_held_ends_with_its_session(house: House) -> None:
    """[RM9] it was not acknowledged, and its client still has it."""
    ann, author = await house.synced("ann"), Author(1)
    author.write("lost past")
    await ann.write(author.write("x"))
    ann.session.leave()
    await settle()
    assert await house.saved() == []


async def test_what_is_held_is_bounded(house: House) -> None:
    """[RM9] a peer that never sends the past is closed."""
    await house.restart(unresolved_bytes=150)
    ann, author = await house.synced("ann"), Author(1)
    author.write("never sent")
    for _ in range(3):
        await ann.write(author.write("y" * 50))
    assert ann.code is CloseCode.UNPLACEABLE
    assert await house.saved() == []


async def test_gaps_that_a_whole_sync_leaves_are_bounded(house: House) -> None:
    """[RM9] what a peer cannot complete is logged, so far, and its gap heals."""
    await house.restart(unresolved_bytes=150)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    first, *rest = [author.write("x" * 50) for _ in range(4)]
    await ann.say(SyncStep2(rest[0]))
    await settle()
    await bob.write(first)
    await settle()
    for update in rest[1:]:
        await ann.write(update)
    assert ann.code is None
    other = Author(2)
    other.write("never sent")
    await ann.say(SyncStep2(other.write("y" * 50)))
    await ann.write(other.write("y" * 50))
    await ann.write(other.write("y" * 50))
    assert ann.code is CloseCode.UNPLACEABLE


async def test_a_commit_is_hinted_to_other_nodes(house: House) -> None:
    """[RM10] every commit is hinted with its sequence."""
    news: list[Event] = []
    MemoryBackplane(house.hub).subscribe(lambda _, event: news.append(event))
    ann = await house.synced()
    await ann.write(Author(1).write("x"))
    await settle()
    assert [(n.document, n.sequence) for n in news if isinstance(n, Committed)] == [(DOCUMENT, 1)]


async def test_an_append_to_a_deleted_document_closes_its_peers(house: House) -> None:
    """[RM11] a document that is gone takes no edit, and its peers learn it."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    await house.memory.delete(DOCUMENT)
    await ann.write(Author(1).write("x"))
    await settle()
    assert (ann.code, bob.code) == (CloseCode.GONE, CloseCode.GONE)
    assert not house.registry.rooms
    assert house.registry.stats().pending_bytes == 0
