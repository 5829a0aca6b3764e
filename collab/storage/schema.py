"""Bringing a database to the schema of this version, and refusing one that is not there."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select, text

from collab.errors import ConfigError
from collab.storage.database import Database
from collab.storage.engine import open_database

if TYPE_CHECKING:  # it takes long to import, and most starts have nothing to migrate
    from alembic.config import Config

_version = Table("alembic_version", MetaData(), Column("version_num", Text))
"""Where Alembic notes the revision of a database."""

_alembic = threading.Lock()
"""Alembic keeps the migration under way in a global variable."""

_LOCK = 0x636F6C6C6162
"""The advisory lock of migrations on PostgreSQL."""


async def migrate(url: str) -> None:
    """Bring the database to the newest schema; the directory of a new file is made.

    One transaction: a failure leaves the schema as it was, and of two processes that migrate at
    once the second waits and finds nothing left to do. Raises ConfigError if the database is
    newer than this version, and StorageError.
    """
    database = open_database(url, make_directory=True)
    try:
        await database.write(upgrade)
    finally:
        await database.aclose()


async def require_current(database: Database) -> None:
    """Raises ConfigError, in one line that says what to do, unless the schema is this
    version's; StorageError if the database cannot be asked."""
    found = await database.read(_revision)
    if found == revisions()[-1]:
        return
    if found is None or found in revisions():
        raise ConfigError("the database is not migrated: run `collab migrate`")
    raise _newer(found)


def upgrade(connection: Connection) -> None:
    """The transaction of `migrate`."""
    lock(connection)
    found = _revision(connection)
    if found == revisions()[-1]:
        return
    if found is not None and found not in revisions():
        raise _newer(found)
    from alembic import command
    from alembic.util import CommandError

    with _alembic:
        try:
            command.upgrade(configuration(connection), "head")
        except CommandError as error:
            raise ConfigError(f"the migrations cannot be run: {error}") from error


def lock(connection: Connection) -> None:
    """Keep other migrations out until the transaction ends. SQLite's has the file already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's, without a file: a wheel has none."""
    from alembic.config import Config

    config = Config()
    # Alembic interpolates: a % in a path would be read as the start of a name.
    config.set_main_option("script_location", str(_directory()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _directory() -> Path:
    package = Path(__file__).parent.parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


@cache
def revisions() -> tuple[str, ...]:
    """All revisions, oldest first: the numbers that their files are named by."""
    found = (_directory() / "versions").glob("[0-9]*_*.py")
    return tuple(sorted(path.name.partition("_")[0] for path in found))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar_one_or_none()


def _newer(revision: str) -> ConfigError:
    return ConfigError(
        f"the database is newer than this Collab (its schema is {revision!r}): "
        "install the version that migrated it"
    )
