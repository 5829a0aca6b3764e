"""Sets of clocks, held against plain sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collab.protocol.update import UpdateFacts, validate_update
from collab.room.coverage import ClockSet, Coverage
from tests.support.edits import Author, merge

RANGE = st.tuples(st.integers(0, 40), st.integers(1, 8)).map(lambda r: (r[0], r[0] + r[1]))


def numbers(ranges: list[tuple[int, int]]) -> set[int]:
    return {n for start, end in ranges for n in range(start, end)}


@given(st.lists(RANGE, max_size=25), RANGE)
def test_a_clock_set_is_a_set(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    """[RM5] what was added is covered, and nothing else."""
    clocks = ClockSet()
    for start, end in added:
        clocks.add(start, end)
    held = numbers(added)
    kept = list(clocks)
    assert numbers(kept) == held
    assert all(first[1] < second[0] for first, second in pairwise(kept))
    assert clocks.covers(*asked) == numbers([asked]).issubset(held)
    assert clocks.prefix == next(n for n in range(60) if n not in held)
    assert clocks.gapless == (held == set(range(len(held))))


@given(st.lists(st.lists(RANGE, max_size=8), max_size=5), st.lists(RANGE, max_size=4))
def test_a_delete_set_is_added_and_looked_up_at_once(
    added: list[list[tuple[int, int]]], asked: list[tuple[int, int]]
) -> None:
    """[RM5] with the same result as one range after the other."""
    together, apart, one = ClockSet(), ClockSet(), ClockSet()
    for ranges in added:
        sorted_ = ClockSet()
        for start, end in ranges:
            sorted_.add(start, end)
            apart.add(start, end)
        together.add_all(tuple(sorted_))
    for start, end in asked:
        one.add(start, end)
    assert list(together) == list(apart)
    assert together.covers_all(tuple(one)) == all(apart.covers(*span) for span in one)


@given(st.lists(st.tuples(st.integers(1, 3), RANGE), max_size=20), st.data())
def test_coverage_lacks_what_was_not_added(
    added: list[tuple[int, tuple[int, int]]], data: st.DataObject
) -> None:
    """[RM5] structs and deletes are told apart, and clients from each other."""
    coverage = Coverage()
    held = set()
    for number, (client, span) in enumerate(added):
        deletes = number % 2 == 0
        part = {client: (span,)}
        coverage.add(UpdateFacts({} if deletes else part, part if deletes else {}, 1), 1)
        held |= {(deletes, client, n) for n in range(*span)}
    client, span, deletes = data.draw(st.tuples(st.integers(1, 3), RANGE, st.booleans()))
    part = {client: (span,)}
    facts = UpdateFacts({} if deletes else part, part if deletes else {}, 1)
    assert coverage.lacks(facts) == any((deletes, client, n) not in held for n in range(*span))
    both = Coverage()
    both.include(coverage)
    both.include(coverage)
    assert both.state() == coverage.state()
    assert both.lacks(facts) == coverage.lacks(facts)
    assert both.unresolved == coverage.unresolved


def test_gaps_are_counted_until_they_close() -> None:
    """[RM9] the bytes of a client with a gap count until the gap is filled."""
    author = Author(1)
    first, second, third = author.write("a"), author.write("b"), author.write("c")
    coverage = Coverage()
    for update, gap in ((third, True), (first, False), (second, False)):
        facts = validate_update(update)
        assert coverage.opens_gap(facts) == gap
        coverage.add(facts, len(update))
        assert (coverage.unresolved > 0) == (update is not second)
    assert coverage.state() == {1: 3}
    assert not coverage.lacks(validate_update(merge(author.sent)))


def facts(client: int, start: int, end: int, needs: dict[int, int] | None = None) -> UpdateFacts:
    return UpdateFacts({client: ((start, end),)}, {}, 1, needs or {})


def test_what_is_put_next_to_strangers_waits_for_them() -> None:
    """[RM9] an update beside structs that nobody sent counts, and so does what follows it,
    until those structs come."""
    coverage = Coverage()
    beside = facts(1, 0, 3, {2: 5})
    assert coverage.opens_gap(beside)
    coverage.add(beside, 100)
    follows = facts(1, 3, 4)
    assert coverage.opens_gap(follows)
    coverage.add(follows, 10)
    assert coverage.unresolved == 110
    coverage.add(facts(2, 0, 5), 7)
    assert coverage.unresolved == 110
    coverage.add(facts(2, 5, 6), 7)
    assert coverage.unresolved == 0
    assert not coverage.opens_gap(facts(1, 4, 5, {2: 5}))


def test_an_update_may_bring_what_it_needs() -> None:
    """[RM9] what stands in the same update, or is there, is not missing."""
    coverage = Coverage()
    both = UpdateFacts({1: ((0, 3),), 2: ((0, 2),)}, {}, 2, {2: 1})
    assert not coverage.opens_gap(both)
    coverage.add(both, 50)
    assert coverage.unresolved == 0
    later = UpdateFacts({2: ((4, 6),), 3: ((0, 1),)}, {}, 2, {2: 5})
    assert coverage.opens_gap(later)


def test_what_waits_is_known_after_a_reload() -> None:
    """[RM9] a document read again counts what waits, once."""
    coverage, fresh = Coverage(), Coverage()
    for each in (coverage, fresh):
        each.add(facts(1, 0, 3, {2: 5}), 100)
    coverage.include(fresh)
    assert coverage.unresolved == 100
    whole = Coverage()
    whole.add(facts(2, 0, 9), 9)
    coverage.include(whole)
    assert coverage.unresolved == 0
