"""Seeded damage to real updates: to their bytes, and to the structs they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from collab.protocol.content import CONTENT_READERS, GC, SKIP
from collab.protocol.encoding import Reader
from collab.protocol.structs import HAS_ORIGIN, HAS_PARENT_SUB, HAS_RIGHT_ORIGIN, KIND

from . import builders as build

NUMBERS = (0, 1, 2, 3, 63, 64, 127, 128, 255, 2**16, 2**31 - 2, 2**31 - 1, 2**31, 2**32, 2**53)
TEXTS = ("", "a", "😀", "t", "text", "null", "{}", '{"a":[1]}', "x" * 300, "\u0000", "1e400")


@dataclass
class Struct:
    """A struct, its item part taken apart; GC and Skip are all payload."""

    info: int
    ids: list[tuple[int, int]]
    root: str | None
    key: str | None
    payload: bytes

    def encode(self) -> bytes:
        if self.info in (GC, SKIP):
            return bytes([self.info]) + self.payload
        out = b"".join(build.varuint(client) + build.varuint(clock) for client, clock in self.ids)
        if not self.info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN):
            out = b"\x00" + out if self.root is None else b"\x01" + build.string(self.root)
            if self.info & HAS_PARENT_SUB:
                out += build.string(self.key or "")
        return bytes([self.info]) + out + self.payload


@dataclass
class Parts:
    """An update taken apart."""

    sections: list[tuple[int, int, list[Struct]]]
    deletes: list[tuple[int, list[tuple[int, int]]]]

    def encode(self) -> bytes:
        sections = [
            build.section(client, clock, *(struct.encode() for struct in structs))
            for client, clock, structs in self.sections
        ]
        return build.update(*sections, deletes=self.deletes)

    def structs(self) -> list[Struct]:
        return [struct for _, _, structs in self.sections for struct in structs]

    def ids(self) -> list[tuple[int, int]]:
        """Some ids that the update speaks of."""
        starts = [(client, clock) for client, clock, _ in self.sections]
        return starts + [id_ for struct in self.structs() for id_ in struct.ids]


def take_apart(update: bytes) -> Parts:
    reader = Reader(update)
    sections = []
    for _ in range(reader.varuint()):
        count, client, clock = reader.varuint(), reader.varuint(), reader.varuint()
        sections.append((client, clock, [_read_struct(reader) for _ in range(count)]))
    deletes = []
    for _ in range(reader.varuint()):
        client, count = reader.varuint(), reader.varuint()
        deletes.append((client, [(reader.varuint(), reader.varuint()) for _ in range(count)]))
    return Parts(sections, deletes)


def _read_struct(reader: Reader) -> Struct:
    struct = Struct(reader.uint8(), [], None, None, b"")
    if struct.info not in (GC, SKIP):
        _read_place(reader, struct)
    start = reader.pos
    if struct.info in (GC, SKIP):
        reader.varuint()
    else:
        CONTENT_READERS[struct.info & KIND](reader, 64)
    struct.payload = reader.data[start : reader.pos]
    return struct


def _read_place(reader: Reader, struct: Struct) -> None:
    for flag in (HAS_ORIGIN, HAS_RIGHT_ORIGIN):
        if struct.info & flag:
            struct.ids.append((reader.varuint(), reader.varuint()))
    if struct.ids:
        return
    if reader.varuint():
        struct.root = reader.string()
    else:
        struct.ids.append((reader.varuint(), reader.varuint()))
    if struct.info & HAS_PARENT_SUB:
        struct.key = reader.string()


class Mutator:
    """Damages the updates of a corpus; the same seed gives the same damage."""

    def __init__(self, rng: Random, corpus: Sequence[bytes]) -> None:
        self._rng = rng
        self._corpus = [update for update in corpus if len(update) > 2]
        self._parts_damage: tuple[Callable[[Parts], None], ...] = (
            self._change_struct,
            self._change_struct,
            self._change_struct,
            self._change_order,
            self._change_section,
            self._change_deletes,
            self._graft,
        )

    def next(self) -> tuple[bytes, bytes]:
        """A real update and a damaged one."""
        update = self._rng.choice(self._corpus)
        if self._rng.random() < 0.35:
            return update, self._damage_bytes(update)
        parts = take_apart(update)
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            self._rng.choice(self._parts_damage)(parts)
        damaged = parts.encode()
        return update, self._damage_bytes(damaged) if self._rng.random() < 0.05 else damaged

    def _damage_bytes(self, update: bytes) -> bytes:
        data = bytearray(update)
        rng = self._rng
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            place = rng.randrange(len(data)) if data else 0
            match rng.randrange(5):
                case 0:
                    data[place : place + 1] = bytes([rng.randrange(256)])
                case 1:
                    data.insert(place, rng.randrange(256))
                case 2:
                    del data[place : place + rng.randint(1, 4)]
                case 3:
                    data[place : place + 1] = build.varuint(rng.choice(NUMBERS))
                case _:
                    other = rng.choice(self._corpus)
                    start = rng.randrange(len(other))
                    data[place:] = other[start:]
        return bytes(data)

    def _change_struct(self, parts: Parts) -> None:
        structs = parts.structs()
        if not structs:
            return
        rng = self._rng
        struct = rng.choice(structs)
        match rng.randrange(7):
            case 0:
                struct.info ^= rng.choice((HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_PARENT_SUB))
                struct.ids += [rng.choice(parts.ids())] * 2
                del struct.ids[self._ids_wanted(struct) :]
            case 1:
                struct.payload = rng.choice(structs).payload
            case 2:
                other = rng.choice(structs)
                struct.info, struct.payload = struct.info & ~KIND | other.info & KIND, other.payload
            case 3 if struct.ids:
                struct.ids[rng.randrange(len(struct.ids))] = self._id(parts)
            case 4:
                struct.root, struct.key = rng.choice(TEXTS), rng.choice(TEXTS)
            case 5 if struct.info in (GC, SKIP):
                struct.payload = build.varuint(rng.choice(NUMBERS))
            case _:
                struct.info, struct.payload = self._content(struct.info)

    def _ids_wanted(self, struct: Struct) -> int:
        flags = bool(struct.info & HAS_ORIGIN) + bool(struct.info & HAS_RIGHT_ORIGIN)
        return flags or int(struct.root is None)

    def _id(self, parts: Parts) -> tuple[int, int]:
        client, clock = self._rng.choice(parts.ids())
        return client, max(0, clock + self._rng.choice((-2, -1, 0, 1, 2, 5)))

    def _content(self, info: int) -> tuple[int, bytes]:
        rng = self._rng
        text = rng.choice(TEXTS)
        kind, payload = rng.choice(
            (
                (1, build.varuint(rng.choice(NUMBERS))),
                (4, build.string(text)),
                (5, build.string(text)),
                (6, build.string(text) + build.string(rng.choice(TEXTS))),
                (7, bytes([rng.choice((0, 1, 2, 4, 6))])),
                (7, b"\x03" + build.string(text)),
                (8, build.varuint(2) + build.any_value(text) + build.any_value(None)),
                (9, build.string(text) + build.any_value({text: text})),
                (3, build.string(text)),
            )
        )
        return info & ~KIND | kind, payload

    def _change_order(self, parts: Parts) -> None:
        _, _, structs = self._rng.choice(parts.sections) if parts.sections else (0, 0, [])
        if not structs:
            return
        place = self._rng.randrange(len(structs))
        match self._rng.randrange(4):
            case 0:
                self._rng.shuffle(structs)
            case 1:
                del structs[place]
            case 2:
                structs.insert(place, structs[self._rng.randrange(len(structs))])
            case _:
                structs.insert(place, Struct(self._rng.choice((GC, SKIP)), [], None, None, b"\x02"))

    def _change_section(self, parts: Parts) -> None:
        if not parts.sections:
            return
        place = self._rng.randrange(len(parts.sections))
        client, clock, structs = parts.sections[place]
        match self._rng.randrange(4):
            case 0:
                client = self._id(parts)[0]
            case 1:
                clock = self._rng.choice((0, clock + 1, max(0, clock - 1), 2**31 - 3))
            case 2:
                cut = self._rng.randint(0, len(structs))
                parts.sections.append((self._rng.choice((client, 7)), clock, structs[cut:]))
                structs = structs[:cut]
            case _:
                self._rng.shuffle(parts.sections)
                return
        parts.sections[place] = (client, clock, structs)

    def _change_deletes(self, parts: Parts) -> None:
        client, clock = self._id(parts) if parts.ids() else (1, 0)
        length = self._rng.choice((1, 2, 5, 100, *NUMBERS))
        if parts.deletes and self._rng.random() < 0.7:
            self._rng.choice(parts.deletes)[1].append((clock, length))
        else:
            parts.deletes.append((client, [(clock, length)]))

    def _graft(self, parts: Parts) -> None:
        """Bring in a client's section of another update."""
        other = take_apart(self._rng.choice(self._corpus))
        if other.sections:
            parts.sections.append(self._rng.choice(other.sections))
