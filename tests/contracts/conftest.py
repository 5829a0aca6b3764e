"""The stores under contract: every implementation passes the same tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from collab.storage.catalog import SqlCatalog
from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.memory import MemoryStore
from collab.storage.schema import migrate
from collab.storage.sql import SqlDocumentStore
from tests.contracts.stores import ManualClock, Stores

POSTGRESQL = os.environ.get("COLLAB_TEST_POSTGRESQL")
"""The URL of a database whose tables may be emptied. Without it the others are tested."""

DATABASES = ["sqlite", "aiosqlite", *(["postgresql"] if POSTGRESQL else [])]


@asynccontextmanager
async def opened(name: str, directory: Path) -> AsyncIterator[Database]:
    url = {
        "sqlite": f"sqlite:///{directory}/collab.db",
        "aiosqlite": f"sqlite+aiosqlite:///{directory}/collab.db",
        "postgresql": POSTGRESQL or "",
    }[name]
    await migrate(url)
    database = open_database(url)
    try:
        await database.write(_empty)
        yield database
    finally:
        await database.aclose()


def _empty(connection: Connection) -> None:
    for table in ("updates", "snapshots", "documents"):
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=DATABASES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(request.param, tmp_path) as database:
        yield database


@pytest.fixture(params=["memory", *DATABASES])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Stores]:
    """A document store and a catalog over the same, empty, data."""
    if request.param == "memory":
        store = MemoryStore(clock)
        yield Stores(store, store, clock)
    else:
        async with opened(request.param, tmp_path) as database:
            yield Stores(SqlDocumentStore(database, clock), SqlCatalog(database, clock), clock)
