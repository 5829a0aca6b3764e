"""Updates cut to what is new."""

from __future__ import annotations

from random import Random
from typing import Any

import pycrdt
import pytest

from collab.protocol.delete_set import decode_delete_set, encode_delete_set
from collab.protocol.ranges import Ranges
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.trimming import without_known
from collab.protocol.update import UpdateFacts, validate_update

from . import builders as build
from .builders import Place, one, section, string_struct, type_struct, update
from .histories import History
from .victim import corpus, expected_state

RIGHT = Place(right_origin=(9, 9))


def less(structs: Ranges, known: Ranges) -> Ranges:
    """Clock by clock, what is left."""
    clocks = {clock for start, end in structs for clock in range(start, end)}
    clocks -= {clock for start, end in known for clock in range(start, end)}
    starts = sorted(clock for clock in clocks if clock - 1 not in clocks)
    ends = sorted(clock + 1 for clock in clocks if clock + 1 not in clocks)
    return tuple(zip(starts, ends, strict=True))


def test_nothing_known() -> None:
    """[UP30] an update of which nothing is known stays as it is."""
    data = update(
        section(1, 3, type_struct(3, name="p"), build.gc_struct(5), string_struct("abc", RIGHT)),
        deletes=[(1, [(0, 2)])],
    )
    assert without_known(data, {}) == data
    assert without_known(data, {1: ((0, 3), (12, 20)), 2: ((0, 9),)}) == data


def test_all_known() -> None:
    """[UP30] of an update of which all is known only the deletes stay."""
    data = update(section(1, 3, string_struct("abc")), deletes=[(1, [(0, 2)])])
    assert without_known(data, {1: ((0, 6),)}) == update(deletes=[(1, [(0, 2)])])


@pytest.mark.parametrize(
    ("whole", "known", "parts"),
    [
        (string_struct("hello"), (0, 2), [string_struct("llo", Place(origin=(1, 1)))]),
        (string_struct("hello"), (3, 5), [string_struct("hel")]),
        (
            string_struct("hello", RIGHT),
            (1, 4),
            [
                string_struct("h", RIGHT),
                build.skip_struct(3),
                string_struct("o", Place(origin=(1, 3), right_origin=(9, 9))),
            ],
        ),
        (
            build.any_struct(1, "b", [3], place=Place(key="k")),
            (0, 1),
            [b"\xa8\x01\x00" + build.any_struct("b", [3])[4:]],
        ),
        (build.any_struct(1, "b", [3]), (1, 3), [build.any_struct(1)]),
        (build.deleted_struct(300), (0, 100), [build.deleted_struct(200, Place(origin=(1, 99)))]),
        (build.gc_struct(300), (0, 100), [build.gc_struct(200)]),
        (build.gc_struct(300), (200, 400), [build.gc_struct(200)]),
    ],
)
def test_parts(whole: bytes, known: tuple[int, int], parts: list[bytes]) -> None:
    """[UP30] a part of a struct is written as if it had been typed after the part before."""
    start = known[1] if known[0] == 0 else 0
    expected = update(section(1, start, *parts))
    assert without_known(one(whole), {1: (known,)}) == expected
    validate_update(expected)


@pytest.mark.parametrize(
    ("known", "left"),
    [((0, 1), "\ufffdb"), ((0, 2), "b"), ((1, 3), "\ufffd")],
)
def test_surrogate_pairs(known: tuple[int, int], left: str) -> None:
    """[UP30] half of a surrogate pair becomes U+FFFD, of the same length."""
    facts = validate_update(trimmed := without_known(one(string_struct("😀b")), {1: (known,)}))
    assert facts.structs == {1: less(((0, 3),), (known,))}
    assert left.encode() in trimmed


def test_skips() -> None:
    """[UP30] Skips are made anew: none before the first struct, and none after the last."""
    data = update(
        section(
            1,
            0,
            build.skip_struct(2),
            string_struct("ab", RIGHT),
            build.skip_struct(3),
            string_struct("cd", RIGHT),
            build.skip_struct(1),
        )
    )
    first, second = string_struct("ab", RIGHT), string_struct("cd", RIGHT)
    assert without_known(data, {}) == update(section(1, 2, first, build.skip_struct(3), second))
    assert without_known(data, {1: ((0, 4),)}) == update(section(1, 7, second))
    assert without_known(data, {1: ((7, 9),)}) == update(section(1, 2, first))


@pytest.mark.parametrize("seed", range(12))
def test_facts(seed: int) -> None:
    """[UP30] what is left is valid and holds exactly what was not known."""
    rng = Random(seed)
    for data in History(seed).updates:
        facts = validate_update(data)
        known = {client: random_ranges(rng) for client in facts.structs}
        left = validate_update(without_known(data, known))
        expected = {client: less(facts.structs[client], known[client]) for client in known}
        assert left.structs == {client: ranges for client, ranges in expected.items() if ranges}
        assert left.deletes == facts.deletes


def random_ranges(rng: Random) -> Ranges:
    bounds = sorted(rng.sample(range(60), 6))
    return tuple(zip(bounds[0::2], bounds[1::2], strict=True))


@pytest.mark.parametrize("seed", range(12))
def test_effect(seed: int) -> None:
    """[UP30] an honest update has the same effect when it is cut."""
    history = History(seed)
    whole = pycrdt.merge_updates(*history.updates)
    for part in history.updates:
        known = validate_update(part)
        cut = without_known(whole, known.structs)
        assert content(pycrdt.merge_updates(part, cut)) == content(whole)
        lacks = pycrdt.get_update(whole, pycrdt.get_state(part))
        state = {client: ((0, clock),) for client, clock in expected_state(known).items()}
        assert ranges_of(without_known(whole, state)) == ranges_of(lacks)


def ranges_of(data: bytes) -> UpdateFacts:
    facts = validate_update(data)
    structs = {client: ranges for client, ranges in facts.structs.items() if ranges}
    return UpdateFacts(structs, facts.deletes, 0)


def content(data: bytes) -> tuple[dict[int, int], dict[int, Ranges], str]:
    """State, deletes and text of a replica that has this update."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc(skip_gc=True)
    doc.apply_update(data)
    deletes = validate_update(doc.get_update()).deletes
    assert decode_delete_set(encode_delete_set(deletes)) == deletes
    text = doc.get("text", type=pycrdt.Text)
    return dict(decode_state_vector(doc.get_state())), dict(deletes), str(text)


def test_contradictions() -> None:
    """[UP30] cut to what is new, contradicting updates merge into a valid one."""
    rng = Random(1)
    real = corpus()
    for _ in range(300):
        first = rng.choice(real)
        client = next(iter(validate_update(first).structs), 1)
        second = one(string_struct("😀" * 20), client=client)
        cut = without_known(second, validate_update(first).structs)
        validate_update(pycrdt.merge_updates(first, cut))
