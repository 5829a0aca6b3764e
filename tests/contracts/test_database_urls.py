"""Which database a URL names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from collab.errors import ConfigError
from collab.storage.engine import async_url, open_database


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///data/c.db", "sqlite+aiosqlite:///data/c.db"),
        ("sqlite:////data/c.db", "sqlite+aiosqlite:////data/c.db"),
        ("sqlite+aiosqlite:///c.db", "sqlite+aiosqlite:///c.db"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p%40@h:5432/d", "postgresql+asyncpg://u:p%40@h:5432/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_the_usual_spellings(given: str, expected: str) -> None:
    """[ST23] the driver is ours to choose."""
    assert async_url(given).render_as_string(hide_password=False) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "collab.db",
        "mysql://u:hunter2@h/d",
        "postgresql+psycopg2://u:hunter2@h/d",
        "sqlite+pysqlite:///c.db",
        "postgresql://u:hunter2@h:port/d",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///c.db?mode=memory",
        "sqlite:///file::memory:?cache=shared&uri=true",
    ],
)
def test_what_cannot_be_served_is_refused(url: str) -> None:
    """[ST23] in one line, without the password; a database in memory keeps nothing."""
    with pytest.raises(ConfigError) as caught:
        open_database(url)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_postgresql_needs_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """[ST23] without it, the message says what to install."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigError, match="asyncpg"):
        open_database("postgresql://nowhere/collab")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """[ST23] is a setting to correct."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="no directory for the database"):
        open_database(f"sqlite:///{tmp_path}/file/collab.db", make_directory=True)
