"""A socket that is not read, and its documents."""

from __future__ import annotations

import pycrdt

from collab.protocol.messages import Receipt, SyncStep2, Update
from tests.hocuspocus.house import HocuspocusSocket, House
from tests.hocuspocus.test_receipts import Author, joined

KIB = 1024
ADDRESSES = ("a", "b", "a\0again")


async def typed(house: House, bob: HocuspocusSocket, authors: dict[str, Author]) -> None:
    """Some 2 MB in each document."""
    for number in range(40):
        for document, author in authors.items():
            bob.say(document, author.types(f"{number}" * 20 * KIB))
        await bob.settle(0.1)


async def test_a_peer_that_reads_again_converges(house: House) -> None:
    """[HP16] [SL5] what waits is bounded for the socket as a whole, and made anew for each of
    its documents: none of them is held up for good, or loses anything."""
    authors = {"a": Author(), "b": Author()}
    async with house.provider() as bob, house.provider(outbox_bytes=256 * KIB) as ann:
        for document in authors:
            await joined(bob, document, "bob")
        for address in ADDRESSES:
            await joined(ann, address)
        ann.hold()
        ann.say("b", Author().types("mine "))
        await typed(house, bob, authors)
        waiting = sum(
            len(item.frame)
            for room in house.registry.rooms.values()
            for session in room.sessions
            for item in session.outbox._queue
            if hasattr(item, "frame")
        )
        assert waiting <= 256 * KIB
        ann.release()
        replicas: dict[str, pycrdt.Doc[pycrdt.Text]] = {
            address: pycrdt.Doc() for address in ADDRESSES
        }
        for _ in range(100):
            for address, replica in replicas.items():
                for said in await ann.heard(address):
                    if isinstance(said, Update | SyncStep2):
                        replica.apply_update(said.update)
        for address, replica in replicas.items():
            text = str(replica.get("content", type=pycrdt.Text))
            assert str(authors[address[0]].text) in text, address
        assert ann.code is None


async def test_a_peer_that_never_reads_is_closed(house: House) -> None:
    """[HP31] [SL5] at the deadline, with all its documents; others go on."""
    authors = {"a": Author(), "b": Author()}
    async with house.provider() as bob, house.provider(outbox_bytes=256 * KIB) as ann:
        for document in authors:
            await joined(bob, document, "bob")
        for address in ADDRESSES:
            await joined(ann, address)
        ann.hold()
        await typed(house, bob, authors)
        assert house.sessions() == 5
        await bob.settle(60)
        assert ann.task is not None
        assert ann.task.done()
        assert house.sessions() == 2
        assert Receipt(True) in await bob.heard("a")
