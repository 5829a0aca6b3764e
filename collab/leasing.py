"""Work that one node does at a time: run under a lease that is renewed while it lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from collab.errors import LeaseLost, StorageError
from collab.interfaces import Clock, Lease, Leases

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
"""After so long the work of a node that died may be taken up by another."""

RENEWALS, RETRIES = 3, 10
"""Renewals within the time of a lease, and tries if the store fails."""


class Held:
    """What work is given: `lease`, to be named in the transactions that it protects."""

    __slots__ = ("finishing", "lease", "over")

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.finishing = False
        self.over = False

    async def finish(self, transaction: Awaitable[None]) -> None:
        """Await the work's last transaction, which ends the lease too. It is not renewed from
        here on: a renewal that came second would take the work's own end for another's."""
        self.finishing = True
        await transaction
        self.over = True


Work = Callable[[Held], Coroutine[None, None, None]]


class Leasing:
    """Takes, renews and releases leases for one node."""

    def __init__(
        self, leases: Leases, holder: str, clock: Clock, seconds: float = LEASE_SECONDS
    ) -> None:
        """`holder` is a name that no other node has, nor had before it started again."""
        self._leases = leases
        self._holder = holder
        self._clock = clock
        self._seconds = seconds

    async def run(self, name: str, work: Work) -> bool:
        """Do `work` if nobody else does it; False if somebody does.

        The lease is over when this returns or raises, and so is the work: it is cancelled when
        its lease is lost, or could not be renewed in time. That is for its own good and that of
        what is no database; what it may change in one is protected by the fence alone. Raises
        what `work` raises, LeaseLost, and StorageError if no lease could be asked for.
        """
        asked = self._clock.monotonic()
        lease = await self._leases.take(name, self._holder, self._seconds)
        if lease is None:
            return False
        held = Held(lease)
        tasks = [
            asyncio.ensure_future(work(held)),
            asyncio.ensure_future(self._keep(held, asked + self._seconds)),
        ]
        working, keeping = tasks
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not held.over:
                await self._release(lease)
        if not working.cancelled():
            working.result()
            return True
        keeping.result()
        raise asyncio.CancelledError  # the work cancelled itself

    async def _keep(self, held: Held, until: float) -> None:
        """Renew until cancelled. Raises LeaseLost, at the latest when the time is over."""
        tries = RENEWALS
        while True:
            if held.finishing:
                await asyncio.Event().wait()
            left = until - self._clock.monotonic()
            if left <= 0:
                raise LeaseLost(f"the lease {held.lease.name!r} could not be renewed in time")
            await self._clock.sleep(min(self._seconds / tries, left))
            if held.finishing:
                continue
            asked = self._clock.monotonic()
            try:
                await self._leases.renew(held.lease, self._seconds)
            except LeaseLost:
                if not held.finishing:
                    raise
            except StorageError as error:
                logger.warning("the lease %r was not renewed: %s", held.lease.name, error)
                tries = RETRIES
            else:
                until = asked + self._seconds
                tries = RENEWALS

    async def _release(self, lease: Lease) -> None:
        try:
            await self._leases.release(lease)
        except StorageError as error:  # its time will end it
            logger.info("the lease %r was not released: %s", lease.name, error)
