"""What is particular to SQLite: its settings, its locks, its failures."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from collab.errors import StorageError
from collab.interfaces import Kind
from collab.storage import log
from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.sql import SqlDocumentStore
from collab.storage.sqlite import READERS
from tests.contracts.stores import ManualClock, Stores, data_of, rows, sql_stores

REQUIRED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.fixture
def url(migrated: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'collab.db')}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    yield database
    await database.aclose()


@pytest.fixture
async def stores(database: Database, clock: ManualClock) -> Stores:
    stores = sql_stores(database, clock)
    await stores.create("a")
    return stores


def settings(connection: Connection) -> dict[str, object]:
    return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in REQUIRED}


async def test_the_settings_are_in_force(database: Database) -> None:
    """[ST17] write-ahead log, a sync per commit, foreign keys, and waiting for locks."""
    assert await database.write(settings) == REQUIRED
    assert await database.read(settings) == REQUIRED


async def test_the_settings_are_in_force_on_every_reader(database: Database) -> None:
    """[ST17] all readers at once, so that each connection is asked; the file says it for all
    once the writer has opened it."""
    await database.write(settings)
    together = threading.Barrier(READERS)

    def ask(connection: Connection) -> tuple[int, dict[str, object]]:
        together.wait(10)
        return threading.get_ident(), settings(connection)

    found = await asyncio.gather(*(database.read(ask) for _ in range(READERS)))
    assert len({thread for thread, _ in found}) == READERS
    assert [s for _, s in found] == [REQUIRED] * READERS


async def test_databases_opened_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """[ST17] each turns the write-ahead log on in a new file, and none is refused."""
    databases = [open_database(f"sqlite:///{tmp_path}/collab.db") for _ in range(8)]
    found = await asyncio.gather(*(database.write(settings) for database in databases))
    assert found == [REQUIRED] * 8
    for database in databases:
        await database.aclose()


async def test_readers_cannot_write(database: Database, stores: Stores) -> None:
    """[ST17] a change in a reading transaction fails."""
    with pytest.raises(StorageError, match="readonly"):
        await database.read(lambda c: log.append(c, [rows("a", b"1")], 0.0))
    assert data_of(await stores.store.load("a")) == []


async def test_a_row_needs_its_document(database: Database, stores: Stores) -> None:
    """[ST17] foreign keys hold: the error names no value."""
    orphan = text("INSERT INTO updates VALUES ('nowhere', 1, x'00', 'secret author', x'', 0)")
    with pytest.raises(StorageError) as caught:
        await database.write(lambda c: c.execute(orphan).rowcount)
    assert str(caught.value) == "the database failed: FOREIGN KEY constraint failed"


async def test_a_locked_database_is_a_storage_error(
    database: Database, stores: Stores, tmp_path: Path
) -> None:
    """[ST16] nothing was written, and the store works again once the lock is gone."""
    await database.write(_impatient)
    with closing(sqlite3.connect(tmp_path / "collab.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="the database failed: database is locked"):
            await stores.append("a", b"1")
        assert data_of(await stores.store.load("a")) == []
        other.execute("ROLLBACK")
    assert await stores.append("a", b"1") == 1


def _impatient(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")


async def test_a_full_disk_is_a_storage_error(database: Database, stores: Stores) -> None:
    """[ST16] the transaction leaves nothing, and the next one has the next sequence."""
    await stores.append("a", b"1")
    await database.write(lambda c: _limit_pages(c, 0))
    with pytest.raises(StorageError, match="full"):
        await stores.store.append([rows("a", b"2", bytes(100_000))])
    with pytest.raises(StorageError, match="full"):
        await stores.catalog.create("b", "", Kind.NOTE, "ada", bytes(100_000))
    assert data_of(await stores.store.load("a")) == [b"1"]
    await database.write(lambda c: _limit_pages(c, 1000))
    assert await stores.append("a", b"2", bytes(100_000)) == 3
    await stores.catalog.create("b", "", Kind.NOTE, "ada", bytes(100_000))


async def test_a_commit_that_fails_leaves_nothing(database: Database, stores: Stores) -> None:
    """[ST16] not even a transaction that is open, in whose way the next one would be."""
    await stores.append("a", b"1")
    with pytest.raises(StorageError, match="not authorized"):
        await database.write(lambda c: _authorize(c, _no_commits))
    with pytest.raises(StorageError, match="not authorized"):
        await stores.append("a", b"2")
    assert data_of(await stores.store.load("a")) == [b"1"]
    await database.write(lambda c: _authorize(c, None))
    assert await stores.append("a", b"2") == 2
    assert data_of(await stores.store.load("a")) == [b"1", b"2"]


def _no_commits(action: int, what: str | None, *_: object) -> int:
    fails = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
    return sqlite3.SQLITE_DENY if fails else sqlite3.SQLITE_OK


def _authorize(connection: Connection, decide: Callable[..., int] | None) -> None:
    driver: Any = connection.connection.driver_connection
    driver.set_authorizer(decide)


def _limit_pages(connection: Connection, more: int) -> None:
    count = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {count + more}")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """[ST16] is a storage error that says so."""
    (tmp_path / "collab.db").write_bytes(b"something else entirely" * 100)
    database = open_database(f"sqlite:///{tmp_path}/collab.db")
    with pytest.raises(StorageError, match="not a database"):
        await SqlDocumentStore(database, ManualClock()).load("a")
    await database.aclose()


async def test_close_waits_and_is_final(database: Database, stores: Stores) -> None:
    """[ST19] what is under way is committed; later calls fail; closing again is nothing."""
    appends = [asyncio.create_task(stores.append("a", b"%d" % n)) for n in range(5)]
    await asyncio.sleep(0)
    await database.aclose()
    assert sorted(await asyncio.gather(*appends), key=str) == [1, 2, 3, 4, 5]
    await database.aclose()
    for call in (stores.append("a", b"late"), stores.store.load("a"), stores.catalog.find("a")):
        with pytest.raises(StorageError, match="closed"):
            await call


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def test_closing_leaves_one_file(url: str, tmp_path: Path, clock: ManualClock) -> None:
    """[ST19] the write-ahead log is merged in, so the file alone is a backup."""
    database = open_database(url)
    stores = sql_stores(database, clock)
    await stores.create("a")
    await stores.store.load("a")
    await database.aclose()
    assert names_in(tmp_path) == ["collab.db"]
