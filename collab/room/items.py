"""What sessions are sent: frames, and what stands in for frames that were not kept."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from collab.errors import CollabError
from collab.protocol.awareness import AwarenessEntry

UNKNOWN: Final = -1
"""A version that no log remembers."""


class ItemKind(Enum):
    """What a frame is for, so that a full outbox can treat kinds differently."""

    UPDATE = auto()
    PRESENCE = auto()
    ANSWER = auto()
    """For this peer, or to be told once: receipts, refusals, messages beside the document."""


@dataclass(frozen=True, slots=True)
class Item:
    """An encoded frame; one object for all peers it goes to."""

    kind: ItemKind
    frame: bytes
    since: int = 0
    """Of an update: the log's version before anything in it was added; UNKNOWN if the log
    cannot tell."""
    until: int = 0
    """Of an update: the log's version that has all of it."""
    entries: tuple[AwarenessEntry, ...] = ()
    """What a presence frame says."""
    known: bytes | None = None
    """Of what was said to all some time ago: `Supply.known` as it was then."""


@dataclass(slots=True)
class Missed:
    """In the place of updates: those up to this version are made anew."""

    until: int


@dataclass(frozen=True, slots=True)
class Question:
    """A sync request that is answered when the channel has room for the answer."""

    state_vector: bytes


class Latest:
    """In the place of presence frames: the latest of each client is sent."""


LATEST: Final = Latest()
Entry = Item | Missed | Question | Latest


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that bring a peer's document up to a version of the log."""

    frames: list[bytes]
    version: int


class Supply(Protocol):
    """Where an outbox gets what it did not keep, and whom it tells."""

    def waiting(self) -> None:
        """Something waits for the peer, from now on."""

    def known(self) -> bytes:
        """A state vector that covers nothing which the peer, were it sent all, would lack."""

    def newer(self, since: int, until: int) -> Part | None:
        """Some of the updates after `since`, at least one, up to `until` at most; None if they
        are not remembered. Raises DocumentUnreadable."""

    def missing_now(self, state_vector: bytes, *, answer: bool) -> Part | None:
        """All that is lacked over a state vector, as an answer to a request or as an update;
        None if that takes a worker. Raises DocumentUnreadable."""

    async def missing(self, state_vector: bytes, *, answer: bool) -> Part:
        """As `missing_now`, for any size. Raises WorkerError too."""

    def presence(self, entries: tuple[AwarenessEntry, ...]) -> tuple[bytes, int]:
        """A frame with the first of these entries, and how many it holds."""

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run it until it ends or the room does."""

    def failed(self, error: CollabError) -> None:
        """The peer cannot be brought up to date. Ends it, before this returns."""

    def overflow(self) -> None:
        """Answers that cannot be made anew are over the limit. Ends the peer, later."""
