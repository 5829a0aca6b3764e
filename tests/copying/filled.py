"""Databases with something of everything, and all that is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from collab.access import Link, Role
from collab.copying import Copier, Done, Outcome, opened
from collab.interfaces import Append, Kind, NewRow, Snapshot
from collab.storage.catalog import SqlCatalog
from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.grants import SqlGrants
from collab.storage.links import SqlLinks
from collab.storage.sql import SqlDocumentStore
from collab.storage.tables import metadata
from tests.contracts.stores import ManualClock

ODD = "Ünïcödé \U0001f600 'quoted' \\ % \t"


@dataclass
class Side:
    """One database, and what a server would do with it."""

    url: str
    database: Database
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.store = SqlDocumentStore(self.database, self.clock)
        self.catalog = SqlCatalog(self.database, self.clock)
        self.grants = SqlGrants(self.database, self.clock)
        self.links = SqlLinks(self.database, self.clock)

    async def create(self, document: str, *data: bytes) -> None:
        await self.catalog.create(document, f"{ODD} {document}", Kind.NOTE, "ada")
        if data:
            await self.write(document, *data)

    async def write(self, document: str, *data: bytes) -> None:
        self.clock.now += 1 / 3
        rows = tuple(NewRow(one, "ada", (7, 2**53 - 1)) for one in data)
        [sequence] = await self.store.append([Append(document, rows)])
        assert sequence is not None

    async def compact(self, document: str) -> None:
        stored = await self.store.load(document)
        sequences = [row.sequence for row in stored.updates]
        base = stored.snapshot.sequence if stored.snapshot else None
        merged = Snapshot(sequences[-1], b"merged", b"\0vector", b"\xffdeletes")
        await self.store.compact(document, base, sequences, merged)

    async def fill(self) -> None:
        """Every table, every column, and what is easily forgotten."""
        await self.create("empty")
        await self.create("some/rows", b"\0", b"", b"\xff" * 100)
        await self.create("compacted", b"1", b"2")
        await self.compact("compacted")
        await self.write("compacted", b"3")
        await self.create("deleted", b"still here")
        await self.catalog.delete("deleted")
        await self.create("shared", b"1")
        await self.grants.put("shared", "bob", Role.EDITOR, "ada")
        await self.grants.put("shared", "Bob", Role.VIEWER, "ada")
        for number in range(3):
            link = Link(
                f"link-{number}", "shared", Role.VIEWER, ODD, "ada", 0.1 + number, None, None
            )
            await self.links.add(link, bytes([number]) * 32)
        await self.links.revoke("shared", "link-1")

    async def everything(self) -> dict[str, list[Any]]:
        """All rows of all tables, but for what is of the database itself."""
        tables = [t for t in metadata.sorted_tables if t.name not in ("leases", "copies")]
        return await self.database.read(lambda c: {t.name: _rows(c, t) for t in tables})


def _rows(connection: Connection, table: Table) -> list[Any]:
    return [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]


@asynccontextmanager
async def side(url: str) -> AsyncIterator[Side]:
    database = open_database(url)
    try:
        yield Side(url, database)
    finally:
        await database.aclose()


async def run(source: Side, target: Side) -> dict[str, Outcome]:
    """A run of `collab copy`; what became of each document."""
    async with opened(source.url, target.url, target.clock) as copier:
        return await outcomes(copier)


async def outcomes(copier: Copier) -> dict[str, Outcome]:
    return {outcome.document: outcome async for outcome in copier.copy_all()}


def done(found: dict[str, Outcome]) -> dict[str, Done]:
    return {document: outcome.done for document, outcome in found.items()}
