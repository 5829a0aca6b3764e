"""Rows that other nodes commit."""

from __future__ import annotations

import asyncio

from collab.errors import WorkerDied
from collab.interfaces import Append, NewRow
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStatus
from tests.room.house import DOCUMENT, House, settle
from tests.support.edits import Author, text_of
from tests.support.stores import When


async def elsewhere(house: House, *updates: bytes) -> None:
    """Rows of another node, without a hint."""
    await house.memory.append([Append(DOCUMENT, tuple(NewRow(u, "", ()) for u in updates))])


async def test_a_hint_brings_the_rows_of_other_nodes(house: House) -> None:
    """[RM16] peers of one node are sent what peers of another committed."""
    other = await house.other()
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    update = Author(1).write("hello")
    await ann.write(update)
    await settle()
    assert bob.updates() == [update]
    assert (await house.room(other)).sequence == 1


async def test_an_own_commit_finds_a_hole(house: House) -> None:
    """[RM16] rows between are read when an own commit shows that they exist."""
    ann = await house.synced()
    await elsewhere(house, Author(2).write("two "), Author(3).write("three "))
    await ann.write(Author(1).write("one "))
    await settle(0.1)
    room = await house.room()
    assert room.sequence == 3
    own, others = ann.updates()
    assert text_of(own) == "one "
    assert sorted(text_of(others).split()) == ["three", "two"]
    late = await house.peer("late")
    assert sorted(text_of(await late.sync()).split()) == ["one", "three", "two"]


async def test_a_joiner_in_a_hole_gets_what_is_known_and_then_the_rest(house: House) -> None:
    """[RM16] own rows beyond a hole are part of the document at once."""
    ann = await house.synced()
    await elsewhere(house, Author(2).write("two "))
    with house.store.hold("read"):
        await ann.write(Author(1).write("one "))
        await settle()
        room = await house.room()
        assert room.sequence == 0
        late = await house.peer("late")
        answer = await late.sync()
        assert text_of(answer) == "one "
        assert (await room.content())[1] == 0
    await settle(0.1)
    assert sorted(text_of(answer, *late.updates()).split()) == ["one", "two"]
    assert room.sequence == 2


async def test_a_join_looks_for_lost_hints(house: House) -> None:
    """[RM16] a join to an open room asks the log, unless it was asked just now."""
    ann = await house.synced()
    await elsewhere(house, Author(2).write("missed"))
    await house.room()
    await settle()
    assert house.store.calls["read"] == 0
    await settle(2)
    await house.room()
    await settle()
    assert text_of(*ann.updates()) == "missed"
    assert house.store.calls["read"] == 1


async def test_a_hint_during_the_load_is_not_forgotten(house: House) -> None:
    """[RM16] a room that was loaded before a hinted row looks for it."""
    other = await house.other()
    bob = await house.synced("bob", other)
    with house.store.hold("load", When.AFTER):
        opening = house.registry.open(DOCUMENT)
        task = asyncio.ensure_future(opening)
        await house.store.waiting()
        await bob.write(Author(1).write("meanwhile"))
        await settle()
    room = await task
    await settle()
    assert room.sequence == 1


async def test_a_log_compacted_by_another_node_is_loaded_again(house: House) -> None:
    """[RM16] if the rows missed are in a snapshot, peers get what they lack of it."""
    author = Author(1)
    ann = await house.synced()
    first = author.write("first ")
    await ann.write(first)
    await settle()
    ann.heard()
    await elsewhere(house, author.write("second "), author.write("third"))
    other = await house.other()
    room = await house.room(other)
    await other._compactor.compact(room)
    await settle(2)
    await house.room()
    await settle()
    assert text_of(first, *ann.updates()) == "first second third"
    assert (await house.room()).sequence == 3


async def test_what_was_adopted_is_told_though_a_worker_fails(house: House) -> None:
    """[RM16] peers are sent what a reload brought, however many tries that takes."""
    await house.restart(diff_inline_bytes=10)
    author = Author(1)
    ann = await house.synced()
    other = await house.other()
    await house.room(other)
    first = author.write("first ")
    await ann.write(first)
    await settle()
    ann.heard()
    await elsewhere(house, author.write("second"))
    await settle(2)
    room = await house.room(other)
    await settle()
    await other._compactor.compact(room)
    await settle(2)
    failures = iter(range(3))

    async def die(_: str) -> None:
        if next(failures, None) is not None:
            raise WorkerDied("killed")

    house.worker.hook = die
    await house.room()
    await settle(5)
    assert next(failures, None) is None
    assert text_of(first, *ann.updates()) == "first second"


async def test_reading_is_retried(house: House) -> None:
    """[RM16] a failed read is repeated until it works."""
    other = await house.other()
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    house.store.fail("read", When.BEFORE, times=4)
    update = Author(1).write("x")
    await ann.write(update)
    await settle(5)
    assert bob.updates() == [update]


async def test_a_delete_on_another_node_closes_peers_here(house: House) -> None:
    """[RM11] the hint of a delete closes the room on every node."""
    other = await house.other()
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    await house.memory.delete(DOCUMENT)
    house.registry.deleted(DOCUMENT)
    await settle()
    assert (ann.code, bob.code) == (CloseCode.GONE, CloseCode.GONE)
    assert not house.registry.rooms
    assert not other.rooms


async def test_a_delete_drops_what_is_pending(house: House) -> None:
    """[RM11] what waits for a commit is forgotten with its document, and counted so."""
    ann = await house.synced()
    with house.store.hold("append"):
        await ann.write(Author(1).write("a"))
        await house.store.waiting()
        await ann.write(Author(2).write("b"))
        await ann.say(SyncStatus(b"1"))
        await house.memory.delete(DOCUMENT)
        house.registry.deleted(DOCUMENT)
    await settle()
    assert ann.code is CloseCode.GONE
    assert ann.receipts() == []
    assert house.registry.stats().pending_bytes == 0
    assert await house.registry.drain(1.0)


async def test_a_delete_whose_hint_was_lost_is_found_at_a_join(house: House) -> None:
    """[RM11] the log is the truth for deletes too, whatever is being committed."""
    ann = await house.synced("ann")
    await settle(2)
    with house.store.hold("append"):
        await ann.write(Author(1).write("x"))
        await house.store.waiting()
        await house.memory.delete(DOCUMENT)
        await house.room()
        await settle()
        assert ann.code is CloseCode.GONE
    await settle()
    assert not house.registry.rooms
    assert house.registry.stats().pending_bytes == 0
    assert house.registry.stats().task_failures == 0
