"""Slow readers."""

from __future__ import annotations

from collab.protocol.close import CloseCode
from collab.protocol.messages import Update
from collab.room.outbox import Item, ItemKind, Outbox
from tests.room.house import House, MemoryChannel, settle
from tests.support.edits import Author, text_of


def outbox(channel: MemoryChannel, overflows: list[str]) -> Outbox:
    return Outbox(channel, high=10, limit=100, overflow=lambda: overflows.append("over"))


def item(size: int, kind: ItemKind = ItemKind.UPDATE) -> Item:
    return Item(kind, bytes(size))


def test_frames_wait_in_order_for_a_slow_channel() -> None:
    """[RM19] frames go out in order, as the channel takes them."""
    channel, overflows = MemoryChannel(), list[str]()
    box = outbox(channel, overflows)
    box.put(item(1))
    channel.stall()
    for size in (20, 3, 4):
        box.put(item(size))
    assert [len(f) for f in channel.frames] == [1, 20]
    assert box.queued == 7
    channel.resume()
    assert [len(f) for f in channel.frames] == [1, 20, 3, 4]
    assert box.queued == 0


def test_the_queue_is_capped_in_bytes() -> None:
    """[RM19] over the cap nothing more is taken, and nothing sent with a hole."""
    channel, overflows = MemoryChannel(), list[str]()
    box = outbox(channel, overflows)
    channel.stall()
    box.put(item(10))
    box.put(item(60))
    box.put(item(50))
    box.put(item(1))
    channel.resume()
    box.put(item(1))
    assert overflows == ["over"]
    assert [len(f) for f in channel.frames] == [10]


def test_one_large_answer_may_wait_beside_the_queue() -> None:
    """[RM19] an answer larger than the cap waits its turn; a second one does not."""
    channel, overflows = MemoryChannel(), list[str]()
    box = outbox(channel, overflows)
    channel.stall()
    box.put(item(10))
    box.put(item(500, ItemKind.ANSWER))
    box.put(item(60))
    assert (box.queued, overflows) == (60, [])
    box.put(item(500, ItemKind.ANSWER))
    assert overflows == ["over"]


def test_the_cap_is_free_again_after_a_large_answer() -> None:
    """[RM19] one large answer after the other is fine, if each is taken."""
    channel, overflows = MemoryChannel(), list[str]()
    box = outbox(channel, overflows)
    for _ in range(3):
        channel.stall()
        box.put(item(10))
        box.put(item(500, ItemKind.ANSWER))
        channel.resume()
    assert overflows == []
    assert len(channel.frames) == 6


async def test_a_slow_reader_harms_only_itself(house: House) -> None:
    """[RM19] who reads too slowly is closed with TRY_LATER; the others hear everything."""
    await house.restart(outbox_bytes=2000, channel_high=500)
    ann, bob, slow = [await house.synced(name) for name in ("ann", "bob", "slow")]
    slow.channel.stall()
    author = Author(1)
    for _ in range(50):
        await ann.write(author.write("x" * 100))
        await settle()
    assert slow.code is CloseCode.TRY_LATER
    assert slow.session not in (await house.room()).sessions
    assert text_of(*bob.updates()) == "x" * 5000
    assert len(slow.channel.frames) < 20


async def test_many_slow_readers_at_once(house: House) -> None:
    """[RM19] closing some for slowness does not nest in closing others."""
    await house.restart(outbox_bytes=300, channel_high=100)
    ann = await house.synced("ann")
    slow = [await house.synced(f"s{n}") for n in range(400)]
    for number, peer in enumerate(slow):
        await peer.show(number + 1, 1, '{"a":1}')
    for peer in slow:
        peer.channel.stall()
    author = Author(9999)
    for _ in range(6):
        await ann.write(author.write("x" * 100))
        await settle()
    assert {peer.code for peer in slow} == {CloseCode.TRY_LATER}
    assert ann.code is None
    assert len(ann.heard_of(Update)) == 6
