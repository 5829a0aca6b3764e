"""Arguments and results of the document worker's operations as byte strings, both ways."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from collab.interfaces import Compacted, Format, Kind
from collab.protocol.delete_set import decode_delete_set, encode_delete_set
from collab.protocol.update import Ranges, UpdateFacts

Parts = Sequence[bytes]


def pack_facts(facts: UpdateFacts) -> Parts:
    needs = [number for need in facts.needs.items() for number in need]
    numbers = [facts.struct_count, *_flat(facts.structs), *_flat(facts.deletes), *needs]
    return [struct.pack(f"<{len(numbers)}Q", *numbers)]


def unpack_facts(parts: Parts) -> UpdateFacts:
    (data,) = parts
    numbers = iter(struct.unpack(f"<{len(data) // 8}Q", data))
    count = next(numbers)
    structs, deletes = _ranges_by_client(numbers), _ranges_by_client(numbers)
    return UpdateFacts(structs, deletes, count, dict(zip(numbers, numbers, strict=True)))


def pack_known(known: Mapping[int, Ranges]) -> bytes:
    return encode_delete_set(known)


def unpack_known(data: bytes) -> Mapping[int, Ranges]:
    return decode_delete_set(data)


def pack_compacted(compacted: Compacted) -> Parts:
    gapless = b"\x01" if compacted.gapless else b"\x00"
    return [compacted.data, compacted.state_vector, compacted.delete_set, gapless]


def unpack_compacted(parts: Parts) -> Compacted:
    data, state_vector, delete_set, gapless = parts
    return Compacted(data, state_vector, delete_set, gapless == b"\x01")


def pack_render(update: bytes, root: str, kind: Kind, form: Format, title: str) -> Parts:
    return [update, pack_text(root), kind.encode(), form.encode(), pack_text(title)]


def unpack_render(parts: Parts) -> tuple[bytes, str, Kind, Format, str]:
    update, root, kind, form, title = parts
    return (
        update,
        unpack_text(root),
        Kind(kind.decode()),
        Format(form.decode()),
        unpack_text(title),
    )


def pack_text(text: str) -> bytes:
    """A caller's string may hold half a surrogate pair; what to make of it is not ours."""
    return text.encode(errors="surrogatepass")


def unpack_text(data: bytes) -> str:
    return data.decode(errors="surrogatepass")


def _flat(ranges: Mapping[int, Ranges]) -> Iterator[int]:
    yield len(ranges)
    for client, pairs in ranges.items():
        yield from (client, len(pairs))
        for start, end in pairs:
            yield from (start, end)


def _ranges_by_client(numbers: Iterator[int]) -> dict[int, Ranges]:
    found: dict[int, Ranges] = {}
    pairs = zip(numbers, numbers, strict=True)
    for _ in range(next(numbers)):
        client, count = next(numbers), next(numbers)
        found[client] = tuple(islice(pairs, count))
    return found
