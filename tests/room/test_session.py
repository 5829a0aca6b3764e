"""What a peer may say, and what happens to those who say anything else."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Access, Role
from collab.errors import Unavailable, WorkerDied
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import Denied, SyncStatus, SyncStep1, SyncStep2, Update
from collab.protocol.update import UpdateLimits
from tests.room.house import House, settle
from tests.support.edits import Author, text_of

READERS = [Role.VIEWER, Role.COMMENTER]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", CloseCode.MALFORMED),
        (b"\x09", CloseCode.MALFORMED),
        (b"\xff" * 12, CloseCode.MALFORMED),
        (yjs.encode(Update(b"")), CloseCode.MALFORMED),
        (yjs.encode(Update(b"\xff\xff\xff")), CloseCode.MALFORMED),
        (yjs.encode(SyncStep2(b"\x01\x00\x01\x00")), CloseCode.MALFORMED),
        (yjs.encode(Denied("no")), CloseCode.MALFORMED),
        (yjs.encode(Update(bytes(3000))), CloseCode.TOO_BIG),
    ],
)
async def test_a_broken_frame_closes_its_sender_alone(
    house: House, frame: bytes, code: CloseCode
) -> None:
    """[RM25] the offender is closed with a documented code; its room-mates go on."""
    await house.restart(update=UpdateLimits(max_bytes=2000))
    ann, bob = await house.synced("ann"), await house.synced("bob")
    await ann.say_bytes(frame)
    assert ann.code is code
    assert ann.channel.closed is not None
    assert 0 < len(ann.channel.closed[1].encode()) <= 123
    await ann.write(Author(9).write("after the close"))
    await bob.write(Author(1).write("on"))
    await settle()
    assert bob.code is None
    assert text_of(*await house.saved()) == "on"


async def test_a_long_reason_is_cut_at_a_character(house: House) -> None:
    """[RM25] a reason fits a close frame."""
    ann = await house.peer()
    ann.session.close(CloseCode.INTERNAL, "ü" * 100)
    assert ann.channel.closed == (CloseCode.INTERNAL, "ü" * 61)


async def test_a_large_update_is_looked_at_by_a_worker(house: House) -> None:
    """[RM26] large updates are validated away from the event loop, in the order of frames."""
    await house.restart(inspect_inline_bytes=100)
    ann = await house.synced()
    author = Author(1)
    large, small = author.write("x" * 200), author.write("y")
    await ann.write(large)
    await ann.write(small)
    await settle()
    assert house.worker.calls["inspect"] == 1
    assert text_of(*await house.saved()) == "x" * 200 + "y"


async def test_a_large_broken_update_closes_its_sender(house: House) -> None:
    """[RM26] what the worker refuses, and what kills it, closes its sender alone."""
    await house.restart(inspect_inline_bytes=100)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    await ann.write(b"\xff" * 200)
    assert ann.code is CloseCode.MALFORMED

    async def die(_: str) -> None:
        raise WorkerDied("killed")

    house.worker.hook = die
    await bob.write(Author(1).write("x" * 200))
    assert bob.code is CloseCode.INTERNAL
    assert not await house.saved()


async def test_who_is_closed_meanwhile_writes_nothing(house: House) -> None:
    """[RM24] an update that a worker looked at is dropped if its session has ended."""
    await house.restart(inspect_inline_bytes=100)
    ann = await house.synced()
    gate = asyncio.Event()

    async def wait(_: str) -> None:
        await gate.wait()

    house.worker.hook = wait
    writing = asyncio.ensure_future(ann.write(Author(1).write("x" * 200)))
    await settle()
    ann.session.close(CloseCode.FORBIDDEN, "revoked")
    gate.set()
    await writing
    await settle()
    assert not await house.saved()


async def test_workers_that_are_busy_turn_a_peer_away(house: House) -> None:
    """[RM26] too many requests at once are a reason to try later."""
    await house.restart(inspect_inline_bytes=100, diff_inline_bytes=10)
    ann, bob = await house.synced("ann"), await house.peer("bob")
    for client in (1, 2):
        await ann.write(Author(client).write("x" * 50))
        await settle()

    async def refuse(_: str) -> None:
        raise Unavailable("too many requests wait")

    house.worker.hook = refuse
    await ann.write(Author(3).write("x" * 200))
    await bob.say(SyncStep1(b"\x00"))
    assert (ann.code, bob.code) == (CloseCode.TRY_LATER, CloseCode.TRY_LATER)


@pytest.mark.parametrize("role", READERS)
async def test_readers_cannot_write(house: House, role: Role) -> None:
    """[RM24] a reader's edit is refused with a word, and the reader stays."""
    ann, eve = await house.synced("ann"), await house.peer("eve", role)
    await eve.write(Author(1).write("graffiti"))
    await eve.say(SyncStep2(Author(2).write("more")))
    await settle()
    assert len(eve.refusals()) == 2
    assert eve.code is None
    assert ann.heard() == []
    assert not await house.saved()


@pytest.mark.parametrize("role", READERS)
async def test_readers_read(house: House, role: Role) -> None:
    """[RM24] a reader's sync adds nothing and is fine; it hears all there is."""
    ann, author = await house.synced("ann"), Author(1)
    await ann.write(author.write("news"))
    await settle()
    eve = await house.peer("eve", role)
    assert text_of(await eve.sync()) == "news"
    await eve.say(SyncStep2(author.everything()))
    await eve.say(SyncStatus(b"1"))
    await ann.write(author.write("!"))
    await settle()
    heard = eve.heard()
    assert [type(m) for m in heard] == [SyncStatus, Update]


async def test_access_is_looked_at_for_every_frame(house: House) -> None:
    """[RM24] a changed role holds from the next frame on."""
    ann, author = await house.synced("ann"), Author(1)
    await ann.write(author.write("a"))
    ann.session.access = Access("ann", "ann", Role.VIEWER, True)
    await ann.write(author.write("b"))
    await settle()
    assert len(ann.refusals()) == 1
    assert text_of(*await house.saved()) == "a"


async def test_a_refused_edit_is_never_said_to_be_saved(house: House) -> None:
    """[RM6] once an edit was refused, a SyncStatus is answered with the one before."""
    ann, author = await house.synced("ann"), Author(1)
    await ann.write(author.write("a"))
    await ann.say(SyncStatus(b"\1"))
    await settle()
    assert ann.receipts() == [b"\1"]
    ann.session.access = Access("ann", "ann", Role.VIEWER, True)
    await ann.say(SyncStatus(b"\2"))
    await ann.write(author.write("b"))
    await ann.say(SyncStatus(b"\3"))
    ann.session.access = Access("ann", "ann", Role.EDITOR, True)
    await ann.say(SyncStatus(b"\4"))
    await settle()
    assert ann.receipts() == [b"\2", b"\2", b"\2"]
    eve = await house.peer("eve", Role.VIEWER)
    await eve.write(Author(2).write("x"))
    await eve.say(SyncStatus(b"\7"))
    assert eve.receipts() == [b"\0"]


async def test_leaving_twice_is_leaving_once(house: House) -> None:
    """[RM25] the end of a session comes once, whoever brings it."""
    ann, bob = await house.peer("ann"), await house.peer("bob")
    await ann.show(1, 1, "{}")
    bob.heard()
    ann.session.leave()
    ann.session.leave()
    ann.session.close(CloseCode.INTERNAL, "late")
    assert len(bob.presence()) == 1
    assert ann.code is None
    await ann.write(Author(1).write("x"))
    await settle()
    assert not await house.saved()


async def test_receipts_that_wait_are_bounded(house: House) -> None:
    """[RM7] a session may wait for so many receipts."""
    await house.restart(receipts=5)
    ann = await house.synced()
    with house.store.hold("append"):
        await ann.write(Author(1).write("x"))
        for _ in range(6):
            await ann.say(SyncStatus(b"1"))
        assert ann.code is CloseCode.TRY_LATER


async def test_echoes_that_wait_are_bounded_in_bytes(house: House) -> None:
    """[RM7] repeats of a large update cannot pile up while the store is slow."""
    await house.restart(outbox_bytes=1000)
    ann = await house.synced()
    update = Author(1).write("x" * 400)
    with house.store.hold("append"):
        for _ in range(3):
            await ann.write(update)
        assert ann.code is None
        await ann.write(update)
        assert ann.code is CloseCode.TRY_LATER
