"""The y-sweet wire, driven by ASGI messages on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from collab.auth.live import LiveAccess
from collab.auth.open import OpenAuthorizer
from collab.auth.sites import Sites
from collab.backplane.memory import MemoryBackplane, MemoryHub
from collab.errors import InvalidDocumentId, ProtocolError
from collab.protocol import yjs, ysweet
from collab.protocol.awareness import AwarenessEntry, encode_awareness
from collab.protocol.close import CloseCode
from collab.protocol.messages import (
    AwarenessUpdate,
    Message,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from collab.room.opening import Opener
from collab.transport.endpoint import SocketEndpoint
from collab.transport.entrance import Entrance
from collab.transport.socket import Receiver, SocketLimits
from collab.transport.websocket import YjsWire
from collab.transport.ysweet import YSweetWire, named_twice
from tests.room.house import DOCUMENT, House
from tests.support.asgi import AsgiSocket
from tests.support.edits import Author, text_of
from tests.support.virtual import VirtualLoop

PATH = f"/d/{DOCUMENT}/ws/{DOCUMENT}"
NOTHING = AwarenessUpdate(())
CLIENT_PATIENCE = 3.0
"""Seconds after which the client gives up a connection on which it asked and heard nothing."""


class Node:
    """The y-sweet and the y-websocket endpoint on one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        authorizer = OpenAuthorizer(Sites("127.0.0.1", ()), Random(1))
        live = LiveAccess(authorizer, MemoryBackplane(MemoryHub()), house.clock)
        opener = Opener(house.registry, house.memory)
        entrance = Entrance(house.registry, opener, authorizer, live)
        wire = YjsWire(entrance)
        self.ysweet = self._endpoint(YSweetWire(wire).serve)
        self.yjs = self._endpoint(wire.serve)

    def _endpoint(self, serve: Callable[..., Awaitable[Receiver]]) -> SocketEndpoint:
        limits = SocketLimits(100_000, 200_000, join_seconds=20)
        return SocketEndpoint(serve, limits, Random(1), lambda: self.house.registry.draining)

    def peer(self, path: str = PATH) -> Peer:
        return Peer(self.ysweet, path)


class Peer(AsgiSocket):
    """Has nothing of its own, and says so before it asks for a receipt, as the client does."""

    async def saved(self) -> None:
        self.send(SyncStep2(b"\0\0"))
        await super().saved()

    async def message(self) -> Message:
        return yjs.decode((await self.next())["bytes"])

    async def until(self, kind: type[Message]) -> Message:
        while not isinstance(message := await self.message(), kind):
            pass
        return message

    async def saved_at_once(self) -> None:
        """A receipt, with nothing said before it."""
        self.send(SyncStep2(b"\0\0"))
        self.send(SyncStatus(b"now"))
        assert await self.message() == SyncStatus(b"now")


def virtually(test: Callable[[Node], Awaitable[None]]) -> Callable[[], None]:
    """A test that runs on a loop of its own, on which time passes only while all wait."""

    async def run() -> None:
        house = House()
        await house.start()
        try:
            await test(Node(house))
        finally:
            await house.aclose()

    def test_() -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(run())

    test_.__doc__, test_.__name__ = test.__doc__, test.__name__
    return test_


def now() -> float:
    return asyncio.get_running_loop().time()


# --- Paths and frames ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "a/b", "ws/ws", "a/ws/b", "ws", "x@y:z~"])
def test_a_path_names_one_document_twice(name: str) -> None:
    """[YS20] whatever the id holds."""
    assert named_twice(f"{name}/ws/{name}") == name


@pytest.mark.parametrize("path", ["", "/ws/", "/ws", "a/ws/b", "a/ws/a/", "a/ws", "aa/ws/a", "a"])
def test_two_names_are_none(path: str) -> None:
    """[YS20] an id that is not said twice in the same way names nothing."""
    if path == "/ws/":
        assert named_twice(path) == ""  # which is no id either
    else:
        with pytest.raises(InvalidDocumentId):
            named_twice(path)


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/d/a%2Fb/ws/a%2Fb", "a/b"),
        ("/d/a%2Fb/ws/a/b", "a/b"),  # what the client makes of the address that it is handed
        ("/d/a/b/ws/a/b", "a/b"),
        ("/d/a/ws/b", None),
        ("/d/a/ws/a/", None),
        ("/d/a%252Fb/ws/a%252Fb", None),
        ("/d/a%2Fb/ws/a%252Fb", None),
        ("/d//ws/", None),
        ("/d/../ws/..", None),
        ("/d/%FF/ws/%FF", None),
        ("/d/a", None),
    ],
)
def test_a_socket_opens_the_document_of_its_path(path: str, document: str | None) -> None:
    """[YS20] ids are decoded once; what names no document is closed with 4400."""

    async def test(node: Node) -> None:
        async with node.peer(path) as peer:
            if document is None:
                assert (await peer.closed())[0] == CloseCode.MALFORMED
            else:
                await peer.saved()
                assert list(node.house.registry.rooms) == [document]

    virtually(test)()


def test_an_answer_to_a_query_is_presence() -> None:
    """[YS21] a query with states in it is a message of those states."""
    entries = (AwarenessEntry(7, 1, '{"name":"ann"}'),)
    states = encode_awareness(entries)
    assert ysweet.decode(b"\x03" + bytes([len(states)]) + states) == AwarenessUpdate(entries)
    assert ysweet.decode(b"\x03") == QueryAwareness()
    for broken in (b"\x03\x05abc", b"\x03\x01\x00\x00", b"\x03\x02\xff\xff"):
        with pytest.raises(ProtocolError):
            ysweet.decode(broken)
    update = yjs.encode(Update(b"\0\0"))
    assert ysweet.decode(update) == Update(b"\0\0")


# --- Speaking --------------------------------------------------------------------------


@virtually
async def test_a_client_syncs_as_on_the_other_wire(node: Node) -> None:
    """[YS21] edits and presence of one wire reach the other, encoded once."""
    author = Author(7)
    async with node.peer() as ann, AsgiSocket(node.yjs, f"/ws/{DOCUMENT}") as bob:
        assert isinstance(await ann.message(), SyncStep1)
        ann.send(SyncStep1(b"\0"))
        assert isinstance(await ann.until(SyncStep2), SyncStep2)
        bob.send(SyncStep1(b"\0"))
        bob.send(Update(author.write("words")))
        heard = await ann.until(Update)
        assert isinstance(heard, Update)
        assert text_of(heard.update) == "words"
        entries = (AwarenessEntry(5, 1, '{"name":"ann"}'),)
        states = encode_awareness(entries)
        ann.feed({"type": "websocket.receive", "bytes": b"\x03" + bytes([len(states)]) + states})
        shown = await ann.until(AwarenessUpdate)
        assert isinstance(shown, AwarenessUpdate)
        assert [entry.client for entry in shown.entries] == [5]
        bob.send(QueryAwareness())
        await bob.saved()


@virtually
async def test_malformed_frames_close_their_sender(node: Node) -> None:
    """[YS21] as on the other wire."""
    for frame in (b"\x03\x05abc", b"\x09", b"\x00\x02\x01\xff"):
        async with node.peer() as peer:
            peer.feed({"type": "websocket.receive", "bytes": frame})
            assert (await peer.closed())[0] == CloseCode.MALFORMED


# --- Receipts and signs of life --------------------------------------------------------


@virtually
async def test_a_receipt_waits_and_its_client_does_not_leave(node: Node) -> None:
    """[YS22] while the store stalls something comes in time, and the receipt after the commit."""
    async with node.peer() as peer:
        await peer.saved()
        with node.house.store.hold("append"):
            peer.send(Update(Author(7).write("held")))
            peer.send(SyncStatus(b"\x01"))
            for _ in range(100):
                asked = now()
                assert await peer.message() == NOTHING
                assert now() - asked < CLIENT_PATIENCE / 2
        assert isinstance(await peer.message(), Update)
        assert await peer.message() == SyncStatus(b"\x01")


@virtually
async def test_nothing_is_sent_to_who_waits_for_nothing(node: Node) -> None:
    """[YS22] an idle connection is silent, also after a receipt that waited."""
    async with node.peer() as peer:
        await peer.saved()
        with node.house.store.hold("append"):
            peer.send(Update(Author(7).write("held")))
            peer.send(SyncStatus(b"\x01"))
            assert await peer.message() == NOTHING
        await peer.until(SyncStatus)
        await asyncio.sleep(60)
        await peer.saved_at_once()


@virtually
async def test_an_update_without_a_request_is_no_reason(node: Node) -> None:
    """[YS22] who only writes waits for no receipt."""
    async with node.peer() as peer:
        await peer.saved()
        with node.house.store.hold("append"):
            peer.send(Update(Author(7).write("held")))
            await asyncio.sleep(60)
        assert isinstance(await peer.message(), Update)


@virtually
async def test_opening_a_document_may_take_long(node: Node) -> None:
    """[YS22] a client that returns waits for its receipt from the moment it connects."""
    with node.house.store.hold("load"):
        async with node.peer("/d/a/ws/a") as peer:
            for _ in range(5):
                asked = now()
                assert await peer.message() == NOTHING
                assert now() - asked < CLIENT_PATIENCE / 2


@virtually
async def test_a_large_update_may_take_long(node: Node) -> None:
    """[YS22] frames that are not read yet keep their client waiting as well."""
    await node.house.restart(inspect_inline_bytes=100)
    go = asyncio.Event()

    async def slow(operation: str) -> None:
        await go.wait()

    node = Node(node.house)
    node.house.worker.hook = slow
    async with node.peer() as peer:
        await peer.saved()
        peer.send(Update(Author(7).write("x" * 200)))
        peer.send(SyncStatus(b"\x01"))
        for _ in range(5):
            assert await peer.message() == NOTHING
        go.set()
        await peer.until(SyncStatus)


@virtually
async def test_an_update_without_its_past_keeps_its_receipt(node: Node) -> None:
    """[YS22] what waits in the session for earlier clocks is no receipt, but a sign of life."""
    author = Author(7)
    first, second = author.write("one "), author.write("two")
    async with node.peer() as peer:
        assert isinstance(await peer.message(), SyncStep1)
        peer.send(Update(second))
        peer.send(SyncStatus(b"\x01"))
        for _ in range(5):
            assert await peer.message() == NOTHING
        peer.send(SyncStep2(first))
        assert await peer.until(SyncStatus) == SyncStatus(b"\x01")


@virtually
async def test_a_peer_that_does_not_read_is_not_told_more(node: Node) -> None:
    """[YS22] one sign of life at most waits in a connection."""
    async with node.peer() as peer:
        await peer.saved()
        with node.house.store.hold("append"):
            peer.send(Update(Author(7).write("held")))
            peer.send(SyncStatus(b"\x01"))
            peer.hold()
            await asyncio.sleep(10)
            peer.release()
            await asyncio.sleep(0.5)
        heard = [await peer.message()]
        while not isinstance(heard[-1], SyncStatus):
            heard.append(await peer.message())
        assert heard.count(NOTHING) <= 2


@virtually
async def test_a_connection_that_ends_leaves_no_timer(node: Node) -> None:
    """[YS22] nothing is left that would wake up."""
    with node.house.store.hold("append"):
        async with node.peer() as peer:
            peer.send(Update(Author(7).write("held")))
            peer.send(SyncStatus(b"\x01"))
            await peer.until(AwarenessUpdate)
        loop = asyncio.get_running_loop()
        beats = [timer for timer in loop._scheduled if "_beat" in repr(timer)]  # type: ignore[attr-defined]
        assert all(timer.cancelled() for timer in beats)
