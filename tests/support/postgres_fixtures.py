"""Databases on a real PostgreSQL, for async and for other tests.

- `postgres_url`: a fresh, migrated database of this test's own, on the worker's server, which no
  test may stop. `new_postgres_url()` makes another, `migrated=False` an empty one.
- `own_postgres`: a server of this test's own, running, empty, with `stop`, `start`, `restart`,
  `pause`, `end_sessions`; `make_template()` and `create(TEMPLATE)` give it migrated databases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from tests.support.postgres import TEMPLATE, PostgresServer


class NewPostgresUrl(Protocol):
    def __call__(self, *, migrated: bool = True) -> str:
        """The URL of a database that nobody has used."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The worker's server, for all tests that leave it running."""
    with PostgresServer() as server:
        server.make_template()
        yield server


@pytest.fixture
def new_postgres_url(postgres: PostgresServer) -> Iterator[NewPostgresUrl]:
    made = []

    def make(*, migrated: bool = True) -> str:
        made.append(postgres.create(TEMPLATE if migrated else "template1"))
        return postgres.url(made[-1])

    yield make
    for database in made:
        postgres.drop(database)


@pytest.fixture
def postgres_url(new_postgres_url: NewPostgresUrl) -> str:
    return new_postgres_url()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server
