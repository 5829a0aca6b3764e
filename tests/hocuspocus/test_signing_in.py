"""One address: from nothing to a document that is open, refused, left and opened again."""

from __future__ import annotations

from collections.abc import Sequence

import pycrdt

from collab.access import Role
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import Authenticated, Close, PermissionDenied, Scope, Token
from collab.protocol.messages import (
    AwarenessUpdate,
    QueryAwareness,
    Receipt,
    SyncStep1,
    SyncStep2,
    Update,
)
from tests.hocuspocus.house import STEP_1, HocuspocusSocket, House


def edit(words: str) -> Update:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, words)
    return Update(doc.get_update())


NOTHING = SyncStep2(b"\0\0")
READ_WRITE = Authenticated(Scope.READ_WRITE)
READ_ONLY = Authenticated(Scope.READ_ONLY)


def kinds(heard: Sequence[object]) -> list[type]:
    return [type(said) for said in heard]


async def test_a_provider_signs_in_and_synchronises(house: House) -> None:
    """[HP10] [HP13] admission, then our step 1, then the answer."""
    async with house.provider() as ann:
        ann.say("a", Token("ann", "4.8.0"), STEP_1)
        heard = await ann.heard("a")
        assert heard[0] == READ_WRITE
        assert kinds(heard) == [Authenticated, SyncStep1, SyncStep2]
        assert house.sessions() == 1
    assert house.sessions() == 0


async def test_every_step_1_is_answered_alike(house: House) -> None:
    """[HP13] a provider that forces a sync gets our step 1 again."""
    async with house.provider() as ann:
        await ann.sign_in("a")
        ann.say("a", STEP_1)
        assert kinds(await ann.heard("a")) == [SyncStep1, SyncStep2]


async def test_frames_before_the_token_wait_in_their_order(house: House) -> None:
    """[HP10] what was typed while a token was fetched is taken once it is there."""
    async with house.provider() as ann:
        ann.say("a", edit("early"))
        assert await ann.heard("a") == []
        assert house.door.asked == []
        ann.say("a", Token("ann"), STEP_1, NOTHING)
        heard = await ann.heard("a")
        assert heard[0] == READ_WRITE
        assert heard.count(Receipt(True)) == 2
    assert len(await house.saved("a")) == 1


async def test_frames_wait_while_it_is_decided(house: House) -> None:
    """[HP10] and are taken in their order then."""
    async with house.provider() as ann:
        house.door.gate.clear()
        ann.say("a", Token("ann"), STEP_1, edit("one"), QueryAwareness(), NOTHING)
        assert await ann.heard("a") == []
        house.door.gate.set()
        heard = await ann.heard("a")
        assert kinds(heard)[:3] == [Authenticated, SyncStep1, SyncStep2]
        assert heard.count(Receipt(True)) == 2


async def test_a_refused_document_leaves_the_socket(house: House) -> None:
    """[HP11] what was sent with the token is dropped; others go on; another token may do."""
    async with house.provider() as ann:
        await ann.sign_in("b")
        ann.say("a", edit("early"), Token("bad", "4"), STEP_1, edit("late"))
        assert await ann.heard("a") == [PermissionDenied("there is no valid token")]
        ann.say("a", STEP_1, edit("more"), QueryAwareness())
        assert await ann.heard("a") == []
        ann.say("b", STEP_1)
        assert kinds(await ann.heard("b")) == [SyncStep1, SyncStep2]
        ann.say("a", Token("ann", "4"), STEP_1)
        assert kinds(await ann.heard("a")) == [Authenticated, SyncStep1, SyncStep2]
    assert await house.saved("a") == []


async def test_a_token_behind_a_refused_one_is_looked_at(house: House) -> None:
    async with house.provider() as ann:
        house.door.gate.clear()
        ann.say("a", Token("bad"), STEP_1, Token("ann"), STEP_1)
        await ann.settle()
        house.door.gate.set()
        heard = await ann.heard("a")
        assert kinds(heard) == [PermissionDenied, Authenticated, SyncStep1, SyncStep2]


async def test_reasons_say_what_is_wrong(house: House) -> None:
    """[HP11] no right, no document, no id: each for its address alone."""
    house.door.roles["ann", "a"] = None
    async with house.provider() as ann:
        for address in ("a", "none", "no id!", ""):
            ann.say(address, Token("ann"), STEP_1)
        await ann.settle()
        assert await ann.heard("a") == [PermissionDenied("you have no right here")]
        assert await ann.heard("none") == [PermissionDenied("there is no such document")]
        for address in ("no id!", ""):
            (denied,) = await ann.heard(address)
            assert isinstance(denied, PermissionDenied)
            assert denied.reason.startswith("A document id is")
        assert ann.code is None


async def test_the_sockets_own_token_serves_where_none_is_said(house: House) -> None:
    """[HP12] an empty token falls back to the one of the URL, and so does none at all: 2.15
    sends no Token then."""
    async with house.provider(query=b"token=ann") as ann:
        ann.say("a", STEP_1)
        assert kinds(await ann.heard("a")) == [Authenticated, SyncStep1, SyncStep2]
        ann.say("b", Token(""), STEP_1)
        assert kinds(await ann.heard("b")) == [Authenticated, SyncStep1, SyncStep2]
        ann.say("c", Token("bob"), STEP_1)
        assert kinds(await ann.heard("c")) == [Authenticated, SyncStep1, SyncStep2]
        assert house.door.asked == ["ann", "bob"]
    async with house.provider() as nobody:
        nobody.say("a", STEP_1)
        assert kinds(await nobody.heard("a")) == [PermissionDenied]


async def test_one_token_is_looked_at_once(house: House) -> None:
    """[HP12] though all documents of a socket bring it at a time."""
    async with house.provider() as ann:
        for address in "abcdef":
            ann.say(address, Token("ann"))
        await ann.settle()
        assert house.door.asked == ["ann"]
        assert house.sessions() == 6


async def test_who_may_not_write_is_told_so(house: House) -> None:
    """[HP10] the scope is that of the role."""
    house.door.roles["ann", "a"] = Role.COMMENTER
    async with house.provider() as ann:
        ann.say("a", Token("ann"))
        assert (await ann.heard("a"))[0] == READ_ONLY


async def test_a_client_leaves_a_document_and_comes_back(house: House) -> None:
    """[HP17] its presence goes with it, and the address can be opened again."""
    async with house.provider() as ann, house.provider() as bob:
        await ann.sign_in("a")
        await bob.sign_in("a", "bob")
        ann.present("a", 7)
        await bob.heard("a")
        ann.say("a", Close())
        await ann.settle()
        (gone,) = await bob.heard("a")
        assert isinstance(gone, AwarenessUpdate)
        assert [(e.client, e.state) for e in gone.entries] == [(7, None)]
        assert house.sessions() == 1
        ann.present("a", 7, None)  # 2.15 does, behind its Close
        await ann.heard("a")
        ann.say("a", Token("ann"), STEP_1)
        assert (await ann.heard("a"))[0] == READ_WRITE


async def test_what_stands_behind_a_close_is_for_the_next(house: House) -> None:
    """[HP17] a provider that was destroyed and made anew at once."""
    async with house.provider() as ann:
        house.door.gate.clear()
        ann.say("a", Token("ann"), STEP_1, edit("one"), Close(), Token("bob"), STEP_1)
        await ann.settle()
        house.door.gate.set()
        heard = await ann.heard("a")
        assert kinds(heard).count(Authenticated) == 2
        assert house.door.asked == ["ann", "bob"]
        assert house.sessions() == 1
    assert len(await house.saved("a")) == 1


async def test_a_close_takes_what_waited_for_a_token(house: House) -> None:
    async with house.provider() as ann:
        ann.say("a", edit("early"), Close(), Token("ann"), STEP_1)
        assert kinds(await ann.heard("a")) == [Authenticated, SyncStep1, SyncStep2]
        ann.say("b", Close())
        assert await ann.heard("b") == []
    assert await house.saved("a") == []


async def refused(house: House, *frames: bytes, open_first: bool) -> HocuspocusSocket:
    async with house.provider() as ann:
        if open_first:
            await ann.sign_in("a")
        for frame in frames:
            ann.bytes_(frame)
        await ann.settle()
        return ann


async def test_malformed_frames_close_the_socket(house: House) -> None:
    """[HP4] whatever the state of their address."""
    for frame in (b"", b"\x00", b"\x01a", b"\x01a\x06\x01x", b"\x01a\x04\x00\x01\x00"):
        ann = await refused(house, frame, b"\x01a\x02\x00\x03ann", open_first=False)
        assert ann.code == CloseCode.MALFORMED, frame
        assert house.sessions() == 0
    for frame in (
        b"\x01a\x02\x01\x02no",
        b"\x01a\x02\x02\x08readonly",
        b"\x01a\x02\x00",
        b"\x01a\x07\x01x",
        b"\x01a\x08\x01",
        b"\x01a\x06\x01x",
        b"\x01a\x09",
    ):
        for open_first in (True, False):
            ann = await refused(house, frame, b"\x01a\x02\x00\x03ann", open_first=open_first)
            assert ann.code == CloseCode.MALFORMED, (frame, open_first)
