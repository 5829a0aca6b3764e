"""What one socket may take: bytes, frames, documents, time."""

from __future__ import annotations

import asyncio

import pytest

from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    PING,
    PONG,
    Authenticated,
    Close,
    PermissionDenied,
    Token,
    prefix_of,
)
from collab.protocol.messages import AwarenessUpdate, QueryAwareness, Stateless, SyncStep2, Update
from tests.hocuspocus.house import STEP_1, House
from tests.hocuspocus.test_receipts import Author

KIB = 1024


def filler(size: int) -> Stateless:
    return Stateless("x" * size)


async def test_too_many_bytes_before_the_token(house: House) -> None:
    """[HP20] however many addresses they are spread over."""
    async with house.provider(waiting_bytes=64 * KIB) as ann:
        for number in range(7):
            ann.say(f"{number}", filler(9 * KIB))
        assert await ann.closed_with() is None
        ann.say("7", filler(9 * KIB))
        assert await ann.closed_with() == CloseCode.EARLY


async def test_too_many_frames_before_the_token(house: House) -> None:
    """[HP20] small ones are counted."""
    async with house.provider() as ann:
        ann.say("a", *[filler(0)] * 1000)
        assert await ann.closed_with() is None
        ann.say("a", filler(0))
        assert await ann.closed_with() == CloseCode.EARLY


async def test_too_much_while_it_is_decided(house: House) -> None:
    """[HP20] a Token alone is no admission."""
    async with house.provider(waiting_bytes=64 * KIB) as ann:
        house.door.gate.clear()
        ann.say("a", Token("ann"), filler(40 * KIB), filler(40 * KIB))
        assert await ann.closed_with() == CloseCode.EARLY
        house.door.gate.set()
        await ann.settle()
    assert house.sessions() == 0


async def test_who_signed_in_is_read_more_slowly(house: House) -> None:
    """[HP20] what waits for a document that is being opened is not held against a peer that is
    known: no more of it is read until then."""
    async with house.provider(waiting_bytes=64 * KIB) as ann:
        await ann.sign_in("a")
        with house.store.hold("load"):
            ann.say("b", Token("ann"), STEP_1, *[filler(30 * KIB)] * 10)
            await ann.settle()
            assert ann.taken <= 9
            assert ann.code is None
        heard = await ann.heard("b")
        assert isinstance(heard[0], Authenticated)
        assert ann.taken == 1 + 2 + 12
        ann.say("c", *[filler(30 * KIB)] * 3)
        assert await ann.closed_with() == CloseCode.EARLY


async def test_what_waits_for_a_worker_is_bounded(house: House) -> None:
    """[HP16] [HP20] beyond that nothing more of the socket is read."""
    gate = asyncio.Event()

    async def hold(operation: str) -> None:
        if operation == "inspect":
            await gate.wait()

    author = Author()
    async with house.provider(waiting_bytes=64 * KIB) as ann:
        await ann.sign_in("a")
        ann.say("a", SyncStep2(b"\0\0"))
        assert await ann.receipts("a") == [True]
        house.worker.hook = hold
        before = ann.taken
        ann.say("a", *[author.types("x" * 80_000) for _ in range(5)])
        await ann.settle()
        assert ann.taken == before + 2
        gate.set()
        assert await ann.receipts("a") == [True] * 5


async def test_documents_are_counted(house: House) -> None:
    """[HP21] one too many is refused alone, once; one that ends makes room."""
    async with house.provider(documents=3) as ann:
        for address in "abc":
            await ann.sign_in(address)
        ann.say("d", filler(1), Token("ann"), STEP_1, filler(1))
        denied = PermissionDenied("too many documents on this connection")
        assert await ann.heard("d") == [denied]
        assert await ann.closed_with() is None
        ann.say("b", Close())
        ann.say("d", Token("ann"), STEP_1)
        assert isinstance((await ann.heard("d"))[0], Authenticated)
        ann.say("b", STEP_1)
        assert await ann.heard("b") == [denied]


async def test_ten_thousand_documents(house: House) -> None:
    """[HP21] a hundred are opened, or refused, or wait for a token; what is remembered of the
    others is bounded."""
    async with house.provider() as ann:
        for number in range(10_000):
            ann.say(f"n{number}", Token("ann", "4"))
        for address in "abcdefgh":
            ann.say(address, filler(0))
        for number in range(10_000):
            ann.say(f"n{number}", STEP_1)
        await ann.settle()
        assert await ann.closed_with() is None
        assert len(asyncio.all_tasks()) < 20
        await ann.settle(1)
        await ann.sign_in("z")
    assert house.door.asked == ["ann"]


async def test_documents_are_opened_at_a_rate(house: House) -> None:
    """[HP21] a hundred at once, then twenty a second, whether they are left or refused."""
    async with house.provider() as ann:
        for _ in range(150):
            ann.say("a", Token("ann"), Close())
            ann.say("b", Token("bad"))
        await ann.settle()
        told = [*await ann.heard("a"), *await ann.heard("b")]
        assert 90 <= len(told) <= 110
        await ann.settle(5)
        told += [*await ann.heard("a"), *await ann.heard("b")]
        assert 190 <= len(told) <= 210
        await ann.settle(10)
        told += [*await ann.heard("a"), *await ann.heard("b")]
        assert len(told) == 300
        assert ann.code is None


async def test_nobody_signs_in(house: House) -> None:
    """[HP22] the deadline counts from the start, and traffic does not put it off."""
    async with house.provider(join_seconds=15) as ann:
        for _ in range(14):
            ann.say("a", filler(1), Token("bad"))
            ann.bytes_(PING)
            await ann.settle(1)
        assert ann.code is None
        await ann.settle(1.5)
        assert ann.code == CloseCode.TIMEOUT


@pytest.mark.parametrize("seconds", [1, 15, 47])
async def test_the_deadline_is_the_settings(house: House, seconds: int) -> None:
    async with house.provider(join_seconds=seconds) as ann:
        await ann.settle(seconds - 0.5)
        assert ann.code is None
        await ann.settle(1)
        assert ann.code == CloseCode.TIMEOUT


async def test_a_document_that_is_not_ready_in_time(house: House) -> None:
    """[HP22] is worth another try, which a provider makes for a closed socket."""
    async with house.provider(join_seconds=5) as ann:
        with house.store.hold("load"):
            ann.say("a", Token("ann"), STEP_1)
            await ann.settle(4.5)
            assert ann.code is None
            await ann.settle(1)
        assert ann.code == CloseCode.TRY_LATER


async def test_one_slow_document_holds_up_no_other(house: House) -> None:
    """[HP16] others are opened and edited while it is being loaded."""
    author = Author()
    async with house.provider() as ann:
        await ann.sign_in("b")
        with house.store.hold("load"):
            ann.say("a", Token("ann"), STEP_1)
            await ann.settle()
            ann.say("b", SyncStep2(b"\0\0"), author.types("words"))
            assert await ann.receipts("b") == [True, True]
            assert await ann.heard("a") == []
        assert isinstance((await ann.heard("a"))[0], Authenticated)


async def test_a_socket_without_documents_is_closed(house: House) -> None:
    """[HP22] a minute after the last one was left, or if none was ever opened."""
    async with house.provider() as ann:
        await ann.sign_in("a")
        for _ in range(20):
            await ann.settle(10)
        assert ann.code is None
        ann.say("a", Close())
        await ann.settle(58)
        assert ann.code is None
        await ann.settle(15)
        assert ann.code == CloseCode.TIMEOUT
    async with house.provider() as eve:
        eve.say("none", Token("eve"))
        for _ in range(15):
            eve.bytes_(PING)
            await eve.settle(5)
        assert eve.code == CloseCode.TIMEOUT


async def test_silence_is_broken(house: House) -> None:
    """[HP23] within 20 s, by what no provider minds, and only where nothing else was said."""
    async with house.provider() as ann:
        await ann.sign_in("a")
        await ann.sign_in("b")
        for _ in range(5):
            await ann.settle(20.1)
            said = [*await ann.heard("a"), *await ann.heard("b")]
            assert AwarenessUpdate(()) in said
        ann.present("a", 7)
        for _ in range(30):
            ann.say("a", QueryAwareness())
            await ann.settle(5)
        said = [*await ann.heard("a"), *await ann.heard("b")]
        assert said.count(AwarenessUpdate(())) <= 1


async def test_pings_are_answered(house: House) -> None:
    """[HP3] one bare byte each way; a pong is taken."""
    async with house.provider() as ann:
        ann.bytes_(PONG)
        ann.bytes_(PING)
        await ann.settle()
        assert ann.pongs == 1


async def test_a_peer_that_asks_and_does_not_read(house: House) -> None:
    """[HP24] replies about the wire do not pile up."""
    author = Author()
    async with house.provider() as ann:
        await ann.sign_in("a")
        ann.say("a", SyncStep2(b"\0\0"))
        await ann.settle()
        ann.hold()
        for _ in range(8):
            ann.say("a", author.types("x" * 60_000))
        await ann.settle(1)
        for _ in range(2000):
            ann.bytes_(PING)
        ann.bytes_(prefix_of("q") + b"\x02\x00\x03bad")
        await ann.settle(1)
        ann.release()
        await ann.settle()
        assert ann.code == CloseCode.TRY_LATER


async def test_an_editor_may_bring_more_once(house: House) -> None:
    """[AC12] a larger first step 2 on each document; an update never."""
    author = Author()
    author.types("x" * 200_000)
    async with house.provider() as ann:
        for address in "ab":
            await ann.sign_in(address)
            ann.say(address, SyncStep2(author.all))
            assert await ann.receipts(address) == [True]
        ann.say("a", SyncStep2(author.all))
        assert await ann.closed_with() == CloseCode.TOO_BIG
    for first in (Update(author.all), SyncStep2(author.all)):
        async with house.provider() as bob:
            bob.say("a", first)
            assert await bob.closed_with() == CloseCode.TOO_BIG
