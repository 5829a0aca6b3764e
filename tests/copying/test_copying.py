"""Documents get from one database into another, whole."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select, text

from collab.access import Role
from collab.copying import Copier, Done
from collab.errors import StorageError
from collab.storage import carrying
from collab.storage.database import Work
from collab.storage.tables import copies, metadata
from tests.copying.filled import Side, done, outcomes, run, side

Both = tuple[Side, Side]
T = TypeVar("T")


def test_no_table_is_forgotten() -> None:
    """[CP1] each is carried, or left out for a reason; this fails when a migration adds one that
    refers to no document."""
    carried = {table.table.name for table in carrying.TABLES}
    assert carried | carrying.LEFT_OUT.keys() == metadata.tables.keys()
    assert carried & carrying.LEFT_OUT.keys() == set()
    assert all(carrying.LEFT_OUT.values())


async def test_everything_is_there(both: Both) -> None:
    """[CP1] [CP2] every row of every table, deleted documents too, and it can be used."""
    source, target = both
    await source.fill()
    found = await run(source, target)
    assert set(done(found).values()) == {Done.COPIED}
    everything = await target.everything()
    assert everything == await source.everything()
    assert all(everything.values())
    assert len(found) == len(everything["documents"]) == 5
    await target.write("some/rows", b"more")
    assert (await target.store.load("some/rows")).info.sequence == 4


async def test_a_second_run_finds_all_there(both: Both) -> None:
    """[CP4] it reads both sides, and writes nothing."""
    source, target = both
    await source.fill()
    await run(source, target)
    noted = await target.database.read(_notes)
    target.clock.now += 60
    assert set(done(await run(source, target)).values()) == {Done.SAME}
    assert await target.database.read(_notes) == noted
    assert len(noted) == 5


async def test_a_later_run_brings_over_what_has_changed(both: Both) -> None:
    """[CP5] edits, compactions, grants, links, titles, deletions, new documents."""
    source, target = both
    await source.fill()
    await run(source, target)
    await source.write("empty", b"first")
    await source.write("compacted", b"4")
    await source.compact("compacted")
    await source.catalog.delete("some/rows")
    await source.grants.remove("shared", "bob")
    await source.create("new", b"1")
    expected = dict.fromkeys(("empty", "compacted", "some/rows", "shared"), Done.UPDATED)
    assert done(await run(source, target)) == {
        **expected,
        "deleted": Done.SAME,
        "new": Done.COPIED,
    }
    assert await target.everything() == await source.everything()
    await source.catalog.rename("new", "Another title")
    assert done(await run(source, target))["new"] is Done.UPDATED
    assert await target.everything() == await source.everything()


@pytest.mark.parametrize("moved", ["source stays", "source moves", "source compacts"])
async def test_what_was_changed_at_the_target_is_left_alone(files: Both, moved: str) -> None:
    """[CP6] and named, whatever happened at the source; the others are copied."""
    source, target = files
    await source.fill()
    await run(source, target)
    await target.write("some/rows", b"only here")
    if moved != "source stays":
        await source.write("some/rows", b"a", b"b", b"c")
    if moved == "source compacts":
        await source.compact("some/rows")
    await source.write("empty", b"1")
    before = await target.store.load("some/rows")
    found = await run(source, target)
    assert found["some/rows"].done is Done.BAD
    assert "left as it is" in found["some/rows"].fault
    assert done(found)["empty"] is Done.UPDATED
    assert await target.store.load("some/rows") == before


CHANGES: dict[str, Callable[[Side], object]] = {
    "renamed": lambda side: side.catalog.rename("shared", "Other"),
    "deleted": lambda side: side.catalog.delete("shared"),
    "granted": lambda side: side.grants.put("shared", "eve", Role.EDITOR, "ada"),
    "revoked": lambda side: side.links.revoke("shared", "link-0"),
    "compacted": lambda side: side.compact("shared"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_at_the_target_counts(files: Both, change: str) -> None:
    """[CP6] not only edits."""
    source, target = files
    await source.fill()
    await run(source, target)
    await CHANGES[change](target)  # type: ignore[misc]
    before = await target.everything()
    assert done(await run(source, target))["shared"] is Done.BAD
    assert await target.everything() == before


async def test_a_document_that_the_target_had_before(files: Both) -> None:
    """[CP6] under the same id: another one is left alone, the very same is no trouble, and its
    later changes come over."""
    source, target = files
    await source.create("other", b"1")
    await source.create("same", b"1")
    await target.create("other", b"2")
    await target.create("same", b"1")
    assert done(await run(source, target)) == {"other": Done.BAD, "same": Done.SAME}
    await source.write("same", b"2")
    assert done(await run(source, target)) == {"other": Done.BAD, "same": Done.UPDATED}


async def test_an_edit_between_the_look_and_the_write(files: Both) -> None:
    """[CP6] the target is looked at again in the transaction that writes."""
    source, target = files
    await source.create("a", b"1")
    await run(source, target)
    await source.write("a", b"2")

    class Busy:
        """The target, where somebody writes before each transaction of the copy."""

        read = target.database.read
        read_prepared = target.database.read_prepared
        write_prepared = target.database.write_prepared
        append = target.database.append
        aclose = target.database.aclose

        async def write(self, work: Work[T]) -> T:
            await target.write("a", b"between")
            return await target.database.write(work)

    copier = Copier(source.database, Busy(), target.clock)
    assert done(await outcomes(copier)) == {"a": Done.BAD}
    assert [row.data for row in (await target.store.load("a")).updates] == [b"1", b"between"]


async def test_what_reads_back_otherwise_is_bad(files: Both) -> None:
    """[CP3] here by a trigger that spoils what is written."""
    source, target = files
    await source.fill()
    spoil = (
        "CREATE TRIGGER spoil AFTER INSERT ON updates WHEN new.sequence = 3 "
        "BEGIN UPDATE updates SET author = 'eve' WHERE sequence = 3; END"
    )
    await target.database.write(partial(_execute, spoil))
    found = await run(source, target)
    bad = {document for document, outcome in found.items() if outcome.done is Done.BAD}
    assert bad == {"some/rows", "compacted"}
    assert "reads back" in found["some/rows"].fault


async def test_large_documents_go_in_parts(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """[CP7] of so many rows and bytes, whose number makes no difference to the digest."""
    source, target = both
    rng = random.Random(8)
    await source.create("long", *(rng.randbytes(rng.choice([1, 10, 3000])) for _ in range(300)))
    await source.grants.put("long", "bob", Role.EDITOR, "ada")
    for table in ("documents", "updates"):  # nor does a sequence of more than 32 bits
        late = f"UPDATE {table} SET sequence = sequence + {2**40}"
        await source.database.write(partial(_execute, late))
    whole = await source.database.read(lambda c: carrying.measure(c, "long"))
    monkeypatch.setattr(carrying, "PAGE_ROWS", 16)
    monkeypatch.setattr(carrying, "PAGE_BYTES", 10_000)
    sizes: list[tuple[int, int]] = []

    def look(connection: Connection) -> None:
        for _, rows in carrying.pages(connection, "long"):
            sizes.append((len(rows), sum(len(row[2]) for row in rows if len(row) == 6)))

    await source.database.read(look)
    assert max(rows for rows, _ in sizes) == 16
    assert max(size for _, size in sizes) <= 10_000
    assert len(sizes) > 20
    found = await run(source, target)
    assert done(found) == {"long": Done.COPIED}
    assert await source.database.read(lambda c: carrying.measure(c, "long")) == whole
    assert await target.everything() == await source.everything()


async def test_a_source_that_is_written_to_meanwhile(both: Both) -> None:
    """[CP5] each document is read as of one moment; once it is quiet, one more run completes."""
    source, target = both
    for number in range(10):
        await source.create(f"{number}", b"0")
    stop = asyncio.Event()

    async def edit() -> None:
        rng = random.Random(3)
        while not stop.is_set():
            document = f"{rng.randrange(10)}"
            await source.write(document, b"more", b"and more")
            if rng.random() < 0.3:
                await source.compact(document)

    editing = asyncio.create_task(edit())
    for _ in range(3):
        found = await run(source, target)
        assert Done.BAD not in done(found).values()
        for table in (await target.everything())["documents"]:
            stored = await target.store.load(table[0])
            base = stored.snapshot.sequence if stored.snapshot else 0
            held = [row.sequence for row in stored.updates]
            assert held == list(range(base + 1, stored.info.sequence + 1))
    stop.set()
    await editing
    await run(source, target)
    assert set(done(await run(source, target)).values()) == {Done.SAME}
    assert await target.everything() == await source.everything()


async def test_a_document_that_the_target_cannot_hold(files: Both, postgres_url: str) -> None:
    """[CP8] is named, and no other suffers."""
    source, _ = files
    await source.create("a", b"1")
    await source.create("b", b"1")
    await source.catalog.rename("a", "with a \0 in it")
    async with side(postgres_url) as target:
        found = await run(source, target)
        assert done(found) == {"a": Done.BAD, "b": Done.COPIED}
        assert "in it" not in found["a"].fault


async def test_a_database_that_goes_away_ends_the_run(files: Both) -> None:
    """[CP8] it is not said of every document that is left."""
    source, target = files
    for number in range(20):
        await source.create(f"{number}", b"1")
    copier = Copier(source.database, target.database, target.clock)
    seen = []

    async def copy() -> None:
        async for outcome in copier.copy_all():
            seen.append(outcome)
            await target.database.aclose()

    with pytest.raises(StorageError):
        await copy()
    assert len(seen) < 10


def _execute(statement: str, connection: Connection) -> None:
    connection.execute(text(statement))


def _notes(connection: Connection) -> list[object]:
    return [tuple(row) for row in connection.execute(select(copies).order_by(copies.c.document))]
