"""What every catalog shares: how titles are searched and what a cursor holds."""

from __future__ import annotations

import base64
import binascii
import math
import unicodedata
from dataclasses import dataclass

MAX_CURSOR = 1024
"""Characters; an id has at most 255 bytes, so no cursor of ours is longer."""


def search_key(text: str) -> str:
    """`text` without the differences that a search looks past: case and composition.

    Stored beside the title, because the databases disagree: SQLite's `lower` knows only
    ASCII, and PostgreSQL's follows the locale of the server.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the list of documents, newest edit first, ids settling ties.

    A page begins after a position rather than at a count of rows, so a document that is
    edited, created or deleted between two pages shifts no other one out of sight or into
    sight twice. The edited document itself moves to the front: a reader that had not come
    to it yet will not meet it further down.
    """

    updated: float
    document: str

    def cursor(self) -> str:
        """An opaque, URL-safe text; equal times survive it exactly."""
        text = f"{self.updated.hex()} {self.document}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, cursor: str) -> Position:
        """Raises ValueError for a text that `cursor` did not give."""
        if len(cursor) > MAX_CURSOR or not cursor.isascii():
            raise ValueError("not a cursor")
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
            updated, _, document = text.partition(" ")
            position = cls(float.fromhex(updated), document)
        except (binascii.Error, UnicodeDecodeError, ValueError, OverflowError):
            raise ValueError("not a cursor") from None
        # One spelling only: whatever else decodes to a position was not made here. No id holds
        # a NUL, and PostgreSQL would fail on it.
        made_here = position.cursor() == cursor and "\0" not in document
        if not made_here or not math.isfinite(position.updated):
            raise ValueError("not a cursor")
        return position


def check_limit(limit: int) -> None:
    """Raises ValueError for a page size that is not positive."""
    if limit < 1:
        raise ValueError(f"a page needs room for at least one document, not {limit}")
