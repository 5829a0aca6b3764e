"""What waits for a message to be sent."""

from __future__ import annotations

from collab.backplane.gathering import Gathering, GatheringLimits
from collab.news import (
    AccessChanged,
    Committed,
    Deleted,
    News,
    PresenceChanged,
    PresenceOf,
    PresenceWanted,
    Present,
    Said,
)
from collab.protocol.awareness import AwarenessEntry


def gathered(*news: News, limits: GatheringLimits | None = None) -> list[News]:
    gathering = Gathering(limits)
    for piece in news:
        assert gathering.put(piece)
    return emptied(gathering)


def emptied(gathering: Gathering) -> list[News]:
    found = []
    while (piece := gathering.pop()) is not None:
        found.append(piece)
    assert not gathering
    assert gathering.bytes == 0
    return found


def state(client: int, clock: int = 1, text: str | None = "{}") -> Present:
    return Present(AwarenessEntry(client, clock, text))


def test_rows_that_follow_each_other_are_put_together() -> None:
    """[CL5] in one piece, where the first of them stood."""
    assert gathered(
        Committed("a", 4, (b"4",)), Said("b", "between"), Committed("a", 6, (b"5", b"6"))
    ) == [Committed("a", 6, (b"4", b"5", b"6")), Said("b", "between")]


def test_rows_with_a_hole_between_are_not_carried() -> None:
    """[CL5] another node wrote what is between; the log has it."""
    assert gathered(Committed("a", 4, (b"4",)), Committed("a", 6, (b"6",))) == [Committed("a", 6)]
    assert gathered(Committed("a", 4), Committed("a", 5, (b"5",))) == [Committed("a", 5)]
    assert gathered(Committed("a", 6, (b"6",)), Committed("a", 5, (b"5",))) == [
        Committed("a", 6, (b"6",))
    ]


def test_too_many_rows_are_not_carried() -> None:
    """[CL5] only how far the log goes."""
    limits = GatheringLimits(row_bytes=10, rows=3)
    assert gathered(Committed("a", 1, (b"x" * 11,)), limits=limits) == [Committed("a", 1)]
    assert gathered(
        Committed("a", 1, (b"x" * 6,)), Committed("a", 2, (b"x" * 6,)), limits=limits
    ) == [Committed("a", 2)]
    assert gathered(Committed("a", 4, (b"",) * 4), limits=limits) == [Committed("a", 4)]


def test_the_latest_state_of_each_client_stays() -> None:
    """[CL5] in the order in which they came first."""
    assert gathered(
        PresenceChanged("a", (state(1), state(2))),
        PresenceChanged("b", (state(1),)),
        PresenceChanged("a", (state(1, 2), state(3, 1, None))),
    ) == [
        PresenceChanged("a", (state(1, 2), state(2), state(3, 1, None))),
        PresenceChanged("b", (state(1),)),
    ]


def test_all_states_replace_what_was_said_before() -> None:
    """[CL5] and not what is said after."""
    assert gathered(
        PresenceChanged("a", (state(1),)),
        PresenceOf("a", (state(2),)),
        PresenceChanged("a", (state(3),)),
        PresenceOf("a", (state(4),)),
        PresenceChanged("a", (state(5),)),
    ) == [PresenceOf("a", (state(4),)), PresenceChanged("a", (state(5),))]


def test_the_same_is_said_once() -> None:
    """[CL5] but what is said to peers as often as it was said."""
    once: list[News] = [Deleted("a"), AccessChanged("a"), PresenceWanted("a"), PresenceWanted(None)]
    assert gathered(*once, *once) == once
    assert gathered(Said("a", "x"), Said("a", "x")) == [Said("a", "x"), Said("a", "x")]


def test_many_states_come_in_several_pieces() -> None:
    """[CL5] the first of all states says that those before are over."""
    states = tuple(state(n, text="x" * 100) for n in range(10))
    pieces = gathered(PresenceOf("a", states), limits=GatheringLimits(states_bytes=1500))
    assert [type(piece) for piece in pieces] == [PresenceOf, PresenceChanged, PresenceChanged]
    assert tuple(p for piece in pieces for p in piece.states) == states  # type: ignore[union-attr]
    assert gathered(PresenceOf("a", ())) == [PresenceOf("a", ())]


def test_too_much_is_dropped_as_a_whole() -> None:
    """[CL6] by bytes and by pieces; then it goes on."""
    gathering = Gathering(GatheringLimits(waiting_bytes=10_000, waiting_entries=20))
    assert gathering.put(Said("a", "x" * 5000))
    assert not gathering.put(Said("a", "x" * 5000))
    assert emptied(gathering) == []
    taken = [gathering.put(Deleted(str(n))) for n in range(21)]
    assert taken == [True] * 20 + [False]
    assert gathering.put(Deleted("x"))
    assert emptied(gathering) == [Deleted("x")]


def test_what_waits_grows_with_documents_and_not_with_time() -> None:
    """[CL6] an hour of typing in a few documents takes what a minute does."""
    gathering = Gathering()
    most = 0
    for n in range(1, 5_001):
        for document in "abc":
            assert gathering.put(Committed(document, n, (b"x" * 30,)))
            assert gathering.put(PresenceChanged(document, (state(n % 7, n),)))
        most = max(most, gathering.bytes)
    assert most < 3 * 100_000
    assert len(gathering) == 6
