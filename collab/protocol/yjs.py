"""The y-websocket wire: one message a frame, a type number and its payload."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, assert_never

from collab.errors import ProtocolError
from collab.protocol.awareness import decode_awareness, encode_awareness
from collab.protocol.encoding import Reader, write_bytes, write_string, write_varuint
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
from collab.protocol.state_vector import decode_state_vector

SYNC: Final = 0
AWARENESS: Final = 1
AUTH: Final = 2
QUERY_AWARENESS: Final = 3
SYNC_STATUS: Final = 102

STEP_1: Final = 0
STEP_2: Final = 1
UPDATE: Final = 2

_EDIT: Final = bytes((SYNC, UPDATE))

PERMISSION_DENIED: Final = 0

MAX_REASON: Final = 1024
MAX_STATUS: Final = 64
TINY: Final = 5
"""Bytes of what every client says that has nothing yet; too few for any edit."""


def decode(frame: bytes) -> Message:
    """The one message of a frame. Raises ProtocolError.

    All of it is checked but the inside of an update: that is left to `validate_update`, so
    that a large one can be checked away from the event loop.
    """
    size = len(frame) - 3
    if 0 <= size < 128 and frame.startswith(_EDIT) and frame[2] == size:  # as most are
        return Update(frame[3:])
    return _decode_tiny(frame) if len(frame) <= TINY else _decode(frame)


def _decode(frame: bytes) -> Message:
    reader = Reader(frame)
    message = _read(reader)
    reader.expect_end()
    return message


_decode_tiny = lru_cache(64)(_decode)


def _read(reader: Reader) -> Message:
    match kind := reader.varuint():
        case 0:
            return _read_sync(reader)
        case 1:
            return AwarenessUpdate(decode_awareness(reader.bytes_()))
        case 2:
            return _read_auth(reader)
        case 3:
            return QueryAwareness()
        case 102:
            return SyncStatus(reader.bytes_(MAX_STATUS))
    raise ProtocolError(f"unknown message type {kind}")


def _read_sync(reader: Reader) -> Message:
    match step := reader.varuint():
        case 0:
            state_vector = reader.bytes_()
            decode_state_vector(state_vector)
            return SyncStep1(state_vector)
        case 1:
            return SyncStep2(reader.bytes_())
        case 2:
            return Update(reader.bytes_())
    raise ProtocolError(f"unknown sync message {step}")


def _read_auth(reader: Reader) -> Message:
    answer = reader.varuint()
    if answer != PERMISSION_DENIED:
        raise ProtocolError(f"unknown auth message {answer}")
    return Denied(reader.string(MAX_REASON))


def encode(message: Message) -> bytes:
    """The frame of a message. Raises ValueError for what this wire cannot say."""
    if isinstance(message, Update) and len(message.update) < 128:  # as most are
        return b"%b%c%b" % (_EDIT, len(message.update), message.update)
    out = bytearray()
    match message:
        case SyncStep1(state_vector):
            return _sync(STEP_1, state_vector)
        case SyncStep2(update):
            return _sync(STEP_2, update)
        case Update(update):
            return _sync(UPDATE, update)
        case AwarenessUpdate(entries):
            out.append(AWARENESS)
            write_bytes(out, encode_awareness(entries))
        case QueryAwareness():
            out.append(QUERY_AWARENESS)
        case Denied(reason):
            out += bytes((AUTH, PERMISSION_DENIED))
            write_string(out, reason)
        case SyncStatus(payload):
            out.append(SYNC_STATUS)
            write_bytes(out, payload)
        case Receipt() | Stateless():
            raise ValueError(f"this wire has no {type(message).__name__}")
        case _:
            assert_never(message)
    return bytes(out)


def _sync(step: int, data: bytes) -> bytes:
    """In one copy: it may be a whole document."""
    if len(data) < 128:
        return b"%c%c%c%b" % (SYNC, step, len(data), data)
    head = bytearray((SYNC, step))
    write_varuint(head, len(data))
    return b"".join((head, data))
