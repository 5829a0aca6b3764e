"""Transactions on PostgreSQL: asyncpg, and SQLAlchemy for all that does not run all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random, SystemRandom
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from collab.errors import StorageError
from collab.interfaces import Append
from collab.storage.appending import Appender
from collab.storage.connecting import GRACE, Connector, lost, postgres_errors, undone
from collab.storage.database import Limits, PreparedWork, Work
from collab.storage.tables import tell_postgresql

T = TypeVar("T")

ATTEMPTS: Final = 4
"""Of one transaction."""
PAUSE: Final = 0.02
"""Seconds before the second attempt at what others were in the way of; doubled for each after."""


class AsyncDatabase:
    """`Database` on PostgreSQL. One connection is for appends alone; the others are shared."""

    def __init__(self, writer: Engine, reader: Engine, appender: Appender, random: Random) -> None:
        """`reader` is `writer` with other options: they share their connections."""
        self._writer = writer
        self._reader = reader
        self._appender = appender
        self._random = random
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        return await self._run(lambda: greenlet_spawn(_transact, self._reader, work))

    async def write(self, work: Work[T]) -> T:
        return await self._run(lambda: greenlet_spawn(_transact, self._writer, work))

    async def read_prepared(self, work: PreparedWork[T]) -> T:
        return await self.read(work)

    async def write_prepared(self, work: PreparedWork[T]) -> T:
        return await self.write(work)

    async def append(self, batch: Sequence[Append], now: float) -> list[int | None]:
        return await self._run(lambda: self._appender.append(batch, now))

    async def aclose(self) -> None:
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        await self._appender.aclose()
        with suppress(TimeoutError):  # who does not answer a goodbye hears of it anyway
            async with asyncio.timeout(GRACE):
                await greenlet_spawn(self._writer.dispose)

    async def _run(self, transaction: Callable[[], Awaitable[T]]) -> T:
        if self._closed:
            raise StorageError("the store is closed")
        # A task of its own, because a driver that is cancelled in the middle of a statement
        # gives up its connection: when the caller goes, the transaction still runs to its end.
        task = asyncio.create_task(self._attempts(transaction))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _attempts(self, transaction: Callable[[], Awaitable[T]]) -> T:
        """Try again what is known to have been taken back, a few times."""
        with postgres_errors():
            for attempt in range(1, ATTEMPTS):
                try:
                    return await transaction()
                except _Unbegun:
                    continue
                except Exception as error:
                    if not undone(error):
                        raise
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1) * self._random.uniform(0.5, 1))
            return await transaction()


class _Unbegun(StorageError):
    """The connection was lost before anything could have been committed."""


def _transact(engine: Engine, work: Work[T]) -> T:
    """A whole transaction, inside one greenlet."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        transaction = connection.begin()
        committing = False
        try:
            result = work(connection)
            committing = True
            transaction.commit()
        except Exception as error:
            if not lost(error):
                raise
            # A rollback, or a goodbye, would wait for what never comes.
            driver.terminate()
            connection.invalidate()
            if committing or isinstance(error, TimeoutError):
                raise
            raise _Unbegun("the connection to the database was lost") from error
        return result


def postgresql(url: URL, limits: Limits) -> AsyncDatabase:
    """Reads see one snapshot; commits are durable when they return. Raises ConfigError."""
    tell_postgresql()
    connector = Connector(url, limits.seconds)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=limits.connections - 1,
        max_overflow=0,
        pool_timeout=limits.seconds,
        pool_use_lifo=True,
        connect_args={
            "async_creator_fn": connector.connect,
            "prepared_statement_cache_size": connector.statements,
        },
    ).sync_engine
    event.listen(engine, "checkout", _leave_the_dead)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return AsyncDatabase(engine, reader, Appender(connector), SystemRandom())


def _leave_the_dead(connection: Any, record: Any, proxy: Any) -> None:
    """Take another connection for one that the server has ended: that is known without asking,
    where a ping would cost each transaction three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
