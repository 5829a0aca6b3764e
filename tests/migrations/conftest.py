"""The databases that migrations run on."""

from __future__ import annotations

import pytest

from tests.support.postgres_fixtures import NewPostgresUrl


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """A database without a table."""
    if request.param == "postgresql":
        new: NewPostgresUrl = request.getfixturevalue("new_postgres_url")
        return new(migrated=False)
    return f"sqlite:///{request.getfixturevalue('tmp_path')}/collab.db"
