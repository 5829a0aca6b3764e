"""Unchanged y-websocket clients in Node against a real server process."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx
import pytest

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeer, YjsPeers, converged

pytestmark = pytest.mark.node

SYNC = 0

BOTH_VERSIONS = pytest.mark.parametrize("kind", ["y-websocket-2", "y-websocket-3"])


async def pair(
    yjs: YjsPeers, server: ServerProcess, room: str, kind: str = "y-websocket-3"
) -> tuple[YjsPeer, YjsPeer]:
    ann = await yjs.open("ann", server.url, room, kind=kind)
    bob = await yjs.open("bob", server.url, room)
    await asyncio.gather(ann.synced(), bob.synced())
    return ann, bob


async def export(rest: httpx.AsyncClient, room: str, **query: str) -> httpx.Response:
    response = await rest.get(f"/documents/{quote(room, safe='')}/content", params=query)
    response.raise_for_status()
    return response


@BOTH_VERSIONS
async def test_concurrent_edits_converge_and_reach_a_late_joiner(
    server: ServerProcess, yjs: YjsPeers, kind: str
) -> None:
    """[RM2] [RM14] all replicas end equal."""
    ann, bob = await pair(yjs, server, f"interop/concurrent/{kind}", kind)
    words = [f"{n}," for n in range(40)]
    await asyncio.gather(
        *(ann.insert(0, f"a{word}") for word in words),
        *(bob.insert(-1, f"b{word}") for word in words),
    )
    await converged([ann, bob])
    text = await ann.content()
    assert text == await bob.content()
    assert sorted(text.strip(",").split(",")) == sorted(
        f"{who}{n}" for who in "ab" for n in range(40)
    )
    late = await yjs.open("late", server.url, f"interop/concurrent/{kind}")
    await late.synced()
    assert await late.content() == text
    assert await late.clocks() == await ann.clocks()


@BOTH_VERSIONS
async def test_edits_made_offline_on_both_sides_are_merged_on_return(
    server: ServerProcess, yjs: YjsPeers, kind: str
) -> None:
    """[RM13] [RM14] deletions too."""
    ann, bob = await pair(yjs, server, f"interop/offline/{kind}", kind)
    await ann.insert(0, "one two three")
    await bob.shows("one two three")
    await ann.offline()
    await ann.insert(-1, " four")
    await ann.remove(0, 4)
    await bob.insert(0, "zero ")
    await bob.remove(5 + 4, 4)
    await bob.saved()
    await ann.online()
    await ann.synced()
    await ann.saved()
    await converged([ann, bob])
    assert await ann.content() == await bob.content() == "zero three four"


@BOTH_VERSIONS
async def test_a_socket_that_is_cut_in_the_middle_loses_nothing(
    server: ServerProcess, yjs: YjsPeers, kind: str
) -> None:
    """[RM6] what has no receipt is sent again."""
    ann, bob = await pair(yjs, server, f"interop/cut/{kind}", kind)
    for n in range(30):
        await ann.insert(-1, f"{n};")
        if n % 5 == 0:
            await ann.call("cut")
    await ann.saved()
    await bob.shows("".join(f"{n};" for n in range(30)))
    await converged([ann, bob])


async def test_a_receipt_means_that_rest_has_it(
    server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient
) -> None:
    """[RM6] [HT10] at once."""
    ann = await yjs.open("ann", server.url, "interop/receipt")
    await ann.synced()
    for n in range(5):
        await ann.insert(-1, f"{n}")
        await ann.saved()
        exported = await export(rest, "interop/receipt", format="text", root="content")
        assert exported.text == "01234"[: n + 1]


async def test_the_author_hears_of_its_own_edit(server: ServerProcess, yjs: YjsPeers) -> None:
    """[RM2] The echo is the receipt of clients that know no other."""
    ann = await yjs.open("ann", server.url, "interop/echo")
    await ann.synced()
    await ann.saved()
    before = (await ann.call("received")).count(SYNC)
    await ann.insert(0, "echo")
    await ann.saved()
    assert (await ann.call("received")).count(SYNC) == before + 1


@pytest.mark.parametrize("room", ["a/b/c", "team@home:plan~2", "x" * 255, "-._~:@"])
async def test_a_valid_id_that_nobody_knew_is_created_as_it_is_spelled(
    server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient, room: str
) -> None:
    """[AC6] [HT8] slashes and all."""
    assert (await rest.get(f"/documents/{quote(room, safe='')}")).status_code == 404
    ann = await yjs.open("ann", server.url, room)
    await ann.synced()
    await ann.insert(0, "made by connecting")
    await ann.saved()
    found = await rest.get(f"/documents/{quote(room, safe='')}")
    assert found.json()["id"] == room
    assert (await export(rest, room, format="text", root="content")).text == "made by connecting"


async def test_a_deleted_document_closes_its_clients_for_good(
    server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient
) -> None:
    """[AC7] [HT7] 4404, which clients take for final."""
    ann, bob = await pair(yjs, server, "interop-deleted")
    assert (await rest.delete("/documents/interop-deleted")).status_code == 204
    await asyncio.gather(ann.until("closed", code=4404), bob.until("closed", code=4404))
    assert (await rest.get("/documents/interop-deleted")).status_code == 404
    late = await yjs.open("late", server.url, "interop-deleted")
    await late.until("closed", code=4404)
    assert await late.call("closes") == [4404], "the client took it for final"


async def test_an_id_that_names_no_document_is_refused_for_good(
    server: ServerProcess, yjs: YjsPeers
) -> None:
    """[AC5] 4400, which clients take for final."""
    ann = await yjs.open("ann", server.url, "no%20blank")
    await ann.until("closed", code=4400)
    assert await ann.call("closes") == [4400]


async def test_exports_show_what_the_client_shows(
    server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient
) -> None:
    """[HT9] as Markdown and as an update."""
    created = (await rest.post("/documents", json={"title": "Interop", "kind": "note"})).json()
    ann = await yjs.open("ann", server.url, created["id"])
    await ann.synced()
    await ann.insert(0, "Seven ", "default", paragraph=0)
    await ann.insert(-1, "lamps", "default", paragraph=0, marks={"bold": {}})
    await ann.insert(0, "and a river", "default", paragraph=1)
    await ann.saved()
    markdown = await export(rest, created["id"], format="markdown")
    assert markdown.text == "Seven **lamps**\n\nand a river\n"
    update = (await export(rest, created["id"], format="update")).content
    loaded = await yjs.load(update, "default", "xml")
    assert loaded["content"] == await ann.content("default", "xml")
    assert loaded["clocks"] == await ann.clocks()
    assert not loaded["pending"]
