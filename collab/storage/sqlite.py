"""SQLite: the embedded default. One thread writes, a few read, each transaction in one hop.

aiosqlite hops to its thread and back several times for each statement, which makes a small
commit cost two to three times the CPU. It is used where the URL asks for it by name.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import QueuePool

from collab.errors import ConfigError, StorageError
from collab.storage.asynchronous import AsyncDatabase
from collab.storage.database import Work, storage_errors

T = TypeVar("T")

READERS = 2
"""Threads. Reads are short, and more would only queue for the interpreter's lock."""

BUSY_SECONDS = 5.0
"""How long a transaction waits for another process's, or for a checkpoint."""

PRAGMAS = (
    # First of all: turning WAL on takes a lock that another process may hold.
    f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}",
    "PRAGMA journal_mode = WAL",
    # NORMAL would lose the last commits with the power, after their receipts were sent.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)

# The driver begins no transaction by itself: it would begin too late, at the first change and
# after whatever was read before it.
CONNECT: dict[str, Any] = {"isolation_level": None, "timeout": BUSY_SECONDS}


class SqliteDatabase:
    """`Database` over a file. Cancelling a caller does not reach into a thread, so what has
    begun runs to its end, and what has not begun never does."""

    def __init__(self, path: Path) -> None:
        self._write_engine = _engine(path, connections=1, writes=True)
        self._read_engine = _engine(path, connections=READERS, writes=False)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-read")
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        return await self._run(self._read_threads, self._read_engine, False, work)

    async def write(self, work: Work[T]) -> T:
        return await self._run(self._write_thread, self._write_engine, True, work)

    async def aclose(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._close)

    async def _run(
        self, threads: ThreadPoolExecutor, engine: Engine, writes: bool, work: Work[T]
    ) -> T:
        if self._closed:
            raise StorageError("the store is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, _transact, engine, writes, work)

    def _close(self) -> None:
        # Readers first: the last connection to close checkpoints the log, and only the writer's
        # may.
        self._read_threads.shutdown()
        self._read_engine.dispose()
        self._write_thread.shutdown()
        self._write_engine.dispose()


def _transact(engine: Engine, writes: bool, work: Work[T]) -> T:
    with storage_errors(), engine.begin() as connection:
        # Here, not in an event of the engine: listeners make every statement slower.
        _begin(connection, writes=writes)
        return work(connection)


def _begin(connection: Connection, *, writes: bool) -> None:
    # IMMEDIATE takes the write lock at once: a transaction that read first and then found the
    # lock taken could not wait for it, only fail.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def file_of(url: URL) -> Path:
    """Raises ConfigError for a database in memory, and for SQLite's own options in the URL."""
    if not url.database or url.database == ":memory:" or url.query:
        raise ConfigError("name a file as sqlite:///path: a database in memory keeps nothing")
    return Path(url.database)


def aiosqlite(path: Path) -> AsyncDatabase:
    """The same file over aiosqlite."""
    options = {"max_overflow": 0, "hide_parameters": True}
    name = URL.create("sqlite+aiosqlite", database=str(path))
    writer = create_async_engine(name, connect_args=CONNECT, pool_size=1, **options)
    reader = create_async_engine(name, connect_args=CONNECT, pool_size=READERS, **options)
    for engine, writes in ((writer.sync_engine, True), (reader.sync_engine, False)):
        _set_pragmas(engine, writes=writes)
        event.listen(engine, "begin", partial(_begin, writes=writes))
    return AsyncDatabase(writer, reader)


def _engine(path: Path, *, connections: int, writes: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        # One thread at a time uses a connection, though not always the same one.
        connect_args={**CONNECT, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
    )
    _set_pragmas(engine, writes=writes)
    return engine


def _set_pragmas(engine: Engine, *, writes: bool) -> None:
    pragmas = PRAGMAS if writes else (*PRAGMAS, "PRAGMA query_only = ON")

    @event.listens_for(engine, "connect")
    def execute(connection: DBAPIConnection, record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
