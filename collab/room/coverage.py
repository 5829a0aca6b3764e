"""Which clocks of which clients a document holds, structs and deletes apart.

The state vector alone cannot say it: deletes move no clock, and structs may wait beyond a gap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping

from collab.protocol.encoding import CLOCK_LIMIT
from collab.protocol.state_vector import encode_state_vector
from collab.protocol.update import Ranges, UpdateFacts
from collab.room.unresolved import Unresolved


class ClockSet:
    """Clocks of one client as sorted half-open ranges that do not touch."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)

    def covers(self, start: int, end: int) -> bool:
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and self._ends[at] >= end

    def covers_all(self, ranges: Ranges) -> bool:
        """As `covers`, of ranges that are in order."""
        starts, ends, at = self._starts, self._ends, 0
        for start, end in ranges:
            at = bisect_right(starts, start, at) - 1
            if at < 0 or ends[at] < end:
                return False
        return True

    def meets(self, start: int, end: int) -> bool:
        """Whether any of these clocks is held."""
        at = bisect_right(self._ends, start)
        return at < len(self._ends) and self._starts[at] < end

    def add(self, start: int, end: int) -> None:
        starts, ends = self._starts, self._ends
        if ends and starts[-1] <= start <= ends[-1]:  # typing on: the last range grows
            ends[-1] = max(end, ends[-1])
            return
        # Ranges that overlap or touch the new one melt into it.
        first = bisect_left(ends, start)
        last = bisect_right(starts, end)
        if first < last:
            start = min(start, starts[first])
            end = max(end, ends[last - 1])
        starts[first:last] = [start]
        ends[first:last] = [end]

    def add_all(self, ranges: Ranges) -> None:
        """As `add`, of ranges that are in order and do not touch: mostly all behind the last."""
        if ranges and (not self._ends or self._ends[-1] < ranges[0][0]):
            starts, ends = zip(*ranges, strict=True)
            self._starts += starts
            self._ends += ends
            return
        for start, end in ranges:
            self.add(start, end)

    @property
    def prefix(self) -> int:
        """How far the clocks reach from zero without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def ends_at(self, clock: int) -> bool:
        """Whether these are the clocks from zero up to this one, and no others."""
        ends = self._ends
        return len(ends) == 1 and ends[0] == clock and not self._starts[0]

    def grow(self, clock: int, length: int) -> bool:
        """Take in so many more clocks from this one on, if `ends_at` it; whether it does."""
        if not self.ends_at(clock):
            return False
        self._ends[0] = clock + length
        return True

    @property
    def gapless(self) -> bool:
        return not self._starts or (len(self._starts) == 1 and self._starts[0] == 0)


class Coverage:
    """What a document holds of every client."""

    __slots__ = ("_deletes", "_state_vector", "_structs", "_unresolved")

    def __init__(self) -> None:
        self._structs: dict[int, ClockSet] = {}
        self._deletes: dict[int, ClockSet] = {}
        self._unresolved = Unresolved()
        self._state_vector: bytes | None = None

    def lacks(self, facts: UpdateFacts) -> bool:
        """Whether an update with these facts would add anything."""
        return _lacks(self._structs, facts.structs) or _lacks(self._deletes, facts.deletes)

    def continues(self, facts: UpdateFacts) -> bool:
        """Whether an update with these facts goes on where the clocks of its one client end, and
        waits for nothing. Then it adds something, repeats nothing and opens no gap: of what most
        updates are, that is told by one look and not by three."""
        if len(facts.structs) != 1 or self._unresolved.sizes:
            return False
        for other, clock in facts.needs.items():
            if self._prefix(other) <= clock:
                return False
        ((client, ranges),) = facts.structs.items()
        held = self._structs.get(client)
        return held is not None and len(ranges) == 1 and held.ends_at(ranges[0][0])

    def grow(self, client: int, clock: int, length: int) -> bool:
        """Take in text that a client types on, if its clocks end right there and nothing waits;
        whether it was."""
        held = self._structs.get(client)
        if held is None or not length or self._unresolved.sizes or clock + length >= CLOCK_LIMIT:
            return False
        self._state_vector = None
        return held.grow(clock, length)

    def known(self, facts: UpdateFacts) -> dict[int, Ranges]:
        """The clocks held of those clients of whom the update repeats some; mostly none."""
        known = {}
        for client, ranges in facts.structs.items():
            held = self._structs.get(client)
            if held is not None and any(held.meets(start, end) for start, end in ranges):
                known[client] = tuple(held)
        return known

    def add(self, facts: UpdateFacts, size: int = 0) -> None:
        """Take in an update of `size` bytes."""
        self.add_structs(facts.structs)
        self.add_deletes(facts.deletes)
        for client in facts.structs:
            gapless = self._structs[client].gapless
            self._unresolved.add(client, facts.needs, gapless, size, self._prefix)
        if self._unresolved.sizes:
            self._settle()

    def include(self, other: Coverage) -> None:
        """Take in all that `other` covers."""
        self._state_vector = None
        for held, more in ((self._structs, other._structs), (self._deletes, other._deletes)):
            for client, clocks in more.items():
                mine = held.setdefault(client, ClockSet())
                for start, end in clocks:
                    mine.add(start, end)
        self._unresolved.include(other._unresolved)
        self._settle()

    def add_structs(self, structs: Mapping[int, Ranges]) -> None:
        self._state_vector = None
        _add(self._structs, structs)

    def add_deletes(self, deletes: Mapping[int, Ranges]) -> None:
        for client, ranges in deletes.items():
            clocks = self._deletes.get(client)
            if clocks is None:
                clocks = self._deletes[client] = ClockSet()
            clocks.add_all(ranges)

    def add_state(self, state: Mapping[int, int]) -> None:
        """Take in all clocks below those of a state vector."""
        self._state_vector = None
        for client, clock in state.items():
            if clock:
                self._structs.setdefault(client, ClockSet()).add(0, clock)

    def state(self) -> dict[int, int]:
        """The state vector: per client, the clocks from zero up to the first gap."""
        return {c: held.prefix for c, held in self._structs.items() if held.prefix}

    def state_vector(self) -> bytes:
        """`state`, encoded; once for all who ask before it changes."""
        if self._state_vector is None:
            self._state_vector = encode_state_vector(self.state())
        return self._state_vector

    def opens_gap(self, facts: UpdateFacts) -> bool:
        """Whether structs of the update would wait: for earlier clocks of their client, or for
        structs of others."""
        for client, ranges in facts.structs.items():
            if self._unresolved.waits(client):
                return True
            if ranges and ranges[0][0] > self._prefix(client):
                return True
        return any(not self._reaches(facts, *need) for need in facts.needs.items())

    @property
    def unresolved(self) -> int:
        """Bytes of updates of clients that wait."""
        return self._unresolved.size

    def _prefix(self, client: int) -> int:
        held = self._structs.get(client)
        return 0 if held is None else held.prefix

    def _reaches(self, facts: UpdateFacts, client: int, clock: int) -> bool:
        """Whether this clock is there, or comes with the update itself."""
        prefix = self._prefix(client)
        if prefix > clock:
            return True
        ranges = facts.structs.get(client, ())
        return any(start <= prefix and clock < end for start, end in ranges)

    def _settle(self) -> None:
        self._unresolved.settle(lambda client: self._structs[client].gapless, self._prefix)


def _lacks(held: Mapping[int, ClockSet], wanted: Mapping[int, Ranges]) -> bool:
    for client, ranges in wanted.items():
        clocks = held.get(client)
        if clocks is None:
            if ranges:
                return True
            continue
        if not clocks.covers_all(ranges):
            return True
    return False


def _add(held: dict[int, ClockSet], new: Mapping[int, Iterable[tuple[int, int]]]) -> None:
    for client, ranges in new.items():
        clocks = held.get(client)
        if clocks is None:
            clocks = held[client] = ClockSet()
        for start, end in ranges:
            clocks.add(start, end)
