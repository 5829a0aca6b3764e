"""What is typed on end, from its frames to the log."""

from __future__ import annotations

from collab.access import Access, Role
from collab.protocol.close import CloseCode
from collab.protocol.keystrokes import Typist
from collab.protocol.messages import SyncStatus
from collab.protocol.update import validate_update
from collab.room.pending import LONGEST_TEXT, PendingUpdates
from tests.room.house import House, Peer, settle
from tests.support.edits import Author, merge, text_of
from tests.support.stores import When


async def _type(peer: Peer, author: Author, text: str) -> None:
    for letter in text:
        await peer.write(author.write(letter))


async def test_what_is_typed_while_a_commit_is_in_flight_is_one_item(house: House) -> None:
    """[RM2] one row and one frame with one struct; the receipt comes after all of it."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    author = Author(1)
    with house.store.hold("append"):
        await _type(ann, author, "a")
        await house.store.waiting()
        await _type(ann, author, "bcdé😀")
        await ann.say(SyncStatus(b"1"))
    await settle()
    first, rest = bob.updates()
    assert validate_update(rest).struct_count == 1
    assert text_of(first, rest) == "abcdé😀"
    assert [type(m).__name__ for m in ann.heard()] == ["Update", "Update", "SyncStatus"]
    assert await house.saved() == [first, rest]
    assert house.registry.stats().pending_bytes == 0


async def test_typing_of_several_stays_theirs(house: House) -> None:
    """[RM2] each author's text is a row of its own."""
    ann, bob = await house.synced("ann"), await house.synced("bob")
    first, second = Author(1), Author(2)
    with house.store.hold("append"):
        await _type(ann, first, "_")
        await house.store.waiting()
        await _type(bob, second, "_")
        for letter in "abcd":
            await _type(ann, first, letter)
            await _type(bob, second, letter.upper())
    await settle(0.05)
    _, (append,) = house.store.batches
    assert [(row.author, row.clients) for row in append.rows] == [("bob", (2,)), ("ann", (1,))]
    assert [validate_update(row.data).struct_count for row in append.rows] == [2, 1]
    assert text_of(*await house.saved()) == text_of(*first.sent, *second.sent)


async def test_typing_goes_on_after_a_failed_commit(house: House) -> None:
    """[RM3] what was taken waits again, what comes is saved with it."""
    ann = await house.synced("ann")
    author = Author(1)
    await _type(ann, author, "a")
    await settle()
    house.store.fail("append", When.BEFORE)
    await _type(ann, author, "bc")
    await settle(0.02)
    await _type(ann, author, "de")
    await settle(10)
    assert text_of(*await house.saved()) == "abcde"
    assert house.registry.stats().pending_bytes == 0


async def test_a_keystroke_that_comes_twice_is_told_back(house: House) -> None:
    """[RM5] what is known is not logged again, and does not shift what follows."""
    ann = await house.synced("ann")
    author = Author(1)
    await _type(ann, author, "abc")
    for update in author.sent:
        await ann.write(update)
    await _type(ann, author, "d")
    await settle(0.1)
    assert text_of(*await house.saved()) == "abcd"
    ranges = [r for u in await house.saved() for r in validate_update(u).structs[1]]
    assert sum(end - start for start, end in ranges) == 4


async def test_a_reader_types_nothing(house: House) -> None:
    """[RM24] a changed role holds from the next keystroke on."""
    ann = await house.synced("ann")
    author = Author(1)
    await _type(ann, author, "ab")
    ann.session.access = Access("ann", "ann", Role.VIEWER, True)
    await _type(ann, author, "c")
    await settle(0.1)
    assert ann.refusals()
    assert text_of(*await house.saved()) == "ab"


async def test_typing_ends_at_the_limits(house: House) -> None:
    """[RM8] the document's size holds for it too."""
    await house.restart(document_bytes=400)
    ann = await house.synced("ann")
    author = Author(1)
    await _type(ann, author, "x" * 1000)
    await settle(0.1)
    assert ann.code is CloseCode.FULL
    assert sum(map(len, await house.saved())) <= 400


def test_a_long_text_is_cut() -> None:
    """[RM2] so that rows and frames stay bounded; sizes are those of what is taken."""
    author, pending = Author(1), PendingUpdates()
    first = author.write("a")
    typist = Typist.after(first, validate_update(first))
    assert typist is not None
    for _ in range(LONGEST_TEXT // 100 + 20):
        update = author.write("x" * 100)
        text = typist.text_of(update)
        assert text is not None
        pending.type(typist, text, update, "ann")
        typist.move(100)
    size, batch = pending.size, pending.take()
    assert batch is not None
    assert [update.size <= LONGEST_TEXT + 200 for update in batch.updates] == [True, True]
    assert size == batch.size == sum(len(update.data) for update in batch.updates)
    assert text_of(first, merge([u.data for u in batch.updates])) == text_of(*author.sent)
