"""What the tests do with a real client of any kind, and with many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

Clocks = list[list[int]]
"""A state vector: `[client id, clock]`, by client id."""


class Client(Protocol):
    """A document with one shared text, `content`, its provider and its presence. What waits
    raises AssertionError, with what there is instead, if that does not come."""

    name: str

    @property
    def client_id(self) -> int: ...

    async def synced(self) -> None:
        """Wait until it took what the server has, on the current connection."""

    async def is_saved(self) -> bool:
        """Whether, as the client itself sees it, the server has all of its edits."""

    async def saved(self) -> None:
        """Wait until it is connected and everything edited until now has its receipt."""

    async def contains(self, *parts: str) -> None:
        """Wait until the text holds all of these."""

    async def shows(self, text: str) -> None:
        """Wait until the text reads exactly so."""

    async def content(self) -> str: ...

    async def clocks(self) -> Clocks: ...

    async def has_clocks(self, clocks: Clocks) -> None:
        """Wait until its state vector is this one, and nothing is pending."""

    async def insert(self, index: int, text: str) -> None:
        """Type into the text; a negative index counts from the end, -1 is the end."""

    async def remove(self, index: int, length: int) -> None: ...

    async def states(self) -> dict[int, Any]:
        """Presence as this client sees it, by client id."""

    async def show(self, state: dict[str, Any] | None) -> None:
        """Set the own presence; None takes it away."""

    async def sees(self, client_id: int, part: str = "") -> None:
        """Wait for someone's presence, with `part` in its JSON."""

    async def sees_no_more(self, client_id: int) -> None: ...

    async def offline(self) -> None:
        """Take its network away, and wait until it noticed."""

    async def online(self) -> None:
        """Give it back; does not wait. A token set meanwhile is used."""

    async def cut(self) -> None:
        """Cut its socket as a lost network does, without a closing handshake."""

    async def closes(self) -> list[int | None]:
        """The codes that its sockets, or its document on one, were closed with."""

    async def closed(self, code: int) -> None:
        """Wait for this code among them."""

    async def refusals(self) -> list[str]:
        """The reasons that it was given for being refused."""

    async def refused(self, count: int = 1) -> None:
        """Wait for so many of them."""

    async def set_token(self, token: str) -> None:
        """The token that it gives when it is next asked for one."""

    async def end(self) -> None:
        """Close it for good."""


async def converged(clients: Sequence[Client]) -> Clocks:
    """Wait until all of them hold what each of them holds; returns their state vector."""
    merged: dict[int, int] = {}
    for client in clients:
        for author, clock in await client.clocks():
            merged[author] = max(clock, merged.get(author, 0))
    expected = [list(pair) for pair in sorted(merged.items())]
    await asyncio.gather(*(client.has_clocks(expected) for client in clients))
    return expected
