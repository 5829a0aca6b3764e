"""Long logs become short."""

from __future__ import annotations

from collab.errors import WorkerDied
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStep2
from tests.room.house import DOCUMENT, House, Peer, settle
from tests.support.edits import Author, text_of
from tests.support.stores import When


async def write(peer: Peer, author: Author, count: int) -> None:
    for _ in range(count):
        await peer.write(author.write("x"))
        await settle()


async def test_a_long_tail_is_compacted_while_in_use(house: House) -> None:
    """[RM17] the rows read are replaced by one snapshot, in the store and in memory."""
    await house.restart(compact_after_rows=10)
    ann, author = await house.synced(), Author(1)
    await write(ann, author, 12)
    stored = await house.memory.load(DOCUMENT)
    assert stored.snapshot is not None
    assert stored.snapshot.sequence == 10
    assert len(stored.updates) == 2
    room = await house.room()
    assert (room.sequence, room.log.row_count) == (12, 2)
    assert text_of((await room.content())[0]) == "x" * 12


async def test_rows_that_come_during_a_compaction_stay(house: House) -> None:
    """[RM17] only what went into the snapshot is replaced."""
    await house.restart(compact_after_rows=10)
    ann, author = await house.synced(), Author(1)
    await write(ann, author, 9)
    with house.store.hold("compact"):
        await write(ann, author, 4)
        await house.store.waiting()
    await settle()
    room = await house.room()
    assert room.log.row_count == 3
    assert text_of(*await house.saved()) == "x" * 13
    assert text_of((await room.content())[0]) == "x" * 13


async def test_a_failed_compaction_changes_nothing(house: House) -> None:
    """[RM17] a worker that dies leaves the log as it was; the next try comes later and later."""
    await house.restart(compact_after_rows=10, compact_failures=3)

    async def die(operation: str) -> None:
        if operation == "compact":
            raise WorkerDied("killed")

    house.worker.hook = die
    ann, author = await house.synced(), Author(1)
    await write(ann, author, 15)
    assert house.worker.calls["compact"] == 1
    assert len(await house.saved()) == 15
    for _ in range(8):
        await settle(100)
        await write(ann, author, 1)
    assert house.worker.calls["compact"] == 3
    assert house.registry.stats().quarantined == 1
    assert house.registry.stats().compaction_failures == 3
    assert text_of((await (await house.room()).content())[0]) == "x" * 23
    house.worker.hook = None
    ann.session.leave()
    await settle(40)
    again = await house.synced()
    await write(again, author, 1)
    await settle()
    assert len(await house.saved()) == 1


async def test_a_store_that_is_down_is_not_held_against_the_document(house: House) -> None:
    """[RM17] quarantine is for documents, not for stores."""
    await house.restart(compact_after_rows=5, compact_failures=2)
    house.store.fail("compact", When.BEFORE, times=4)
    ann, author = await house.synced(), Author(1)
    for _ in range(8):
        await write(ann, author, 3)
        await settle(20)
    assert house.registry.stats().quarantined == 0
    assert len(await house.saved()) < 10


async def test_a_compaction_in_doubt_is_found_out(house: House) -> None:
    """[RM17] a swap that took effect although it failed is read back from the store."""
    await house.restart(compact_after_rows=5)
    house.store.fail("compact", When.AFTER)
    ann, author = await house.synced(), Author(1)
    await write(ann, author, 6)
    await settle(20)
    await write(ann, author, 1)
    await settle()
    room = await house.room()
    assert room.log.base is not None
    assert room.sequence == 7
    assert text_of((await room.content())[0]) == "x" * 7
    late = await house.peer("late")
    assert text_of(await late.sync()) == "x" * 7


async def test_two_nodes_that_compact_at_once(house: House) -> None:
    """[RM17] one of them wins, the other loads its snapshot; both go on."""
    await house.restart(compact_after_rows=5)
    other = await house.other()
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    author, second = Author(1), Author(2)
    with house.store.hold("compact"):
        await write(ann, author, 5)
        await write(bob, second, 1)
        await house.store.waiting(2)
    await settle()
    await write(ann, author, 1)
    await write(bob, second, 1)
    await settle()
    for registry in (house.registry, other):
        room = await house.room(registry)
        assert room.sequence == 8
        assert sorted(text_of((await room.content())[0])) == ["x"] * 8


async def test_a_delete_during_a_compaction(house: House) -> None:
    """[RM17] a document that goes meanwhile is gone, and nothing else happens."""
    await house.restart(compact_after_rows=5)
    ann, author = await house.synced(), Author(1)
    with house.store.hold("compact"):
        await write(ann, author, 5)
        await house.store.waiting()
        await house.memory.delete(DOCUMENT)
        house.registry.deleted(DOCUMENT)
    await settle()
    assert ann.code is CloseCode.GONE
    assert house.registry.stats().task_failures == 0


async def test_deleted_text_is_dropped_by_compaction(house: House) -> None:
    """[RM17] compaction collects what was deleted, and reconnects stay without news."""
    await house.restart(compact_after_rows=5)
    ann, author = await house.synced(), Author(1)
    await ann.write(author.write("secret" * 100))
    await ann.write(author.erase(0, 599))
    await write(ann, author, 5)
    await settle()
    assert sum(map(len, await house.saved())) < 200
    before = house.store.calls["append"]
    await (await house.peer("back")).say(SyncStep2(author.everything()))
    await settle()
    assert house.store.calls["append"] == before
