"""A digest of all that a document shows, to compare two documents by reading them."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pycrdt

from collab.crdt.chunks import Chunks, attributes_of, joined

Digest = dict[str, bytes]
"""Per root, a hash of what it shows. Roots that show nothing are left out."""


def digest(document: pycrdt.Doc[Any]) -> Digest:
    """Every root read as a sequence and as a map: an update does not say which it is."""
    with document.transaction():
        found = {name: _root(document, name) for name in document.keys()}  # noqa: SIM118
    return {name: value for name, value in found.items() if value}


def _root(document: pycrdt.Doc[Any], name: str) -> bytes:
    chunks = document.get(name, type=pycrdt.Text).diff()
    entries = str(document.get(name, type=pycrdt.Map))
    values = "[]" if _holds_xml(chunks) else str(document.get(name, type=pycrdt.Array))
    if entries == "{}" and values == "[]" and not chunks:
        return b""
    hasher = blake2b(digest_size=16)
    _feed(hasher, _parsed(entries))
    _feed(hasher, _parsed(values))
    _walk(hasher, chunks)
    return hasher.digest()


def _holds_xml(chunks: Chunks) -> bool:
    """Reading XML as an array as well would only write all of it out a second time."""
    return any(isinstance(value, pycrdt.XmlElement | pycrdt.XmlText) for value, _ in chunks)


def _walk(hasher: blake2b, chunks: Chunks) -> None:
    """Feed a sequence and all that is nested in it; a stack, since depth is up to the author."""
    stack = joined(chunks)[::-1]
    while stack:
        value, marks = stack.pop()
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


def _feed(hasher: blake2b, value: Any) -> None:
    hasher.update(json.dumps(value, sort_keys=True, default=_in_words).encode())
    hasher.update(b"\x00")


def _in_words(value: Any) -> str:
    """What JSON has no form for: bytes, or a shared type as the value of an attribute."""
    return value.hex() if isinstance(value, bytes) else type(value).__name__
