"""`collab serve` with leases that are short, and compactions that can be held up just before they
are written.

    RACING_HOLD=PATH python -m tests.faults.racing serve

While the file PATH is there, a compaction that is ready says `holding` and waits. What becomes of
each is said: `compacted FENCE SEQUENCE`, or the name of the error and the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

from collab import service, tuning
from collab.cli import main
from collab.errors import CollabError
from collab.interfaces import Lease, Snapshot
from collab.leasing import Leasing
from collab.room.limits import RoomLimits
from collab.settings import Settings
from collab.storage.sql import SqlDocumentStore

LEASE_SECONDS = 0.8
HOLD = Path(os.environ["RACING_HOLD"])


class HeldUpStore(SqlDocumentStore):
    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        assert lease is not None
        if held_up():
            say("holding", lease, snapshot)
            while held_up():  # noqa: ASYNC110 - it is another process that ends it
                await asyncio.sleep(0.01)
        try:
            await super().compact(document, base, rows, snapshot, lease)
        except CollabError as error:
            say(type(error).__name__, lease, snapshot)
            raise
        say("compacted", lease, snapshot)


def held_up() -> bool:
    return HOLD.exists()


def say(what: str, lease: Lease, snapshot: Snapshot) -> None:
    sys.stdout.write(f"{what} {lease.fence} {snapshot.sequence}\n")
    sys.stdout.flush()


def impatient(settings: Settings) -> RoomLimits:
    """Who finds a lease taken soon looks again."""
    return replace(tuning.room_limits(settings), compact_retry_first=0.2, compact_retry_most=0.4)


if __name__ == "__main__":
    with mock.patch.multiple(
        service,
        Leasing=partial(Leasing, seconds=LEASE_SECONDS),
        SqlDocumentStore=HeldUpStore,
        room_limits=impatient,
    ):
        sys.exit(main(sys.argv[1:]))
