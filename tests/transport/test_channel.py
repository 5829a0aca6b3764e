"""[AC17] `AsgiChannel`: order, bounds, and an end whatever the network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from collab.protocol.close import CloseCode
from collab.transport import channel as channel_module
from collab.transport.channel import LOW_WATER, NETWORK, AsgiChannel, network_of

Event = MutableMapping[str, Any]


class Network:
    """Takes what is sent while it is open; raises `error` instead if there is one."""

    def __init__(self) -> None:
        self.sent: list[Event] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None

    async def send(self, event: Event) -> None:
        await self.open.wait()
        if self.error is not None:
            raise self.error
        self.sent.append(event)

    @property
    def frames(self) -> list[bytes]:
        return [event["bytes"] for event in self.sent if event["type"] == "websocket.send"]


@asynccontextmanager
async def running(network: Network) -> AsyncIterator[AsgiChannel]:
    channel = AsgiChannel(network.send)
    writer = asyncio.create_task(channel.run())
    yield channel
    channel.abandon()
    async with asyncio.timeout(5):
        await writer


async def never() -> Event:
    """A peer that says nothing."""
    await asyncio.Event().wait()
    raise AssertionError


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_frames_go_out_in_order_before_the_close() -> None:
    network = Network()
    async with running(network) as channel:
        for number in range(5):
            channel.send(bytes([number]))
        channel.close(CloseCode.RESTART, "later")
        await settled()
    assert network.frames == [b"\0", b"\1", b"\2", b"\3", b"\4"]
    assert network.sent[-1] == {"type": "websocket.close", "code": 1012, "reason": "later"}


async def test_nothing_is_taken_once_closed() -> None:
    network = Network()
    async with running(network) as channel:
        channel.close(CloseCode.NORMAL, "first")
        channel.close(CloseCode.INTERNAL, "second")
        channel.send(b"late")
        assert channel.buffered == 0
        await settled()
        channel.send(b"later")
        assert channel.buffered == 0
    assert [event["type"] for event in network.sent] == ["websocket.close"]
    assert network.sent[0]["code"] == CloseCode.NORMAL


async def test_buffered_counts_what_the_network_did_not_take() -> None:
    network = Network()
    network.open.clear()
    async with running(network) as channel:
        channel.send(b"x" * 100)
        channel.send(b"x" * 50)
        await settled()
        assert channel.buffered == 150
        network.open.set()
        await settled()
        assert channel.buffered == 0


async def test_drain_is_told_once_on_the_way_under_the_mark() -> None:
    network = Network()
    network.open.clear()
    async with running(network) as channel:
        told: list[int] = []
        channel.on_drain(lambda: told.append(channel.buffered))
        for _ in range(4):
            channel.send(b"x" * (LOW_WATER // 2))
        await settled()
        assert told == []
        network.open.set()
        await settled()
        assert told == [LOW_WATER // 2]
        channel.send(b"small")
        await settled()
        assert len(told) == 1


async def test_a_callback_may_send_more() -> None:
    network = Network()
    network.open.clear()
    async with running(network) as channel:
        channel.on_drain(lambda: channel.send(b"more"))
        channel.send(b"x" * LOW_WATER)
        await settled()
        network.open.set()
        await settled()
    assert network.frames[-1] == b"more"


@pytest.mark.parametrize("held", ["before", "after"])
async def test_a_send_that_hangs_is_given_up_after_a_close(
    monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.setattr(channel_module, "CLOSE_DEADLINE", 0.02)
    network = Network()
    channel = AsgiChannel(network.send)
    network.open.clear()
    channel.send(b"stuck")
    if held == "before":
        channel.close(CloseCode.TRY_LATER, "too slow")
    writer = asyncio.create_task(channel.run())
    await settled()
    channel.close(CloseCode.TRY_LATER, "too slow")
    async with asyncio.timeout(5):
        await writer
    assert network.sent == []
    assert channel.buffered == 0


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("after close")])
async def test_a_peer_that_is_gone_ends_it(error: Exception) -> None:
    network = Network()
    network.error = error
    channel = AsgiChannel(network.send)
    writer = asyncio.create_task(channel.run())
    channel.send(b"x")
    async with asyncio.timeout(5):
        await writer
    channel.send(b"y")
    assert channel.buffered == 0


async def test_a_reader_is_woken_when_the_writer_ends() -> None:
    network = Network()
    async with running(network) as channel:
        reader = asyncio.create_task(channel.read(never))
        await settled()
        assert not reader.done()
        channel.close(CloseCode.NORMAL, "")
        async with asyncio.timeout(5):
            assert await reader is None
            assert await channel.read(never) is None


async def test_a_cancelled_reader_is_cancelled() -> None:
    """A stop of the server is not mistaken for the end of the channel."""
    async with running(Network()) as channel:
        reader = asyncio.create_task(channel.read(never))
        await settled()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader


async def test_a_reason_fits_its_frame() -> None:
    network = Network()
    async with running(network) as channel:
        channel.close(CloseCode.MALFORMED, "ü" * 100)
        await settled()
    reason = network.sent[0]["reason"]
    assert reason == "ü" * 61


async def test_what_the_network_took_is_counted_in_frames() -> None:
    """[SL9] where the server does not know it in bytes."""
    network = Network()
    network.open.clear()
    async with running(network) as channel:
        channel.send(b"x" * 100)
        channel.send(b"x" * 50)
        await settled()
        assert channel.taken == 0
        network.open.set()
        await settled()
        assert channel.taken == 150


def test_what_the_network_took_is_the_server_s_to_tell() -> None:
    """[SL9] bytes, where it does."""
    scope: Event = {"extensions": {NETWORK: lambda: 42}}
    assert AsgiChannel(Network().send, network_of(scope)).taken == 42
    assert network_of({}) is None
    assert network_of({"extensions": None}) is None


async def test_sessions_of_one_channel_take_turns() -> None:
    """[SL8] the first to be asked may take all the room that there is."""
    network = Network()
    async with running(network) as channel:
        asked: list[str] = []
        for name in "abc":
            channel.on_drain(partial(asked.append, name))
        for _ in range(3):
            channel.send(b"x" * LOW_WATER)
            await settled()
    assert "".join(asked) == "abcbcacab"
