"""A source and a target, on both databases and in both directions."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from collab.storage.schema import upgrade
from tests.copying.filled import Side, side


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "collab.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


def _url(request: pytest.FixtureRequest, kind: str, name: str) -> str:
    if kind == "postgresql":
        return str(request.getfixturevalue("new_postgres_url")())
    template = request.getfixturevalue("template")
    directory = request.getfixturevalue("tmp_path")
    return f"sqlite:///{shutil.copy(template, directory / f'{name}.db')}"


@pytest.fixture(params=["sqlite to postgresql", "postgresql to sqlite", "sqlite to sqlite"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Side, Side]]:
    """An empty source and an empty target."""
    kinds = request.param.split(" to ")
    urls = [_url(request, kind, name) for kind, name in zip(kinds, "ab", strict=True)]
    async with AsyncExitStack() as stack:
        source, target = [await stack.enter_async_context(side(url)) for url in urls]
        yield source, target


@pytest.fixture
async def files(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Side, Side]]:
    """The same on SQLite alone, where the database makes no difference."""
    urls = [_url(request, "sqlite", name) for name in "ab"]
    async with side(urls[0]) as source, side(urls[1]) as target:
        yield source, target
