"""What a database holds, read without a server."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pycrdt

from collab.clock import SystemClock
from collab.crdt.updates import merge
from collab.interfaces import StoredDocument
from collab.storage.engine import open_database
from collab.storage.sql import SqlDocumentStore

TOKEN = re.compile("⟦[^⟦⟧]*⟧")


Where = Path | str
"""The data directory of an embedded database, or the URL of another."""


async def stored_documents(where: Where, *documents: str) -> list[StoredDocument]:
    url = where if isinstance(where, str) else f"sqlite:///{where / 'collab.db'}"
    database = open_database(url)
    try:
        store = SqlDocumentStore(database, SystemClock())
        return [await store.load(document) for document in documents]
    finally:
        await database.aclose()


def update_of(stored: StoredDocument) -> bytes:
    """Snapshot and log as one update."""
    snapshot = [] if stored.snapshot is None else [stored.snapshot.data]
    return merge([*snapshot, *(row.data for row in stored.updates)])


def text_of(update: bytes, root: str = "content") -> str:
    document: pycrdt.Doc[Any] = pycrdt.Doc()
    document.apply_update(update)
    return str(document.get(root, type=pycrdt.Text))


def tokens_of(text: str) -> Counter[str]:
    """How often each token stands in the text, which holds nothing else."""
    assert TOKEN.sub("", text) == "", "a token was torn"
    return Counter(TOKEN.findall(text))
