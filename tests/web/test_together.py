"""Two browsers and a Node client in one note at the same time."""

from __future__ import annotations

import asyncio
import html
import re
from collections import Counter

import httpx
import pytest
from playwright.async_api import expect

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeer, YjsPeers, converged
from tests.web.pages import AWAY, NoteView, Visitors, create_note, export

pytestmark = [pytest.mark.browser, pytest.mark.node]

NOTE = "default"
WHO = ("ann", "bob", "node")


async def lines_of(peer: YjsPeer) -> list[str]:
    markup = await peer.content(NOTE, "xml")
    blocks = re.findall(r"<paragraph>(.*?)</paragraph>", markup)
    return [html.unescape(re.sub(r"<.*?>", "", block)) for block in blocks if block]


async def everyone_agrees(
    rest: httpx.AsyncClient, note: str, views: list[NoteView], peer: YjsPeer
) -> list[str]:
    """Wait until all is saved and everyone shows the same; returns the lines."""
    await peer.saved()
    await asyncio.gather(*(view.shows_status("saved") for view in views))
    exported = (await export(rest, note, "text")).rstrip("\n").split("\n\n")
    await asyncio.gather(*(view.shows_lines(exported) for view in views))
    assert await lines_of(peer) == exported
    return exported


async def test_typing_at_once_offline_and_back(
    server: ServerProcess, visitors: Visitors, yjs: YjsPeers, rest: httpx.AsyncClient
) -> None:
    """[WB1] [WB4] all end equal, whoever was away, and so does the export."""
    note = await create_note(rest)
    peer = await yjs.open("node", server.url, note, user={"name": "Node"})
    await peer.synced()
    for number, who in enumerate(WHO):
        await peer.insert(0, f"{who}:", NOTE, paragraph=number)
    await peer.saved()
    devices = [await visitors.device(), await visitors.device()]
    ann, bob = [await visitors.note(note, device) for device in devices]
    await ann.place_caret(0)
    await bob.place_caret(1)
    await expect(ann.page.get_by_test_id("peer")).to_have_count(2)

    async def node_types(words: str) -> None:
        for character in words:
            await peer.insert(-1, character, NOTE, paragraph=2)

    together = " typed together, at once"
    await asyncio.gather(ann.type(together), bob.type(together), node_types(together))
    await expect(ann.page.get_by_test_id("remote-caret")).not_to_have_count(0)
    agreed = await everyone_agrees(rest, note, [ann, bob], peer)
    assert agreed == [f"{who}:{together}" for who in WHO]

    visitors.expected = AWAY
    await devices[0].set_offline(True)
    await peer.offline()
    await ann.shows_status("offline")
    apart = " and apart"
    await asyncio.gather(ann.type(apart), bob.type(apart), node_types(apart))
    await expect(ann.status).to_contain_text("edits kept")
    await bob.shows_status("saved")
    assert (await bob.lines())[0] == f"ann:{together}", "nothing of ann came yet"
    await devices[0].set_offline(False)
    await peer.online()
    agreed = await everyone_agrees(rest, note, [ann, bob], peer)
    assert agreed == [f"{who}:{together}{apart}" for who in WHO]

    late = await yjs.open("late", server.url, note)
    await late.synced()
    await converged([peer, late])
    assert await late.content(NOTE, "xml") == await peer.content(NOTE, "xml")


async def test_all_in_the_same_paragraph(
    server: ServerProcess, visitors: Visitors, yjs: YjsPeers, rest: httpx.AsyncClient
) -> None:
    """Every key that anyone pressed is there once."""
    note = await create_note(rest)
    peer = await yjs.open("node", server.url, note)
    await peer.synced()
    await peer.insert(0, "|", NOTE, paragraph=0)
    await peer.saved()
    ann, bob = await visitors.note(note), await visitors.note(note)
    await ann.place_caret(0)
    await bob.place_caret(0)

    async def node_types(words: str) -> None:
        for character in words:
            await peer.insert(0, character, NOTE, paragraph=0)

    await asyncio.gather(ann.type("a" * 40), bob.type("b" * 40), node_types("n" * 40))
    (line,) = await everyone_agrees(rest, note, [ann, bob], peer)
    assert Counter(line) == Counter("a" * 40 + "b" * 40 + "n" * 40 + "|")
