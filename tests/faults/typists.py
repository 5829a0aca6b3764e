"""Real clients that type tokens, and the account of which of them must never be lost again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from tests.faults.durable import Where, stored_documents, text_of, tokens_of, update_of
from tests.support.yjs_peers import YjsPeer, YjsPeers, converged

EVERY = 50
"""Milliseconds between two tokens of one client."""


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


async def start_typists(yjs: YjsPeers, url: str, documents: Mapping[str, int]) -> list[Typists]:
    """So many clients in each of the documents, at the server with this URL."""
    groups = []
    for document, count in documents.items():
        names = [f"{document.rpartition('/')[2][0]}{n}" for n in range(count)]
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


async def check_end(yjs: YjsPeers, url: str, where: Where, group: Typists) -> None:
    """All that was typed is there once, everywhere the same: at each client, at one that comes
    late, in the database, and for who asks the server at `url`."""
    for peer in group.peers:
        await peer.call("rest")
    await asyncio.gather(*(peer.saved() for peer in group.peers))
    clocks = await converged(group.peers)
    await group.take_account()
    text = await group.peers[0].content()
    assert tokens_of(text) == Counter(group.all_typed())
    assert {await peer.content() for peer in group.peers} == {text}
    late = await yjs.open(f"late {group.document}", url, group.document)
    await late.synced()
    assert (await late.content(), await late.clocks()) == (text, clocks)
    (stored,) = await stored_documents(where, group.document)
    loaded = await yjs.load(update_of(stored), "content", "text")
    assert loaded == {"content": text, "clocks": clocks, "pending": False}
    assert text_of(update_of(stored)) == text
    async with httpx.AsyncClient() as client:
        path = group.document.replace("/", "%2F")
        query = {"format": "text", "root": "content"}
        content = f"{url}/api/documents/{path}/content"
        assert (await client.get(content, params=query)).text == text
