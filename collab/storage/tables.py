"""The schema as the queries know it. Alembic's migrations make it; a test compares the two.

Times are seconds since the epoch in double precision, as in `collab.interfaces`: both
databases give back the very number that was stored, so a cursor can hold it, and no time zone
can creep in. Sequences, never times, order a log.
"""

from __future__ import annotations

import struct

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids compare by their bytes everywhere, as in Python, not by the locale of a server.
Identifier = Text().with_variant(Text(collation="C"), "postgresql")


def packed(clients: tuple[int, ...]) -> bytes:
    """Yjs client ids (below 2^53), eight bytes each, the highest byte first."""
    return struct.pack(f">{len(clients)}Q", *clients)


# Without a rowid, SQLite keeps a row in the index of its key: one page is written per row, not
# two, and a document's log lies together on the disk.
documents = Table(
    "documents",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("title", Text, nullable=False),
    Column("title_key", Text, nullable=False),  # paging.search_key(title)
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the last row of its log
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("deleted", Double),  # a deleted row stays, so that its id is not used again
    sqlite_with_rowid=False,
)

_living = documents.c.deleted.is_(None)

_newest = Index(None, documents.c.updated, documents.c.id, sqlite_where=_living)

Index(None, documents.c.owner)

updates = Table(
    "updates",
    metadata,
    Column("document", Identifier, ForeignKey(documents.c.id), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("author", Text, nullable=False),
    Column("clients", LargeBinary, nullable=False),  # packed(...)
    Column("created", Double, nullable=False),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("document", Identifier, ForeignKey(documents.c.id), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("state_vector", LargeBinary, nullable=False),
    Column("delete_set", LargeBinary, nullable=False),
    Column("created", Double, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("document", Identifier, ForeignKey(documents.c.id), primary_key=True),
    Column("user", Identifier, primary_key=True),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Double, nullable=False),
    sqlite_with_rowid=False,
)

Index(None, grants.c.user)

links = Table(
    "links",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("document", Identifier, ForeignKey(documents.c.id), nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double),
    Column("revoked", Double),
    UniqueConstraint("secret_hash"),
    sqlite_with_rowid=False,
)

Index(None, links.c.document)

leases = Table(
    "leases",
    metadata,
    Column("name", Identifier, primary_key=True),  # the row named "" counts the fences
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires", Double, nullable=False),
    sqlite_with_rowid=False,
)

copies = Table(
    "copies",
    metadata,
    Column("document", Identifier, ForeignKey(documents.c.id), primary_key=True),
    Column("digest", LargeBinary, nullable=False),  # of what `collab copy` wrote here last
    Column("copied", Double, nullable=False),
    sqlite_with_rowid=False,
)


def tell_postgresql() -> None:
    """Say what is PostgreSQL's alone. Said above, it would load that dialect, and what there is
    of drivers, for SQLite too."""
    _newest.dialect_kwargs["postgresql_where"] = _living
