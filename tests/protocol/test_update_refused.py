"""What the validator refuses, rule by rule."""

from __future__ import annotations

import pytest

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.update import UpdateLimits, validate_update

from . import builders as build
from .builders import Place, one, section, string_struct, type_struct, update

LONG = build.long_varuint(11)
UNSAFE = 2**53


def refuse(data: bytes, because: str) -> None:
    with pytest.raises(ProtocolError, match=because):
        validate_update(data)


def after(clock: int, client: int = 1) -> Place:
    return Place(origin=(client, clock))


def test_bytes_over_the_limit() -> None:
    """[UP1] an update over the byte limit is refused, one at it is not."""
    data = one(string_struct("hello"))
    validate_update(data, UpdateLimits(max_bytes=len(data)))
    with pytest.raises(LimitExceeded, match="at most"):
        validate_update(data, UpdateLimits(max_bytes=len(data) - 1))
    with pytest.raises(LimitExceeded):
        validate_update(one(string_struct("x" * 2**21)))


def test_structs_over_the_limit() -> None:
    """[UP2] structs are counted over all sections."""
    data = update(*(section(client, 0, string_struct("a")) for client in (1, 2, 3)))
    validate_update(data, UpdateLimits(max_structs=3))
    with pytest.raises(LimitExceeded, match="3 structs, at most 2"):
        validate_update(data, UpdateLimits(max_structs=2))


@pytest.mark.parametrize(
    "data",
    [
        LONG,
        b"\x01" + LONG + b"\x01\x00\x00\x01\x00",
        b"\x01\x01" + LONG + b"\x00\x00\x01\x00",
        b"\x01\x01\x01" + LONG + b"\x00\x01\x00",
        b"\x01\x01\x01\x00\x00" + LONG + b"\x00",
        b"\x00" + LONG,
        b"\x00\x01\x01\x01" + LONG + b"\x01",
        b"\x00" + b"\xff" * 40,
    ],
)
def test_long_varints(data: bytes) -> None:
    """[UP3] varints over ten bytes are refused wherever they stand."""
    refuse(data, "over 10 bytes")


def test_varints_of_ten_bytes() -> None:
    """[UP3] ten bytes are the most."""
    assert validate_update(build.long_varuint(10) + b"\x01\x05\x00\x00\x01\x00").struct_count == 1


@pytest.mark.parametrize(
    "data",
    [
        one(build.gc_struct(1), client=UNSAFE),
        one(string_struct("a", after(0, UNSAFE))),
        one(string_struct("a", Place(right_origin=(UNSAFE, 0)))),
        one(string_struct("a", Place(parent=(UNSAFE, 0)))),
        update(deletes=[(UNSAFE, [(0, 1)])]),
        one(build.gc_struct(1), client=2**64 - 1),
    ],
)
def test_client_ids(data: bytes) -> None:
    """[UP4] client ids over 2^53-1 are refused."""
    refuse(data, f"is over {UNSAFE - 1}")


@pytest.mark.parametrize(
    "data",
    [
        one(build.gc_struct(1), clock=2**31),
        one(build.gc_struct(1), clock=2**31 - 1),
        one(build.gc_struct(2**31)),
        one(build.skip_struct(2**31)),
        one(build.deleted_struct(2**31)),
        one(string_struct("ab"), clock=2**31 - 2),
        update(section(1, 0, build.gc_struct(2**31 - 2), build.gc_struct(2))),
        one(string_struct("a", after(2**31, 2))),
        one(string_struct("a", Place(right_origin=(2, 2**31)))),
        one(string_struct("a", Place(parent=(2, 2**31)))),
        update(deletes=[(1, [(2**31, 1)])]),
        update(deletes=[(1, [(0, 2**31)])]),
        update(deletes=[(1, [(2**31 - 2, 2)])]),
        update(deletes=[(1, [(0, 2**32 + 1)])]),
    ],
)
def test_clocks(data: bytes) -> None:
    """[UP5] clocks, and clocks plus lengths, stay below 2^31."""
    refuse(data, "over")


@pytest.mark.parametrize(
    "data",
    [
        b"\x05\x00",
        b"\x01" + build.varuint(1000) + b"\x01\x00\x00\x01\x00",
        b"\x00\x7f",
        b"\x00\x01\x01\x7f\x00\x01",
        one(build.any_struct("a", count=100)),
        one(build.item(8, b"\x01\x75\x7f\x00\x00")),
        one(build.item(8, b"\x01\x76\x7f\x00\x00")),
        b"\x00" + build.varuint(2**40),
    ],
)
def test_counts(data: bytes) -> None:
    """[UP6] counts over the remaining bytes are refused before they are believed."""
    refuse(data, "elements announced")


@pytest.mark.parametrize(
    "struct",
    [
        build.item(4, b"\x7fabc"),
        build.item(3, b"\x7fabc"),
        build.item(5, b"\x7f{}"),
        build.item(6, b"\x01k\x7f1"),
        build.item(7, b"\x03\x7fp"),
        build.item(9, b"\x7fg"),
        build.item(8, b"\x01\x7b\x00"),
        build.item(8, b"\x01\x74\x7f"),
        build.item(9, b"\x01g"),
        b"\x04\x01\x7ft",
    ],
)
def test_content_that_ends_outside(struct: bytes) -> None:
    """[UP6] content that ends outside of the update is refused."""
    refuse(one(struct)[:-1], "end within")


@pytest.mark.parametrize("length", range(1, 40))
def test_every_prefix(length: int) -> None:
    """[UP6] an update cut short anywhere is refused."""
    place = Place(root="text", key="k")
    data = update(
        section(300, 128, string_struct("hé", place), build.any_struct(1, [2], place=after(7, 9))),
        deletes=[(300, [(0, 1), (5, 300)])],
    )
    assert validate_update(data).struct_count == 2
    if length < len(data):
        refuse(data[:length], "end within|announced|no structs")


@pytest.mark.parametrize("data", [b"\x00\x00\x00", update(tail=b"x"), update() + update()])
def test_trailing_bytes(data: bytes) -> None:
    """[UP7] bytes after the delete set are refused."""
    refuse(data, "bytes too many")


@pytest.mark.parametrize(
    "data",
    [
        update(section(1, 0)),
        update(section(2, 0, string_struct("a")), section(1, 0)),
        update(section(1, 0), deletes=[(1, [(0, 1)])]),
    ],
)
def test_empty_sections(data: bytes) -> None:
    """[UP8] a section without structs is refused."""
    refuse(data, "no structs")


def test_client_in_two_sections() -> None:
    """[UP9] a client has one section."""
    refuse(
        update(section(1, 0, string_struct("a")), section(1, 1, string_struct("b", after(0)))),
        "two sections of client 1",
    )


def test_client_twice_in_the_delete_set() -> None:
    """[UP10] a client stands once in the delete set, even without ranges."""
    refuse(update(deletes=[(1, [(0, 1)]), (1, [(5, 1)])]), "client 1 twice")
    refuse(update(deletes=[(1, []), (1, [(5, 1)])]), "client 1 twice")


@pytest.mark.parametrize(
    ("ranges", "because"),
    [
        ([(0, 0)], "empty delete range"),
        ([(0, 1), (5, 0)], "empty delete range"),
        ([(5, 1), (0, 1)], "out of order"),
        ([(0, 5), (4, 2)], "out of order"),
        ([(0, 5), (0, 5)], "out of order"),
        ([(0, 9), (3, 1)], "out of order"),
    ],
)
def test_delete_ranges(ranges: list[tuple[int, int]], because: str) -> None:
    """[UP11] delete ranges are not empty, ascend and do not overlap."""
    refuse(update(deletes=[(1, ranges)]), because)


@pytest.mark.parametrize(
    "struct",
    [
        build.gc_struct(0),
        build.skip_struct(0),
        build.deleted_struct(0),
        string_struct(""),
        build.any_struct(),
    ],
)
def test_structs_of_length_zero(struct: bytes) -> None:
    """[UP12] every struct takes at least one clock."""
    refuse(one(struct), "length zero")
    refuse(update(section(1, 0, build.gc_struct(1), struct)), "length zero")


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80, 0xC0, 0xE0])
@pytest.mark.parametrize("kind", [0, 10])
def test_flags_on_gc_and_skip(kind: int, flags: int) -> None:
    """[UP13] GC and Skip have no flags."""
    ids = {0x20: b"\x01\x01t\x01k", 0x40: b"\x02\x00", 0x80: b"\x02\x00"}
    refuse(one(bytes([kind | flags]) + ids.get(flags, b"\x02\x00\x03\x00") + b"\x01"), "unknown")


@pytest.mark.parametrize("kind", range(11, 32))
def test_unknown_kinds(kind: int) -> None:
    """[UP13] content kinds from 11 on are refused, moves among them."""
    refuse(one(build.item(kind, b"\x01\x00\x00")), "unknown kind")


def test_legacy_json() -> None:
    """[UP14] the legacy JSON content is refused."""
    refuse(one(build.json_struct(1, {"a": 2})), "legacy JSON")


@pytest.mark.parametrize("ref", [7, 8, 9, 15, 127, 255])
def test_unknown_shared_types(ref: int) -> None:
    """[UP15] weak links and what follows them are refused."""
    refuse(one(type_struct(ref)), "unknown shared type")


def test_xml_hooks() -> None:
    """[UP15] an XML hook is refused, whose name yrs does not read."""
    refuse(one(type_struct(5, name="hook")), "XML hook")
