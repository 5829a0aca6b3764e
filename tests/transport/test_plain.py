"""What our protocol answers without the library, and how it goes over to it: on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from collab.admission.doors import Doors
from collab.clock import SystemClock
from collab.listening import listen
from collab.transport.turnstile import Turnstile
from collab.transport.uvicorn_http import bounded
from collab.transport.uvicorn_intake import MeteredWebSocketProtocol, metered
from tests.support.peer import by_hand, peer
from tests.transport.test_handshake import ACCEPT, PLAIN
from tests.transport.test_uvicorn import Stock, cut_off, opened, serving

HEAD = PLAIN.replace(b"/ws/a%2Fb?token=x", b"/ws/plain")
ASK = Frame(Opcode.BINARY, b"\x00\x00\x01\x00").serialize(mask=True)
STATUS = Frame(Opcode.BINARY, b"\x66\x01a").serialize(mask=True)
RECEIPT = b"\x82\x03\x66\x01a"


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    async with serving(tmp_path, heartbeat_seconds=1) as address:
        yield address
        async with peer(f"ws://{address}/ws", "well") as ann:
            await ann.join()


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


ANSWERED = {
    "plain": [HEAD],
    "in two pieces": [HEAD[:40], HEAD[40:]],
    "a header twice": [HEAD.replace(b"Origin: ", b"Host: 127.0.0.1:8000\r\nOrigin: ")],
    "in other words": [HEAD.replace(b"keep-alive, Upgrade", b"upgrade , keep-alive")],
}
REFUSED = {
    b"400": HEAD.replace(b"Version: 13", b"Version: 8"),
    b"405": HEAD.replace(b"GET", b"POST"),
    b"403": HEAD.replace(b"/ws/", b"/nowhere/"),
}
CLOSES = {
    b"\x03\xe8": b"\x88\x02\x03\xe8",
    b"": b"\x88\x00",
    b"\x0f\xa0bye": b"\x88\x05\x0f\xa0bye",
    b"\x03\xed": b"\x03\xea",  # 1005 may not be sent: a protocol error, 1002
    b"\x03": b"\x03\xea",
    b"\x03\xe8\xff": b"\x03\xef",  # no UTF-8: 1007
}
"""What a close holds, and what is in the answer."""


async def test_a_handshake_is_answered(address: str) -> None:
    for pieces in ANSWERED.values():
        reader, writer = await opened(address)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert ACCEPT in head
        assert b"\r\ndate: " in head
        writer.write(ASK)
        async with asyncio.timeout(5):
            await reader.readuntil(b"\x82\x05\x00\x01\x02\x00\x00")  # there is nothing yet
        writer.close()


async def test_a_bad_one_is_refused(address: str) -> None:
    for status, head in REFUSED.items():
        reader, writer = await opened(address)
        writer.write(head)
        assert (await cut_off(reader)).split()[1] == status
        writer.close()


async def test_frames_before_the_answer_are_taken(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No client may send any, but the library took them."""
    real = MeteredWebSocketProtocol.opened

    def opened_early(protocol: MeteredWebSocketProtocol, *arguments: Any) -> None:
        real(protocol, *arguments)
        protocol.data_received(frame(Opcode.PING, b"p") + STATUS)

    monkeypatch.setattr(MeteredWebSocketProtocol, "opened", opened_early)
    reader, writer = await opened(address)
    writer.write(HEAD)
    async with asyncio.timeout(5):
        await reader.readuntil(b" 101 ")
        await reader.readuntil(RECEIPT)
    writer.close()


async def test_a_close_is_answered_in_kind(address: str) -> None:
    for close, answer in CLOSES.items():
        reader, writer = await by_hand(int(address.rpartition(":")[2]), "plain")
        writer.write(STATUS)
        async with asyncio.timeout(5):
            await reader.readuntil(RECEIPT)
        writer.write(frame(Opcode.CLOSE, close) + STATUS + frame(Opcode.PING, b"late"))
        rest = await cut_off(reader)
        assert rest.startswith(b"\x88")
        assert answer in rest
        assert RECEIPT not in rest, "nothing is taken after a close"
        writer.close()


async def test_a_close_inside_a_message_is_an_error(address: str) -> None:
    reader, writer = await by_hand(int(address.rpartition(":")[2]), "plain")
    writer.write(frame(Opcode.BINARY, b"\x66", fin=False) + frame(Opcode.CLOSE, b"\x03\xe8"))
    assert b"\x03\xea" in await cut_off(reader)
    writer.close()


async def test_pings_go_both_ways_and_between_the_pieces_of_a_message(address: str) -> None:
    """[AC13] who answers ours stays."""
    async with connect(f"ws://{address}/ws/pings", compression=None) as client:
        await client.recv()
        await asyncio.sleep(2.5)  # two heartbeats, which the client answers
        async with asyncio.timeout(5):
            await (await client.ping(b"mine"))
            await client.send([b"\x66", b"\x01", b"a"])
            while await client.recv() != b"\x66\x01a":
                pass
            await (await client.ping(b"again"))
            await client.close(4000, "done")
        assert client.close_code == 4000


async def test_what_the_application_refuses_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address}/nowhere"):
            pass
    assert refused.value.response.status_code == 403


async def test_a_close_of_ours_is_answered(address: str) -> None:
    async with connect(f"ws://{address}/ws/..", compression=None) as client:
        async with asyncio.timeout(5):
            await client.wait_closed()
        assert client.close_code == 4400


async def test_an_answer_with_more_in_it_is_the_library_s() -> None:
    """Our own endpoints send none to a plain handshake."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        headers = [(b"x-more", b"yes")]
        await send({"type": "websocket.accept", "headers": headers})
        await send({"type": "websocket.send", "bytes": b"hello"})
        assert (await receive())["bytes"] == b"you"
        await send({"type": "websocket.close", "code": 4321, "reason": "done"})

    doors, turnstile = Doors(10, 10), Turnstile(SystemClock().monotonic)
    http, ws = bounded(doors, turnstile), metered(doors, turnstile, 1024, 20)
    config = uvicorn.Config(app, http=http, ws=ws, lifespan="off", log_config=None)
    ready = asyncio.Event()
    server = Stock(config, ready)
    bound = listen("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    await ready.wait()
    async with connect(f"ws://127.0.0.1:{bound.getsockname()[1]}/x", compression=None) as client:
        assert client.response is not None
        assert client.response.headers["x-more"] == "yes"
        assert await client.recv() == b"hello"
        await client.send(b"you")
        await client.wait_closed()
        assert (client.close_code, client.close_reason) == (4321, "done")
    server.should_exit = True
    await task
