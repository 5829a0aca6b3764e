"""Leases in a SQL database.

Time is the database's on PostgreSQL, so that the clocks of the nodes do not matter, and the
machine's on SQLite, whose processes share it. A lease that ends leaves no row; what keeps its
fence from coming again is one counter for all names, whose row also lets takers in one by one.
"""

from __future__ import annotations

from sqlalchemy import (
    BindParameter,
    Connection,
    Double,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from collab.errors import LeaseLost
from collab.interfaces import Clock, Lease
from collab.storage.database import Database
from collab.storage.tables import leases

LONGEST = 600.0
"""Seconds that a lease may last. One that would last longer was given before a clock was set
back, and is over: it must not hold up its work until that clock is there again."""

PRUNE_EVERY = 64
"""Each so manieth lease removes the rows of holders that died."""

COUNTER = ""

_NOW = select(cast(func.extract("epoch", func.clock_timestamp()), Double))
_name: BindParameter[str] = bindparam("of_name")
_now: BindParameter[float] = bindparam("now")
_over = or_(leases.c.expires <= _now, leases.c.expires > _now + LONGEST)

_FIND = select(leases.c.holder, leases.c.fence, leases.c.expires).where(leases.c.name == _name)
_LOCK = _FIND.with_for_update()
_COUNT = update(leases).where(leases.c.name == COUNTER).values(fence=leases.c.fence + 1)
_COUNTED = select(leases.c.fence).where(leases.c.name == COUNTER)
_TAKE = (
    update(leases)
    .where(leases.c.name == _name, or_(_over, leases.c.holder == bindparam("taker")))
    .values(holder=bindparam("taker"), fence=bindparam("new_fence"), expires=bindparam("end"))
)
_ADD = insert(leases)
_RENEW = (
    update(leases)
    .where(leases.c.name == _name, leases.c.fence == bindparam("of_fence"))
    .values(expires=bindparam("end"))
)
_END = delete(leases).where(leases.c.name == _name, leases.c.fence == bindparam("of_fence"))
_PRUNE = delete(leases).where(leases.c.name != COUNTER, _over)


def check_request(name: str, seconds: float) -> None:
    """Raises ValueError for what cannot be leased."""
    if name == COUNTER:
        raise ValueError("a lease has a name")
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"a lease lasts over 0 and at most {LONGEST} seconds, not {seconds}")


def over(expires: float, now: float) -> bool:
    return not now < expires <= now + LONGEST


def lost(lease: Lease) -> LeaseLost:
    return LeaseLost(f"the lease {lease.name!r} with fence {lease.fence} is over")


class SqlLeases:
    """`Leases` over a database, which its opener closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """`clock` counts on SQLite only."""
        self._database = database
        self._clock = clock

    async def take(self, name: str, holder: str, seconds: float) -> Lease | None:
        check_request(name, seconds)
        now = self._clock.time()
        return await self._database.write(lambda c: _take(c, name, holder, seconds, now))

    async def renew(self, lease: Lease, seconds: float) -> None:
        check_request(lease.name, seconds)
        now = self._clock.time()

        def work(connection: Connection) -> None:
            end = require(connection, lease, now) + seconds
            connection.execute(_RENEW, {**_key(lease), "end": end})

        await self._database.write(work)

    async def release(self, lease: Lease) -> None:
        await self._database.write(lambda c: end(c, lease))


def require(connection: Connection, lease: Lease, now: float) -> float:
    """The time, by the clock that counts, at which the lease holds; nobody else can take it
    before the transaction ends. Raises LeaseLost."""
    found = connection.execute(_LOCK, {"of_name": lease.name}).one_or_none()
    now = _time(connection, now)
    if found is None or found.fence != lease.fence or over(found.expires, now):
        raise lost(lease)
    return now


def end(connection: Connection, lease: Lease) -> None:
    connection.execute(_END, _key(lease))


def _take(
    connection: Connection, name: str, holder: str, seconds: float, now: float
) -> Lease | None:
    now = _time(connection, now)
    found = connection.execute(_FIND, {"of_name": name}).one_or_none()
    if found is not None and found.holder != holder and not over(found.expires, now):
        return None  # without waiting for anyone
    fence = _next_fence(connection)
    # From here on there is one taker at a time: rows may go meanwhile, none can come.
    row = {"name": name, "holder": holder, "fence": fence, "expires": now + seconds}
    taken = {"taker": holder, "new_fence": fence, "end": now + seconds}
    if not connection.execute(_TAKE, {"of_name": name, "now": now, **taken}).rowcount:
        if connection.execute(_FIND, {"of_name": name}).one_or_none() is not None:
            return None
        connection.execute(_ADD, row)
    if fence % PRUNE_EVERY == 0:
        connection.execute(_PRUNE, {"now": now})
    return Lease(name, fence)


def _next_fence(connection: Connection) -> int:
    connection.execute(_COUNT)
    return int(connection.execute(_COUNTED).scalar_one())


def _time(connection: Connection, machine: float) -> float:
    if connection.dialect.name == "sqlite":
        return machine
    return float(connection.execute(_NOW).scalar_one())


def _key(lease: Lease) -> dict[str, object]:
    return {"of_name": lease.name, "of_fence": lease.fence}
