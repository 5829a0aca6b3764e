"""SQLite through aiosqlite: the embedded default. One connection writes, a few read.

aiosqlite gives each connection a thread. Statement by statement, a small commit would hop to
it and back a dozen times, at three times the CPU; so a transaction is handed over whole, and
SQLAlchemy, where it is needed, runs inside that thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import StaticPool

from collab.errors import ConfigError, StorageError
from collab.interfaces import Append
from collab.storage import log
from collab.storage.database import FAILURES, PreparedWork, Work, failure

T = TypeVar("T")

READERS = 2
"""Connections. Reads are short, and more would only queue for the interpreter's lock."""

BUSY_SECONDS = 5.0
"""How long a transaction waits for another process's, or for a checkpoint."""

WAL_PAUSE = 0.02
"""Seconds between tries to turn the write-ahead log on."""

PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    # NORMAL would lose the last commits with the power, after their receipts were sent.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class SqliteDatabase:
    """`Database` over a file. Cancelling a caller does not reach into a thread: a transaction
    that was handed over runs to its end."""

    def __init__(self, path: Path) -> None:
        self._writer = _Lane(path, writes=True)
        self._readers = [_Lane(path, writes=False) for _ in range(READERS)]
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        self._require_open()
        result: T = await self._reader.run(_Driver.transact, work)
        return result

    async def write(self, work: Work[T]) -> T:
        self._require_open()
        result: T = await self._writer.run(_Driver.transact, work)
        return result

    async def read_prepared(self, work: PreparedWork[T]) -> T:
        self._require_open()
        result: T = await self._reader.run(_Driver.transact_prepared, work)
        return result

    async def write_prepared(self, work: PreparedWork[T]) -> T:
        self._require_open()
        result: T = await self._writer.run(_Driver.transact_prepared, work)
        return result

    async def append(self, batch: Sequence[Append], now: float) -> list[int | None]:
        return await self.write_prepared(lambda cursor: log.append(cursor, batch, now))

    async def aclose(self) -> None:
        self._closed = True
        # Readers first: the last connection to close checkpoints the log, and only the writer's
        # may.
        for lane in (*self._readers, self._writer):
            await lane.aclose()

    @property
    def _reader(self) -> _Lane:
        return min(self._readers, key=_load)

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError("the store is closed")


class _Lane:
    """One connection, opened when first needed; transactions line up in its thread."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self.waiting = 0
        """Transactions under way or in line, but for those whose callers gave up."""
        self._connect = partial(_Driver, path, writes=writes)
        self._driver: _Driver | None = None
        self._opening: asyncio.Task[_Driver] | None = None

    async def run(self, transact: Callable[[_Driver, Any], Awaitable[Any]], work: Any) -> Any:
        self.waiting += 1
        try:
            driver = self._driver or await self._open()
            return await transact(driver, work)
        finally:
            self.waiting -= 1

    async def aclose(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            with suppress(StorageError):  # it never opened
                await (await opening).aclose()

    async def _open(self) -> _Driver:
        if self._opening is None:
            self._opening = asyncio.create_task(self._opened())
        # Whoever asked first may give up: the connection is for the others too.
        return await asyncio.shield(self._opening)

    async def _opened(self) -> _Driver:
        driver = self._connect()
        try:
            await driver
        except sqlite3.Error as error:
            self._opening = None  # the next transaction tries again
            raise StorageError(f"the database failed: {error}") from error
        self._driver = driver
        return driver


def _load(lane: _Lane) -> int:
    return lane.waiting


class _Driver(aiosqlite.Connection):
    """aiosqlite's connection and thread, given whole transactions instead of statements."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        # The driver begins no transaction by itself: it would begin too late, at the first
        # change and after whatever was read before it.
        connect = partial(sqlite3.connect, path, isolation_level=None, timeout=BUSY_SECONDS)
        super().__init__(connect, iter_chunk_size=64)
        # IMMEDIATE takes the write lock at once: a transaction that read first and then found
        # the lock taken could not wait for it, only fail.
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        self._engine = _engine(lambda: self._conn, writes=writes)
        self._opened: Connection | None = None
        self._cursor: sqlite3.Cursor | None = None

    def transact(self, work: Any) -> Awaitable[Any]:
        """Have the thread run `work` in a transaction."""
        return self._in_thread(self._transact, work)

    def transact_prepared(self, work: Any) -> Awaitable[Any]:
        """The same for work of `Prepared` statements."""
        return self._in_thread(self._transact_prepared, work)

    async def aclose(self) -> None:
        """Close, after all that is in line."""
        await self._in_thread(self._disconnect)
        await self.close()

    def _in_thread(self, function: Any, *arguments: Any) -> Awaitable[Any]:
        done: Awaitable[Any] = self._execute(function, *arguments)  # type: ignore[no-untyped-call]
        return done

    def _transact(self, work: Work[T]) -> T:
        try:
            connection = self._connected()
            with connection.begin():
                # Not by SQLAlchemy, nor in an event of the engine: both make each commit dearer.
                self._conn.execute(self._begin)
                return work(connection)
        except FAILURES as error:
            # SQLAlchemy takes a transaction whose commit failed for over.
            with suppress(sqlite3.Error):
                self._conn.rollback()
            raise failure(error) from error

    def _transact_prepared(self, work: PreparedWork[T]) -> T:
        """Without SQLAlchemy, which need not know of these: a commit of one row takes about a
        seventh less CPU, a load or a new document about a quarter."""
        try:
            cursor = self._cursor or self._connected_cursor()
            cursor.execute(self._begin)
            try:
                result = work(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                self._conn.rollback()
                raise
            return result
        except FAILURES as error:
            raise failure(error) from error

    def _connected(self) -> Connection:
        if self._opened is None:
            # Kept: taking it from a pool each time costs as much as a small commit.
            self._opened = self._engine.connect()
        return self._opened

    def _connected_cursor(self) -> sqlite3.Cursor:
        self._connected()
        self._cursor = self._conn.cursor()  # kept: one for each statement costs about a microsecond
        return self._cursor

    def _disconnect(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._engine.dispose()


def file_of(url: URL) -> Path:
    """Raises ConfigError for a database in memory, and for SQLite's own options in the URL."""
    if not url.database or url.database == ":memory:" or url.query:
        raise ConfigError("name a file as sqlite:///path: a database in memory keeps nothing")
    return Path(url.database)


def _engine(connected: Any, *, writes: bool) -> Engine:
    """SQLAlchemy over the one connection that `connected` returns."""
    engine = create_engine(
        "sqlite+pysqlite://", creator=connected, poolclass=StaticPool, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, record: Any) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        if writes:
            _turn_wal_on(cursor)
        else:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    return engine


def _turn_wal_on(cursor: DBAPICursor) -> None:
    """The file remembers it. Of two processes that turn it on at once SQLite refuses one
    without waiting, since neither could go first: so the waiting is done here."""
    for _ in range(int(BUSY_SECONDS / WAL_PAUSE)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(WAL_PAUSE)
    cursor.execute("PRAGMA journal_mode = WAL")
