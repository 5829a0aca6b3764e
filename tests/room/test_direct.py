"""Writes from inside the process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.access import Access, Role
from collab.errors import (
    AccessDenied,
    CollabError,
    DocumentDeleted,
    DocumentNotFound,
    LimitExceeded,
    ProtocolError,
    RoomFull,
    StorageError,
    Unavailable,
    WorkerDied,
    WorkerError,
)
from collab.interfaces import Append, NewRow
from collab.protocol.update import UpdateLimits
from collab.room.direct import write
from collab.room.opening import Opener
from tests.room.house import DOCUMENT, House, settle
from tests.support.edits import Author, merge, text_of
from tests.support.stores import When

SCRIPT = Access("script", "Script", Role.EDITOR, may_create=False)
READER = replace(SCRIPT, role=Role.VIEWER)


def opener(house: House) -> Opener:
    return Opener(house.registry, house.memory)


async def refused(
    house: House, update: bytes, access: Access = SCRIPT, document: str = DOCUMENT
) -> CollabError:
    with pytest.raises(CollabError) as caught:
        await write(opener(house), document, update, access)
    return caught.value


async def test_a_write_is_committed_and_sent(house: House) -> None:
    """[YS10] the sequence comes after the commit; peers get the update, and its author's name
    is in the log."""
    peer = await house.synced()
    author = Author(7)
    assert await write(opener(house), DOCUMENT, author.write("one "), SCRIPT) == 1
    assert await write(opener(house), DOCUMENT, author.write("two"), SCRIPT) == 2
    assert text_of(*peer.updates()) == "one two"
    assert text_of(*await house.saved()) == "one two"
    assert house.store.batches[0][0].rows[0].author == "script"


async def test_nothing_is_said_before_the_commit(house: House) -> None:
    """[YS10] a write waits for its transaction."""
    with house.store.hold("append"):
        writing = asyncio.create_task(
            write(opener(house), DOCUMENT, Author(7).write("held"), SCRIPT)
        )
        await house.store.waiting()
        await settle(1)
        assert not writing.done()
    assert await writing == 1


async def test_what_is_known_is_not_written_twice(house: House) -> None:
    """[YS10] [YS11] the same update again answers with the sequence, and logs nothing."""
    author = Author(7)
    await write(opener(house), DOCUMENT, author.write("once"), SCRIPT)
    assert await write(opener(house), DOCUMENT, author.everything(), SCRIPT) == 1
    author.write(" more")
    assert await write(opener(house), DOCUMENT, author.everything(), SCRIPT) == 2
    assert text_of(*await house.saved()) == "once more"


async def test_a_writer_is_nobodys_peer(house: House) -> None:
    """[YS10] a write leaves no session behind, and shows nobody."""
    peer = await house.synced()
    await write(opener(house), DOCUMENT, Author(7).write("words"), SCRIPT)
    await refused(house, b"\xff")
    assert peer.presence() == []
    assert list((await house.room()).sessions) == [peer.session]


async def test_rules_hold_for_direct_writes(house: House) -> None:
    """[YS11] malformed, oversized and forbidden writes are refused by name; nothing is logged."""
    await house.restart(update=UpdateLimits(max_bytes=500))
    update = Author(7).write("x" * 100)
    assert type(await refused(house, b"")) is ProtocolError
    assert type(await refused(house, update[:-1])) is ProtocolError
    assert type(await refused(house, update + b"\x00")) is ProtocolError
    assert type(await refused(house, Author(8).write("x" * 500))) is LimitExceeded
    assert type(await refused(house, update, READER)) is AccessDenied
    assert await house.saved() == []


async def test_a_reader_may_repeat_what_is_there(house: House) -> None:
    """[YS11] rights are asked for what an update adds."""
    update = Author(7).write("known")
    await write(opener(house), DOCUMENT, update, SCRIPT)
    assert await write(opener(house), DOCUMENT, update, READER) == 1


async def test_a_full_document_takes_no_direct_write(house: House) -> None:
    """[YS11] the limits of the room are a script's limits too."""
    await house.restart(document_bytes=50)
    assert type(await refused(house, Author(7).write("x" * 100))) is LimitExceeded


async def test_a_full_room_takes_no_direct_write(house: House) -> None:
    """[YS11] a writer counts as a peer while it writes."""
    await house.restart(peers=1)
    peer = await house.synced()
    assert type(await refused(house, Author(7).write("words"))) is RoomFull
    peer.session.leave()
    await write(opener(house), DOCUMENT, Author(7).write("words"), SCRIPT)


async def test_a_missing_document_is_made_for_who_may(house: House) -> None:
    """[YS12] the rule for a missing document is that for peers."""
    update = Author(7).write("first")
    assert type(await refused(house, update, document="new")) is DocumentNotFound
    creator = replace(SCRIPT, may_create=True)
    assert await write(opener(house), "new", update, creator) == 1
    assert (await house.memory.find("new")).owner == "script"
    await house.memory.delete("new")
    house.registry.deleted("new")
    assert type(await refused(house, update, creator, "new")) is DocumentDeleted


async def test_a_document_deleted_meanwhile_takes_no_write(house: House) -> None:
    """[YS12] a write that waits when its document is deleted says so."""
    with house.store.hold("append"):
        writing = asyncio.create_task(refused(house, Author(7).write("late")))
        await house.store.waiting()
        await house.memory.delete(DOCUMENT)
        house.registry.deleted(DOCUMENT)
        assert type(await writing) is DocumentDeleted


async def test_a_stalled_store_ends_the_wait(house: House) -> None:
    """[YS13] after its deadline a write is Unavailable; sent again, it is there once."""
    update = Author(7).write("kept")
    with house.store.hold("append"):
        before = house.clock.monotonic()
        with pytest.raises(Unavailable):
            await write(opener(house), DOCUMENT, update, SCRIPT, seconds=3)
        assert house.clock.monotonic() - before == pytest.approx(3)
        assert not (await house.room()).sessions
    await settle(1)
    assert await write(opener(house), DOCUMENT, update, SCRIPT) == 1
    assert text_of(*await house.saved()) == "kept"


async def test_a_store_that_does_not_open_ends_the_wait(house: House) -> None:
    """[YS13] loading counts into the deadline; a failed load is an error of its own."""
    with house.store.hold("load"), pytest.raises(Unavailable):
        await write(opener(house), DOCUMENT, Author(7).write("x"), SCRIPT, seconds=3)
    await settle(1)
    await house.restart()
    house.store.fail("load", When.BEFORE)
    assert isinstance(await refused(house, Author(7).write("x")), StorageError)


async def test_a_failed_commit_is_tried_again(house: House) -> None:
    """[YS13] a write outlives failures of the store that pass."""
    house.store.fail("append", When.BEFORE, 3)
    assert await write(opener(house), DOCUMENT, Author(7).write("words"), SCRIPT) == 1


async def test_a_drain_answers_the_writes_it_takes(house: House) -> None:
    """[YS13] a drain gives the receipts of what was accepted, and takes no more."""
    with house.store.hold("append"):
        taken = asyncio.create_task(write(opener(house), DOCUMENT, Author(7).write("x"), SCRIPT))
        await house.store.waiting()
        draining = asyncio.create_task(house.registry.drain(5))
        await settle()
        assert isinstance(await refused(house, Author(8).write("y")), Unavailable)
    assert await taken == 1
    assert await draining


async def test_a_drain_that_fails_ends_the_writes(house: House) -> None:
    """[YS13] what a drain could not save is Unavailable at its end, not at the write's."""
    with house.store.hold("append"):
        taken = asyncio.create_task(
            write(opener(house), DOCUMENT, Author(7).write("x"), SCRIPT, seconds=600)
        )
        await house.store.waiting()
        assert not await house.registry.drain(5)
        with pytest.raises(Unavailable):
            await taken


async def test_a_large_write_is_looked_at_in_a_worker(house: House) -> None:
    """[YS11] [YS13] a worker that dies fails the write; one that does not answer ends it."""
    await house.restart(inspect_inline_bytes=100)
    update = Author(7).write("x" * 200)

    async def dies(operation: str) -> None:
        raise WorkerDied("killed")

    async def sleeps(operation: str) -> None:
        await asyncio.Event().wait()

    house.worker.hook = dies
    assert isinstance(await refused(house, update), WorkerError)
    house.worker.hook = sleeps
    assert isinstance(await refused(house, update), Unavailable)
    house.worker.hook = None
    assert await write(opener(house), DOCUMENT, update, SCRIPT) == 1


async def test_updates_out_of_order_find_their_place(house: House) -> None:
    """[YS11] what builds on an update that did not come yet is kept, as of any peer."""
    author = Author(7)
    first, second = author.write("one "), author.write("two")
    await write(opener(house), DOCUMENT, second, SCRIPT)
    assert text_of(*await house.saved()) == ""
    await write(opener(house), DOCUMENT, first, SCRIPT)
    assert text_of(merge(await house.saved())) == "one two"


async def test_writes_at_once_are_one_commit(house: House) -> None:
    """[YS10] each of many writers gets an answer that covers its own update."""
    authors = [Author(client) for client in range(1, 21)]
    with house.store.hold("append"):
        writes = [
            asyncio.create_task(write(opener(house), DOCUMENT, author.write("w"), SCRIPT))
            for author in authors
        ]
        await settle()
    sequences = await asyncio.gather(*writes)
    assert max(sequences) == len(await house.saved())
    assert text_of(*await house.saved()) == "w" * 20


async def test_the_sequence_covers_a_write_beyond_a_hole(house: House) -> None:
    """[YS10] rows of another node that were not read yet do not lower it."""
    await house.room()
    with house.store.hold("read"):
        theirs = NewRow(Author(8).write("theirs"), "", ())
        await house.memory.append([Append(DOCUMENT, (theirs,))])
        assert await write(opener(house), DOCUMENT, Author(7).write("ours"), SCRIPT) == 2
        assert (await house.room()).sequence < 2
