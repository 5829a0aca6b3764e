"""Peers who are gone, and are let go of only when it is their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.frames import Frame, Opcode

from collab.transport.turnstile import Turnstile
from collab.transport.uvicorn_intake import DEPARTURE, EARLY_BYTES, MeteredWebSocketProtocol
from tests.support.peer import by_hand, peer
from tests.transport.test_uvicorn import cut_off, opened, serving

KIB = 1024


class HeldDepartures:
    """Peers who are gone wait until `release`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.gone = asyncio.Event()
        self.held = True
        admits, wait = Turnstile.admits, Turnstile.wait

        def admitted(turnstile: Turnstile, loop: Any, later: float = 0.0) -> bool:
            held = self.held and later == DEPARTURE
            return not held and admits(turnstile, loop, later)

        def waits(turnstile: Turnstile, loop: Any, work: Any) -> None:
            if self.held and getattr(work, "func", None) is not None:
                self.waiting.append(work)
                self.gone.set()
            else:
                wait(turnstile, loop, work)

        monkeypatch.setattr(Turnstile, "admits", admitted)
        monkeypatch.setattr(Turnstile, "wait", waits)

    async def one(self) -> None:
        async with asyncio.timeout(5):
            await self.gone.wait()

    def release(self) -> None:
        self.held = False
        waiting, self.waiting = self.waiting, []
        for work in waiting:
            work()


def on_uvloop(held: HeldDepartures, test: Coroutine[Any, Any, None]) -> None:
    """Its transports raise if they are written to after their end; those of asyncio do not."""

    async def run() -> None:
        # A server waits for all that are held, so also one whose test has failed.
        asyncio.get_running_loop().call_later(10, held.release)
        async with asyncio.timeout(20):
            await test

    uvloop.run(run())


def test_who_is_gone_is_in_nobody_s_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM1] the others are sent what is committed before its turn comes too."""
    held = HeldDepartures(monkeypatch)

    async def test() -> None:
        async with (
            serving(tmp_path) as address,
            peer(f"ws://{address}/ws", "room") as first,
            peer(f"ws://{address}/ws", "room") as gone,
            peer(f"ws://{address}/ws", "room") as last,
        ):
            for each in (first, gone, last):
                await each.join()
            gone.socket.transport.abort()
            await held.one()
            await first.type("all of it")
            await first.saved()
            await last.sees("all of it")
            held.release()

    on_uvloop(held, test())


def test_who_is_gone_does_not_keep_a_server_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC16] nothing is said to those whose connection is over."""
    held = HeldDepartures(monkeypatch)

    async def test() -> None:
        async with serving(tmp_path) as address:
            async with peer(f"ws://{address}/ws", "room") as ann:
                await ann.join()
                ann.socket.transport.abort()
                await held.one()
            asyncio.get_running_loop().call_later(1.5, held.release)

    on_uvloop(held, test())


def test_what_a_peer_took_is_asked_after_its_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldDepartures(monkeypatch)

    async def test() -> None:
        async with serving(tmp_path) as address:
            _, writer = await by_hand(int(address.rpartition(":")[2]), "room")
            writer.transport.abort()
            await held.one()
            protocol = held.waiting[0].func.__self__  # type: ignore[attr-defined] # a partial
            assert isinstance(protocol, MeteredWebSocketProtocol)
            assert protocol.taken() >= 0
            held.release()

    on_uvloop(held, test())


async def test_no_more_is_read_of_strangers_who_wait_for_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM11] each piece waits, none is more than is parsed at once, and there is no end."""
    read, piece, most = 0, 4 * KIB, 256 * KIB
    real = MeteredWebSocketProtocol.data_received

    def data_received(protocol: MeteredWebSocketProtocol, data: bytes) -> None:
        nonlocal read
        read += len(data)
        real(protocol, data)

    monkeypatch.setattr(MeteredWebSocketProtocol, "data_received", data_received)
    monkeypatch.setattr(Turnstile, "admits", lambda *_: False)
    async with serving(tmp_path, unauthenticated_bytes=64 * KIB) as address:
        _, writer = await by_hand(int(address.rpartition(":")[2]), "", path="/hocuspocus")
        message = Frame(Opcode.BINARY, bytes(1024 * KIB)).serialize(mask=True)
        for start in range(0, most, piece):
            writer.write(message[start : start + piece])
            await asyncio.sleep(0.005)
        assert EARLY_BYTES + 64 * KIB <= read <= EARLY_BYTES + 64 * KIB + 4 * piece
        writer.transport.abort()


async def test_what_is_more_than_a_handshake_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC20] strangers who come together would have a buffer of the network each."""
    monkeypatch.setattr(Turnstile, "admits", lambda *_: False)
    kept: list[bytes] = []
    wait = Turnstile.wait

    def waits(turnstile: Turnstile, loop: Any, work: Any) -> None:
        kept.append(getattr(work.__self__, "_waiting", b""))
        wait(turnstile, loop, work)

    monkeypatch.setattr(Turnstile, "wait", waits)
    async with serving(tmp_path) as address:
        for size in (100, 200 * KIB):
            reader, writer = await opened(address)
            writer.write(b"GET /" + bytes(size))
            await cut_off(reader)
            writer.close()
    assert max(map(len, kept)) == 105
