"""What peers say to each other about one document, whatever the wire."""

from __future__ import annotations

from dataclasses import dataclass

from collab.protocol.awareness import AwarenessEntry


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """What the sender has, and thereby what it asks for: a well-formed state vector."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """The answer to SyncStep1: an update, not looked into yet."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """An edit as it happens: an update, not looked into yet."""

    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessUpdate:
    entries: tuple[AwarenessEntry, ...]


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """A request for the states of all who are present."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The server refuses; only a server may say so."""

    reason: str


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """A request for a receipt: echoed with its payload, of at most 64 bytes, once all that
    came before it is committed."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one Update or SyncStep2, on wires that say so for each: `accepted` is that
    all it holds is committed. Only a server may say so."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class Stateless:
    """A text beside the document, from the application on one side to that on the other."""

    payload: str


Message = (
    SyncStep1
    | SyncStep2
    | Update
    | AwarenessUpdate
    | QueryAwareness
    | Denied
    | SyncStatus
    | Receipt
    | Stateless
)
