"""Transactions on an async driver: asyncpg."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from collab.errors import ConfigError, StorageError
from collab.storage.database import Work, storage_errors

T = TypeVar("T")


class AsyncDatabase:
    """`Database` over an async driver."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        return await self._run(self._reader, work)

    async def write(self, work: Work[T]) -> T:
        return await self._run(self._writer, work)

    async def aclose(self) -> None:
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        await self._writer.dispose()
        await self._reader.dispose()

    async def _run(self, engine: AsyncEngine, work: Work[T]) -> T:
        if self._closed:
            raise StorageError("the store is closed")
        # A task of its own, because a driver that is cancelled in the middle of a statement
        # gives up its connection: when the caller goes, the transaction still runs to its end.
        task = asyncio.create_task(_transact(engine, work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)


async def _transact(engine: AsyncEngine, work: Work[T]) -> T:
    with storage_errors():
        async with engine.begin() as connection:
            return await connection.run_sync(work)


def postgresql(url: URL) -> AsyncDatabase:
    """Reads see one snapshot; commits are durable when they return. Raises ConfigError."""
    try:
        engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"server_settings": {"synchronous_commit": "on"}},
        )
    except ImportError:
        raise ConfigError("PostgreSQL needs the package asyncpg: install it") from None
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return AsyncDatabase(engine, reader)
