"""Every backplane carries news to every other node, in order, and never back."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from collab.backplane.memory import MemoryBackplane, MemoryHub
from collab.news import (
    AccessChanged,
    Backplane,
    Committed,
    Deleted,
    Event,
    Gone,
    News,
    PresenceChanged,
    PresenceOf,
    PresenceWanted,
    Present,
    Said,
)
from collab.protocol.awareness import AwarenessEntry
from tests.support.backplanes import LENIENT, Ear, redis_ends, soon
from tests.support.redis import RedisProcess

COMMIT = Committed("a-document", 7, (b"\x00row", b""))
GONE = Deleted("a-document")
STATES = (
    Present(AwarenessEntry(2**53 - 1, 2**31 - 1, '{"name":"Zoë","cursor":null}'), "zoë"),
    Present(AwarenessEntry(0, 0, None)),
)
EVERY_KIND: tuple[News, ...] = (
    COMMIT,
    Committed("b", 2**40),
    Deleted("c/d"),
    AccessChanged("c/d"),
    PresenceChanged("e", STATES),
    PresenceOf("f", STATES),
    PresenceOf("g", ()),
    PresenceWanted("h"),
    PresenceWanted(None),
    Said("i", '{"any": "text", "snow": "☃"}'),
)
Nodes = tuple[Backplane, ...]


@asynccontextmanager
async def memory_ends() -> AsyncIterator[Nodes]:
    hub = MemoryHub()
    async with AsyncExitStack() as stack:
        ends = tuple(MemoryBackplane(hub) for _ in range(3))
        for end in ends:
            await end.start()
            stack.push_async_callback(end.aclose)
        yield ends


@pytest.fixture(params=["memory", "redis"])
async def nodes(request: pytest.FixtureRequest) -> AsyncIterator[Nodes]:
    """Three, started, that know of each other."""
    if request.param == "memory":
        async with memory_ends() as ends:
            yield ends
    else:
        redis: RedisProcess = request.getfixturevalue("redis_server")
        async with redis_ends(redis.url, 3, timings=LENIENT) as redis_nodes:
            yield redis_nodes


async def test_news_reaches_every_other_node(nodes: Nodes) -> None:
    """[RM10] [CL1] others hear it with the name of who says it, the publisher does not."""
    mine, *others = map(Ear, nodes)
    nodes[0].publish(COMMIT)
    nodes[0].publish(GONE)
    for ear in others:
        await ear.hears(COMMIT, GONE)
        assert {node for node, event in ear.heard if event in (COMMIT, GONE)} == {nodes[0].node}
    assert not mine.news


async def test_every_kind_arrives_as_it_was_said(nodes: Nodes) -> None:
    """[CL1] all that it holds, in the order of its publisher."""
    ears = [Ear(node) for node in nodes[1:]]
    for news in EVERY_KIND:
        nodes[0].publish(news)
    for ear in ears:
        await ear.hears(*EVERY_KIND)


async def test_each_publisher_is_heard_in_order(nodes: Nodes) -> None:
    """[CL1] whatever the others say at the same time."""
    ears = [Ear(node) for node in nodes]
    said = {node.node: [Said("d", f"{node.node} {n}") for n in range(200)] for node in nodes}
    for n in range(200):
        for node in nodes:
            node.publish(said[node.node][n])
    for node, ear in zip(nodes, ears, strict=True):
        await ear.until(lambda ear=ear: len(ear.news) >= 400)  # type: ignore[misc]
        for name, pieces in said.items():
            heard = [event for who, event in ear.heard if who == name and event in pieces]
            assert heard == ([] if name == node.node else pieces)


async def test_publishing_never_calls_back_at_once(nodes: Nodes) -> None:
    """[RM10] [CL1] a publisher is not entered again before it is done."""
    ear = Ear(nodes[1])
    nodes[0].publish(COMMIT)
    assert not ear.news
    await ear.hears(COMMIT)


async def test_a_subscription_ends(nodes: Nodes) -> None:
    """[RM10] [CL1] after the end nothing is heard, and ending twice is no error."""
    ended, other, third = Ear(nodes[1]), Ear(nodes[1]), Ear(nodes[2])
    ended.stop()
    ended.stop()
    nodes[0].publish(COMMIT)
    await other.hears(COMMIT)
    await third.hears(COMMIT)
    assert not ended.news


async def test_a_late_subscriber_hears_what_comes_then(nodes: Nodes) -> None:
    """[CL1] nothing is kept for it."""
    early = Ear(nodes[1])
    nodes[0].publish(COMMIT)
    await early.hears(COMMIT)
    late = Ear(nodes[1])
    nodes[0].publish(GONE)
    await late.hears(GONE)


async def test_only_wanted_documents_are_told(nodes: Nodes) -> None:
    """[CL2] to each subscriber its own; news of no document to all."""
    mine = Ear(nodes[1], {"mine"}.__contains__)
    yours = Ear(nodes[1], {"yours"}.__contains__)
    everything = (
        Committed("mine", 1, (b"a",)),
        Committed("yours", 2, (b"b",)),
        Committed("nobody's", 3, (b"c",)),
        PresenceWanted(None),
    )
    for news in everything:
        nodes[0].publish(news)
    await mine.hears(everything[0], everything[3])
    await yours.hears(everything[1], everything[3])


async def test_a_subscriber_that_fails_harms_nobody(
    nodes: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    """[CL1] it is logged; the others hear this and the next, and so does it."""
    calls = []

    def fail(node: str, event: Event) -> None:
        if event in (COMMIT, GONE):
            calls.append(event)
            raise RuntimeError("a subscriber's own fault")

    nodes[1].subscribe(fail)
    ear = Ear(nodes[1])
    with caplog.at_level(logging.CRITICAL + 1, "collab"):
        nodes[0].publish(COMMIT)
        nodes[0].publish(GONE)
        await ear.hears(COMMIT, GONE)
    assert calls == [COMMIT, GONE]


async def test_a_node_that_stops_says_so_after_its_last_news(nodes: Nodes) -> None:
    """[CL3] what it published before is heard first; then it is silent, and may stop again."""
    ears = [Ear(node) for node in nodes[1:]]
    for n in range(50):
        nodes[0].publish(Said("d", str(n)))
    await nodes[0].aclose()
    for ear in ears:
        await ear.until(lambda ear=ear: ear.heard[-1:] == [(nodes[0].node, Gone())])  # type: ignore[misc]
        assert ear.news == [Said("d", str(n)) for n in range(50)]
    await nodes[0].aclose()
    nodes[0].publish(COMMIT)
    nodes[1].publish(GONE)
    await ears[1].until(lambda: GONE in ears[1].news)
    assert COMMIT not in ears[1].news


async def test_names_differ(nodes: Nodes) -> None:
    """[CL1] and so do those of a node that starts again, which tests of each kind show."""
    assert len({node.node for node in nodes}) == 3
    assert all(0 < len(node.node.encode()) <= 64 for node in nodes)


async def test_publishing_to_nobody_is_fine(nodes: Nodes) -> None:
    """[RM10] [CL1] news that nobody hears is lost without an error."""
    for node in nodes[1:]:
        await node.aclose()
    nodes[0].publish(COMMIT)
    await soon(lambda: nodes[0].connected)
