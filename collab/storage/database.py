"""What a database is to the stores: transactions, run whole, and one kind of error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from collab.errors import StorageError
from collab.interfaces import Append
from collab.storage.prepared import AnyConnection

T = TypeVar("T")
Work = Callable[[Connection], T]
"""The body of a transaction. Returning commits it, an exception rolls it back. It may be run
again if the database took it back or was lost before the commit: it changes nothing else."""
PreparedWork = Callable[[AnyConnection], T]
"""The same of `Prepared` statements alone, which may be spared SQLAlchemy."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process may ask of a database server; an embedded one has no need of them."""

    connections: int = 10
    """At least two: one is for appends alone."""
    seconds: float | None = None
    """For a statement, for opening a connection, and for the wait for a free one. None: however
    long it takes, as a migration may."""


class Database(Protocol):
    """One database. A call that is cancelled leaves no transaction half done: it commits as a
    whole or it does not, and the next call finds a sane connection."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent state of the database, which it may not change.

        Raises what `work` raises, and StorageError for every failure of the database.
        """

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it. Raises as `read`; after a StorageError
        it may have committed nevertheless."""

    async def read_prepared(self, work: PreparedWork[T]) -> T:
        """The same as `read`, for what every load of a document runs."""

    async def write_prepared(self, work: PreparedWork[T]) -> T:
        """The same as `write`, for what every new document runs."""

    async def append(self, batch: Sequence[Append], now: float) -> list[int | None]:
        """`log.append`, in a transaction of its own. Raises as `write`."""

    async def aclose(self) -> None:
        """Wait for what is under way, then disconnect. Further calls raise StorageError."""


FAILURES: Final = (SQLAlchemyError, sqlite3.Error, OSError)
"""What the database or its driver raises."""


def failure(error: Exception) -> StorageError:
    """What one of `FAILURES` is to the callers of a store."""
    return StorageError(_reason(error))


def _reason(error: Exception) -> str:
    # The driver's own words, first line: what SQLAlchemy adds, and PostgreSQL's details below,
    # quote statements and values, which are somebody's text.
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(cause).splitlines()
    return f"the database failed: {lines[0] if lines else type(cause).__name__}"
