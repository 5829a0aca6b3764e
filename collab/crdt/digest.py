"""A digest of all that a document shows, to compare two documents by reading them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, assert_never

import pycrdt

from collab.crdt.chunks import Chunks, attributes_of, joined
from collab.protocol.roots import RootKind

Digest = dict[str, bytes]
"""Per root, a hash of what it shows. Roots that show nothing are left out."""


def digest(document: pycrdt.Doc[Any], kinds: Mapping[str, RootKind]) -> Digest:
    """Every root of `kinds`, read as what it is: reading a formatted text as an array can make
    the library loop for ever."""
    with document.transaction():
        found = {name: _root(document, name, kind) for name, kind in kinds.items()}
    return {name: value for name, value in found.items() if value}


def _root(document: pycrdt.Doc[Any], name: str, kind: RootKind) -> bytes:
    entries = _parsed(str(document.get(name, type=pycrdt.Map)))
    values: Any = []
    chunks: Chunks = []
    match kind:
        case RootKind.MAP:
            pass
        case RootKind.ARRAY:
            values = _parsed(str(document.get(name, type=pycrdt.Array)))
        case RootKind.TEXT | RootKind.XML:
            chunks = joined(document.get(name, type=pycrdt.Text).diff())
            if isinstance(entries, dict):
                # Here they are attributes, and null is none: the library shows a deleted one
                # of a deleted child so.
                entries = {key: value for key, value in entries.items() if value is not None}
        case never:
            assert_never(never)
    if not entries and not values and not chunks:
        return b""
    hasher = blake2b(digest_size=16)
    _feed(hasher, [entries, values])
    _walk(hasher, chunks)
    return hasher.digest()


def _walk(hasher: blake2b, chunks: Chunks) -> None:
    """Feed a sequence and all that is nested in it; a stack, since depth is up to the author."""
    stack = chunks[::-1]
    while stack:
        value, marks = stack.pop()
        if isinstance(value, str):  # most of a document, and the other checks are slow
            _feed(hasher, [value, marks])
            continue
        match value:
            case pycrdt.XmlElement():
                children = list(value.children)
                _feed(hasher, ["element", value.tag, attributes_of(value), len(children)])
                stack += [(child, None) for child in reversed(children)]
            case pycrdt.XmlFragment():
                children = list(value.children)
                _feed(hasher, ["fragment", len(children)])
                stack += [(child, None) for child in reversed(children)]
            case pycrdt.XmlText() | pycrdt.Text():
                attributes = attributes_of(value) if isinstance(value, pycrdt.XmlText) else None
                inner = joined(value.diff())
                _feed(hasher, ["text", attributes, marks, len(inner)])
                stack += inner[::-1]
            case pycrdt.Map() | pycrdt.Array():
                _feed(hasher, [_parsed(str(value)), marks])
            case pycrdt.Doc():
                _feed(hasher, ["document", value.guid, marks])
            case _:
                _feed(hasher, [value, marks])


def _parsed(text: str) -> Any:
    """JSON parsed, so that it can be fed with its keys sorted: the library writes the entries
    of a map in any order."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Too deep to parse: the characters without their order still tell almost every loss.
        return "".join(sorted(text))


def _in_words(value: Any) -> str:
    """What JSON has no form for: bytes, or a shared type as the value of an attribute."""
    return value.hex() if isinstance(value, bytes) else type(value).__name__


_encode = json.JSONEncoder(sort_keys=True, default=_in_words).encode


def _feed(hasher: blake2b, value: Any) -> None:
    hasher.update(_encode(value).encode())
    hasher.update(b"\x00")
