"""What every `Links` promises."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from collab.access import Link, Role
from collab.errors import (
    DocumentDeleted,
    DocumentNotFound,
    EntryNotFound,
    StorageError,
    TooManyEntries,
)
from collab.storage.access_rules import MAX_ENDED, MAX_LINKS
from tests.contracts.stores import Stores


def link_of(
    stores: Stores, name: str, document: str = "a", *, expires: float | None = None
) -> Link:
    return Link(name, document, Role.EDITOR, f"for {name}", "ada", stores.clock.now, expires)


async def add(stores: Stores, *links: Link) -> None:
    for link in links:
        await stores.links.add(link, secret(link.id))


def secret(name: str) -> bytes:
    return name.encode().ljust(32, b"\xff")


async def test_a_link_is_found_by_the_hash_of_its_secret(stores: Stores) -> None:
    """[GR5] the whole hash and nothing else; expired and revoked ones too."""
    await stores.create("a")
    stores.clock.now += 0.25
    link = Link("L1", "a", Role.COMMENTER, "ünder \U0001f600", "ada", stores.clock.now, 1.5)
    await stores.links.add(link, b"\x00" + b"\xff" * 31)
    assert await stores.links.find(b"\x00" + b"\xff" * 31) == link
    for other in (b"", b"\x00", b"\x00" * 32, b"\x00" + b"\xff" * 30, b"\x00" + b"\xff" * 32):
        assert await stores.links.find(other) is None
    await stores.links.revoke("a", "L1")
    found = await stores.links.find(b"\x00" + b"\xff" * 31)
    assert found == replace(link, revoked=stores.clock.now)


async def test_links_newest_first(stores: Stores) -> None:
    """[GR5] of one document, ids settling ties."""
    await stores.create("a", "b")
    await add(stores, link_of(stores, "x"), link_of(stores, "y"), link_of(stores, "other", "b"))
    stores.clock.now += 1
    await add(stores, link_of(stores, "latest"))
    assert [link.id for link in await stores.links.page("a")] == ["latest", "y", "x"]
    assert [link.id for link in await stores.links.page("b")] == ["other"]


async def test_a_link_is_revoked_for_good(stores: Stores) -> None:
    """[GR6] doing it again changes nothing, not even the time."""
    await stores.create("a", "b")
    await add(stores, link_of(stores, "x"), link_of(stores, "y"))
    first = stores.clock.now = stores.clock.now + 1
    await stores.links.revoke("a", "x")
    stores.clock.now += 1
    await stores.links.revoke("a", "x")
    assert [link.revoked for link in await stores.links.page("a")] == [None, first]
    for document, name in (("a", "z"), ("b", "y"), ("a", ""), ("a", "X")):
        with pytest.raises(EntryNotFound):
            await stores.links.revoke(document, name)
    found = await stores.links.find(secret("y"))
    assert found is not None
    assert found.revoked is None


async def test_unknown_and_deleted_documents_take_none(stores: Stores) -> None:
    """[GR3] what is wrong is said."""
    await stores.create("a")
    await add(stores, link_of(stores, "x"))
    await stores.catalog.delete("a")
    for call in (
        stores.links.page("a"),
        stores.links.add(link_of(stores, "y"), secret("y")),
        stores.links.revoke("a", "x"),
    ):
        with pytest.raises(DocumentDeleted):
            await call
    for call in (
        stores.links.page("b"),
        stores.links.add(link_of(stores, "y", "b"), secret("y")),
        stores.links.revoke("b", "x"),
    ):
        with pytest.raises(DocumentNotFound) as caught:
            await call
        assert not isinstance(caught.value, DocumentDeleted)
    assert await stores.links.find(secret("x")) is not None


async def test_no_link_makes_owners(stores: Stores) -> None:
    """[GR7] not even in the store."""
    await stores.create("a")
    with pytest.raises(ValueError, match="no owners"):
        await stores.links.add(replace(link_of(stores, "x"), role=Role.OWNER), secret("x"))
    assert await stores.links.page("a") == ()


async def test_no_secret_leads_to_two_links(stores: Stores) -> None:
    """[GR5] nor does an id: the second one is refused."""
    await stores.create("a", "b")
    await add(stores, link_of(stores, "x"))
    with pytest.raises(StorageError):
        await stores.links.add(link_of(stores, "y", "b"), secret("x"))
    with pytest.raises(StorageError):
        await stores.links.add(link_of(stores, "x", "b"), secret("y"))
    assert await stores.links.find(secret("x")) == link_of(stores, "x")
    assert await stores.links.page("b") == ()


async def test_a_document_takes_so_many_links(stores: Stores) -> None:
    """[GR4] those that are over do not count, and the oldest of them are forgotten."""
    await stores.create("a", "b")
    for number in range(MAX_LINKS - 2):
        await add(stores, link_of(stores, f"live-{number}"))
    expires = stores.clock.now + 1
    late = [link_of(stores, f"late-{n}", expires=expires) for n in range(5)]
    results = await asyncio.gather(*(add(stores, link) for link in late), return_exceptions=True)
    assert sum(result is None for result in results) == 2
    assert sum(isinstance(result, TooManyEntries) for result in results) == 3
    await add(stores, link_of(stores, "x", "b"))
    stores.clock.now = expires
    await add(stores, link_of(stores, "in the place of an expired one"))


async def test_links_that_are_over_are_not_kept_for_ever(stores: Stores) -> None:
    """[GR4] the first ones are forgotten, and lead nowhere."""
    await stores.create("a")
    for number in range(MAX_ENDED + 10):
        stores.clock.now += 1
        await add(stores, link_of(stores, f"link-{number}"))
        await stores.links.revoke("a", f"link-{number}")
    stores.clock.now += 1
    await add(stores, link_of(stores, "last"))
    found = [link.id for link in await stores.links.page("a")]
    assert found == ["last", *(f"link-{n}" for n in range(MAX_ENDED + 9, 9, -1))]
    assert await stores.links.find(secret("link-9")) is None
    assert await stores.links.find(secret("link-10")) is not None
