"""How many grants and links a document takes, and which of its links are forgotten first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from collab.access import Link, Role
from collab.errors import TooManyEntries

MAX_GRANTS: Final = 1000
MAX_LINKS: Final = 100
"""Live ones, of one document."""
MAX_ENDED: Final = 100
"""Revoked and expired ones that are kept to be shown, of one document."""


def check_grants(count: int) -> None:
    """Raises TooManyEntries if a document with `count` grants takes no other."""
    if count >= MAX_GRANTS:
        raise TooManyEntries(f"A document has at most {MAX_GRANTS} grants.")


def check_link(link: Link) -> None:
    """Raises ValueError for a link that would make an owner of whoever sees it."""
    if link.role is Role.OWNER:
        raise ValueError("a link makes no owners")


def is_over(link: Link, now: float) -> bool:
    return link.revoked is not None or (link.expires is not None and link.expires <= now)


def newest_first(links: Iterable[Link]) -> list[Link]:
    return sorted(links, key=lambda link: (link.created, link.id), reverse=True)


def to_forget(links: Sequence[Link], now: float) -> list[str]:
    """Ids of the ended links that a document with `links` gives up for a new one: those made
    first. Raises TooManyEntries if it has too many live ones."""
    ended = [link.id for link in newest_first(links) if is_over(link, now)]
    if len(links) - len(ended) >= MAX_LINKS:
        raise TooManyEntries(f"A document has at most {MAX_LINKS} share links that are in use.")
    return ended[MAX_ENDED:]
