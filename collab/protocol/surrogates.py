"""Characters of two UTF-16 units that someone put something between, or deleted half of.

No editor does it, but an update can. Yjs then puts U+FFFD in the place of each half. yrs keeps the
character and writes it with two clocks too many or too few, so that everything after it has
other ids in what it writes than in what it read.
"""

from __future__ import annotations

import re
from typing import Final

from collab.protocol.content import STRING
from collab.protocol.encoding import Reader, write_string
from collab.protocol.parts import StructParts, read_structs, rewrite
from collab.protocol.structs import KIND

_FOUR_BYTES: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")

Bounds = dict[int, set[int]]
"""By client, the clocks that something begins at, or ends before."""


def without_split_pairs(update: bytes) -> bytes:
    """`update`, merged from valid ones, with U+FFFD twice for each character that it splits; most
    often `update` itself. Raises ProtocolError for bytes that are no update."""
    if not _FOUR_BYTES.search(update):
        return update
    bounds = _bounds(update)
    found = False

    def change(client: int, struct: StructParts) -> None:
        nonlocal found
        if struct.info & KIND == STRING and _FOUR_BYTES.search(struct.content):
            text = Reader(struct.content).string()
            whole = _replace(text, struct.clock, bounds.get(client, set()))
            if whole != text:
                found = True
                content = bytearray()
                write_string(content, whole)
                struct.content = bytes(content)

    rewritten = rewrite(update, change)
    return rewritten if found else update


def _bounds(update: bytes) -> Bounds:
    bounds: Bounds = {}
    reader = Reader(update)
    for _ in range(reader.varuint()):
        count = reader.varuint()
        reader.varuint()
        for struct in read_structs(reader, count, reader.varuint()):
            if struct.origin is not None:
                client, clock = struct.origin
                bounds.setdefault(client, set()).add(clock + 1)
            if struct.right_origin is not None:
                client, clock = struct.right_origin
                bounds.setdefault(client, set()).add(clock)
    for _ in range(reader.varuint()):
        deleted = bounds.setdefault(reader.varuint(), set())
        # As written: where two ranges touch, yrs splits as well.
        for _ in range(reader.varuint()):
            start = reader.varuint()
            deleted |= {start, start + reader.varuint()}
    return bounds


def _replace(text: str, clock: int, bounds: set[int]) -> str:
    passed = 0  # characters of two units before this one

    def replacement(match: re.Match[str]) -> str:
        nonlocal passed
        middle = clock + match.start() + passed + 1
        passed += 1
        return "\ufffd\ufffd" if middle in bounds else match[0]

    return _ASTRAL.sub(replacement, text)
