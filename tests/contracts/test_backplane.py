"""Every backplane carries hints to every other node, and never back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from collab.backplane.memory import MemoryBackplane, MemoryHub
from collab.news import Backplane, Committed, Deleted, Event

HINT = Committed("a-document", 7)
GONE = Deleted("a-document")
Nodes = tuple[Backplane, Backplane, Backplane]


def memory() -> Nodes:
    hub = MemoryHub()
    return MemoryBackplane(hub), MemoryBackplane(hub), MemoryBackplane(hub)


@pytest.fixture(params=[memory])
def nodes(request: pytest.FixtureRequest) -> Nodes:
    make: Callable[[], Nodes] = request.param
    return make()


class Ear:
    """Keeps what a subscription hears."""

    def __init__(self, node: Backplane) -> None:
        self._hints: asyncio.Queue[Event] = asyncio.Queue()
        self.stop = node.subscribe(lambda _, event: self._hints.put_nowait(event))

    @property
    def silent(self) -> bool:
        return self._hints.empty()

    async def next(self) -> Event:
        async with asyncio.timeout(5):
            return await self._hints.get()


async def test_a_hint_reaches_every_other_node(nodes: Nodes) -> None:
    """[RM10] others hear it, the publisher does not."""
    mine, *others = map(Ear, nodes)
    nodes[0].publish(HINT)
    nodes[0].publish(GONE)
    for ear in others:
        assert [await ear.next(), await ear.next()] == [HINT, GONE]
    assert mine.silent


async def test_publishing_never_calls_back_at_once(nodes: Nodes) -> None:
    """[RM10] a publisher is not entered again before it is done."""
    ear = Ear(nodes[1])
    nodes[0].publish(HINT)
    assert ear.silent
    assert await ear.next() == HINT


async def test_a_subscription_ends(nodes: Nodes) -> None:
    """[RM10] after the end nothing is heard, and ending twice is no error."""
    ended, other = Ear(nodes[1]), Ear(nodes[2])
    ended.stop()
    ended.stop()
    nodes[0].publish(HINT)
    assert await other.next() == HINT
    assert ended.silent


async def test_publishing_to_nobody_is_fine(nodes: Nodes) -> None:
    """[RM10] a hint that nobody hears is lost without an error."""
    nodes[0].publish(HINT)
    await asyncio.sleep(0)
