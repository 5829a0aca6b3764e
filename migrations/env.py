"""Where Alembic enters: called by `collab migrate`, which hands over its connection, or by the
`alembic` command, which names a database with COLLAB_DATABASE_URL or `-x url=...`."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from collab.errors import ConfigError
from collab.storage.engine import async_url, open_database
from collab.storage.schema import lock
from collab.storage.tables import metadata


def run(connection: Connection) -> None:
    """Run what was asked for inside the transaction that `connection` is in."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
    )
    context.run_migrations()


def run_locked(connection: Connection) -> None:
    lock(connection)
    run(connection)


async def run_on(url: str) -> None:
    database = open_database(url, make_directory=True)
    try:
        await database.write(run_locked)
    finally:
        await database.aclose()


def named_url() -> str:
    url = context.get_x_argument(as_dictionary=True).get("url")
    found = url or os.environ.get("COLLAB_DATABASE_URL")
    if not found:
        raise ConfigError("name the database: COLLAB_DATABASE_URL, or alembic -x url=...")
    return found


def print_sql(url: str) -> None:
    """`alembic upgrade --sql`: the statements, for whoever runs them by hand."""
    context.configure(
        dialect_name=async_url(url).get_backend_name(),
        target_metadata=metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
elif context.is_offline_mode():
    print_sql(named_url())
else:
    asyncio.run(run_on(named_url()))
