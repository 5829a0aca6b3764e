"""What only the Hocuspocus wire has, with the providers that have it: sockets that are shared, and
messages beside the document."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collab import Hooks, StatelessMessage
from tests.embedding.host import MOUNT, hosted
from tests.interop.cases import Kind, each_client
from tests.interop.party import Party
from tests.support.clients import converged
from tests.support.yjs_peers import YjsPeers

pytestmark = [pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]


@each_client("one-socket")
async def test_one_socket_has_the_document_twice(party: Party, kind: Kind) -> None:
    """[RM1] [RM20] Each of the two is a client of its own, and closing one leaves the other."""
    document = await party.document()
    ann = await party.come(kind, "ann", document, sessions=True)
    twin = await party.come(kind, "ann", document, sessions=True, beside=ann.name)
    bob = await party.come(kind, "bob", document)
    await asyncio.gather(ann.synced(), twin.synced(), bob.synced())
    await ann.insert(-1, "by ann;")
    await twin.contains("by ann;")
    await twin.insert(-1, "by her twin;")
    await asyncio.gather(ann.saved(), twin.saved())
    await converged([ann, twin, bob])
    await asyncio.gather(*(bob.sees(client.client_id) for client in (ann, twin)))
    await party.leave(twin)
    await bob.sees_no_more(twin.client_id)
    await ann.insert(-1, "still")
    await ann.saved()
    await bob.contains("still")


@each_client("many")
async def test_a_document_that_is_refused_leaves_the_others_on_its_socket(
    party: Party, kind: Kind
) -> None:
    """[AC1] [RM24] and so does one that is closed, or whose rights are taken away."""
    first, second, foreign = [await party.document() for _ in range(3)]
    await party.grant(second, "ann", "editor")
    ann = await party.come(kind, "ann", first)
    there = await party.come(kind, "ann", second, None, beside=ann.name)
    eve = await party.come(kind, "ann", foreign, None, beside=ann.name)
    await asyncio.gather(ann.synced(), there.synced(), eve.refused())
    await ann.insert(0, "one")
    await there.insert(0, "two")
    await asyncio.gather(ann.saved(), there.saved())
    assert await party.text(first) == "one"
    assert await party.text(second) == "two"
    await party.grant(second, "ann", None)
    await there.refused()
    await party.leave(eve)
    await ann.insert(-1, " still")
    await ann.saved()
    assert await party.text(first) == "one still"


class Echo(Hooks):
    """A product that says everything that it is told to everybody, and thanks."""

    async def on_stateless(self, message: StatelessMessage) -> None:
        message.broadcast(message.payload.upper())
        message.reply(f"thanks, {message.payload}")


@each_client("stateless")
async def test_a_message_beside_the_document(tmp_path: Path, company: YjsPeers, kind: Kind) -> None:
    """The product hears it; what it broadcasts, everybody hears, what it replies, the sender."""
    async with hosted(tmp_path, Echo(), auth="open") as host:
        url = f"http://{host.address}{MOUNT}"
        names = [f"{who} {kind.key} stateless" for who in ("ann", "bob")]
        ann, bob = [
            await company.open(name, url, "team/plan", kind=kind.key, token="any") for name in names
        ]
        await asyncio.gather(ann.synced(), bob.synced())
        await ann.call("stateless", payload="hello")
        await asyncio.gather(*(peer.until("heard", payload="HELLO") for peer in (ann, bob)))
        await ann.until("heard", payload="thanks, hello")
        await bob.call("stateless", payload="bye")
        await ann.until("heard", payload="BYE")
        await bob.until("heard", payload="thanks, bye")
        assert await bob.call("heard") == ["HELLO", "BYE", "thanks, bye"]
        for peer in (ann, bob):
            await peer.end()
