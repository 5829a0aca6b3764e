"""The stores under contract: every implementation passes the same tests."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from collab.storage.engine import open_database
from collab.storage.memory import MemoryStore
from collab.storage.memory_access import MemoryGrants, MemoryLinks
from collab.storage.schema import upgrade
from tests.contracts.stores import ManualClock, Stores, sql_stores

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "collab.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


def fresh(name: str, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of the test's own; only what it needs is started."""
    if name == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    template: Path = request.getfixturevalue("migrated")
    directory: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{shutil.copy(template, directory / 'collab.db')}"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """Each of the databases that are served, migrated and empty."""
    return fresh(request.param, request)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", *DATABASES])
async def stores(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Stores]:
    """A document store and a catalog over the same, empty, data."""
    if request.param == "memory":
        store = MemoryStore(clock)
        yield Stores(store, store, clock, MemoryGrants(store, clock), MemoryLinks(store, clock))
        return
    database = open_database(fresh(request.param, request))
    try:
        yield sql_stores(database, clock)
    finally:
        await database.aclose()
