"""The Hocuspocus wire: many documents on one socket, each frame with an address before it.

A frame is `string(address)`, a type number and its payload. What concerns a document's content
and presence are messages as on every wire; what only this wire says is `Control`. Ping and Pong
are frames of one bare byte: no address takes less than two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol import yjs
from collab.protocol.encoding import Reader, write_string
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

SYNC: Final = 0
AWARENESS: Final = 1
AUTH: Final = 2
QUERY_AWARENESS: Final = 3
STATELESS: Final = 5
CLOSE: Final = 7
SYNC_STATUS: Final = 8

TOKEN: Final = 0
PERMISSION_DENIED: Final = 1
AUTHENTICATED: Final = 2

PING: Final = b"\x09"
PONG: Final = b"\x0a"

MAX_ADDRESS: Final = 512
"""A document id of 255 bytes, and room for what a client puts behind it."""
MAX_TOKEN: Final = 16 * 1024
MAX_VERSION: Final = 64
MAX_REASON: Final = 1024
MAX_STATELESS: Final = 256 * 1024

SEPARATOR: Final = "\0"
"""Stands between document and session in an address."""


class Scope(StrEnum):
    """What a provider is told that it may do."""

    READ_WRITE = "read-write"
    READ_ONLY = "readonly"


@dataclass(frozen=True, slots=True)
class Token:
    """A client says who it is; providers from 4 on also say their version."""

    token: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The server asks for a new Token."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    scope: Scope


@dataclass(frozen=True, slots=True)
class PermissionDenied:
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    """The end of one document on this socket: the server says why, a client does not."""

    reason: str | None = None


Control = Token | TokenRequest | Authenticated | PermissionDenied | Close


@dataclass(frozen=True, slots=True)
class Address:
    """`prefix` is the address as it came, length and all: replies begin with the same bytes."""

    prefix: bytes
    document: str
    session: str | None


def split(frame: bytes) -> tuple[bytes, bytes]:
    """The prefix and the body of a frame; the body has at least one byte. What the prefix
    holds is left to `read_address`. Raises ProtocolError."""
    if not frame:
        raise ProtocolError("an empty frame")
    length, start = frame[0], 1
    if length > 127:
        reader = Reader(frame)
        length, start = reader.varuint(), reader.pos
        if length > MAX_ADDRESS:
            raise LimitExceeded(f"an address of {length} bytes, at most {MAX_ADDRESS} allowed")
        if length < 128 or start > 2:
            raise ProtocolError("the length of an address is spelled in too many bytes")
    end = start + length
    if end >= len(frame):
        raise ProtocolError(f"{len(frame)} bytes end within an address or right after it")
    return frame[:end], frame[end:]


def read_address(prefix: bytes) -> Address:
    """What a prefix that `split` gave says. Raises ProtocolError; `document` may be no id."""
    document, separator, session = Reader(prefix).string().partition(SEPARATOR)
    return Address(prefix, document, session if separator else None)


def prefix_of(address: str) -> bytes:
    """How frames to this address begin."""
    out = bytearray()
    write_string(out, address)
    return bytes(out)


def decode(body: bytes) -> Message | Control:
    """The one message of a frame, without its prefix. Raises ProtocolError.

    As in `collab.protocol.yjs`, all is checked but the inside of an update.
    """
    match body[:1]:
        case b"\x00" | b"\x01" | b"\x03":
            return yjs.decode(body)
    reader = Reader(body)
    message = _read(reader)
    reader.expect_end()
    return message


def decode_message(body: bytes) -> Message:
    """As `decode`, for a document that is open: what is about the wire is refused."""
    match message := decode(body):
        case Token() | TokenRequest() | Authenticated() | PermissionDenied() | Close():
            raise ProtocolError(f"{type(message).__name__} is not about the document")
        case _:
            return message


def _read(reader: Reader) -> Message | Control:
    match kind := reader.uint8():
        case 2:
            return _read_auth(reader)
        case 5:
            return Stateless(reader.string(MAX_STATELESS))
        case 7:
            return Close(reader.string(MAX_REASON) if reader.remaining else None)
        case 8:
            return Receipt(reader.varuint(1) == 1)
        case 4 | 6:
            raise ProtocolError(f"message type {kind} is for servers among themselves")
    raise ProtocolError(f"unknown message type {kind}")


def _read_auth(reader: Reader) -> Control:
    match kind := reader.uint8():
        case 0:
            if not reader.remaining:
                return TokenRequest()
            token = reader.string(MAX_TOKEN)
            return Token(token, reader.string(MAX_VERSION) if reader.remaining else None)
        case 1:
            return PermissionDenied(reader.string(MAX_REASON))
        case 2:
            scope = reader.string(MAX_REASON)
            if scope not in (Scope.READ_ONLY, Scope.READ_WRITE):
                raise ProtocolError("unknown scope")
            return Authenticated(Scope(scope))
    raise ProtocolError(f"unknown auth message {kind}")


def encode(message: Message) -> bytes:
    """The body of a message. Raises ValueError for what this wire cannot say: refusals are
    Receipts here, and so is what a SyncStatus asks for."""
    match message:
        case SyncStep1() | SyncStep2() | Update() | AwarenessUpdate() | QueryAwareness():
            return yjs.encode(message)
        case Receipt(accepted):
            # Read as a signed integer by providers: 0 and 1 are the same bytes either way.
            return bytes((SYNC_STATUS, accepted))
        case Stateless(payload):
            out = bytearray((STATELESS,))
            write_string(out, payload)
            return bytes(out)
        case Denied() | SyncStatus():
            raise ValueError(f"this wire has no {type(message).__name__}")
        case _:
            assert_never(message)


def encode_control(control: Control) -> bytes:
    """The body of what is about the wire."""
    out = bytearray((AUTH,))
    match control:
        case Token(token, version):
            out.append(TOKEN)
            write_string(out, token)
            if version is not None:
                write_string(out, version)
        case TokenRequest():
            out.append(TOKEN)
        case PermissionDenied(reason):
            out.append(PERMISSION_DENIED)
            write_string(out, reason)
        case Authenticated(scope):
            out.append(AUTHENTICATED)
            write_string(out, scope)
        case Close(reason):
            out[0] = CLOSE
            if reason is not None:
                write_string(out, reason)
        case _:
            assert_never(control)
    return bytes(out)
