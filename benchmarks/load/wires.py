"""How clients of each server speak: the path, what they begin with, and the frames after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from benchmarks.load.frames import client_frame
from collab.protocol.encoding import Reader, write_bytes, write_string, write_varuint

EMPTY_STATE: Final = b"\x00"
EMPTY_UPDATE: Final = b"\x00\x00"

_SYNC, _AWARENESS, _AUTH = 0, 1, 2
_STEP_1, _STEP_2, _UPDATE = 0, 1, 2
_TOKEN, _DENIED = 0, 1
_SYNC_STATUS: Final = 8
_PING: Final = b"\x09"
_PONG: Final = b"\x0a"
_PROVIDER: Final = "4.8.0"


class Kind(Enum):
    """What a server may say."""

    STEP_1 = auto()
    STEP_2 = auto()
    UPDATE = auto()
    AWARENESS = auto()
    RECEIPT = auto()
    PING = auto()
    DENIED = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Wire:
    """`path` goes before the document's name, unless that is on the frames: `addressed`."""

    name: str
    path: str
    addressed: bool = False

    def url(self, document: str) -> str:
        return self.path if self.addressed else self.path + document

    def prefix(self, document: str) -> bytes:
        if not self.addressed:
            return b""
        out = bytearray()
        write_string(out, document)
        return bytes(out)

    def hello(self, document: str, state: bytes) -> bytes:
        """What a client begins with: what it has, and before that who it is."""
        start = self.frame(document, _STEP_1, state)
        if not self.addressed:
            return start
        token = bytearray(self.prefix(document))
        write_varuint(token, _AUTH)
        write_varuint(token, _TOKEN)
        write_string(token, "")
        write_string(token, _PROVIDER)
        return client_frame(bytes(token)) + start

    def missing(self, document: str, update: bytes) -> bytes:
        """The answer to the server's question for what it lacks."""
        return self.frame(document, _STEP_2, update)

    def update(self, document: str, update: bytes) -> bytes:
        return self.frame(document, _UPDATE, update)

    def frame(self, document: str, step: int, data: bytes) -> bytes:
        out = bytearray(self.prefix(document))
        out += bytes((_SYNC, step))
        write_bytes(out, data)
        return client_frame(bytes(out))

    def read(self, payload: bytes) -> tuple[Kind, bytes]:
        """A message's kind, and the data of those that have any."""
        reader = Reader(payload)
        if self.addressed:
            if payload == _PING:
                return Kind.PING, _PONG
            reader.skip_bytes()
        kind = reader.varuint()
        if kind == _SYNC:
            step = reader.varuint()
            return _STEPS[step], payload[_skip_length(reader) :]
        if kind == _AUTH:
            # Of y-websocket all auth messages are refusals: 0.
            denied = reader.varuint() == (_DENIED if self.addressed else 0)
            return (Kind.DENIED if denied else Kind.OTHER), b""
        if kind == _SYNC_STATUS and self.addressed:
            return Kind.RECEIPT, b""
        return (Kind.AWARENESS if kind == _AWARENESS else Kind.OTHER), b""


_STEPS: Final = {_STEP_1: Kind.STEP_1, _STEP_2: Kind.STEP_2, _UPDATE: Kind.UPDATE}


def _skip_length(reader: Reader) -> int:
    reader.varuint()
    return reader.pos


YJS: Final = Wire("y-websocket", "/")
COLLAB: Final = Wire("y-websocket", "/ws/")
HOCUSPOCUS: Final = Wire("Hocuspocus", "/", addressed=True)
COLLAB_HOCUSPOCUS: Final = Wire("Hocuspocus", "/hocuspocus", addressed=True)
