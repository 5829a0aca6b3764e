"""kill -9 of the server, fifty times, while ten clients type."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.faults.durable import stored_documents, text_of, tokens_of, update_of
from tests.faults.killable import KillableServer, killable_server
from tests.support.yjs_peers import YjsPeer, YjsPeers, converged, yjs_peers

KILLS = 50
SEED = 9
DOCUMENTS = {"kill/many": 7, "kill/few": 3}
EVERY = 50
"""Milliseconds between two tokens of one client."""

PATIENCE = 30.0

SETTINGS = {"COLLAB_COMPACT_AFTER_ROWS": "25"}
"""So that compactions are under way at some kills, and done before others."""


@dataclass
class Typists:
    """The clients of one document, and what must never be lost again."""

    document: str
    peers: list[YjsPeer]
    typed: dict[str, int] = field(default_factory=dict)
    safe: set[str] = field(default_factory=set)

    async def take_account(self) -> None:
        for peer in self.peers:
            account = await peer.call("account")
            self.typed[peer.name] = account["typed"]
            self.safe.update(account["acknowledged"], account["seen"])

    def all_typed(self) -> set[str]:
        return {f"⟦{name}.{n}⟧" for name, count in self.typed.items() for n in range(count)}

    def check(self, found: Counter[str], when: str) -> None:
        lost = self.safe - found.keys()
        assert not lost, f"{when}: acknowledged or seen, and lost: {sorted(lost)}"
        assert found.keys() <= self.all_typed(), f"{when}: invented"
        assert set(found.values()) <= {1}, f"{when}: more than once"


async def start_typists(yjs: YjsPeers, url: str) -> list[Typists]:
    groups = []
    for document, count in DOCUMENTS.items():
        names = [f"{document[5]}{n}" for n in range(count)]
        peers = [await yjs.open(name, url, document, backoff=100) for name in names]
        for number, peer in enumerate(peers):
            await peer.call("typist", root="content", seed=number)
            await peer.call("type", every=EVERY)
        groups.append(Typists(document, peers))
    return groups


async def let_type(groups: list[Typists], chance: random.Random, receipts: int) -> None:
    """Until some client got that many more receipts."""
    peer = chance.choice([peer for group in groups for peer in group.peers])
    before = await peer.call("acknowledged")
    await peer.until("acknowledged", count=before + receipts)


async def let_compact(data_dir: Path, groups: list[Typists], chance: random.Random) -> None:
    """Until a new snapshot has taken the place of rows of the log."""

    async def sequence() -> int:
        (stored,) = await stored_documents(data_dir, groups[0].document)
        return 0 if stored.snapshot is None else stored.snapshot.sequence

    before = await sequence()
    async with asyncio.timeout(PATIENCE):
        while await sequence() == before:
            await let_type(groups, chance, 3)


@pytest.mark.node
@pytest.mark.timeout(240)
async def test_no_kill_loses_what_was_acknowledged_or_seen(tmp_path: Path) -> None:
    """[RM1] [ST1] at any instant, compactions included."""
    chance = random.Random(SEED)
    data_dir = tmp_path / "data"
    async with killable_server(data_dir, SETTINGS) as server, yjs_peers() as yjs:
        await server.start()
        groups = await start_typists(yjs, server.url)
        for kill in range(KILLS):
            if kill % 10 == 9:
                await let_compact(data_dir, groups, chance)
            await let_type(groups, chance, chance.choice([0, 1, 1, 2, 3, 5, 25]))
            await server.kill()
            # Before the clients are back, and could bring again what the server had lost.
            stored = await stored_documents(data_dir, *DOCUMENTS) if kill else []
            for group, document in zip(groups, stored, strict=False):
                await group.take_account()
                group.check(tokens_of(text_of(update_of(document))), f"kill {kill}, seed {SEED}")
            await server.start()
        for group in groups:
            await check_end(yjs, server, data_dir, group)


async def check_end(yjs: YjsPeers, server: KillableServer, data_dir: Path, group: Typists) -> None:
    """All that was typed is there once, everywhere the same."""
    for peer in group.peers:
        await peer.call("rest")
    await asyncio.gather(*(peer.saved() for peer in group.peers))
    clocks = await converged(group.peers)
    await group.take_account()
    text = await group.peers[0].content()
    assert tokens_of(text) == Counter(group.all_typed())
    assert len(group.safe) > KILLS
    assert {await peer.content() for peer in group.peers} == {text}
    late = await yjs.open(f"late {group.document}", server.url, group.document)
    await late.synced()
    assert (await late.content(), await late.clocks()) == (text, clocks)
    (stored,) = await stored_documents(data_dir, group.document)
    loaded = await yjs.load(update_of(stored), "content", "text")
    assert loaded == {"content": text, "clocks": clocks, "pending": False}
    assert text_of(update_of(stored)) == text
    async with httpx.AsyncClient() as client:
        path = group.document.replace("/", "%2F")
        query = {"format": "text", "root": "content"}
        url = f"{server.url}/api/documents/{path}/content"
        assert (await client.get(url, params=query)).text == text
