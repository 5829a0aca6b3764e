"""A server that is stopped and started again under its clients."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers, converged

pytestmark = pytest.mark.node


async def test_clients_go_on_where_they_were(tmp_path: Path, yjs: YjsPeers) -> None:
    """[AC16] [RM18] a stop sends them away; all they do meanwhile is kept."""
    with ServerProcess(tmp_path / "data") as server:
        ann = await yjs.open("ann", server.url, "kept")
        bob = await yjs.open("bob", server.url, "kept")
        await asyncio.gather(ann.synced(), bob.synced())
        await ann.insert(0, "before ")
        await bob.contains("before ")
        assert server.terminate() == 0
        await asyncio.gather(ann.until("closed", code=1012), bob.until("closed", code=1012))
        await ann.insert(-1, "while it was away, by ann; ")
        await bob.insert(-1, "while it was away, by bob; ")
        server.restart()
        await asyncio.gather(ann.saved(), bob.saved())
        await converged([ann, bob])
        text = await ann.content()
        assert text == await bob.content()
        assert sorted(text.removeprefix("before ").split("; ")) == [
            "",
            "while it was away, by ann",
            "while it was away, by bob",
        ]
        late = await yjs.open("late", server.url, "kept")
        await late.synced()
        assert await late.content() == text
        url = f"{server.url}/api/documents/kept/content"
        async with httpx.AsyncClient() as client:
            exported = await client.get(url, params={"format": "text", "root": "content"})
        assert exported.text == text
