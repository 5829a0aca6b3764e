"""What every `DocumentStore` promises of putting a snapshot in the place of rows."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from collab.errors import CompactionConflict
from collab.interfaces import LogRow, Snapshot, StoredDocument
from tests.contracts.stores import Stores, data_of, rows, sequences_of, snapshot


async def test_a_snapshot_takes_the_place_of_the_rows_it_holds(stores: Stores) -> None:
    """[ST7] the rows named go, rows that came meanwhile stay, the sequence does not move."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    await stores.append("a", b"4")
    made = Snapshot(3, b"123", b"\x00v", b"\xffd")
    await stores.store.compact("a", None, [1, 2, 3], made)
    stored = await stores.store.load("a")
    assert stored.snapshot == made
    assert stored.updates == (LogRow(4, b"4"),)
    assert stored.info.sequence == 4
    assert await stores.append("a", b"5") == 5


async def test_compaction_is_not_an_edit(stores: Stores) -> None:
    """[ST7] the time of the last edit stays."""
    await stores.create("a")
    await stores.append("a", b"1")
    before = await stores.catalog.find("a")
    stores.clock.now += 60
    await stores.store.compact("a", None, [1], snapshot(1))
    assert await stores.catalog.find("a") == before


async def test_the_next_snapshot_replaces_the_last(stores: Stores) -> None:
    """[ST7] base and rows become one snapshot; a document has at most one."""
    await stores.create("a")
    await stores.append("a", b"1", b"2")
    await stores.store.compact("a", None, [2, 1], snapshot(2, b"12"))
    await stores.append("a", b"3")
    await stores.store.compact("a", 2, [3], snapshot(3, b"123"))
    await stores.store.compact("a", 3, [], snapshot(3, b"smaller"))
    stored = await stores.store.load("a")
    assert stored.snapshot == snapshot(3, b"smaller")
    assert stored.updates == ()


async def test_rows_that_were_not_named_stay(stores: Stores) -> None:
    """[ST7] exactly the rows named, never "everything up to": a lower one stays."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    await stores.store.compact("a", None, [1, 3], snapshot(3))
    stored = await stores.store.load("a")
    assert stored.updates == (LogRow(2, b"2"),)
    assert stored.snapshot == snapshot(3)


async def test_more_rows_than_a_statement_has_parameters(stores: Stores) -> None:
    """[ST7] the length of a log does not limit its compaction."""
    await stores.create("a")
    await stores.append("a", *(b"%d" % n for n in range(1, 451)))
    await stores.store.compact("a", None, range(1, 450), snapshot(449))
    assert sequences_of(await stores.store.load("a")) == [450]


@pytest.mark.parametrize(
    ("base", "named"),
    [
        (None, [1, 2, 3, 4]),  # 4 was never there
        (None, [3]),  # there is a snapshot
        (1, [3]),  # it is another one
        (2, [2, 3]),  # 2 was compacted
    ],
)
async def test_a_conflict_changes_nothing(
    stores: Stores, base: int | None, named: list[int]
) -> None:
    """[ST7] if the snapshot or a row is not there any more, nothing is replaced."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    await stores.store.compact("a", None, [1, 2], snapshot(2))
    before = await stores.store.load("a")
    with pytest.raises(CompactionConflict):
        await stores.store.compact("a", base, named, snapshot(max(named), b"wrong"))
    assert await stores.store.load("a") == before


async def test_of_two_compactions_at_once_one_wins(stores: Stores) -> None:
    """[ST7] the other conflicts, even where they share no row."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3", b"4")
    results = await asyncio.gather(
        stores.store.compact("a", None, [1, 2], snapshot(2)),
        stores.store.compact("a", None, [3, 4], snapshot(4)),
        return_exceptions=True,
    )
    assert Counter(map(type, results)) == {CompactionConflict: 1, type(None): 1}
    assert len((await stores.store.load("a")).updates) == 2


@pytest.mark.parametrize("deleted", [True, False])
async def test_a_document_that_is_gone_conflicts(stores: Stores, deleted: bool) -> None:
    """[ST7] deleted, or never there: nothing to replace."""
    if deleted:
        await stores.create("a")
        await stores.append("a", b"1")
        await stores.catalog.delete("a")
    with pytest.raises(CompactionConflict):
        await stores.store.compact("a", None, [1], snapshot(1))


@pytest.mark.parametrize(
    ("base", "named", "sequence"),
    [(None, [1, 2], 1), (None, [1, 2], 3), (None, [1, 1], 1), (None, [], 0), (5, [1], 1)],
)
async def test_a_snapshot_has_the_sequence_of_its_last_row(
    stores: Stores, base: int | None, named: list[int], sequence: int
) -> None:
    """[ST8] any other request is a mistake of the caller and changes nothing."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    with pytest.raises(ValueError):  # noqa: PT011 - which of the mistakes does not matter
        await stores.store.compact("a", base, named, snapshot(sequence))
    stored = await stores.store.load("a")
    assert stored.snapshot is None
    assert data_of(stored) == [b"1", b"2", b"3"]


async def test_read_says_when_rows_were_compacted_away(stores: Stores) -> None:
    """[ST6] None where a row after the given sequence is gone, rows where none is."""
    await stores.create("a")
    await stores.append("a", b"1", b"2", b"3")
    await stores.store.compact("a", None, [1, 2], snapshot(2))
    assert await stores.store.read("a", 0) is None
    assert await stores.store.read("a", 1) is None
    assert await stores.store.read("a", 2) == [LogRow(3, b"3")]
    await stores.store.compact("a", 2, [3], snapshot(3))
    assert await stores.store.read("a", 2) is None
    assert await stores.store.read("a", 3) == []


async def test_load_is_one_state_while_rows_are_added_and_replaced(stores: Stores) -> None:
    """[ST5] at every moment the snapshot and the rows hold each row once, up to `sequence`."""
    await stores.create("a")
    done = asyncio.Event()
    loads = 0

    async def append() -> None:
        rng = random.Random(4)
        for _ in range(40):
            last = (await stores.catalog.find("a")).sequence
            count = rng.randint(1, 3)
            await stores.append("a", *(b"%d " % (last + n) for n in range(1, count + 1)))
            await asyncio.sleep(0)

    async def compact() -> None:
        while not done.is_set():
            stored = await stores.store.load("a")
            if stored.updates:
                await _compact(stores, stored)
            await asyncio.sleep(0)

    async def look() -> None:
        nonlocal loads
        while not done.is_set():
            stored = await stores.store.load("a")
            assert sorted(_held(stored)) == list(range(1, stored.info.sequence + 1))
            loads += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(compact())
        group.create_task(look())
        group.create_task(look())
        await group.create_task(append())
        done.set()
    stored = await stores.store.load("a")
    assert stored.snapshot is not None
    assert sorted(_held(stored)) == list(range(1, stored.info.sequence + 1))
    assert loads > 0


async def _compact(stores: Stores, stored: StoredDocument) -> None:
    base = stored.snapshot
    await stores.store.compact(
        "a",
        base.sequence if base else None,
        sequences_of(stored),
        Snapshot(
            stored.updates[-1].sequence,
            (base.data if base else b"") + b"".join(data_of(stored)),
            b"",
            b"",
        ),
    )


def _held(stored: StoredDocument) -> list[int]:
    merged = stored.snapshot.data if stored.snapshot else b""
    return [int(n) for n in (merged + b"".join(data_of(stored))).split()]


async def test_a_cancelled_compaction_is_whole_or_nothing(stores: Stores) -> None:
    """[ST15] no row is lost and none counted twice, wherever it is cancelled."""
    await stores.create("a")
    rng = random.Random(5)
    for _ in range(30):
        last = (await stores.catalog.find("a")).sequence
        await stores.store.append([rows("a", b"%d " % (last + 1), b"%d " % (last + 2))])
        stored = await stores.store.load("a")
        task = asyncio.create_task(_compact(stores, stored))
        for _ in range(rng.choice([0, 1, 2, 5, 20, 60, 150])):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        # An append comes after whatever the cancelled call still does.
        await stores.store.append([rows("a", b"%d " % (last + 3))])
        stored = await stores.store.load("a")
        assert sorted(_held(stored)) == list(range(1, last + 4))
