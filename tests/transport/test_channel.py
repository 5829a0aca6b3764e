"""[AC17] Both channels: order, bounds, and an end whatever the network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from collab.protocol.close import CloseCode
from collab.transport import channel as channel_module
from collab.transport.channel import LOW_WATER, NETWORK, AsgiChannel, Endable, network_of
from collab.transport.direct import DirectChannel
from tests.support.line import FakeLine

Event = MutableMapping[str, Any]


class Network:
    """Takes what is sent while it is open; raises `error` instead if there is one."""

    HEADER = 0
    """Bytes that a small frame has besides its own."""
    LEFT = LOW_WATER // 2
    """Of frames of this size, what is left when the channel says that it drained."""

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

    def shut(self) -> None:
        self.open.clear()

    def let_through(self) -> None:
        self.open.set()

    @property
    def frames(self) -> list[bytes]:
        return [event["bytes"] for event in self.sent if event["type"] == "websocket.send"]

    @property
    def close(self) -> tuple[int, str] | None:
        """Code and reason of the close, which is the last thing sent."""
        closes = [event for event in self.sent if event["type"] == "websocket.close"]
        assert not closes or closes == self.sent[-1:]
        return (closes[0]["code"], closes[0]["reason"]) if closes else None


class DirectNetwork(Network):
    """The same of a `FakeLine`."""

    HEADER = 2
    LEFT = 0

    def __init__(self) -> None:
        super().__init__()
        self.line = FakeLine()

    def shut(self) -> None:
        self.line.shut()

    def let_through(self) -> None:
        self.line.open()

    @property
    def frames(self) -> list[bytes]:
        return [data for opcode, data in self.line.frames if opcode is Opcode.BINARY]

    @property
    def close(self) -> tuple[int, str] | None:
        closes = [data for opcode, data in self.line.frames if opcode is Opcode.CLOSE]
        assert not closes or self.line.frames[-1][0] is Opcode.CLOSE
        assert len(closes) <= 1
        return (int.from_bytes(closes[0][:2]), closes[0][2:].decode()) if closes else None


@pytest.fixture(params=[Network, DirectNetwork])
def network(request: pytest.FixtureRequest) -> Network:
    made: Network = request.param()
    return made


@asynccontextmanager
async def running(network: Network) -> AsyncIterator[Endable]:
    if isinstance(network, DirectNetwork):
        direct = DirectChannel(network.line)
        yield direct
        direct.abandon()
        async with asyncio.timeout(5):
            await direct.parted()
        return
    async with asgi(network) as channel:
        yield channel


@asynccontextmanager
async def asgi(network: Network) -> AsyncIterator[AsgiChannel]:
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


async def test_frames_go_out_in_order_before_the_close(network: Network) -> None:
    async with running(network) as channel:
        for number in range(5):
            channel.send(bytes([number]))
        channel.close(CloseCode.RESTART, "later")
        await settled()
    assert network.frames == [b"\0", b"\1", b"\2", b"\3", b"\4"]
    assert network.close == (1012, "later")


async def test_nothing_is_taken_once_closed(network: Network) -> None:
    async with running(network) as channel:
        channel.close(CloseCode.NORMAL, "first")
        channel.close(CloseCode.INTERNAL, "second")
        channel.send(b"late")
        assert channel.buffered == 0
        await settled()
        channel.send(b"later")
        assert channel.buffered == 0
    assert network.frames == []
    assert network.close == (CloseCode.NORMAL, "first")


async def test_buffered_counts_what_the_network_did_not_take(network: Network) -> None:
    network.shut()
    async with running(network) as channel:
        channel.send(b"x" * 100)
        channel.send(b"x" * 50)
        await settled()
        assert channel.buffered == 150 + 2 * network.HEADER
        network.let_through()
        await settled()
        assert channel.buffered == 0


async def test_drain_is_told_once_on_the_way_under_the_mark(network: Network) -> None:
    network.shut()
    async with running(network) as channel:
        told: list[int] = []
        channel.on_drain(lambda: told.append(channel.buffered))
        for _ in range(4):
            channel.send(b"x" * (LOW_WATER // 2))
        await settled()
        assert told == []
        network.let_through()
        await settled()
        assert told == [network.LEFT]
        channel.send(b"small")
        await settled()
        assert len(told) == 1


async def test_a_callback_may_send_more(network: Network) -> None:
    network.shut()
    async with running(network) as channel:
        channel.on_drain(lambda: channel.send(b"more"))
        channel.send(b"x" * LOW_WATER)
        await settled()
        network.let_through()
        await settled()
    assert network.frames[-1] == b"more"


@pytest.mark.parametrize("held", ["before", "after"])
async def test_a_send_that_hangs_is_given_up_after_a_close(
    monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.setattr(channel_module, "CLOSE_DEADLINE", 0.02)
    network = Network()
    channel = AsgiChannel(network.send)
    network.shut()
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
    async with asgi(network) as channel:
        reader = asyncio.create_task(channel.read(never))
        await settled()
        assert not reader.done()
        channel.close(CloseCode.NORMAL, "")
        async with asyncio.timeout(5):
            assert await reader is None
            assert await channel.read(never) is None


async def test_a_cancelled_reader_is_cancelled() -> None:
    """A stop of the server is not mistaken for the end of the channel."""
    async with asgi(Network()) as channel:
        reader = asyncio.create_task(channel.read(never))
        await settled()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader


async def test_a_reason_fits_its_frame(network: Network) -> None:
    async with running(network) as channel:
        channel.close(CloseCode.MALFORMED, "ü" * 100)
        await settled()
    assert network.close == (CloseCode.MALFORMED, "ü" * 61)


async def test_what_the_network_took_is_counted_in_frames(network: Network) -> None:
    """[SL9] where the server does not know it in bytes."""
    network.shut()
    async with running(network) as channel:
        channel.send(b"x" * 100)
        channel.send(b"x" * 50)
        await settled()
        assert channel.taken == 0
        network.let_through()
        await settled()
        assert channel.taken == 150 + 2 * network.HEADER


def test_what_the_network_took_is_the_server_s_to_tell() -> None:
    """[SL9] bytes, where it does."""
    scope: Event = {"extensions": {NETWORK: lambda: 42}}
    assert AsgiChannel(Network().send, network_of(scope)).taken == 42
    assert network_of({}) is None
    assert network_of({"extensions": None}) is None


async def test_sessions_of_one_channel_take_turns(network: Network) -> None:
    """[SL8] the first to be asked may take all the room that there is."""
    async with running(network) as channel:
        asked: list[str] = []
        for name in "abc":
            channel.on_drain(partial(asked.append, name))
        for _ in range(3):
            network.shut()
            channel.send(b"x" * LOW_WATER)
            await settled()
            network.let_through()
            await settled()
    assert "".join(asked) == "abcbcacab"


async def test_a_network_that_takes_nothing_is_given_up_after_a_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the server's own transport has all that was sent."""
    monkeypatch.setattr(channel_module, "CLOSE_DEADLINE", 0.02)
    line = FakeLine()
    channel = DirectChannel(line)
    line.shut()
    channel.send(b"x" * LOW_WATER)
    channel.close(CloseCode.TRY_LATER, "too slow")
    async with asyncio.timeout(5):
        await channel.parted()
    assert line.passed == b""


async def test_the_end_waits_for_a_network_that_takes_all() -> None:
    line = FakeLine()
    channel = DirectChannel(line)
    line.shut()
    channel.send(b"x" * LOW_WATER)
    channel.close(CloseCode.RESTART, "later")
    ending = asyncio.create_task(channel.parted())
    await settled()
    assert not ending.done()
    line.open()
    await ending
    assert [opcode for opcode, _ in line.frames] == [Opcode.BINARY, Opcode.CLOSE]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 100_000])
async def test_a_frame_is_the_same_for_all(size: int) -> None:
    payload = bytes(size)
    expected = Frame(Opcode.BINARY, payload).serialize(mask=False)
    for line in (FakeLine(), FakeLine()):
        DirectChannel(line).send(payload)
        assert line.passed == expected
