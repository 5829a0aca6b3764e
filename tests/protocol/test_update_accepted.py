"""What the validator accepts, and what it says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab.errors import ProtocolError
from collab.protocol.delete_set import decode_delete_set, encode_delete_set
from collab.protocol.encoding import write_varuint
from collab.protocol.roots import RootKind, root_kinds
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import UpdateFacts, stored_facts, validate_update

from . import builders as build
from .builders import Place, one, section, string_struct, type_struct, update
from .histories import History
from .victim import expected_state

RECORDED = json.loads((Path(__file__).parent / "yjs_updates.json").read_text())


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("a", 1),
        ("é", 1),
        ("日本", 2),
        ("😀", 2),
        ("a😀b", 4),
        ("👩‍👩‍👧", 8),
        ("\ufeff", 1),
        ("\0", 1),
    ],
)
def test_lengths_of_strings(text: str, length: int) -> None:
    """[UP24] strings count UTF-16 units."""
    facts = validate_update(one(string_struct(text), clock=7))
    assert facts.structs == {1: ((7, 7 + length),)}


@pytest.mark.parametrize(
    ("struct", "length"),
    [
        (build.gc_struct(9), 9),
        (build.deleted_struct(300), 300),
        (build.any_struct(1, None, "x", [], {}), 5),
        (build.binary_struct(b""), 1),
        (build.binary_struct(bytes(1000)), 1),
        (build.embed_struct('{"image":"x"}'), 1),
        (build.format_struct("bold", "null"), 1),
        (build.format_struct("", "{}"), 1),
        (build.doc_struct("guid", {"autoLoad": True}), 1),
        (type_struct(0), 1),
        (type_struct(1), 1),
        (type_struct(2), 1),
        (type_struct(3, name="p"), 1),
        (type_struct(3, name=""), 1),
        (type_struct(4), 1),
        (type_struct(6), 1),
        (string_struct("a", Place(root="")), 1),
        (string_struct("a", Place(parent=(9, 9), key="")), 1),
        (string_struct("a", Place(origin=(9, 9), key="k")), 1),
        (string_struct("a", Place(origin=(9, 9), right_origin=(9, 8))), 1),
        (string_struct("a", Place(right_origin=(2**53 - 2, 2**31 - 1))), 1),
    ],
)
def test_kinds_of_structs(struct: bytes, length: int) -> None:
    """[UP26] every kind of struct that is written today is accepted."""
    facts = validate_update(one(struct, client=2**53 - 1, clock=4))
    assert (facts.structs, facts.deletes) == ({2**53 - 1: ((4, 4 + length),)}, {})
    assert facts.struct_count == 1


def test_what_others_must_bring() -> None:
    """[UP25] the highest clock named of each other client, be it a neighbour or a parent."""
    structs = [
        string_struct("a", Place(origin=(9, 4), right_origin=(8, 7))),
        string_struct("b", Place(origin=(5, 4))),
        string_struct("c", Place(parent=(9, 6))),
    ]
    facts = validate_update(update(build.section(5, 4, *structs)))
    assert facts.needs == {9: 6, 8: 7}


def test_nothing() -> None:
    """[UP26] an empty update, and one of deletes alone, is accepted."""
    assert validate_update(b"\x00\x00") == UpdateFacts({}, {}, 0)
    facts = validate_update(update(deletes=[(1, [(0, 3)]), (2, [])]))
    assert facts.deletes == {1: ((0, 3),), 2: ()}


def test_ranges() -> None:
    """[UP25] ranges leave out Skips and join what touches; structs are counted."""
    data = update(
        section(
            5,
            10,
            build.skip_struct(2),
            string_struct("ab", Place(origin=(5, 9))),
            build.gc_struct(3),
            build.skip_struct(1),
            build.skip_struct(4),
            string_struct("c", Place(origin=(5, 11))),
            build.skip_struct(7),
        ),
        section(9, 0, build.skip_struct(1)),
        deletes=[(5, [(12, 1), (13, 2), (17, 1)]), (9, [(0, 1)])],
    )
    facts = validate_update(data)
    assert facts.structs == {5: ((12, 17), (22, 23)), 9: ()}
    assert facts.deletes == {5: ((12, 15), (17, 18)), 9: ((0, 1),)}
    assert facts.struct_count == 8


def test_touching_delete_ranges() -> None:
    """[UP11] ranges that touch are accepted and reported as one."""
    facts = validate_update(update(deletes=[(1, [(0, 1), (1, 1), (3, 2), (5, 5)])]))
    assert facts.deletes == {1: ((0, 2), (3, 10))}


def test_limits_of_clocks() -> None:
    """[UP5] the last clock is 2^31-2."""
    facts = validate_update(one(string_struct("a"), clock=2**31 - 2))
    assert facts.structs == {1: ((2**31 - 2, 2**31 - 1),)}
    validate_update(update(deletes=[(1, [(0, 2**31 - 1)])]))


def test_many_structs() -> None:
    """[UP26] a long document is accepted at once, with its types side by side."""
    items = [type_struct(3, Place(origin=(1, clock)), name="p") for clock in range(3000)]
    facts = validate_update(update(section(1, 0, type_struct(3, name="p"), *items)))
    assert facts.structs == {1: ((0, 3001),)}


@pytest.mark.parametrize("seed", range(40))
def test_updates_of_pycrdt(seed: int) -> None:
    """[UP26] [UP25] what pycrdt writes is accepted, and its state vector agrees."""
    for data in History(seed).updates:
        facts = validate_update(data)
        assert decode_state_vector(pycrdt.get_state(data)) == expected_state(facts)


@pytest.mark.parametrize("seed", range(10))
def test_facts_and_replay(seed: int) -> None:
    """[UP25] the facts of a whole document are those of the replica that wrote it."""
    history = History(seed, steps=40)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(pycrdt.merge_updates(*history.updates))
    facts = validate_update(doc.get_update())
    assert decode_state_vector(doc.get_state()) == expected_state(facts)
    written = {replica.doc.client_id for replica in history.replicas}
    assert facts.structs.keys() <= written
    merged = validate_update(pycrdt.merge_updates(*history.updates))
    assert merged.structs == facts.structs
    assert merged.deletes == facts.deletes
    assert decode_delete_set(encode_delete_set(facts.deletes)) == facts.deletes


@pytest.mark.parametrize("number", range(len(RECORDED)))
def test_updates_of_yjs(number: int) -> None:
    """[UP26] [UP27] what Yjs writes is accepted, and read by pycrdt as by Yjs."""
    for text, state_vector in RECORDED[number]:
        data = bytes.fromhex(text)
        facts = validate_update(data)
        expected = decode_state_vector(bytes.fromhex(state_vector))
        assert expected_state(facts) == expected
        assert decode_state_vector(pycrdt.get_state(data)) == expected


def test_varint_spellings() -> None:
    """[PR1] integers may be spelled with more bytes than they need."""
    short = bytearray()
    write_varuint(short, 1)
    padded = b"\x81\x80\x00"
    data = one(string_struct("a"))
    assert data.startswith(short * 3)
    assert validate_update(padded * 3 + data[3:]) == validate_update(data)


def test_merged_contradictions() -> None:
    """[UP29] what contradicting updates merge into is still read, though no one may send it."""
    value = one(build.any_struct("t"))
    emoji = one(string_struct("😀"))
    merged = pycrdt.merge_updates(value, emoji)
    with pytest.raises(ProtocolError, match="length zero"):
        validate_update(merged)
    assert stored_facts(merged).structs == {1: ((0, 1),)}
    assert root_kinds(merged) == {"t": RootKind.ARRAY}


def test_merged_parents() -> None:
    """[UP29] a parent from another update that is no shared type is read, too."""
    merged = pycrdt.merge_updates(
        one(string_struct("a")), one(string_struct("b", Place(parent=(1, 0))), client=2)
    )
    with pytest.raises(ProtocolError, match="no shared type"):
        validate_update(merged)
    assert stored_facts(merged).structs == {1: ((0, 1),), 2: ((0, 1),)}


def test_merged_depth() -> None:
    """[UP29] updates may nest deeper together than alone, and have no limit together."""
    data = update(build.nested_types(1000))
    assert stored_facts(data).structs == {1: ((0, 1000),)}
    long = one(string_struct("x" * 3_000_000))
    assert stored_facts(long).structs == {1: ((0, 3_000_000),)}


@pytest.mark.parametrize("seed", range(5))
def test_stored_facts(seed: int) -> None:
    """[UP29] what is valid has the same facts when it is stored."""
    for data in History(seed).updates:
        assert stored_facts(data) == validate_update(data)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00", one(build.json_struct(1))])
def test_stored_bytes_that_are_no_update(data: bytes) -> None:
    """[UP29] what is no update is refused, stored or not."""
    with pytest.raises(ProtocolError):
        stored_facts(data)
