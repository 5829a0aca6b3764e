"""Another process that reads: for every line it gets, the sequences that it sees.

python -m tests.support.reader URL DOCUMENT
"""

from __future__ import annotations

import asyncio
import sys

from collab.clock import SystemClock
from collab.storage.engine import open_database
from collab.storage.sql import SqlDocumentStore


async def main(url: str, document: str) -> None:
    database = open_database(url)
    store = SqlDocumentStore(database, SystemClock())
    for _ in sys.stdin:
        stored = await store.load(document)
        print(*(row.sequence for row in stored.updates), flush=True)  # noqa: T201
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
