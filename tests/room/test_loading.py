"""From the store to a room, and back."""

from __future__ import annotations

import asyncio

import pytest

from collab.errors import (
    DocumentDeleted,
    DocumentNotFound,
    DocumentUnreadable,
    StorageError,
    Unavailable,
)
from collab.interfaces import Append, Kind, NewRow
from collab.protocol.close import CloseCode
from tests.room.house import DOCUMENT, House, settle
from tests.support.edits import Author, text_of
from tests.support.stores import When


async def test_openers_share_one_load(house: House) -> None:
    """[RM12] a document is loaded once, however many open it."""
    with house.store.hold("load"):
        opens = [asyncio.ensure_future(house.room()) for _ in range(5)]
        await house.store.waiting()
        opens[0].cancel()
        await settle()
    rooms = await asyncio.gather(*opens[1:])
    assert len(set(map(id, rooms))) == 1
    assert house.store.calls["load"] == 1


async def test_a_load_error_is_an_error(house: House) -> None:
    """[RM12] a document that cannot be loaded is never an empty one, and can be tried again."""
    house.store.fail("load", When.BEFORE)
    with pytest.raises(StorageError):
        await house.room()
    assert not house.registry.rooms
    await house.room()


async def test_what_cannot_be_read_is_an_error(house: House) -> None:
    """[RM12] rows that are no updates make the document unreadable, not shorter."""
    await house.memory.append([Append(DOCUMENT, (NewRow(b"\xff\xff", "", ()),))])
    with pytest.raises(DocumentUnreadable):
        await house.room()


async def test_missing_and_deleted_documents(house: House) -> None:
    """[RM12] the store's word on a document reaches its opener."""
    with pytest.raises(DocumentNotFound):
        await house.registry.open("nobody-made-this")
    await house.memory.delete(DOCUMENT)
    with pytest.raises(DocumentDeleted):
        await house.room()


async def test_a_document_deleted_while_it_loads(house: House) -> None:
    """[RM11] a load that is overtaken by a delete ends in an error."""
    with house.store.hold("load", When.AFTER):
        opening = asyncio.ensure_future(house.room())
        await house.store.waiting()
        house.registry.deleted(DOCUMENT)
    with pytest.raises(DocumentDeleted):
        await opening


async def test_large_rows_are_read_by_a_worker(house: House) -> None:
    """[RM12] what is large is not walked through on the event loop."""
    await house.restart(inspect_inline_bytes=100)
    small, large = Author(1).write("x"), Author(2).write("y" * 200)
    await house.memory.append([Append(DOCUMENT, (NewRow(small, "", ()), NewRow(large, "", ())))])
    await house.room()
    assert house.worker.calls["inspect_stored"] == 1


async def test_an_idle_room_is_unloaded(house: House) -> None:
    """[RM15] a room without sessions leaves memory after a while."""
    peer = await house.synced()
    await settle(100)
    assert house.registry.rooms
    peer.session.leave()
    await settle(29)
    assert house.registry.rooms
    await settle(2)
    assert not house.registry.rooms


async def test_a_visit_puts_the_unload_off(house: House) -> None:
    """[RM15] idle time counts from the last visit."""
    await house.room()
    await settle(20)
    await house.room()
    await settle(20)
    assert house.registry.rooms
    (await house.synced()).session.leave()
    await settle(25)
    assert house.registry.rooms
    await settle(6)
    assert not house.registry.rooms


async def test_the_rooms_that_were_left_first_make_room(house: House) -> None:
    """[RM15] of rooms that nobody is in only so many are kept; the others stay out of it."""
    await house.restart(idle_rooms=2)
    for name in "abcd":
        await house.memory.create(name, name, Kind.NOTE, "")
    peer = await house.synced()
    for name in "abc":
        await house.registry.open(name)
        await settle(1)
    assert set(house.registry.rooms) == {DOCUMENT, "b", "c"}
    await house.registry.open("b")
    await house.registry.open("d")
    await settle(1)
    assert set(house.registry.rooms) == {DOCUMENT, "b", "d"}
    with house.store.hold("append"):
        await peer.write(Author(1).write("kept"))
        peer.session.leave()
        for name in "ac":
            await house.registry.open(name)
        await settle(1)
        assert set(house.registry.rooms) == {DOCUMENT, "a", "c"}
    await settle(1)
    assert set(house.registry.rooms) == {DOCUMENT, "c"}


async def test_a_room_with_unsaved_updates_is_never_unloaded(house: House) -> None:
    """[RM15] the edits of who has left are saved before the room goes."""
    peer = await house.synced()
    with house.store.hold("append"):
        await peer.write(Author(1).write("kept"))
        peer.session.leave()
        await settle(500)
        assert house.registry.rooms
    await settle(31)
    assert not house.registry.rooms
    assert text_of(*await house.saved()) == "kept"


async def test_failing_commits_keep_the_room(house: House) -> None:
    """[RM15] so are they when every commit fails for a long time."""
    peer = await house.synced()
    house.store.fail("append", When.BEFORE, times=60)
    await peer.write(Author(1).write("kept"))
    peer.session.leave()
    await settle(100)
    assert house.registry.rooms
    await settle(400)
    assert not house.registry.rooms
    assert text_of(*await house.saved()) == "kept"


async def test_a_joiner_during_the_last_compaction_keeps_the_room(house: House) -> None:
    """[RM15] a room is looked at again after every wait, and stays if somebody came."""
    peer = await house.synced()
    author = Author(1)
    for _ in range(30):
        await peer.write(author.write("x"))
        await settle()
    peer.session.leave()
    with house.store.hold("compact"):
        await settle(31)
        await house.store.waiting()
        room = await house.room()
        peer = await house.synced("bob")
    await settle(1)
    assert house.registry.rooms == {DOCUMENT: room}
    assert peer.code is None
    peer.session.leave()
    await settle(31)
    assert not house.registry.rooms
    assert len(await house.saved()) == 1


async def test_a_document_comes_back_as_it_was(house: House) -> None:
    """[RM12] what was unloaded is loaded again from snapshot and tail."""
    author = Author(1)
    for round_ in range(3):
        peer = await house.synced()
        for number in range(25):
            await peer.write(author.write(f"{round_}.{number} "))
            await settle()
        peer.session.leave()
        await settle(40)
        assert not house.registry.rooms
    peer = await house.peer()
    assert text_of(await peer.sync()) == str(author.text)
    assert (await house.room()).sequence == 75


async def test_drain_saves_everything_and_closes_peers(house: House) -> None:
    """[RM18] a drain commits what was accepted, gives receipts, and closes with RESTART."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    house.store.fail("append", When.BEFORE, times=2)
    update = Author(1).write("kept")
    await ann.write(update)
    draining = asyncio.ensure_future(house.registry.drain(10.0))
    await asyncio.sleep(0)
    await bob.write(Author(2).write("too late"))
    assert bob.code is CloseCode.RESTART
    with pytest.raises(Unavailable):
        await house.room()
    assert await draining
    assert ann.updates() == [update]
    assert ann.code is CloseCode.RESTART
    assert text_of(*await house.saved()) == "kept"


async def test_a_drain_that_cannot_save_says_so(house: House) -> None:
    """[RM18] a drain ends in time and tells whether all was saved."""
    ann = await house.synced("ann")
    house.store.fail("append", When.BEFORE, times=1000)
    await ann.write(Author(1).write("lost with the store"))
    before = house.clock.monotonic()
    assert not await house.registry.drain(10.0)
    assert house.clock.monotonic() - before == pytest.approx(10, abs=0.1)
    assert ann.updates() == []
    assert ann.code is CloseCode.RESTART


async def test_closing_during_a_load_is_an_error_to_its_opener(house: House) -> None:
    """[RM12] an opener whose load is ended is told to come back, not cancelled."""
    with house.store.hold("load"):
        opening = asyncio.ensure_future(house.room())
        await house.store.waiting()
        await house.registry.aclose()
        with pytest.raises(Unavailable):
            await opening
