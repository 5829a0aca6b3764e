"""Every class of malformed bytes, on a real socket, harms only its sender."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pycrdt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from collab.protocol.close import CloseCode
from tests.faults.malformed import malformed, oversized
from tests.support.peer import SocketPeer, peer
from tests.support.server import ServerProcess
from tests.support.yjs_peers import yjs_peers

pytestmark = pytest.mark.node

ROOM = "hostile"
AT_ONCE = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("hostile") / "data") as process:
        yield process
        assert process.alive, process.log()


async def close_code_of(server: ServerProcess, frame: bytes) -> int | None:
    """What the server answers to a peer that joins and then sends the frame."""
    async with peer(server.ws_url, ROOM) as offender:
        await offender.join()
        await offender.socket.send(frame)
        return await offender.close_code()


async def export(server: ServerProcess, form: str) -> bytes:
    url = f"{server.url}/api/documents/{ROOM}/content"
    async with httpx.AsyncClient() as client:
        response = await client.get(url, params={"format": form, "root": "content"})
        response.raise_for_status()
        return response.content


async def test_malformed_frames_close_their_sender_alone(server: ServerProcess) -> None:
    """[PR20] [RM25] 4400 for each, 1009 over a limit; room-mates go on, and their text loads."""
    expected = {name: CloseCode.MALFORMED for name, _ in malformed()}
    expected |= {name: CloseCode.TOO_BIG for name, _ in oversized()}
    frames = [*malformed(), *oversized()]
    codes: dict[str, int | None] = {}
    async with yjs_peers() as yjs, peer(server.ws_url, ROOM) as ann:
        bob = await yjs.open("bob", server.url, ROOM)
        await asyncio.gather(ann.join(), bob.synced())
        for start in range(0, len(frames), AT_ONCE):
            batch = frames[start : start + AT_ONCE]
            answers = await asyncio.gather(*(close_code_of(server, frame) for _, frame in batch))
            codes |= {name: code for (name, _), code in zip(batch, answers, strict=True)}
            await ann.type(f"a{start};")
            await bob.insert(0, f"b{start};")
            await asyncio.gather(bob.contains(f"a{start};"), ann.sees(f"b{start};"))
        assert {n: code for n, code in codes.items() if code != expected[n]} == {}
        assert await bob.call("closes") == []
        await asyncio.gather(bob.saved(), ann.saved())
        text = await bob.content()
        assert text == str(ann.text)
        assert len(text.split(";")) == 2 * -(-len(frames) // AT_ONCE) + 1
        update = await export(server, "update")
        loaded = await yjs.load(update, "content", "text")
        assert (loaded["content"], loaded["pending"]) == (text, False)
    replica: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    replica.apply_update(update)
    assert str(replica.get("content", type=pycrdt.Text)) == text
    assert (await export(server, "text")).decode() == text


async def test_nothing_of_an_offender_is_kept(server: ServerProcess) -> None:
    """[RM25] a good edit before the malformed one stays; the malformed one leaves no trace."""
    async with peer(server.ws_url, "traces") as offender:
        await offender.join()
        await offender.type("before")
        await offender.saved()
        await offender.socket.send(b"\x00\x02\x05\x01\x01\x01\x00\x00")
        assert await offender.close_code() == CloseCode.MALFORMED
    async with peer(server.ws_url, "traces") as late:
        await late.join()
        assert str(late.text) == "before"


async def test_what_is_no_frame_of_ours_closes_its_sender_alone(server: ServerProcess) -> None:
    """[AC9] [AC12] a text frame is 1003, a frame over the limit 1009; room-mates go on."""

    async def code_after(offender: SocketPeer, data: str | bytes) -> int | None:
        await offender.join()
        with suppress(ConnectionClosed):  # before all of a large one was taken
            await offender.socket.send(data)
        return await offender.close_code()

    async with peer(server.ws_url, "frames") as ann:
        await ann.join()
        async with peer(server.ws_url, "frames") as offender:
            assert await code_after(offender, "text") == CloseCode.UNSUPPORTED
        async with peer(server.ws_url, "frames") as offender:
            assert await code_after(offender, bytes(64 * 2**20)) == CloseCode.TOO_BIG
        await ann.type("fine")
        await ann.saved()
    async with connect(f"{server.ws_url}/frames", compression=None) as raw:
        raw.transport.write(b"\xff" * 64)  # reserved bits and opcodes
        await raw.wait_closed()
        assert raw.close_code in (1002, 1006)
    async with peer(server.ws_url, "frames") as late:
        await late.join()
        assert str(late.text) == "fine"
