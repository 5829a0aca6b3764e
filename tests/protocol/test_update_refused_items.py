"""What the validator refuses of items: where they go and what they carry."""

from __future__ import annotations

from typing import Any

import pytest

from collab.errors import ProtocolError
from collab.protocol.update import UpdateLimits, validate_update

from . import builders as build
from .builders import Place, one, section, string_struct, type_struct, update

BROKEN_UTF8 = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80")


def refuse(data: bytes, because: str) -> None:
    with pytest.raises(ProtocolError, match=because):
        validate_update(data)


@pytest.mark.parametrize("clock", [5, 6, 2**31 - 1])
@pytest.mark.parametrize("role", ["origin", "right_origin", "parent"])
def test_references_to_itself_or_later(role: str, clock: int) -> None:
    """[UP16] an item refers to what its client had written before."""
    places: dict[str, Any] = {role: (1, clock)}
    refuse(one(string_struct("ab", Place(**places)), clock=5), "refers to its own clock")
    places = {role: (1, 4)}
    validate_update(one(string_struct("ab", Place(**places)), clock=5))


def test_own_client_in_another_spelling() -> None:
    """[UP16] a client id that is spelled with more bytes is the same client."""
    padded = b"\x84\x81\x00"  # an item with an origin by client 1, in two bytes
    validate_update(one(padded + b"\x04\x01a", clock=5))
    refuse(one(padded + b"\x05\x01a", clock=5), "refers to its own clock")


def test_later_structs_of_a_section() -> None:
    """[UP16] clocks are counted on within a section."""
    first = string_struct("abc")
    validate_update(update(section(1, 0, first, string_struct("d", Place(origin=(1, 2))))))
    refuse(
        update(section(1, 0, first, string_struct("d", Place(origin=(1, 3))))),
        "item 3 of client 1 refers to its own clock 3",
    )


def test_origin_equal_to_right_origin() -> None:
    """[UP17] the undo of Yjs puts an item between another and itself."""
    validate_update(one(string_struct("a", Place(origin=(2, 3), right_origin=(2, 4)))))
    validate_update(one(string_struct("a", Place(origin=(2, 3), right_origin=(2, 3)))))


@pytest.mark.parametrize("info", [2, 3, 127, 128])
def test_unknown_ways_to_name_a_parent(info: int) -> None:
    """[UP18] a parent is a root or an id."""
    refuse(one(string_struct("a", Place(parent_info=info))), "is over 1")


@pytest.mark.parametrize(
    "parent",
    [
        string_struct("abc"),
        build.any_struct(1, 2, 3),
        build.binary_struct(b"x"),
        build.embed_struct("{}"),
        build.format_struct("k", "1"),
        build.doc_struct("guid", {}),
    ],
)
def test_parents_that_hold_nothing(parent: bytes) -> None:
    """[UP19] a parent in the same update is a shared type, in whatever section it stands."""
    child = string_struct("x", Place(parent=(1, 0)))
    for sections in (
        [section(1, 0, parent), section(2, 0, child)],
        [section(2, 0, child), section(1, 0, parent)],
        [section(1, 0, parent, string_struct("y", Place(parent=(1, 0))))],
    ):
        refuse(update(*sections), "is no shared type")


@pytest.mark.parametrize(
    "parent", [type_struct(1), build.gc_struct(1), build.deleted_struct(1), build.skip_struct(1)]
)
def test_parents_that_may_be(parent: bytes) -> None:
    """[UP19] shared types, what is deleted and what is not in the update may be parents."""
    child = string_struct("x", Place(parent=(1, 1)))
    before = string_struct("a")
    validate_update(update(section(1, 0, before, parent), section(2, 0, child)))
    validate_update(update(section(2, 0, child)))
    validate_update(update(section(2, 0, child), section(1, 5, before)))


@pytest.mark.parametrize("text", BROKEN_UTF8)
def test_broken_text(text: bytes) -> None:
    """[UP20] every text of an update is strict UTF-8."""
    for struct in (
        string_struct(text),
        build.embed_struct(b'"' + text + b'"'),
        build.format_struct(text, "1"),
        build.format_struct("k", b'"' + text + b'"'),
        type_struct(3, name=text),
        build.doc_struct(text, {}),
        string_struct("a", Place(root=text)),
        string_struct("a", Place(key=text)),
        build.item(8, b"\x01\x77" + build.string(text)),
        build.item(8, b"\x01\x76\x01" + build.string(text) + b"\x7e"),
    ):
        refuse(one(struct), "not UTF-8")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "undefined",
        "NaN",
        "Infinity",
        '{"a":-Infinity}',
        "1e400",
        "-1e400",
        "{",
        "[1,]",
        "{a:1}",
        "'a'",
        "1 2",
        "01",
        "+1",
        ".5",
        "\u00a01",
        "\ufeff1",
        '"\t"',
        '"\\x"',
        '"\\ud800"',
        '["\\udc00"]',
        '{"\\ud800":1}',
        '{"a":{"b":"\\ud83d!"}}',
        '{"a":1,"a":2}',
        "9" * 5000,
    ],
)
def test_lax_json(text: str) -> None:
    """[UP21] embeds and format values are strict JSON."""
    refuse(one(build.embed_struct(text)), "JSON")
    refuse(one(build.format_struct("bold", text)), "JSON")


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "-1.5e3",
        '"\\ud83d\\ude00"',
        '{"a":[{}]}',
        "0",
        '{"\\u00e9":[1,null,"\\u00e9"]}',
    ],
)
def test_strict_json(text: str) -> None:
    """[UP21] all that JSON.stringify writes is accepted, whole surrogate pairs among it."""
    validate_update(one(build.embed_struct(text)))
    validate_update(one(build.format_struct("bold", text)))


def test_nested_json() -> None:
    """[UP22] JSON is nested at most 64 deep; brackets in strings do not count."""
    validate_update(one(build.embed_struct(build.nested_json(64))))
    validate_update(one(build.embed_struct('["' + "[{" * 100 + '\\""]')))
    validate_update(one(build.embed_struct("[" + ",".join(["[]", "{}"] * 100) + "]")))
    refuse(one(build.embed_struct(build.nested_json(65))), "deeper than 64")
    refuse(one(build.embed_struct('{"a":' * 65 + "1" + "}" * 65)), "deeper than 64")
    refuse(one(build.format_struct("k", "[" * 100_000)), "deeper than 64")


def test_nested_values() -> None:
    """[UP22] values are nested at most 64 deep."""
    validate_update(one(build.any_struct(build.nested_value(64))))
    refuse(one(build.any_struct(build.nested_value(65))), "nested too deep")
    refuse(one(build.doc_struct("g", {"meta": build.nested_value(64)})), "nested too deep")
    refuse(one(build.item(8, b"\x01" + b"\x75\x01" * 100_000 + b"\x7e")), "nested too deep")


def test_nested_types() -> None:
    """[UP22] shared types are nested at most 64 deep."""
    validate_update(update(build.nested_types(64)))
    refuse(update(build.nested_types(65)), "nested deeper than 64")
    refuse(update(build.nested_types(5000)), "nested deeper than 64")
    with pytest.raises(ProtocolError, match="nested deeper than 3"):
        validate_update(update(build.nested_types(4)), UpdateLimits(max_depth=3))


def test_nested_types_that_inherit_their_parent() -> None:
    """[UP22] an item between neighbours lies as deep as they do, whatever the order."""
    deep = build.nested_types(64)
    sibling = type_struct(1, Place(origin=(1, 63)))
    child = type_struct(1, Place(parent=(2, 0)))
    validate_update(update(deep, section(2, 0, sibling)))
    for sections in (
        [deep, section(2, 0, sibling, child)],
        [section(3, 0, child), section(2, 0, sibling), deep],
    ):
        refuse(update(*sections), "nested deeper than 64")


def test_circles_of_items() -> None:
    """[UP22] items that wait for each other are not nested in anything, and are not followed
    for ever."""
    first = [type_struct(1, Place(parent=(2, clock))) for clock in range(50)]
    second = [type_struct(1, Place(parent=(1, clock))) for clock in range(50)]
    facts = validate_update(update(section(1, 0, *first), section(2, 0, *second)))
    assert facts.struct_count == 100


@pytest.mark.parametrize("options", [None, 1, "text", [], True, b""])
def test_subdocument_options(options: Any) -> None:
    """[UP23] the options of a subdocument are an object."""
    refuse(one(build.doc_struct("guid", options)), "not an object")


@pytest.mark.parametrize("tag", [0, 1, 115, 128, 255])
def test_unknown_values(tag: int) -> None:
    """[PR13] values of an unknown kind are refused."""
    refuse(one(build.item(8, bytes([1, tag]))), f"unknown kind {tag} of value")
