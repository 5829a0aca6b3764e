"""lib0 `Any`: the typed values that shared types hold."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from collab.errors import ProtocolError
from collab.protocol.encoding import (
    MAX_SAFE_INTEGER,
    Reader,
    write_bytes,
    write_string,
    write_varint,
    write_varuint,
)

MAX_DEPTH: Final = 64

UNDEFINED: Final = 127
NULL: Final = 126
INTEGER: Final = 125
FLOAT32: Final = 124
FLOAT64: Final = 123
BIGINT: Final = 122
FALSE: Final = 121
TRUE: Final = 120
STRING: Final = 119
OBJECT: Final = 118
ARRAY: Final = 117
BINARY: Final = 116

_MAX_INTEGER: Final = MAX_SAFE_INTEGER + 1  # yrs writes 2^53 itself as an integer, too


class Undefined:
    """The type of `undefined`, which JavaScript tells from null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


undefined: Final = Undefined()


def read_any(reader: Reader, max_depth: int = MAX_DEPTH) -> Any:
    """The next value: None, bool, int, float, str, bytes, list, dict or `undefined`.

    Raises ProtocolError, also for lists and dicts nested deeper than `max_depth`.
    """
    tag = reader.uint8()
    match tag:
        case 119:
            return reader.string()
        case 125:
            return reader.varint(_MAX_INTEGER)
        case 126:
            return None
        case 127:
            return undefined
        case 120 | 121:
            return tag == TRUE
        case 122 | 123 | 124:
            return _read_number(reader, tag)
        case 117 | 118:
            return _read_container(reader, tag, max_depth)
        case 116:
            return reader.bytes_()
    raise ProtocolError(f"unknown kind {tag} of value before byte {reader.pos}")


def _read_number(reader: Reader, tag: int) -> float | int:
    if tag == BIGINT:
        return int.from_bytes(reader.raw(8), "big", signed=True)
    packed = reader.raw(8) if tag == FLOAT64 else reader.raw(4)
    value: float = struct.unpack(">d" if tag == FLOAT64 else ">f", packed)[0]
    return value


def _read_container(reader: Reader, tag: int, max_depth: int) -> list[Any] | dict[str, Any]:
    if max_depth < 1:
        raise ProtocolError(f"values nested too deep before byte {reader.pos}")
    length = reader.count()
    if tag == ARRAY:
        return [read_any(reader, max_depth - 1) for _ in range(length)]
    return {reader.string(): read_any(reader, max_depth - 1) for _ in range(length)}


def write_any(out: bytearray, value: Any) -> None:
    """Append `value`, of a type that `read_any` gives. Raises TypeError for others."""
    match value:
        case None:
            out.append(NULL)
        case Undefined():
            out.append(UNDEFINED)
        case bool():
            out.append(TRUE if value else FALSE)
        case int():
            _write_int(out, value)
        case float():
            out.append(FLOAT64)
            out += struct.pack(">d", value)
        case str():
            out.append(STRING)
            write_string(out, value)
        case bytes():
            out.append(BINARY)
            write_bytes(out, value)
        case Mapping() | Sequence():
            _write_container(out, value)
        case _:
            raise TypeError(f"{type(value).__name__} has no lib0 encoding")


def _write_int(out: bytearray, value: int) -> None:
    if abs(value) <= MAX_SAFE_INTEGER:
        out.append(INTEGER)
        write_varint(out, value)
    else:
        out.append(BIGINT)
        out += value.to_bytes(8, "big", signed=True)


def _write_container(out: bytearray, value: Mapping[str, Any] | Sequence[Any]) -> None:
    if isinstance(value, Mapping):
        out.append(OBJECT)
        write_varuint(out, len(value))
        for key, element in value.items():
            write_string(out, key)
            write_any(out, element)
    else:
        out.append(ARRAY)
        write_varuint(out, len(value))
        for element in value:
            write_any(out, element)
