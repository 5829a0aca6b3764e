"""What every `Catalog` promises."""

from __future__ import annotations

import asyncio

import pytest

from collab.errors import DocumentDeleted, DocumentExists, DocumentNotFound
from collab.interfaces import DocumentInfo, Kind
from tests.contracts.stores import Stores, data_of


async def test_create_and_find(stores: Stores) -> None:
    """[ST9] what was created is found, to the last bit."""
    created = await stores.catalog.create("id~/1", "Ünïcode \U0001f600", Kind.TEXT, "ada")
    now = stores.clock.now
    assert created == DocumentInfo("id~/1", "Ünïcode \U0001f600", Kind.TEXT, "ada", 0, now, now)
    assert await stores.catalog.find("id~/1") == created


async def test_a_seed_is_the_first_row(stores: Stores) -> None:
    """[ST9] it is there as soon as the document is."""
    created = await stores.catalog.create("a", "", Kind.NOTE, "ada", b"seed")
    assert created.sequence == 1
    stored = await stores.store.load("a")
    assert stored.info == created
    assert data_of(stored) == [b"seed"]
    assert await stores.append("a", b"next") == 2


async def test_of_two_creators_one_seeds(stores: Stores) -> None:
    """[ST9] content is never seeded twice."""
    results = await asyncio.gather(
        *(stores.catalog.create("a", "", Kind.NOTE, "ada", b"%d" % n) for n in range(8)),
        return_exceptions=True,
    )
    winners = [n for n, result in enumerate(results) if isinstance(result, DocumentInfo)]
    assert len(winners) == 1
    assert [type(r) for n, r in enumerate(results) if n not in winners] == [DocumentExists] * 7
    assert data_of(await stores.store.load("a")) == [b"%d" % winners[0]]


async def test_an_id_that_is_taken_is_left_alone(stores: Stores) -> None:
    """[ST9] creating it again changes nothing."""
    await stores.catalog.create("a", "first", Kind.NOTE, "ada")
    with pytest.raises(DocumentExists):
        await stores.catalog.create("a", "second", Kind.TEXT, "bob", b"seed")
    stored = await stores.store.load("a")
    assert (stored.info.title, stored.info.owner) == ("first", "ada")
    assert stored.updates == ()


async def test_a_deleted_id_is_not_given_out_again(stores: Stores) -> None:
    """[ST10] create, find, rename and delete all say that it was deleted."""
    await stores.create("a")
    await stores.catalog.delete("a")
    for call in (
        stores.catalog.create("a", "", Kind.NOTE, "ada"),
        stores.catalog.find("a"),
        stores.catalog.rename("a", "back"),
        stores.catalog.delete("a"),
    ):
        with pytest.raises(DocumentDeleted):
            await call


async def test_unknown_ids(stores: Stores) -> None:
    """[ST10] find, rename and delete tell a document that never was from a deleted one."""
    for call in (
        stores.catalog.find("a"),
        stores.catalog.rename("a", "title"),
        stores.catalog.delete("a"),
    ):
        with pytest.raises(DocumentNotFound) as caught:
            await call
        assert not isinstance(caught.value, DocumentDeleted)


async def test_rename_is_not_an_edit(stores: Stores) -> None:
    """[ST11] neither the sequence nor `updated` moves."""
    before = await stores.catalog.create("a", "old", Kind.NOTE, "ada", b"seed")
    stores.clock.now += 5
    renamed = await stores.catalog.rename("a", "new")
    assert renamed == await stores.catalog.find("a")
    assert renamed.title == "new"
    assert (renamed.sequence, renamed.updated) == (1, before.updated)


async def test_every_document_goes_by_id(stores: Stores) -> None:
    """[ST12] all live documents once, more than are read at a time."""
    ids = [f"d{n:04}" for n in range(450)]
    await stores.create(*reversed(ids))
    await stores.catalog.delete("d0200")
    found = [info.id async for info in stores.catalog.every_document()]
    assert found == [i for i in ids if i != "d0200"]
