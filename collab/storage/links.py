"""Share links in a SQL database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from collab.access import Link, Role
from collab.errors import EntryNotFound
from collab.interfaces import Clock
from collab.storage import log
from collab.storage.access_rules import check_link, newest_first, to_forget
from collab.storage.database import Database
from collab.storage.tables import links

_LINK = select(
    links.c.id,
    links.c.document,
    links.c.role,
    links.c.name,
    links.c.by,
    links.c.created,
    links.c.expires,
    links.c.revoked,
)
_FIND = _LINK.where(links.c.secret_hash == bindparam("of_secret"))
_PAGE = _LINK.where(links.c.document == bindparam("of_document"))
_ADD = insert(links)
_FORGET = delete(links).where(links.c.id == bindparam("of_link"))
# One that is revoked already keeps the time at which it was.
_REVOKE = (
    update(links)
    .where(
        links.c.id == bindparam("of_link"),
        links.c.document == bindparam("of_document"),
        links.c.revoked.is_(None),
    )
    .values(revoked=bindparam("now"))
)


class SqlLinks:
    """`Links` over a database, which its opener closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, secret_hash: bytes) -> Link | None:
        def work(connection: Connection) -> Link | None:
            row = connection.execute(_FIND, {"of_secret": secret_hash}).one_or_none()
            return None if row is None else _as_link(row)

        return await self._database.read(work)

    async def page(self, document: str) -> tuple[Link, ...]:
        def work(connection: Connection) -> tuple[Link, ...]:
            log.find(connection, document)
            return tuple(newest_first(_of(connection, document)))

        return await self._database.read(work)

    async def add(self, link: Link, secret_hash: bytes) -> None:
        check_link(link)
        now = self._clock.time()
        await self._database.write(lambda c: _add(c, link, secret_hash, now))

    async def revoke(self, document: str, link: str) -> None:
        now = self._clock.time()
        await self._database.write(lambda c: _revoke(c, document, link, now))


def _add(connection: Connection, link: Link, secret_hash: bytes, now: float) -> None:
    # Whoever changes the links of a document has its row, so that they are counted in turn.
    log.take(connection, link.document)
    forgotten = to_forget(_of(connection, link.document), now)
    if forgotten:
        connection.execute(_FORGET, [{"of_link": old} for old in forgotten])
    row = {**asdict(link), "role": link.role.value, "secret_hash": secret_hash}
    connection.execute(_ADD, row)


def _revoke(connection: Connection, document: str, link: str, now: float) -> None:
    log.take(connection, document)
    key: dict[str, object] = {"of_link": link, "of_document": document, "now": now}
    if connection.execute(_REVOKE, key).rowcount:
        return
    if not any(known.id == link for known in _of(connection, document)):
        raise EntryNotFound("The document has no such link.")


def _of(connection: Connection, document: str) -> list[Link]:
    return [_as_link(row) for row in connection.execute(_PAGE, {"of_document": document})]


def _as_link(row: Any) -> Link:
    link, document, role, *rest = row
    return Link(link, document, Role(role), *rest)
