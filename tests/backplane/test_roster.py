"""Who else is there."""

from __future__ import annotations

from collab.backplane.roster import MAX_NODES, SILENT_BEATS, Hearing, Roster


def test_numbers_say_what_did_not_come() -> None:
    """[CL7] one more is the next; more than that, or less, is a gap; the same is a repetition."""
    roster = Roster()
    heard = [roster.heard("a", number) for number in (1, 2, 3, 3, 5, 6, 2, 3)]
    assert heard == [
        Hearing.NEXT,
        Hearing.NEXT,
        Hearing.NEXT,
        Hearing.AGAIN,
        Hearing.GAP,
        Hearing.NEXT,
        Hearing.GAP,
        Hearing.NEXT,
    ]


def test_a_node_in_the_middle_of_its_life_has_said_something() -> None:
    """[CL7] one that begins has not; each is counted by itself."""
    roster = Roster()
    assert roster.heard("old", 17) is Hearing.NEW
    assert roster.heard("young", 1) is Hearing.NEXT
    assert roster.heard("old", 18) is Hearing.NEXT
    roster.left("old")
    assert roster.heard("old", 19) is Hearing.NEW


def test_who_says_nothing_is_gone() -> None:
    """[CL8] after so many beats of our own, once."""
    roster = Roster()
    roster.heard("a", 1)
    roster.heard("b", 1)
    for number in range(2, SILENT_BEATS + 1):
        assert roster.beat() == []
        roster.heard("b", number)
    assert roster.beat() == ["a"]
    assert len(roster) == 1
    assert roster.beat() == []


def test_nobody_is_silent_while_nothing_can_be_heard() -> None:
    """[CL8] each has the whole time again."""
    roster = Roster()
    roster.heard("a", 1)
    for _ in range(SILENT_BEATS - 1):
        assert roster.beat() == []
    roster.resume()
    for _ in range(SILENT_BEATS - 1):
        assert roster.beat() == []
    assert roster.beat() == ["a"]


def test_names_do_not_fill_memory() -> None:
    """[CL4] so many are known at once, and those go on being heard."""
    roster = Roster()
    for n in range(MAX_NODES):
        assert roster.heard(str(n), 1) is Hearing.NEXT
    assert roster.heard("another", 1) is Hearing.CROWDED
    assert roster.heard("7", 2) is Hearing.NEXT
