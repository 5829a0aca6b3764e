"""What new documents begin with, over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collab import CloseCode, DocumentNotFound, NewDocument, Role, Unknown
from tests.embedding.host import MOUNT, hosted
from tests.embedding.product import Product, entered, text
from tests.support.edits import Author
from tests.support.peer import peer


async def test_a_new_document_begins_as_the_product_says(tmp_path: Path) -> None:
    """[HK4] title, owner and content are there for the first who comes; all at once are one
    question."""
    both = asyncio.Event()

    async def seed(unknown: Unknown) -> NewDocument:
        await both.wait()
        return NewDocument(f"About {unknown.document}", seed=text("Once "), owner="product")

    product = Product(seed=seed)
    async with hosted(tmp_path / "data", product) as host:
        async with peer(host.ws_url, "plan") as ann, peer(host.ws_url, "plan") as bob:
            await product.until(lambda: len(product.asked) == 2 and len(product.unknown) == 1)
            both.set()
            await entered(ann)
            await entered(bob)
            assert str(ann.text) == str(bob.text) == "Once "
            await ann.type("more")
            await ann.saved()
        info = await host.service.catalog.find("plan")
    assert (info.title, info.owner) == ("About plan", "product")
    assert [unknown.document for unknown in product.unknown] == ["plan"]
    assert [change.sequence for change in product.changes] == [2]


async def test_the_product_may_know_no_such_document(tmp_path: Path) -> None:
    """[HK4] its refusal is what the peer is told, and leaves nothing behind."""

    async def seed(unknown: Unknown) -> NewDocument:
        raise DocumentNotFound(unknown.document)

    async with hosted(tmp_path / "data", Product(seed=seed)) as host:
        async with peer(host.ws_url, "plan") as lost:
            assert await lost.close_code() == CloseCode.GONE
        with pytest.raises(DocumentNotFound):
            await host.service.catalog.find("plan")


async def test_who_may_not_create_is_not_asked_about(tmp_path: Path) -> None:
    """[HK4] a seed is no way around rights, and REST creates nothing by asking."""
    product = Product({"bob": (Role.VIEWER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        async with peer(host.ws_url, "plan?token=bob") as lost:
            assert await lost.close_code() == CloseCode.GONE
        assert (await host.client.get(f"{MOUNT}/api/documents/plan")).status_code == 404
    assert product.unknown == []


BAD_SEEDS = [b"", b"\xff" * 20, b"\xff" * 100_000, Author(1).write("x") + b"\x00"]


@pytest.mark.parametrize("bad", BAD_SEEDS)
async def test_a_broken_seed_is_not_stored(tmp_path: Path, bad: bytes) -> None:
    """[HK5] a document that could not be loaded again is not created."""

    async def seed(unknown: Unknown) -> NewDocument:
        return NewDocument(seed=bad)

    product = Product(seed=seed)
    async with hosted(tmp_path / "data", product) as host:
        async with peer(host.ws_url, "plan") as lost:
            assert await lost.close_code() == CloseCode.TRY_LATER
        with pytest.raises(DocumentNotFound):
            await host.service.catalog.find("plan")
        product.seed = None
        async with peer(host.ws_url, "plan") as ann:
            await entered(ann)
