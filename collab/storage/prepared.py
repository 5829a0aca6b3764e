"""Statements of every commit, every load and every new document, run by the shortest way.

SQLite executes a small statement in a few microseconds; SQLAlchemy takes ten times as long to
hand it over. So what runs all the time is compiled from the models once, and on SQLite goes to
the driver's own connection, which keeps it prepared. Any other database gets it as usual.
Transactions of nothing else are handed a cursor of the driver in the first place: to find the
driver behind SQLAlchemy's connection costs as much as a small statement.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

Values = tuple[Any, ...]

AnyConnection = Connection | sqlite3.Cursor

# Without a driver's module a dialect hands bytes on as they are: no memoryview for each.
_SQLITE = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """A statement whose parameters are given by position, in the order of `names`: that in
    which they stand in its SQL. Each is given as it is stored: nothing converts it."""

    __slots__ = ("_names", "_sql", "_statement")

    def __init__(self, statement: Executable, *names: str) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_SQLITE)
        assert isinstance(compiled, SQLCompiler)
        assert tuple(compiled.positiontup or ()) == names, "the parameters stand in another order"
        self._statement = statement
        self._names = names
        self._sql = compiled.string

    def rows(self, connection: AnyConnection, *values: Any) -> Sequence[Any]:
        """What it selects, in the order of its columns; a binary column is bytes."""
        connection = shortest(connection)
        if isinstance(connection, sqlite3.Cursor):
            return connection.execute(self._sql, values).fetchall()
        named = dict(zip(self._names, values, strict=True))
        return connection.execute(self._statement, named).all()

    def each(self, connection: AnyConnection, many: Sequence[Values]) -> None:
        """Run it for each of `many`; nothing happens for none."""
        if not many:
            return
        connection = shortest(connection)
        if isinstance(connection, sqlite3.Cursor):
            connection.executemany(self._sql, many)
            return
        named = [dict(zip(self._names, values, strict=True)) for values in many]
        connection.execute(self._statement, named)


def shortest(connection: AnyConnection) -> AnyConnection:
    """A cursor of SQLite's driver, if that is behind this connection."""
    if isinstance(connection, sqlite3.Cursor) or connection.dialect.name != "sqlite":
        return connection
    driver: Any = connection.connection.driver_connection
    cursor: sqlite3.Cursor = driver.cursor()
    return cursor
