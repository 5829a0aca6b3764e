"""A process that appends for as long as it lives, and says what was acknowledged.

    python -m tests.support.appender URL

Prints `ready`, then a line `first second` for every append that returned: the sequences of the
documents `first` and `second`. The data of a row is its own sequence.
"""

from __future__ import annotations

import asyncio
import sys

from collab.clock import SystemClock
from collab.interfaces import Append, NewRow
from collab.storage.engine import open_database
from collab.storage.sql import SqlDocumentStore


def rows(document: str, after: int, count: int) -> Append:
    numbers = range(after + 1, after + count + 1)
    return Append(document, tuple(NewRow(b"%d" % n, "appender", (1,)) for n in numbers))


async def main(url: str) -> None:
    store = SqlDocumentStore(open_database(url), SystemClock())
    first = (await store.load("first")).info.sequence
    second = (await store.load("second")).info.sequence
    print("ready", flush=True)  # noqa: T201 - what a child says to its parent
    while True:
        taken = await store.append([rows("first", first, 2), rows("second", second, 1)])
        if taken != [first + 2, second + 1]:
            raise SystemExit(f"{taken} after {first} and {second}")
        first, second = first + 2, second + 1
        print(first, second, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
