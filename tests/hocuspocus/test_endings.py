"""Rights that change, tokens that end, documents that go, servers that stop."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Role
from collab.errors import DocumentUnreadable, StorageError, Unavailable, WorkerDied
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    Authenticated,
    Close,
    PermissionDenied,
    Scope,
    Token,
    TokenRequest,
)
from collab.protocol.messages import AwarenessUpdate, Stateless, SyncStep1, SyncStep2, Update
from tests.hocuspocus.house import STEP_1, House, Said
from tests.hocuspocus.test_receipts import Author
from tests.support.stores import When

VERSIONS = pytest.mark.parametrize("version", [None, "4.8.0"], ids=["before 4", "4"])


async def test_rights_change_in_place(house: House) -> None:
    """[HP30] the scope is told anew, and counts from the next frame on."""
    author = Author()
    async with house.provider() as ann:
        await ann.sign_in("a")
        house.door.roles["ann", "a"] = Role.VIEWER
        house.live.changed("a")
        assert await ann.heard("a") == [Authenticated(Scope.READ_ONLY)]
        ann.say("a", author.types("words"))
        assert await ann.receipts("a") == [False]
        house.door.roles["ann", "a"] = Role.COMMENTER
        house.live.changed("a")
        assert await ann.heard("a") == []
        house.door.roles["ann", "a"] = Role.OWNER
        house.live.changed("a")
        assert await ann.heard("a") == [Authenticated(Scope.READ_WRITE)]
        ann.say("a", SyncStep2(author.all))
        assert await ann.receipts("a") == [True]


@VERSIONS
async def test_rights_are_taken_from_one_document(house: House, version: str | None) -> None:
    """[HP31] it is refused and its presence ends; the socket's other documents go on."""
    async with house.provider() as ann, house.provider() as bob:
        await ann.sign_in("a", version=version)
        await ann.sign_in("b", version=version)
        await bob.sign_in("a", "bob")
        ann.present("a", 7)
        await bob.heard("a")
        await ann.heard("a")
        house.door.roles["ann", "a"] = None
        house.live.changed("a")
        told: list[Said] = [PermissionDenied("you have no right here")]
        if version is not None:
            told.append(Close("you have no right here"))
        assert await ann.heard("a") == told
        (gone,) = await bob.heard("a")
        assert isinstance(gone, AwarenessUpdate)
        assert gone.entries[0].state is None
        ann.say("a", Author().types("words"), STEP_1)
        ann.say("b", STEP_1)
        assert await ann.heard("a") == []
        assert [type(said) for said in await ann.heard("b")] == [SyncStep1, SyncStep2]
        assert ann.code is None
        house.door.roles["ann", "a"] = Role.EDITOR
        ann.say("a", Token("ann"))
        assert (await ann.heard("a"))[0] == Authenticated(Scope.READ_WRITE)
    assert await house.saved("a") == []


@VERSIONS
async def test_a_deleted_document_ends_alone(house: House, version: str | None) -> None:
    """[HP31] providers before 4 fail on a Close."""
    async with house.provider() as ann:
        await ann.sign_in("a", version=version)
        await ann.sign_in("b", version=version)
        await house.memory.delete("a")
        house.registry.deleted("a")
        (told,) = await ann.heard("a")
        assert told == (PermissionDenied if version is None else Close)("the document was deleted")
        assert house.sessions() == 1
        ann.say("a", Token("ann", version))
        assert await ann.heard("a") == [PermissionDenied("there is no such document")]
        assert ann.code is None


async def test_a_token_is_renewed(house: House) -> None:
    """[HP32] it is asked for before the old one ends; the same user's goes on with it."""
    async with house.provider() as ann:
        await ann.sign_in("a", "ann until 1000")
        await ann.settle(900)
        assert TokenRequest() not in await ann.heard("a")
        await ann.settle(90)
        assert TokenRequest() in await ann.heard("a")
        ann.say("a", Token("ann until 5000", "4"))
        await ann.settle(1000)
        heard = await ann.heard("a")
        assert not any(isinstance(said, PermissionDenied | Close) for said in heard)
        ann.say("a", STEP_1)
        assert [type(said) for said in await ann.heard("a")] == [SyncStep1, SyncStep2]


async def test_a_token_that_is_not_renewed_ends(house: House) -> None:
    """[HP32] for its documents alone."""
    async with house.provider() as ann:
        await ann.sign_in("a", "ann until 1000")
        await ann.sign_in("b", "bob")
        await ann.settle(1010)
        heard = await ann.heard("a")
        assert [type(said) for said in heard[-2:]] == [PermissionDenied, Close]
        assert ann.code is None
        assert house.sessions() == 1
        ann.say("a", Token("ann until 1000", "4"))
        assert await ann.heard("a") == [PermissionDenied("the token is over")]


async def test_a_provider_that_cannot_be_asked_signs_in_on_a_new_socket(house: House) -> None:
    """[HP32] 2.x takes no request for a token, and does not say its version either."""
    async with house.provider() as ann:
        await ann.sign_in("a", "ann until 100", version=None)
        await ann.settle(110)
        assert ann.code == CloseCode.TIMEOUT
        assert house.sessions() == 0
    async with house.provider() as late:
        late.say("a", Token("ann until 100"), STEP_1)
        assert await late.heard("a") == [PermissionDenied("the token is over")]
        assert late.code is None


@pytest.mark.parametrize("token", ["bob", "bad"])
async def test_a_renewal_has_to_be_the_same_users(house: House, token: str) -> None:
    """[HP32] a token that is no good, or another's, ends the document."""
    async with house.provider() as ann:
        await ann.sign_in("a")
        await ann.sign_in("b")
        ann.say("a", Token(token, "4"))
        heard = await ann.heard("a")
        assert [type(said) for said in heard] == [PermissionDenied, Close]
        assert house.sessions() == 1
        assert ann.code is None


async def test_a_malformed_update_closes_the_socket(house: House) -> None:
    """[HP31] what is not about one document closes it all, so that all reconnect."""
    async with house.provider() as ann, house.provider() as bob:
        await ann.sign_in("a")
        await ann.sign_in("b")
        await bob.sign_in("a", "bob")
        ann.say("a", Update(b"\x01\x01"))
        assert await ann.closed_with() == CloseCode.MALFORMED
        assert house.sessions() == 1
        bob.say("a", STEP_1)
        assert await bob.heard("a")


async def test_a_stop_closes_the_socket(house: House) -> None:
    """[HP31] its provider connects again, elsewhere."""
    async with house.provider() as ann:
        await ann.sign_in("a")
        await ann.sign_in("b")
        assert await house.registry.drain(1)
        assert await ann.closed_with() == CloseCode.RESTART
    async with house.provider() as late:
        late.say("a", Token("ann"))
        assert await late.closed_with() == CloseCode.RESTART


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageError("secret.db is locked"), CloseCode.INTERNAL),
        (Unavailable("too much is unsaved"), CloseCode.TRY_LATER),
        (RuntimeError("secret"), CloseCode.INTERNAL),
        (DocumentUnreadable("it cannot be read"), None),
        (WorkerDied("the worker died"), None),
    ],
)
async def test_a_document_that_cannot_be_loaded(
    house: House, error: Exception, code: CloseCode | None
) -> None:
    """[HP11] [AC19] never an empty one: the socket is closed where another try may do, else the
    document alone is refused."""
    async with house.provider() as ann:
        await ann.sign_in("b")
        house.store.fail("load", When.BEFORE, error=error)
        ann.say("a", Token("ann"), STEP_1)
        heard = await ann.heard("a")
        assert ann.code == code
        assert "secret" not in ann.reason
        assert [type(said) for said in heard] == ([] if code else [PermissionDenied])


async def test_a_peer_that_goes_leaves_nothing(house: House) -> None:
    """[HP17] sessions, presence, watches and tasks end with the socket."""
    async with house.provider() as bob:
        await bob.sign_in("a", "bob")
        async with house.provider() as ann:
            for address in "abc":
                await ann.sign_in(address)
            ann.present("a", 7)
            with house.store.hold("load"):
                ann.say("x", Token("ann"), STEP_1)
                await ann.settle()
                ann.feed({"type": "websocket.disconnect", "code": 1001})
                await ann.settle()
            await bob.heard("a")
        await bob.settle()
        assert house.sessions() == 1
    await asyncio.sleep(1)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not {name for name in names if "hocuspocus" in name or "channel" in name}
    assert house.live._watches == {}


async def test_documents_come_and_go_on_one_socket(house: House) -> None:
    """[HP17] nothing of those that went stays behind."""
    async with house.provider() as ann:
        for _ in range(50):
            for address in "abcdefgh":
                await ann.sign_in(address)
                ann.say(address, Close())
            await ann.settle(1)
        assert house.sessions() == 0
        assert house.live._watches == {}


async def test_the_product_hears_and_answers(house: House) -> None:
    """[HP33] a text goes to whoever took over the session's, and one told to the room goes to
    every provider in it."""
    heard: list[str] = []
    async with house.provider() as ann, house.provider() as bob:
        await ann.sign_in("a")
        await bob.sign_in("a\0x", "bob")
        room = house.registry.rooms["a"]
        for session in room.sessions:
            session.stateless = heard.append
        ann.say("a", Stateless("hello"))
        await ann.settle()
        assert heard == ["hello"]
        room.tell("to all")
        assert await ann.heard("a") == [Stateless("to all")]
        assert await bob.heard("a\0x") == [Stateless("to all")]
