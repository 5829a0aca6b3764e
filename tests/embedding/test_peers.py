"""Peers, their messages, and what the product itself asks for: over real sockets."""

from __future__ import annotations

from pathlib import Path

from websockets.asyncio.client import connect

from collab import CloseCode, Role
from tests.embedding.host import MOUNT, hosted
from tests.embedding.product import Product, Provider, entered, text
from tests.support.peer import peer


async def test_peers_come_and_go(tmp_path: Path) -> None:
    """[HK9] with the wire that they came by, and the code that they were closed with."""
    product = Product({"ann": (Role.OWNER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        async with peer(host.ws_url, "a?token=ann") as ann, peer(host.ws_url, "a") as guest:
            await entered(ann)
            await entered(guest)
            await product.until(lambda: len(product.came) == 2)
            await guest.socket.send(b"\xff" * 12)
            await product.until(lambda: len(product.left) == 1)
        await product.until(lambda: len(product.left) == 2)
    assert {(p.document, p.wire) for p in product.came} == {("a", "yjs")}
    assert [code for _, code in product.left] == [CloseCode.MALFORMED, None]
    assert {p.id for p in product.came} == {p.id for p, _ in product.left}


async def test_stateless_messages(tmp_path: Path) -> None:
    """[HK10] the product answers whom it likes, and decides by the sender's rights."""
    product = Product({"ann": (Role.OWNER, "*"), "bob": (Role.VIEWER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        url = f"ws://{host.address}{MOUNT}/hocuspocus"
        async with connect(url) as one, connect(url) as two:
            ann = await Provider(one, "plan").enter("ann")
            bob = await Provider(two, "plan").enter("bob")
            await bob.say("hello")
            await bob.hears("heard hello")
            await ann.say("ping")
            await ann.hears("heard ping")
            await ann.hears("everybody")
            await bob.hears("everybody")
            host.service.broadcast("plan", "from outside")
            await bob.hears("from outside")
            await ann.hears("from outside")
    assert [(m.peer.access.user, m.payload) for m in product.heard] == [
        ("bob", "hello"),
        ("ann", "ping"),
    ]
    assert {p.wire for p in product.came} == {"hocuspocus"}


# --- What the product asks for -------------------------------------------------------------


async def test_the_product_writes_and_reads(tmp_path: Path) -> None:
    """[HK6] a write of its own is committed, seen by peers, and told as any other."""
    product = Product()
    async with hosted(tmp_path / "data", product) as host:
        sequence = await host.service.write("plan", text("Written "), user="robot")
        async with peer(host.ws_url, "plan") as ann:
            await entered(ann)
            assert str(ann.text) == "Written "
        update, at = await host.service.content("plan")
        await product.until(lambda: bool(product.changes))
    assert at == sequence == product.changes[0].sequence
    assert product.changes[0].users == ("robot",)
    assert update


async def test_a_recheck_ends_what_was_taken_away(tmp_path: Path) -> None:
    """[HK2] a grant that is gone closes its user's connection, in place."""
    product = Product({"ann": (Role.VIEWER, "other"), "zoe": (Role.OWNER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        await host.service.write("plan", text("x"), user="zoe")
        await host.service.grants.put("plan", "ann", Role.EDITOR, "zoe")
        async with peer(host.ws_url, "plan?token=ann") as ann:
            await entered(ann)
            await host.service.grants.remove("plan", "ann")
            host.service.recheck("plan")
            assert await ann.close_code() == CloseCode.FORBIDDEN
