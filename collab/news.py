"""What nodes tell each other.

The log is the truth and news only makes it fast: each piece may be late, lost, repeated or out
of order, and whoever gets it must be right without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from collab.protocol.awareness import AwarenessEntry


@dataclass(frozen=True, slots=True)
class Committed:
    """Rows of a document are in the log; the last has `sequence`.

    `rows` are the updates of the last rows, in order, so that the log need not be read for
    them; none if they are too large to be carried.
    """

    document: str
    sequence: int
    rows: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Deleted:
    """The document was deleted, for good."""

    document: str


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """Who may do what in the document was changed."""

    document: str


@dataclass(frozen=True, slots=True)
class Present:
    """What peers are told of one client; `user` is who it is, if that is verified."""

    entry: AwarenessEntry
    user: str | None = None


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """States of peers of the node that says it; None as a state: the client is gone."""

    document: str
    states: tuple[Present, ...]


@dataclass(frozen=True, slots=True)
class PresenceOf:
    """All states of the node's peers: whatever else it said before is over."""

    document: str
    states: tuple[Present, ...]


@dataclass(frozen=True, slots=True)
class PresenceWanted:
    """The node opened the document, or missed something: tell it who is there. Without a
    document: in all documents."""

    document: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A Stateless message to all peers of the document."""

    document: str
    payload: str


News = Committed | Deleted | AccessChanged | PresenceChanged | PresenceOf | PresenceWanted | Said
"""What a node says."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Something may not have come: of the node named, which may not have been known before, or,
    of the node "", of anyone."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The node has stopped, or was not heard of for long."""


Event = News | Missed | Gone
"""What a subscriber hears."""


class Backplane(Protocol):
    """Carries news between nodes: may delay, lose, repeat and reorder them, and says when it
    knows that it did."""

    @property
    def node(self) -> str:
        """This node's name; a node that starts again has another."""

    @property
    def connected(self) -> bool:
        """False while nothing can be heard: then nodes look at the log by themselves."""

    def publish(self, news: News) -> None:
        """Hand news to every other node, without waiting and without an error."""

    def subscribe(
        self,
        receive: Callable[[str, Event], None],
        wanted: Callable[[str], bool] | None = None,
    ) -> Callable[[], None]:
        """Call `receive` with the node that speaks, or that it is about, and what is new;
        never inside `publish`. Returns the way to stop it.

        News of documents that are not `wanted` is not told, and where nobody wants it not even
        decoded, which is most of what it costs: pass `rooms.__contains__`. It is called for
        every piece of news, so it must be cheap. News of no document is always told."""

    async def start(self) -> None:
        """Returns whether or not the others can be reached: it is tried until `aclose`.
        Raises ConfigError for what will never work."""

    async def aclose(self) -> None:
        """Say goodbye, and stop."""
