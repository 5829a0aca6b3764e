"""Leases of every kind, and the passing of their time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text

from collab.interfaces import DocumentStore, Kind, Leases
from collab.storage.catalog import SqlCatalog
from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.leases import SqlLeases
from collab.storage.memory import MemoryStore
from collab.storage.sql import SqlDocumentStore
from tests.contracts.stores import ManualClock, rows


@dataclass(frozen=True)
class Nodes:
    """What several nodes do with one database, each through connections of its own."""

    leases: list[Leases]
    stores: list[DocumentStore]
    catalog: SqlCatalog | MemoryStore
    pass_time: Callable[[float], Awaitable[None]]
    count: Callable[[], Awaitable[int]]
    """How many leases the database keeps track of."""
    clocks: list[ManualClock]

    async def document(self, *data: bytes) -> None:
        await self.catalog.create("a", "A", Kind.NOTE, "ada")
        await self.stores[0].append([rows("a", *data)])


def memory_nodes() -> Nodes:
    clock = ManualClock()
    store = MemoryStore(clock)

    async def pass_time(seconds: float) -> None:
        clock.now += seconds

    async def count() -> int:
        return len(store.leases._held)

    return Nodes([store.leases] * 3, [store] * 3, store, pass_time, count, [clock])


@asynccontextmanager
async def sql_nodes(url: str) -> AsyncIterator[Nodes]:
    """On SQLite the nodes are of one machine, and so is their clock; on PostgreSQL each has its
    own, which may go as it likes."""
    sqlite = url.startswith("sqlite")
    clocks = [ManualClock()] * 3 if sqlite else [ManualClock() for _ in range(3)]
    databases: list[Database] = [open_database(url) for _ in range(3)]

    async def pass_time(seconds: float) -> None:
        if sqlite:
            clocks[0].now += seconds
        else:  # the database's clock cannot be moved: what it is compared with can
            earlier = text("UPDATE leases SET expires = expires - :seconds")
            await databases[0].write(lambda c: c.execute(earlier, {"seconds": seconds}).close())

    async def count() -> int:
        counting = text("SELECT count(*) FROM leases WHERE name != ''")
        return await databases[0].read(lambda c: int(c.execute(counting).scalar_one()))

    pairs = list(zip(databases, clocks, strict=True))
    try:
        yield Nodes(
            [SqlLeases(database, clock) for database, clock in pairs],
            [SqlDocumentStore(database, clock) for database, clock in pairs],
            SqlCatalog(databases[0], clocks[0]),
            pass_time,
            count,
            clocks,
        )
    finally:
        for database in databases:
            await database.aclose()
