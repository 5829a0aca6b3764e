"""Statements of every commit and every load, run by the shortest way.

SQLite executes a small statement in a few microseconds; SQLAlchemy takes ten times as long to
hand it over. So what runs all the time is compiled from the models once, and on SQLite goes to
the driver's own connection, which keeps it prepared. Any other database gets it as usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

Values = tuple[Any, ...]

# Without a driver's module a dialect hands bytes on as they are: no memoryview for each.
_SQLITE = sqlite.dialect(paramstyle="qmark")


class Prepared:
    """A statement whose parameters are given by position, in the order of `names`: that in
    which they stand in its SQL."""

    __slots__ = ("_conversions", "_names", "_sql", "_statement")

    def __init__(self, statement: Executable, *names: str) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_SQLITE)
        assert isinstance(compiled, SQLCompiler)
        assert tuple(compiled.positiontup or ()) == names, "the parameters stand in another order"
        self._statement = statement
        self._names = names
        self._sql = compiled.string
        self._conversions = []
        for place, name in enumerate(names):
            convert = compiled.binds[name].type.dialect_impl(_SQLITE).bind_processor(_SQLITE)
            if convert is not None:
                self._conversions.append((place, convert))

    def rows(self, connection: Connection, *values: Any) -> Sequence[Any]:
        """What it selects, in the order of its columns; a binary column is bytes."""
        if in_process(connection):
            rows: Sequence[Any] = _driver(connection).execute(self._sql, values).fetchall()
            return rows
        named = dict(zip(self._names, values, strict=True))
        return connection.execute(self._statement, named).all()

    def each(self, connection: Connection, many: Sequence[Values]) -> None:
        """Run it for each of `many`; nothing happens for none."""
        if not many:
            return
        if in_process(connection):
            for place, convert in self._conversions:
                many = [
                    (*values[:place], convert(values[place]), *values[place + 1 :])
                    for values in many
                ]
            _driver(connection).executemany(self._sql, many)
            return
        named = [dict(zip(self._names, values, strict=True)) for values in many]
        connection.execute(self._statement, named)


def in_process(connection: Connection) -> bool:
    """Whether a statement costs no round trip: then many small ones are as good as one."""
    return connection.dialect.name == "sqlite"


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
