"""One frame, or a few, for every class of malformed bytes, by name."""

from __future__ import annotations

from collections.abc import Iterator

from collab.protocol import yjs
from collab.protocol.messages import SyncStep2, Update
from tests.protocol import builders as build
from tests.protocol.builders import Place, one, section, string_struct, update

LONG = build.long_varuint(11)
UNSAFE_CLIENT = 2**53
CLOCK_LIMIT = 2**31
TOO_DEEP = 65
SURROGATE = b"\xed\xa0\x80"
GOOD = one(string_struct("fine"))


def updates() -> dict[str, bytes]:
    """Updates that break a rule each."""
    return {**_of_numbers(), **_of_sections(), **_of_structs(), **_of_text_and_values()}


def _of_numbers() -> dict[str, bytes]:
    return {
        "a varint of eleven bytes": LONG,
        "a long varint for a client": b"\x01\x01" + LONG + b"\x00\x00\x01\x00",
        "a long varint that never ends": b"\x00" + b"\xff" * 40,
        "a client over 2^53-1": one(build.gc_struct(1), client=UNSAFE_CLIENT),
        "an origin of a client over 2^53-1": one(
            string_struct("a", Place(origin=(UNSAFE_CLIENT, 0)))
        ),
        "a deleting client over 2^53-1": update(deletes=[(UNSAFE_CLIENT, [(0, 1)])]),
        "a clock of 2^31": one(build.gc_struct(1), clock=CLOCK_LIMIT),
        "a clock and length of 2^31": one(build.gc_struct(1), clock=CLOCK_LIMIT - 1),
        "a length of 2^31": one(build.skip_struct(CLOCK_LIMIT)),
        "a delete range up to 2^31": update(deletes=[(1, [(CLOCK_LIMIT - 2, 2)])]),
        "more sections than bytes": b"\x05\x00",
        "more structs than bytes": b"\x01" + build.varuint(1000) + b"\x01\x00\x00\x01\x00",
        "more deletes than bytes": b"\x00" + build.varuint(2**40),
        "more values than bytes": one(build.any_struct("a", count=100)),
    }


def _of_sections() -> dict[str, bytes]:
    gc = build.gc_struct(1)
    return {
        "an empty update": b"",
        "an update without a delete set": b"\x00",
        "bytes after the delete set": update(section(1, 0, gc), tail=b"\x00"),
        "a section without structs": update(section(1, 0)),
        "a client in two sections": update(section(1, 0, gc), section(1, 1, gc)),
        "a client twice in the delete set": update(deletes=[(1, [(0, 1)]), (1, [(3, 1)])]),
        "a delete range of length zero": update(deletes=[(1, [(0, 0)])]),
        "delete ranges out of order": update(deletes=[(1, [(5, 1), (0, 1)])]),
        "delete ranges that overlap": update(deletes=[(1, [(0, 5), (3, 4)])]),
    }


def _of_structs() -> dict[str, bytes]:
    return {
        "a GC of length zero": one(build.gc_struct(0)),
        "a Skip of length zero": one(build.skip_struct(0)),
        "a deletion of length zero": one(build.deleted_struct(0)),
        "a string of length zero": one(string_struct("")),
        "no values": one(build.any_struct()),
        "an unknown content kind": one(build.item(11, b"\x01\x00")),
        "a GC with flags": one(build.gc_struct(1, info=0x80)),
        "legacy JSON content": one(build.json_struct({"a": 1})),
        "a weak link": one(build.type_struct(7)),
        "an XML hook": one(build.type_struct(5, name="widget")),
        "an unknown shared type": one(build.type_struct(9)),
        "an item after itself": one(string_struct("a", Place(origin=(1, 0)))),
        "an item before itself": one(string_struct("a", Place(right_origin=(1, 0)))),
        "an item in itself": one(string_struct("a", Place(parent=(1, 0)))),
        "an item after a later one": one(string_struct("a", Place(origin=(1, 9)))),
        "an unknown way to name a parent": one(string_struct("a", Place(parent_info=2))),
        "a parent that holds nothing": update(
            section(1, 0, string_struct("ab")),
            section(2, 0, string_struct("x", Place(parent=(1, 0)))),
        ),
        "a string that ends outside": one(build.item(4, b"\x7fabc")),
        "an item cut off": one(string_struct("abcdef"))[:-6],
    }


def _of_text_and_values() -> dict[str, bytes]:
    return {
        "a string that is not UTF-8": one(string_struct(b"\xff")),
        "half of a surrogate pair": one(string_struct(SURROGATE)),
        "a root that is not UTF-8": one(string_struct("a", Place(root=b"\xff"))),
        "a key that is not UTF-8": one(build.any_struct(1, place=Place(key=b"\xc3"))),
        "an embed with NaN": one(build.embed_struct("NaN")),
        "a format with Infinity": one(build.format_struct("bold", "-Infinity")),
        "a number that overflows": one(build.embed_struct("1e400")),
        "an embed that is no JSON": one(build.embed_struct("{a:1}")),
        "a key twice in JSON": one(build.embed_struct('{"a":1,"a":2}')),
        "JSON nested too deep": one(build.embed_struct(build.nested_json(TOO_DEEP))),
        "JSON nested far too deep": one(build.embed_struct(build.nested_json(100_000))),
        "values nested too deep": one(build.any_struct(build.nested_value(TOO_DEEP))),
        "shared types nested too deep": update(build.nested_types(TOO_DEEP + 1)),
        "a value of an unknown kind": one(build.item(8, b"\x01\x05")),
        "a subdocument without options": one(build.doc_struct("guid", 1)),
        "a large one with a byte too many": one(string_struct("x" * 200_000)) + b"\x00",
    }


def awareness() -> dict[str, bytes]:
    """Awareness updates that break a rule each."""
    return {
        "a state that is a list": build.awareness((7, 1, "[]")),
        "a state with NaN": build.awareness((7, 1, '{"a":NaN}')),
        "a state that is no JSON": build.awareness((7, 1, "{")),
        "a state that is not UTF-8": build.awareness((7, 1, b'{"a":"\xff"}')),
        "a state nested too deep": build.awareness(
            (7, 1, '{"a":' + build.nested_json(TOO_DEEP) + "}")
        ),
        "a clock of 2^31 in presence": build.awareness((7, CLOCK_LIMIT, "{}")),
        "a client over 2^53-1 in presence": build.awareness((UNSAFE_CLIENT, 1, "{}")),
        "a client twice in presence": build.awareness((7, 1, "{}"), (7, 2, "{}")),
        "one state at fault among good ones": build.awareness((7, 1, "{}"), (8, 1, "1")),
        "more states than bytes": build.awareness((7, 1, "{}"), count=200),
        "bytes after the states": build.awareness((7, 1, "{}")) + b"\x00",
    }


def frames() -> dict[str, bytes]:
    """Frames that no message is in."""
    step_1 = b"\x00\x00" + build.string(build.state_vector([(1, 1)]))
    twice = build.state_vector([(1, 1), (1, 2)])
    return {
        "an empty frame": b"",
        "an unknown message": b"\x63\x00",
        "a message number of eleven bytes": LONG,
        "an unknown sync message": b"\x00\x03\x00",
        "an unknown auth message": b"\x02\x01\x00",
        "a sync message cut off": step_1[:-1],
        "bytes after a sync message": step_1 + b"\x00",
        "two messages in a frame": step_1 + step_1,
        "an update that ends outside": b"\x00\x02\x7f\x00",
        "a client twice in a state vector": b"\x00\x00" + build.string(twice),
        "a clock of 2^31 in a state vector": b"\x00\x00"
        + build.string(build.state_vector([(1, CLOCK_LIMIT)])),
        "more clocks than bytes": b"\x00\x00" + build.string(build.varuint(2**40)),
        "bytes after a query": b"\x03\x00",
    }


def oversized() -> Iterator[tuple[str, bytes]]:
    """Every frame with a part over its limit, and its name."""
    state = build.awareness((7, 1, '{"a":"' + "x" * 4096 + '"}'))
    yield "a state over 4 KiB", bytes((yjs.AWARENESS,)) + build.string(state)
    states = build.awareness(*((client, 1, "{}") for client in range(4097)))
    yield "more than 4096 states", bytes((yjs.AWARENESS,)) + build.string(states)
    yield "a status of 65 bytes", bytes((yjs.SYNC_STATUS,)) + build.string(b"x" * 65)
    yield "a reason over 1 KiB", bytes((yjs.AUTH, 0)) + build.string("x" * 1025)
    yield "an update over 2 MiB", yjs.encode(Update(one(string_struct("x" * 2**21))))


def malformed() -> Iterator[tuple[str, bytes]]:
    """Every malformed frame and its name."""
    yield from frames().items()
    for name, data in awareness().items():
        yield name, bytes((yjs.AWARENESS,)) + build.string(data)
    for name, data in updates().items():
        yield f"{name}, as an update", yjs.encode(Update(data))
        yield f"{name}, as a first sync", yjs.encode(SyncStep2(data))
