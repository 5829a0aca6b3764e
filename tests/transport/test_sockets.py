"""The endpoint `/ws/{document}` on a real server, with real Yjs replicas as peers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import AwarenessUpdate
from tests.support.peer import peer
from tests.support.server import ServerProcess


async def fetch(method: str, url: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.request(method, url, **options)


async def test_two_peers_and_a_late_joiner_see_the_same(server: ServerProcess) -> None:
    """[AC6] an unknown valid id is created by the first peer that comes; all converge."""
    async with peer(server.ws_url, "pair") as ann, peer(server.ws_url, "pair") as bob:
        await ann.join()
        await bob.join()
        await ann.type("from ann ")
        await bob.sees("from ann ")
        await bob.type("from bob ")
        await ann.sees("from bob ")
        async with peer(server.ws_url, "pair") as late:
            await late.join()
            assert str(late.text) == str(ann.text) == str(bob.text)
    listed = (await fetch("GET", f"{server.url}/api/documents/pair")).json()
    assert (listed["kind"], listed["title"]) == ("note", "")


async def test_a_receipt_means_that_a_restarted_server_has_it(server: ServerProcess) -> None:
    async with peer(server.ws_url, "kept") as ann:
        await ann.join()
        await ann.type("kept")
        await ann.saved()
    server.kill()
    server.restart()
    async with peer(server.ws_url, "kept") as late:
        await late.join()
        assert str(late.text) == "kept"


async def test_presence_reaches_the_others_and_goes_with_the_connection(
    server: ServerProcess,
) -> None:
    async with peer(server.ws_url, "here") as ann:
        await ann.join()
        async with peer(server.ws_url, "here") as bob:
            await bob.join()
            await bob.send(AwarenessUpdate((AwarenessEntry(7, 1, '{"cursor":3}'),)))
            (entry,) = (await ann.sees_presence()).entries
            assert entry.client == 7
            assert entry.state is not None
            assert '"cursor":3' in entry.state.replace(" ", "")
        (gone,) = (await ann.sees_presence()).entries
        assert (gone.client, gone.state) == (7, None)


@pytest.mark.parametrize(
    "path",
    ["a%2Fb", "a/b"],
)
async def test_an_id_is_decoded_once(server: ServerProcess, path: str) -> None:
    """[AC5] the path is decoded once: `%2F` and `/` are the same id."""
    async with peer(server.ws_url, path) as ann:
        await ann.join()
    assert (await fetch("GET", f"{server.url}/api/documents/a%2Fb")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "a%252Fb", "..%2Fa", "a//b", "a/./b", "/a", "a/", "a%20b", "%ff", "a" * 256, "a%00"],
)
async def test_what_is_no_id_is_refused(server: ServerProcess, path: str) -> None:
    """[AC5] anything else than one spelling is closed with 4400."""
    async with peer(server.ws_url, path) as ann:
        assert await ann.close_code() == CloseCode.MALFORMED
        assert ann.close_reason


async def test_a_text_frame_is_refused(server: ServerProcess) -> None:
    """[AC9] every message is binary; only the sender is closed."""
    async with peer(server.ws_url, "text") as ann, peer(server.ws_url, "text") as bob:
        await ann.join()
        await bob.join()
        await bob.socket.send("hello")
        assert await bob.close_code() == CloseCode.UNSUPPORTED
        await ann.type("still here")
        await ann.saved()


async def test_a_deleted_document_closes_its_peers_and_stays_deleted(
    server: ServerProcess,
) -> None:
    """[AC7] deletion closes live peers with 4404, and so is who comes later."""
    async with peer(server.ws_url, "doomed") as ann:
        await ann.join()
        assert (await fetch("DELETE", f"{server.url}/api/documents/doomed")).status_code == 204
        assert await ann.close_code() == CloseCode.GONE
    async with peer(server.ws_url, "doomed") as late:
        assert await late.close_code() == CloseCode.GONE


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://"]
)
async def test_pages_of_other_sites_are_refused(server: ServerProcess, origin: str) -> None:
    """[AC2] a foreign Origin is closed with 4403, and no document is made."""
    options = {"additional_headers": {"Origin": origin}}
    async with peer(server.ws_url, "foreign", **options) as ann:
        assert await ann.close_code() == CloseCode.FORBIDDEN
    assert (await fetch("GET", f"{server.url}/api/documents/foreign")).status_code == 404


async def test_our_own_pages_are_let_in(server: ServerProcess) -> None:
    for origin in (server.url, "http://localhost:5173"):
        async with peer(server.ws_url, "own", additional_headers={"Origin": origin}) as ann:
            await ann.join()


async def test_a_foreign_host_header_is_refused(server: ServerProcess) -> None:
    """[AC3] a name that was pointed at the loopback address does not get in."""
    async with connect(
        f"ws://rebound.example:{server.port}/ws/x", host="127.0.0.1", port=server.port
    ) as socket:
        await socket.wait_closed()
        assert socket.close_code == CloseCode.FORBIDDEN


async def test_the_first_subprotocol_offered_is_taken(server: ServerProcess) -> None:
    """[AC10] a browser gives up a connection that takes none of those it offered."""
    offered = [Subprotocol("one"), Subprotocol("two")]
    async with connect(f"{server.ws_url}/sub", subprotocols=offered) as socket:
        assert socket.subprotocol == "one"
    async with connect(f"{server.ws_url}/sub") as socket:
        assert socket.subprotocol is None


async def test_nothing_is_compressed(server: ServerProcess) -> None:
    async with connect(f"{server.ws_url}/plain", compression="deflate") as socket:
        assert not socket.protocol.extensions
        assert socket.response is not None
        assert "Server" not in socket.response.headers


async def test_a_token_in_the_query_is_not_logged(server: ServerProcess) -> None:
    """[AC11] query strings and tokens stay out of the log."""
    async with peer(server.ws_url, "hidden?token=tok-3f9a") as ann:
        await ann.join()
    headers = {"Authorization": "Bearer tok-3f9a"}
    await fetch("GET", f"{server.url}/api/documents?query=tok-3f9a", headers=headers)
    server.restart()  # so that all of the log was read
    assert "document=hidden" in server.log()
    assert "path=/api/documents " in server.log()
    assert "tok-3f9a" not in server.log()
