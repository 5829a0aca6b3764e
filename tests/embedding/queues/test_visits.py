"""Peers who come, speak and go, as the product hears of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from collab.access import Role
from collab.embedding.calls import CALL_SECONDS, Calls
from collab.embedding.visits import CALLS_AT_ONCE, Visits
from collab.hooks import Hooks, Peer, StatelessMessage
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import Message, Stateless
from collab.room.codec import Codec
from tests.room.house import House, MemoryChannel, settle
from tests.room.house import Peer as RoomPeer
from tests.support.virtual import LoopClock


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.aclose()


class Product(Hooks):
    """Writes down what it hears; coming and going take `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.heard: list[tuple[str, str]] = []
        self.codes: list[CloseCode | None] = []
        self.messages: list[StatelessMessage] = []

    async def on_connect(self, peer: Peer) -> None:
        await asyncio.sleep(self.seconds)
        self.heard.append(("came", peer.access.user))

    async def on_disconnect(self, peer: Peer, code: CloseCode | None) -> None:
        self.heard.append(("left", peer.access.user))
        self.codes.append(code)

    async def on_stateless(self, message: StatelessMessage) -> None:
        self.messages.append(message)
        match message.payload:
            case "echo":
                message.reply("only you")
            case "tell":
                message.broadcast("all of you")
            case "break":
                raise RuntimeError("the product is broken")
            case "hang":
                await asyncio.sleep(CALL_SECONDS * 10)


def visits_of(hooks: Hooks, waiting: int = 100) -> tuple[Visits, Calls]:
    calls = Calls()
    return Visits(hooks, calls, LoopClock(), random.Random(1), waiting), calls


async def entered(house: House, visits: Visits, user: str = "ann") -> RoomPeer:
    peer = await house.peer(user)
    visits.begin(await house.room(), peer.session)
    return peer


async def test_who_comes_is_announced_and_parted_from(house: House) -> None:
    """[HK9] the code is the server's; None for a peer that left by itself."""
    product = Product()
    visits, _ = visits_of(product)
    ann, bob = await entered(house, visits, "ann"), await entered(house, visits, "bob")
    await settle()
    ann.session.leave()
    ann.session.leave()
    await ann.say_bytes(b"\xff")
    await bob.say_bytes(b"\xff" * 12)
    await settle()
    assert product.heard == [("came", "ann"), ("came", "bob"), ("left", "ann"), ("left", "bob")]
    assert product.codes == [None, CloseCode.MALFORMED]


async def test_who_leaves_at_once_is_parted_from_after_it_was_announced(house: House) -> None:
    """[HK9] a slow `on_connect` goes before `on_disconnect`, and nobody waits for either."""
    product = Product(seconds=5.0)
    visits, _ = visits_of(product)
    ann = await entered(house, visits)
    ann.session.leave()
    assert not await visits.drain(1.0)
    assert product.heard == []
    assert await visits.drain(10.0)
    assert product.heard == [("came", "ann"), ("left", "ann")]


async def test_a_crowd_is_told_a_few_at_a_time(house: House) -> None:
    """[HK9] everybody is announced, with so many calls at one time."""
    product = Product(seconds=1.0)
    visits, _ = visits_of(product, waiting=CALLS_AT_ONCE * 3)
    for number in range(CALLS_AT_ONCE * 2):
        await entered(house, visits, f"peer {number}")
    await asyncio.sleep(1.5)
    assert len(product.heard) == CALLS_AT_ONCE
    assert await visits.drain(5.0)
    assert len(product.heard) == CALLS_AT_ONCE * 2


async def test_over_the_bound_neither_is_told(house: House) -> None:
    """[HK9] a peer that is not announced is not parted from either."""
    product = Product(seconds=1.0)
    visits, _ = visits_of(product, waiting=1)
    ann, bob = await entered(house, visits, "ann"), await entered(house, visits, "bob")
    bob.session.leave()
    assert await visits.drain(5.0)
    ann.session.leave()
    assert await visits.drain(5.0)
    assert product.heard == [("came", "ann"), ("left", "ann")]
    assert visits.skipped == 1
    assert visits.waiting == 0


class Talker:
    """A peer whose wire can carry Stateless messages."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.channel = MemoryChannel()

    async def enter(self, visits: Visits | None, role: Role = Role.VIEWER) -> Talker:
        room = await self.house.room()
        access = replace((await self.house.peer("tom")).session.access, role=role)
        self.session = room.join(self.channel, access, TALKING)
        if visits is not None:
            visits.begin(room, self.session)
        return self

    async def say(self, payload: str) -> None:
        if (waiting := self.session.receive(payload.encode())) is not None:
            await waiting

    def heard(self) -> list[str]:
        return [frame.decode() for frame in self.channel.frames if frame.isalpha() or b" " in frame]


def _encode(message: Message) -> bytes:
    return message.payload.encode() if isinstance(message, Stateless) else yjs.encode(message)


TALKING = Codec("talking", lambda frame: Stateless(frame.decode()), _encode, stateless=True)


async def test_the_product_answers_the_sender_or_tells_all(house: House) -> None:
    """[HK10] a reply is the sender's; a broadcast goes to all whose wire can carry it."""
    product = Product()
    visits, _ = visits_of(product)
    ann, bob = await Talker(house).enter(visits), await Talker(house).enter(visits)
    mute = await entered(house, visits)
    mute.heard()
    await ann.say("echo")
    await ann.say("tell")
    assert ann.heard() == ["only you", "all of you"]
    assert bob.heard() == ["all of you"]
    assert mute.heard() == []
    first = product.messages[0]
    assert (first.document, first.payload) == ("a-document", "echo")
    assert first.access.role is Role.VIEWER


async def test_without_a_hook_nobody_hears_it(house: House) -> None:
    """[HK10] what nobody listens to is dropped; the sender stays."""
    visits, _ = visits_of(Hooks())
    ann, bob = await Talker(house).enter(visits), await Talker(house).enter(None)
    await ann.say("hello")
    await bob.say("hello")
    assert ann.heard() == bob.heard() == []
    assert not ann.session.over
    assert not bob.session.over


async def test_a_broken_hook_harms_nobody(house: House) -> None:
    """[HK8] the sender is neither closed nor answered, and its next message is taken."""
    product = Product()
    visits, calls = visits_of(product)
    ann = await Talker(house).enter(visits)
    for payload in ("break", "hang", "echo"):
        await ann.say(payload)
    assert ann.heard() == ["only you"]
    assert calls.failures == 2


async def test_access_of_a_message_is_that_of_its_moment(house: House) -> None:
    """[HK10] a right that changed since the peer came is told as it is now."""
    product = Product()
    visits, _ = visits_of(product)
    ann = await Talker(house).enter(visits, Role.EDITOR)
    ann.session.access = replace(ann.session.access, role=Role.VIEWER)
    await ann.say("echo")
    assert product.messages[0].access.role is Role.VIEWER
    assert product.messages[0].peer.access.role is Role.EDITOR
