"""What a node makes of the messages on the channel, whoever sent them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from collab.backplane.redis import RedisBackplane
from collab.backplane.wire import VERSION, encode_message, encode_news
from collab.news import Committed, Deleted, Event, Gone, Missed, News, Said
from tests.support.backplanes import LENIENT, Ear, redis_end, redis_ends, soon
from tests.support.redis import RedisProcess

CHANNEL = "test:news"
OTHER = "another-node"


class Room:
    """A node, what it hears, and a way to speak to it by hand."""

    def __init__(self, redis: RedisProcess, node: RedisBackplane) -> None:
        self.redis = redis
        self.node = node
        self.ear = Ear(node)

    async def say(self, data: bytes) -> None:
        before = self.node.stats.bytes_received
        self.redis.call("PUBLISH", CHANNEL, data)
        await soon(lambda: self.node.stats.bytes_received >= before + len(data))

    async def hear(self, number: int, *news: News, leaving: bool = False) -> list[Event]:
        """What is told of one message of the other node."""
        before = len(self.ear.heard)
        await self.say(encode_message(OTHER, number, map(encode_news, news), leaving))
        new = self.ear.heard[before:]
        assert {node for node, _ in new} <= {OTHER}
        return [event for _, event in new]


@pytest.fixture
async def room(redis_server: RedisProcess) -> AsyncIterator[Room]:
    async with redis_ends(redis_server.url, 1, timings=LENIENT) as (node,):
        yield Room(redis_server, node)


async def test_a_lost_message_is_noticed_at_the_next(room: Room) -> None:
    """[CL7] be that with news or a beat; before its news, since those may build on what is
    missing."""
    assert await room.hear(1, Deleted("a")) == [Deleted("a")]
    assert await room.hear(2) == []
    assert await room.hear(4, Deleted("b")) == [Missed(), Deleted("b")]
    assert await room.hear(9) == [Missed()]
    assert await room.hear(10) == []
    assert room.node.stats.gaps == 2


async def test_a_repeated_message_is_told_once(room: Room) -> None:
    """[CL12] its sender did not know that it was taken."""
    assert await room.hear(1, Said("d", "once")) == [Said("d", "once")]
    assert await room.hear(1, Said("d", "once")) == []
    assert await room.hear(2) == []


async def test_a_number_that_goes_back_is_a_gap(room: Room) -> None:
    """[CL7] and is gone on from, so that no message can make a node deaf to another."""
    await room.hear(1)
    assert await room.hear(2**53 - 1) == [Missed()]
    assert await room.hear(2, Deleted("a")) == [Missed(), Deleted("a")]
    assert await room.hear(3, Deleted("b")) == [Deleted("b")]


async def test_who_is_heard_late_was_missed(room: Room) -> None:
    """[CL7] it said things before."""
    assert await room.hear(70, Deleted("a")) == [Missed(), Deleted("a")]
    assert room.node.stats.gaps == 0


async def test_a_goodbye_comes_after_the_last_news(room: Room) -> None:
    """[CL3] and makes the node unknown."""
    await room.hear(1)
    assert await room.hear(2, Deleted("a"), leaving=True) == [Deleted("a"), Gone()]
    assert room.node.stats.nodes == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage that nobody ever said",
        bytes((VERSION + 1,)) + encode_message(OTHER, 1)[1:],
        encode_message(OTHER, 1, [b"\x01"]),
        encode_message("", 1),
        encode_message("x" * 100, 1),
    ],
    ids=["empty", "garbage", "version", "entry", "nameless", "long name"],
)
async def test_what_cannot_be_read_may_have_been_anything(room: Room, data: bytes) -> None:
    """[CL4] it is counted, and all look at the log; the next is heard as ever."""
    await room.hear(1)
    heard = len(room.ear.heard)
    await room.say(data)
    await soon(lambda: room.node.stats.refused == 1)
    assert room.ear.heard[heard:] == [("", Missed())]
    assert await room.hear(2, Deleted("a")) == [Deleted("a")]


async def test_what_is_not_wanted_is_not_told(room: Room) -> None:
    """[CL2] a gap is noticed all the same."""
    room.ear.stop()
    room.ear = Ear(room.node, {"open"}.__contains__)
    await room.hear(1)
    closed, opened = Committed("closed", 1, (b"x",)), Committed("open", 1, (b"y",))
    assert await room.hear(2, closed, opened, closed) == [opened]
    assert await room.hear(4, closed) == [Missed()]
    assert room.node.stats.received == 1


async def test_services_with_different_prefixes_do_not_hear_each_other(
    redis_server: RedisProcess,
) -> None:
    """[CL14] on one Redis."""
    async with (
        redis_ends(redis_server.url, 2, "one") as ours,
        redis_ends(redis_server.url, 2, "two") as theirs,
    ):
        ears = [Ear(end) for end in theirs]
        mine = Ear(ours[1])
        ours[0].publish(Deleted("a"))
        await mine.hears(Deleted("a"))
        theirs[0].publish(Deleted("b"))
        await ears[1].hears(Deleted("b"))
        assert [ear.news for ear in ears] == [[], [Deleted("b")]]
        assert ours[0].stats.nodes == theirs[0].stats.nodes == 1


async def test_a_busy_node_says_much_in_one_message(redis_server: RedisProcess) -> None:
    """[CL5] what gathers while a message is under way goes with the next."""
    async with redis_ends(redis_server.url, 2, timings=LENIENT) as (one, other):
        ear = Ear(other)
        before = one.stats.messages_sent
        for n in range(5000):
            one.publish(Deleted(str(n)))
        await ear.until(lambda: len(ear.news) == 5000)
        assert one.stats.messages_sent - before < 10
        assert one.stats.published == other.stats.received == 5000


async def test_a_text_without_utf8_harms_nothing_else(redis_server: RedisProcess) -> None:
    """[CL1] it is not said, and the others are told that they missed something."""
    async with redis_ends(redis_server.url, 2, timings=LENIENT) as (one, other):
        ear = Ear(other)
        one.publish(Said("d", "\ud800"))
        one.publish(Deleted("a"))
        await ear.until(lambda: Deleted("a") in ear.news)
        assert ear.heard == [(one.node, Missed()), (one.node, Deleted("a"))]
        assert one.stats.dropped == 1


async def test_a_node_that_starts_again_has_another_name(redis_server: RedisProcess) -> None:
    """[CL1] so that its numbers begin anew."""
    names = {redis_end(redis_server.url).node for _ in range(100)}
    assert len(names) == 100
