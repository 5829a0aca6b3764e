"""A wire as rooms see it: bytes to messages and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from collab.protocol import yjs
from collab.protocol.messages import Message


@dataclass(frozen=True, slots=True)
class Codec:
    """Sessions that share a codec get the same frames, so that each is encoded once."""

    name: str
    decode: Callable[[bytes], Message]
    """Raises ProtocolError."""
    encode: Callable[[Message], bytes]


YJS = Codec("yjs", yjs.decode, yjs.encode)
