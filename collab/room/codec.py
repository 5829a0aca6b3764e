"""A wire as rooms see it: bytes to messages and back, and how it tells of receipts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from collab.protocol import yjs
from collab.protocol.messages import Message

Encode = Callable[[Message], bytes]


class Receipts(Enum):
    """How a peer learns that its update is committed."""

    ECHO = auto()
    """It gets its own update back, like everybody else."""
    EACH = auto()
    """It gets one Receipt for every Update and SyncStep2, in their order, besides."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Sessions with equal codecs get the same frames, so that each is encoded once; `encode`
    is called once for all codecs that differ in `prefix` alone."""

    name: str
    decode: Callable[[bytes], Message]
    """Takes a frame without the prefix. Raises ProtocolError."""
    encode: Encode
    prefix: bytes = b""
    """Goes before every frame sent: the address of the document, where one socket has many."""
    greets: bool = True
    """Whether the server asks first for what the client has; else it does so when the client's
    own SyncStep1 comes, each time."""
    receipts: Receipts = Receipts.ECHO
    stateless: bool = False
    """Whether it can carry Stateless messages."""
    impatient: bool = False
    """Whether its clients give up a connection on which nothing comes for a while, and nothing
    but a room keeps them from it."""
    claims_ahead: bool = False
    """Whether a peer's first SyncStatus may speak of edits that come only with its SyncStep2."""

    def __hash__(self) -> int:
        return hash((self.name, self.prefix))

    def frame(self, message: Message) -> bytes:
        return self.prefix + self.encode(message)


YJS = Codec("yjs", yjs.decode, yjs.encode, impatient=True)
