"""The migrations make the schema that the queries expect, and can be taken back."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect

from collab.storage.database import Database
from collab.storage.engine import open_database
from collab.storage.schema import configuration, migrate, upgrade
from collab.storage.tables import metadata
from tests.support.postgres_fixtures import NewPostgresUrl

SCRIPTS = ScriptDirectory.from_config(configuration())
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    database = open_database(empty_url)
    yield database
    await database.aclose()


def tables(connection: Connection) -> list[str]:
    return sorted(inspect(connection).get_table_names())


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def statements(path: Path) -> dict[str, str]:
    """What made each table and index, spaces aside."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in found if "alembic" not in name}


def catalog(connection: Connection) -> set[tuple[Any, ...]]:
    """What PostgreSQL made of each column, index and constraint."""
    rows = [
        *connection.exec_driver_sql(
            "SELECT relname, attname, format_type(atttypid, atttypmod), "
            "CASE WHEN attcollation <> 0 THEN collname END, attnotnull "
            "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "LEFT JOIN pg_collation ON pg_collation.oid = attcollation "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 "
            "AND NOT attisdropped"
        ),
        *connection.exec_driver_sql(
            "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        ),
        *connection.exec_driver_sql(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        ),
    ]
    return {tuple(row) for row in rows if row[0] != "alembic_version"}


async def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    """[ST20] Alembic finds nothing to add, remove or change."""
    await database.write(upgrade)
    assert await database.read(differences) == []


async def test_the_comparison_sees_a_difference(database: Database) -> None:
    """[ST20] the test above can fail: here a column and the index are missing."""
    await database.write(upgrade)

    def spoil(connection: Connection) -> None:
        connection.exec_driver_sql("DROP INDEX ix_documents_updated_id")
        connection.exec_driver_sql("ALTER TABLE updates DROP COLUMN clients")

    await database.write(spoil)
    assert {d[0] for d in await database.read(differences)} == {"add_index", "add_column"}


async def test_the_statements_are_the_same(tmp_path: Path) -> None:
    """[ST20] nor does SQLite: what Alembic does not compare (rowids, conditions, names)."""
    await migrate(f"sqlite:///{tmp_path}/migrated.db")
    engine = create_engine(f"sqlite:///{tmp_path}/created.db")
    metadata.create_all(engine)
    engine.dispose()
    assert statements(tmp_path / "migrated.db") == statements(tmp_path / "created.db")


async def test_postgresql_is_told_the_same(new_postgres_url: NewPostgresUrl) -> None:
    """[PG4] by the migrations and by the models: types, collations, keys, indexes and names."""
    migrated, created = (open_database(new_postgres_url(migrated=False)) for _ in range(2))
    await migrated.write(upgrade)
    await created.write(metadata.create_all)
    found = await migrated.read(catalog)
    assert found == await created.read(catalog)
    assert ("documents", "id", "text", "C", True) in found
    for database in (migrated, created):
        await database.aclose()


async def test_downgrade_to_nothing_and_back(database: Database) -> None:
    """[ST20] every migration can be taken back."""
    await database.write(upgrade)
    await database.write(lambda c: command.downgrade(configuration(c), "base"))
    assert await database.read(tables) == ["alembic_version"]
    await database.write(upgrade)
    assert await database.read(differences) == []


@pytest.mark.parametrize("revision", REVISIONS)
async def test_each_step_goes_both_ways(database: Database, revision: str) -> None:
    """[ST20] one step down and up again from each revision."""
    await database.write(lambda c: command.upgrade(configuration(c), revision))
    before = await database.read(tables)
    await database.write(lambda c: command.downgrade(configuration(c), "-1"))
    assert await database.read(tables) != before
    await database.write(lambda c: command.upgrade(configuration(c), revision))
    assert await database.read(tables) == before


async def test_documents_stay_through_every_step(database: Database) -> None:
    """[ST20] [ST21] what the first version stored is there after the last, and after going back
    to it."""
    columns = "id, title, title_key, kind, owner, sequence, created, updated"
    add = f"INSERT INTO documents ({columns}) VALUES ('a', 'T', 't', 'note', 'ada', 0, 0.1, 0.2)"

    def row(connection: Connection) -> list[Any]:
        return list(connection.exec_driver_sql(f"SELECT {columns} FROM documents"))

    await database.write(lambda c: command.upgrade(configuration(c), REVISIONS[0]))
    await database.write(lambda c: c.exec_driver_sql(add).close())
    before = await database.read(row)
    await database.write(upgrade)
    assert await database.read(row) == before
    await database.write(lambda c: command.downgrade(configuration(c), REVISIONS[0]))
    assert await database.read(row) == before


def test_the_history_is_one_line() -> None:
    """[ST20] one root, one head, numbered without a gap."""
    assert [f"{n:04}" for n in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert SCRIPTS.get_heads() == [REVISIONS[-1]]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_migration_does_not_change_with_the_models(revision: str) -> None:
    """[ST20] it holds all its facts: it imports nothing of ours."""
    script = SCRIPTS.get_revision(revision)
    assert script is not None
    tree = ast.parse(Path(script.path).read_text())
    imported = [
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert {name.partition(".")[0] for name in imported} <= {"__future__", "alembic", "sqlalchemy"}


async def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    """[ST21] tables included: the schema is as it was."""

    def fail_late(connection: Connection) -> None:
        upgrade(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail_late)
    assert await database.read(tables) == []
