"""Roles that users were given, in a SQL database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from collab.access import Grant, Role
from collab.errors import EntryNotFound
from collab.interfaces import Clock
from collab.storage import log
from collab.storage.access_rules import check_grants
from collab.storage.database import Database
from collab.storage.tables import documents, grants

_ONE = and_(grants.c.document == bindparam("of_document"), grants.c.user == bindparam("of_user"))
_ROLES = (
    select(documents.c.owner, grants.c.role)
    .select_from(
        documents.outerjoin(
            grants,
            and_(grants.c.document == documents.c.id, grants.c.user == bindparam("of_user")),
        )
    )
    .where(documents.c.id == bindparam("of_document"))
)
_PAGE = (
    select(grants.c.document, grants.c.user, grants.c.role, grants.c.by, grants.c.created)
    .where(grants.c.document == bindparam("of_document"))
    .order_by(grants.c.user)
)
_COUNT = (
    select(func.count()).select_from(grants).where(grants.c.document == bindparam("of_document"))
)
_ADD = insert(grants)
_CHANGE = update(grants).where(_ONE)
_REMOVE = delete(grants).where(_ONE)


class SqlGrants:
    """`Grants` over a database, which its opener closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def roles(self, document: str, user: str) -> Role | None:
        return await self._database.read(lambda c: _role(c, document, user))

    async def page(self, document: str) -> tuple[Grant, ...]:
        def work(connection: Connection) -> tuple[Grant, ...]:
            log.find(connection, document)
            rows = connection.execute(_PAGE, {"of_document": document})
            return tuple(_as_grant(row) for row in rows)

        return await self._database.read(work)

    async def put(self, document: str, user: str, role: Role, by: str) -> Grant:
        grant = Grant(document, user, role, by, self._clock.time())
        await self._database.write(lambda c: _put(c, grant))
        return grant

    async def remove(self, document: str, user: str) -> None:
        def work(connection: Connection) -> None:
            log.take(connection, document)
            if connection.execute(_REMOVE, _key(document, user)).rowcount == 0:
                raise EntryNotFound("The user has no grant in the document.")

        await self._database.write(work)


def _role(connection: Connection, document: str, user: str) -> Role | None:
    row = connection.execute(_ROLES, _key(document, user)).one_or_none()
    if row is None:
        return None
    owner, role = row
    if owner == user:
        return Role.OWNER
    return None if role is None else Role(role)


def _put(connection: Connection, grant: Grant) -> None:
    # Whoever changes the grants of a document has its row, so that they are counted in turn.
    log.take(connection, grant.document)
    values = {"role": grant.role.value, "by": grant.by, "created": grant.created}
    key = _key(grant.document, grant.user)
    if connection.execute(_CHANGE, {**key, **values}).rowcount:
        return
    check_grants(connection.execute(_COUNT, {"of_document": grant.document}).scalar_one())
    connection.execute(_ADD, {"document": grant.document, "user": grant.user, **values})


def _key(document: str, user: str) -> dict[str, object]:
    return {"of_document": document, "of_user": user}


def _as_grant(row: Any) -> Grant:
    document, user, role, by, created = row
    return Grant(document, user, Role(role), by, created)
