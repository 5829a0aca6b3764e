"""Bringing a database to the schema of this version, and refusing one that is not there."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from collab.errors import ConfigError
from collab.storage.database import Database
from collab.storage.engine import open_database

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
    if found == _head():
        return
    if found is None or found in _known():
        raise ConfigError("the database is not migrated: run `collab migrate`")
    raise _newer(found)


def upgrade(connection: Connection) -> None:
    """The transaction of `migrate`."""
    lock(connection)
    found = _revision(connection)
    if found is not None and found not in _known():
        raise _newer(found)
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
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())


def _head() -> str | None:
    return _scripts().get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newer(revision: str) -> ConfigError:
    return ConfigError(
        f"the database is newer than this Collab (its schema is {revision!r}): "
        "install the version that migrated it"
    )
