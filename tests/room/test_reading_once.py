"""What was worked out once is not worked out again."""

from __future__ import annotations

import asyncio

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
