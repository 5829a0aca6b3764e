"""Which database a URL names."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from collab.errors import ConfigError
from collab.storage.database import Database, Limits
from collab.storage.sqlite import SqliteDatabase, file_of

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def open_database(
    url: str, *, make_directory: bool = False, limits: Limits | None = None
) -> Database:
    """The database behind `url`; nothing is connected yet. Raises ConfigError."""
    parsed = async_url(url)
    if parsed.get_backend_name() != "sqlite":
        # Only here: the driver is not needed otherwise, and SQLAlchemy's asyncio brings its ORM.
        try:
            from collab.storage.asynchronous import postgresql

            return postgresql(parsed, limits or Limits())
        except ImportError:
            raise ConfigError("PostgreSQL needs the package asyncpg: install it") from None
    path = file_of(parsed)
    if make_directory:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"no directory for the database {path}: {error.strerror}") from error
    return SqliteDatabase(path)


def async_url(url: str) -> URL:
    """`url` with the driver that serves an event loop. Raises ConfigError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("the database URL cannot be read; try sqlite:///collab.db") from None
    driver = DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ConfigError(
            f"no support for the database {parsed.drivername!r}; use sqlite or postgresql"
        )
    return parsed.set(drivername=driver)
