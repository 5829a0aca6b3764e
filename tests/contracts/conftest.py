"""The stores under contract: every implementation passes the same tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.memory import MemoryStore
from collab.storage.memory_access import MemoryGrants, MemoryLinks
from collab.storage.schema import migrate, upgrade
from tests.contracts.stores import ManualClock, Stores, sql_stores

POSTGRESQL = os.environ.get("COLLAB_TEST_POSTGRESQL")
"""The URL of a database whose tables may be emptied. Without it the others are tested."""

DATABASES = ["sqlite", *(["postgresql"] if POSTGRESQL else [])]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "collab.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


@asynccontextmanager
async def opened(name: str, migrated: Path, directory: Path) -> AsyncIterator[Database]:
    if name == "postgresql":
        url = POSTGRESQL or ""
        await migrate(url)
    else:
        url = f"sqlite:///{shutil.copy(migrated, directory / 'collab.db')}"
    database = open_database(url)
    try:
        if name == "postgresql":
            await database.write(_empty)
        yield database
    finally:
        await database.aclose()


def _empty(connection: Connection) -> None:
    for table in ("updates", "snapshots", "grants", "links", "documents"):
        connection.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", *DATABASES])
async def stores(
    request: pytest.FixtureRequest, migrated: Path, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[Stores]:
    """A document store and a catalog over the same, empty, data."""
    if request.param == "memory":
        store = MemoryStore(clock)
        yield Stores(store, store, clock, MemoryGrants(store, clock), MemoryLinks(store, clock))
    else:
        async with opened(request.param, migrated, tmp_path) as database:
            yield sql_stores(database, clock)
