"""What every `DocumentStore` promises of the log."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from collab.errors import DocumentDeleted, DocumentNotFound
from collab.interfaces import Append, Kind, LogRow
from tests.contracts.stores import Stores, data_of, rows, sequences_of


async def test_a_new_document_loads_without_updates(stores: Stores) -> None:
    """[ST5] load gives the catalog's row, no snapshot and no updates."""
    created = await stores.catalog.create("a", "Title", Kind.TEXT, "ada")
    stored = await stores.store.load("a")
    assert stored.info == created
    assert stored.snapshot is None
    assert stored.updates == ()


async def test_sequences_have_no_holes(stores: Stores) -> None:
    """[ST2] rows count from 1, in order, per document, over several appends."""
    await stores.create("a", "b")
    assert await stores.store.append([rows("a", b"1", b"2"), rows("b", b"x")]) == [2, 1]
    assert await stores.store.append([rows("b", b"y"), rows("a", b"3")]) == [2, 3]
    stored = await stores.store.load("a")
    assert stored.updates == (LogRow(1, b"1"), LogRow(2, b"2"), LogRow(3, b"3"))
    assert stored.info.sequence == 3
    assert data_of(await stores.store.load("b")) == [b"x", b"y"]


async def test_concurrent_appends_share_one_numbering(stores: Stores) -> None:
    """[ST2] appends that run at once get distinct sequences without a hole."""
    await stores.create("a")
    batches = [[rows("a", b"%d" % n, b"%d'" % n)] for n in range(20)]
    found = await asyncio.gather(*(stores.store.append(batch) for batch in batches))
    assert sorted(last for [last] in found if last) == list(range(2, 41, 2))
    log = dict(enumerate(data_of(await stores.store.load("a")), start=1))
    for n, [last] in enumerate(found):
        assert last is not None
        assert (log[last - 1], log[last]) == (b"%d" % n, b"%d'" % n)


async def test_a_batch_of_many_documents(stores: Stores) -> None:
    """[ST2] a group commit may be wider than a database's list of parameters."""
    ids = [f"d{n}" for n in range(450)]
    await stores.create(*ids)
    order = random.Random(1).sample(ids, len(ids))
    found = await stores.store.append([rows(d, d.encode(), b"2") for d in order])
    assert found == [2] * len(ids)
    for document in ("d0", "d277", "d449"):
        assert data_of(await stores.store.load(document)) == [document.encode(), b"2"]


async def test_missing_and_deleted_documents_get_none(stores: Stores) -> None:
    """[ST4] they get None and no rows; the others' rows are committed."""
    await stores.create("a", "gone")
    await stores.catalog.delete("gone")
    batch = [rows("gone", b"1"), rows("a", b"2", b"3"), rows("never", b"4")]
    assert await stores.store.append(batch) == [None, 2, None]
    assert await stores.store.append([rows("gone", b"5")]) == [None]
    assert data_of(await stores.store.load("a")) == [b"2", b"3"]


async def test_an_empty_batch_is_nothing(stores: Stores) -> None:
    """[ST3] nothing to commit, nothing returned."""
    assert await stores.store.append([]) == []


async def test_a_batch_names_a_document_once(stores: Stores) -> None:
    """[ST3] a batch that names one twice is refused whole."""
    await stores.create("a", "b")
    with pytest.raises(ValueError, match="twice"):
        await stores.store.append([rows("b", b"0"), rows("a", b"1"), rows("a", b"2")])
    assert (await stores.store.load("b")).updates == ()
    assert (await stores.store.load("a")).updates == ()


async def test_append_moves_the_time_of_the_edit(stores: Stores) -> None:
    """[ST2] `updated` is the time of the last commit, to the last bit; `created` stays."""
    await stores.create("a")
    created = stores.clock.now
    stores.clock.now += 1 / 3
    await stores.append("a", b"1")
    info = await stores.catalog.find("a")
    assert (info.created, info.updated) == (created, created + 1 / 3)
    assert info.sequence == 1


async def test_bytes_come_back_as_they_went_in(stores: Stores) -> None:
    """[ST1] zero bytes, every byte value, nothing at all, and more than a page."""
    await stores.create("a")
    sent = [b"\x00", bytes(range(256)), b"", random.Random(2).randbytes(300_000)]
    await stores.append("a", *sent)
    assert data_of(await stores.store.load("a")) == sent


async def test_unknown_documents_are_errors(stores: Stores) -> None:
    """[ST5] load and read never make up an empty document."""
    for call in (stores.store.load("never"), stores.store.read("never", 0)):
        with pytest.raises(DocumentNotFound) as caught:
            await call
        assert not isinstance(caught.value, DocumentDeleted)


async def test_deleted_documents_are_errors(stores: Stores) -> None:
    """[ST10] a deleted document can neither be loaded nor read."""
    await stores.create("a")
    await stores.append("a", b"1")
    await stores.catalog.delete("a")
    for call in (stores.store.load("a"), stores.store.read("a", 0)):
        with pytest.raises(DocumentDeleted):
            await call


async def test_read_gives_what_follows(stores: Stores) -> None:
    """[ST6] rows over the given sequence, in order; past the end there are none."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    assert await stores.store.read("a", 0) == [LogRow(1, b"1"), LogRow(2, b"2"), LogRow(3, b"3")]
    assert await stores.store.read("a", 2) == [LogRow(3, b"3")]
    assert await stores.store.read("a", 3) == []
    assert await stores.store.read("a", 9) == []


async def test_sequences_of_many_documents(stores: Stores) -> None:
    """[ST25] those that live, however many are asked for; others are left out."""
    ids = [f"d{number}" for number in range(250)]
    await stores.create(*ids[:249])
    await stores.append("d0", b"1", b"2")
    await stores.append("d248", b"1")
    await stores.catalog.delete("d1")
    assert await stores.store.sequences([]) == {}
    found = await stores.store.sequences([*ids, "d0"])
    assert found == {d: {"d0": 2, "d248": 1}.get(d, 0) for d in ids if d not in ("d1", "d249")}


async def test_ids_are_compared_by_their_bytes(stores: Stores) -> None:
    """[ST10] case, accents and wildcards make different documents."""
    ids = ["A", "a", "a%", "a_", "á", "a/b", "~"]
    await stores.create(*ids)
    for document in ids:
        await stores.append(document, document.encode())
    for document in ids:
        assert data_of(await stores.store.load(document)) == [document.encode()]


async def test_a_cancelled_append_is_whole_or_nothing(stores: Stores) -> None:
    """[ST15] cancelled at any point: all rows or none, no hole, and the store goes on."""
    await stores.create("a", "b")
    rng = random.Random(3)
    for n in range(60):
        batch: list[Append] = [rows("a", b"%d" % n, b"%d" % n), rows("b", b"%d" % n)]
        task = asyncio.create_task(_append(stores, batch))
        for _ in range(rng.choice([0, 1, 2, 5, 20, 60, 150])):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await stores.append("a", b"end", b"end") is not None
    # What was cancelled may commit even now, so what is in one look must be in the next.
    looks = [await stores.store.load(document) for document in "baba"]
    for earlier, later in itertools.pairwise(looks):
        assert set(data_of(earlier)) <= {*data_of(later), b"end"}
        assert sequences_of(later) == list(range(1, later.info.sequence + 1))
    both = data_of(looks[-1])
    assert both[::2] == both[1::2]
    assert len(set(both)) == len(both) // 2


async def _append(stores: Stores, batch: list[Append]) -> None:
    await stores.store.append(batch)
