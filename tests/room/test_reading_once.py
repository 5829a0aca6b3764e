"""What was worked out once is not worked out again."""

from __future__ import annotations

import asyncio

from collab.protocol.messages import SyncStatus, SyncStep2
from collab.room.repeats import KEPT, KEPT_BYTES, Repeats
from tests.room.house import DOCUMENT, House, settle
from tests.support.edits import Author, text_of

LARGE = "x" * 70_000


async def test_a_large_row_is_compacted_before_its_room_is_unloaded(house: House) -> None:
    """[RM12] the next load needs no worker to read it."""
    peer, author = await house.synced(), Author(1)
    await peer.write(author.write(LARGE))
    await settle()
    peer.session.leave()
    await settle(40)
    assert not house.registry.rooms
    stored = await house.memory.load(DOCUMENT)
    assert stored.snapshot is not None
    assert not stored.updates
    house.worker.calls.clear()
    assert text_of(await (await house.peer()).sync()) == LARGE
    assert not house.worker.calls


async def test_who_was_cut_off_together_is_answered_together(house: House) -> None:
    """One question to a worker for all who lack the same; another for who lacks other."""
    await house.restart(diff_inline_bytes=100)
    writer, author = await house.synced(), Author(1)
    await writer.write(author.write("before " * 100))
    await settle()
    before = author.doc.get_state()
    await writer.write(author.write("after"))
    await settle()
    house.worker.calls.clear()
    peers = [await house.peer(str(number)) for number in range(5)]
    answers = await asyncio.gather(*(peer.sync(before) for peer in peers))
    assert len(set(answers)) == 1
    assert house.worker.calls["missing"] == 1
    await writer.write(author.write(" and later"))
    await settle()
    late = await (await house.peer()).sync(before)
    assert len(late) > len(answers[0])
    assert house.worker.calls["missing"] == 2


async def test_who_joins_together_is_sent_one_frame(house: House) -> None:
    """The whole document is framed once for all of them, and anew once it has changed."""
    author = Author(1)
    writer = await house.synced()
    await writer.write(author.write("before"))
    await settle()
    frames = [(await house.synced(str(number))).channel.frames[-1] for number in range(3)]
    assert all(frame is frames[0] for frame in frames)
    await writer.write(author.write(" and after"))
    await settle()
    assert text_of(await (await house.peer()).sync()) == "before and after"


async def test_what_adds_nothing_is_read_once(house: House) -> None:
    """[RM5] [RM26] peers who come back with the same deletes cost one look at them."""
    await house.restart(inspect_inline_bytes=5)
    author = Author(1)
    writer = await house.synced()
    for update in (author.write("gone"), author.erase(0, 2), author.write("!")):
        await writer.write(update)
    await settle()
    had = author.doc.get_update(author.doc.get_state())
    rows = len(await house.saved())
    house.worker.calls.clear()
    peers = [await house.synced(str(number)) for number in range(5)]
    for peer in peers:
        await peer.say(SyncStep2(had))
    assert house.worker.calls["inspect"] == 1
    more = author.erase(0, 1)
    await peers[0].say(SyncStep2(author.doc.get_update(author.doc.get_state())))
    await settle()
    assert house.worker.calls["inspect"] == 2
    assert len(await house.saved()) == rows + 1
    assert text_of(*await house.saved()) == text_of(author.everything(), more)


async def test_what_is_repeated_waits_for_what_was_accepted(house: House) -> None:
    """[RM6] a status behind a step 2 that was read before still waits for the commit."""
    author = Author(1)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    step_2 = SyncStep2(author.write("x"))
    with house.store.hold("append"):
        for peer in (ann, ann, bob):
            await peer.say(step_2)
        await bob.say(SyncStatus(b"\x01"))
        await house.store.waiting()
        assert bob.receipts() == []
    await settle()
    assert bob.receipts() == [b"\x01"]


def test_only_the_latest_repeats_are_kept() -> None:
    repeats = Repeats()
    for number in range(KEPT + 1):
        repeats.add(bytes([number]))
        repeats.add(bytes([number]))
    assert not repeats.holds(b"\0")
    assert all(repeats.holds(bytes([number])) for number in range(1, KEPT + 1))
    repeats.add(bytes(KEPT_BYTES))
    assert repeats.holds(bytes(KEPT_BYTES))
    assert not repeats.holds(bytes([KEPT]))
    repeats.add(bytes(KEPT_BYTES + 1))
    assert not repeats.holds(bytes(KEPT_BYTES + 1))
    repeats.forget()
    assert not repeats.holds(bytes(KEPT_BYTES))
