"""Who someone is, as a product says: over REST and over real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pycrdt
import pytest
from websockets.asyncio.client import connect

from collab import AccessDenied, CloseCode, Credentials, Hooks, Identity, Role
from collab.crdt.updates import EMPTY_UPDATE
from collab.protocol.messages import Denied
from tests.embedding.host import MOUNT, hosted
from tests.embedding.product import Product, Provider, bearer, entered
from tests.support.peer import peer


async def test_the_product_says_who_someone_is(tmp_path: Path) -> None:
    """[HK1] [HK2] over REST and a socket; in open mode too nobody has more than their rights."""
    product = Product({"ann": (Role.EDITOR, "plans/*"), "bob": (Role.VIEWER, "plans/*")})
    async with hosted(tmp_path / "data", product) as host:
        async with peer(host.ws_url, "plans/a?token=ann") as ann:
            await (await entered(ann)).type("hello")
            await ann.saved()
        path = f"{MOUNT}/api/documents/plans%2Fa"
        assert (await host.client.get(path, headers=bearer("bob"))).status_code == 200
        assert (await host.client.delete(path, headers=bearer("bob"))).status_code == 403
        async with peer(host.ws_url, "secrets/a?token=ann") as lost:
            assert await lost.close_code() == CloseCode.FORBIDDEN
        async with peer(host.ws_url, "plans/new?token=bob") as lost:
            assert await lost.close_code() == CloseCode.GONE
        listed = await host.client.get(f"{MOUNT}/api/documents", headers=bearer("bob"))
        assert [d["id"] for d in listed.json()["documents"]] == ["plans/a"]
    assert [change.users for change in product.changes] == [("ann",)]


async def test_a_viewer_cannot_write(tmp_path: Path) -> None:
    """[HK2] what the product allows is held to on every frame."""
    product = Product({"ann": (Role.EDITOR, "*"), "bob": (Role.VIEWER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        await host.service.write("a", EMPTY_UPDATE)
        async with peer(host.ws_url, "a?token=ann") as ann, peer(host.ws_url, "a?token=bob") as bob:
            await entered(ann)
            await entered(bob)
            await bob.type("mine")
            await bob.until(lambda message: isinstance(message, Denied))
            await ann.type("ours")
            await ann.saved()
        update, _ = await host.service.content("a")
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.apply_update(update)
    assert str(doc.get("content", type=pycrdt.Text)) == "ours"


async def test_the_product_refuses(tmp_path: Path) -> None:
    """[HK1] with 401 and 4401, and its words; what it leaves open is the mode's."""
    product = Product({})
    async with hosted(tmp_path / "data", product) as host:
        answer = await host.client.get(f"{MOUNT}/api/documents", headers=bearer("eve"))
        assert (answer.status_code, answer.json()["detail"]) == (
            401,
            "The product does not know you.",
        )
        async with peer(host.ws_url, "a?token=eve") as lost:
            assert await lost.close_code() == CloseCode.UNAUTHORIZED
            assert lost.close_reason == "The product does not know you."
        assert (await host.client.get(f"{MOUNT}/api/documents")).status_code == 200


@pytest.mark.parametrize("error", [RuntimeError("no database"), TimeoutError(), KeyError("x")])
async def test_a_broken_product_lets_nobody_in(tmp_path: Path, error: Exception) -> None:
    """[HK1] [HK8] not even whom the mode would: it is worth a retry, and tells nothing."""
    product = Product(broken=error)
    async with hosted(tmp_path / "data", product) as host:
        answer = await host.client.get(f"{MOUNT}/api/documents")
        assert answer.status_code == 503
        assert str(error) not in answer.text or not str(error)
        async with peer(host.ws_url, "a") as lost:
            assert await lost.close_code() == CloseCode.TRY_LATER
        assert host.service.product.stats().failures == 2
        assert not host.service.registry.rooms


@pytest.mark.parametrize("answer", [True, "ann", Identity("", "Nobody"), Identity(" ann", "Ann")])
async def test_an_answer_that_names_nobody_lets_nobody_in(tmp_path: Path, answer: Any) -> None:
    """[HK1] `True` is no identity, and an empty id is no user's."""

    class Careless(Hooks):
        async def on_authenticate(self, credentials: Credentials) -> Identity | None:
            found: Identity | None = answer
            return found

    async with hosted(tmp_path / "data", Careless()) as host:
        assert (await host.client.get(f"{MOUNT}/api/documents")).status_code == 503


async def test_pages_of_other_sites_are_refused_before_the_product_is_asked(
    tmp_path: Path,
) -> None:
    """[HK3] a browser would send the product's cookies along."""
    product = Product({"ann": (Role.OWNER, "*")})
    async with hosted(tmp_path / "data", product) as host:
        foreign = {"Origin": "https://evil.example", **bearer("ann")}
        assert (await host.client.get(f"{MOUNT}/api/documents", headers=foreign)).status_code == 403
        async with peer(host.ws_url, "a?token=ann", origin="https://evil.example") as lost:
            assert await lost.close_code() == CloseCode.FORBIDDEN
    assert product.asked == []


async def test_the_product_sees_the_headers(tmp_path: Path) -> None:
    """[HK1] a product may know its users by their cookies."""
    product = Product()
    async with hosted(tmp_path / "data", product) as host:
        cookie = {"Cookie": "session=abc"}
        await host.client.get(f"{MOUNT}/api/documents", headers=cookie)
        async with peer(host.ws_url, "a", additional_headers=cookie) as ann:
            await entered(ann)
    assert [credentials.headers["cookie"] for credentials in product.asked] == ["session=abc"] * 2
    assert "session=abc" not in repr(product.asked)


async def test_a_denial_of_the_product_s_own_kind(tmp_path: Path) -> None:
    """[HK1] AccessDenied is 403 and 4403."""
    async with hosted(tmp_path / "data", Product(broken=AccessDenied("Not today."))) as host:
        assert (await host.client.get(f"{MOUNT}/api/documents")).status_code == 403
        async with peer(host.ws_url, "a") as lost:
            assert await lost.close_code() == CloseCode.FORBIDDEN


async def test_a_fresh_token_is_the_product_s_to_judge(tmp_path: Path) -> None:
    """[HK1] a connection that brings another token is asked about again."""
    product = Product({"ann": (Role.EDITOR, "*")})
    async with (
        hosted(tmp_path / "data", product) as host,
        connect(f"ws://{host.address}{MOUNT}/hocuspocus") as socket,
    ):
        ann = await Provider(socket, "plan").enter("ann")
        await ann.brings("eve")
        await product.until(lambda: len(product.left) == 1)
    assert [credentials.token for credentials in product.asked] == ["ann", "eve"]
    assert product.left[0][1] == CloseCode.UNAUTHORIZED
